/** Where the daemon's program lies, for those who start it as a process. */
import { fileURLToPath } from 'node:url';

/** Absolute path of `bin/daybookd.js`, from sources and from a release alike. */
export function daemonPath(): string {
  return fileURLToPath(new URL('../bin/daybookd.js', import.meta.url));
}
