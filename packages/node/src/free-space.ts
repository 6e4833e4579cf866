/**
 * How much of the data directory's file system is free, looked up at most every few seconds: the
 * signing guard asks before each vote.
 */
import { statfs } from 'node:fs/promises';
import type { Clock } from './clock.ts';

export interface FreeSpace {
  /** 0 to 1, as last seen. */
  fraction(): number;
  stop(): void;
}

const REFRESH_MS = 5000;

/** Looks once before it returns, so that the first answer is true. */
export async function watchFreeSpace(directory: string, clock: Clock): Promise<FreeSpace> {
  const look = async (): Promise<number> => {
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
        .catch(() => {
          fraction = 0;
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
