/**
 * How much of the data directory's file system is free, looked up at most every few seconds: the
 * signing guard asks before each vote. Sees as well when the file system was taken away under its
 * open files: what is written then is found by nobody after a restart.
 */
import { stat, statfs } from 'node:fs/promises';
import { StateError } from '@daybook/state';
import type { Clock } from './clock.ts';
import { SETTINGS } from './config-table.ts';

/** Free shares of a disk, 0 to 1, ascending: what the node does when it fills up (protocol G4). */
export interface DiskLimits {
  /** Below it the guard stops signing. */
  readonly stop: number;
  /** From it on it signs again. */
  readonly resume: number;
  /** Below it the node warns. */
  readonly low: number;
}

export function diskLimitsOf({
  stopPercent,
  resumePercent,
  lowPercent,
}: {
  readonly stopPercent: number;
  readonly resumePercent: number;
  readonly lowPercent: number;
}): DiskLimits {
  return { stop: stopPercent / 100, resume: resumePercent / 100, low: lowPercent / 100 };
}

/** Those of a node whose settings say nothing about it. */
export const DISK_LIMITS: DiskLimits = diskLimitsOf({
  stopPercent: SETTINGS.disk.stopPercent.default,
  resumePercent: SETTINGS.disk.resumePercent.default,
  lowPercent: SETTINGS.disk.lowPercent.default,
});

export interface FreeSpace {
  readonly limits: DiskLimits;
  /** 0 to 1, as last seen. */
  fraction(): number;
  stop(): void;
}

const REFRESH_MS = 5000;

export interface FreeSpaceParts {
  readonly clock: Clock;
  /** Told once when the directory is another one than before, or none. */
  readonly onGone: (error: StateError) => void;
}

/** Looks once before it returns, so that the first answer is true. */
export async function watchFreeSpace(
  { directory, limits }: { readonly directory: string; readonly limits: DiskLimits },
  { clock, onGone }: FreeSpaceParts,
): Promise<FreeSpace> {
  const identify = async (): Promise<string> => {
    const { dev, ino } = await stat(directory, { bigint: true });
    return `${dev}:${ino}`;
  };
  const first = await identify();
  const look = async (): Promise<number> => {
    if ((await identify()) !== first) throw goneError(directory, 'it is another directory now');
    const { bavail, blocks } = await statfs(directory);
    return blocks === 0 ? 0 : bavail / blocks;
  };
  let fraction = await look();
  let cancel: () => void = () => undefined;
  let stopped = false;
  const repeat = (): void => {
    if (stopped) return;
    cancel = clock.schedule(REFRESH_MS, () => {
      look()
        .then((seen) => {
          fraction = seen;
        })
        // A file system that cannot even be asked is one that must not be written to.
        .catch((error: unknown) => {
          fraction = 0;
          if (stopped) return;
          stopped = true;
          onGone(error instanceof StateError ? error : goneError(directory, String(error)));
        })
        .finally(repeat);
    });
  };
  repeat();
  return {
    limits,
    fraction: () => fraction,
    stop: () => {
      stopped = true;
      cancel();
    },
  };
}

function goneError(path: string, reason: string): StateError {
  return new StateError({ code: 'STATE_DISK_FAILED', path, operation: 'look at', reason });
}
