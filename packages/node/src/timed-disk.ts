/** A disk that tells how long each sync of a file took: for the vote log, which every vote waits for. */
import type { Disk } from '@daybook/state';
import { createWrappedDisk } from '@daybook/state';

export interface SyncTiming {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onSync: (seconds: number) => void;
}

export function createTimedDisk(disk: Disk, { now, onSync }: SyncTiming): Disk {
  return createWrappedDisk(disk, (file) => ({
    sync: async () => {
      const startedMs = now();
      await file.sync();
      onSync((now() - startedMs) / 1000);
    },
  }));
}
