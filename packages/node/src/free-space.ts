/**
 * How much of the data directory's file system is free, looked up at most every few seconds: the
 * signing guard asks before each vote. Sees as well when the file system was taken away under its
 * open files: what is written then is found by nobody after a restart.
 */
import { stat, statfs } from 'node:fs/promises';
import { StateError } from '@daybook/state';
import type { Clock } from './clock.ts';

/** Free shares at which the guard stops and resumes signing (protocol G4), and the node warns. */
export const DISK_STOP = 0.02;
export const DISK_RESUME = 0.05;
export const DISK_LOW = 0.1;

export interface FreeSpace {
  /** 0 to 1, as last seen. */
  fraction(): number;
  stop(): void;
}

const REFRESH_MS = 5000;

/**
 * Looks once before it returns, so that the first answer is true.
 * @param onGone  told once when the directory is another one than before, or none
 */
export async function watchFreeSpace(
  directory: string,
  clock: Clock,
  onGone: (error: StateError) => void,
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
