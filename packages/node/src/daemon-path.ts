/** How the daemon is started as a process: where its program lies, and in which environment. */
import { fileURLToPath } from 'node:url';

/** Absolute path of `bin/daybookd.js`, from sources and from a release alike. */
export function daemonPath(): string {
  return fileURLToPath(new URL('../bin/daybookd.js', import.meta.url));
}

/**
 * Makes glibc give back what a node needed under load: one arena, large pieces by mmap. It has to
 * stand in the environment before the process starts, as it does in `config/daybookd.service`.
 * Measured at rest after 7,700 payments: 24 to 33 MiB less, at the same rate.
 */
export const DAEMON_ENVIRONMENT: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: '1',
  MALLOC_MMAP_THRESHOLD_: '65536',
  MALLOC_TRIM_THRESHOLD_: '131072',
};
