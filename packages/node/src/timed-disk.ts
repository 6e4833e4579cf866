/** A disk that tells how long each sync of a file took: for the vote log, which every vote waits for. */
import type { Disk, DiskFile } from '@daybook/state';

export interface SyncTiming {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly onSync: (seconds: number) => void;
}

function timeFile(file: DiskFile, { now, onSync }: SyncTiming): DiskFile {
  return {
    path: file.path,
    size: () => file.size(),
    read: (at, into) => file.read(at, into),
    write: (at, bytes) => file.write(at, bytes),
    truncate: (size) => file.truncate(size),
    sync: async () => {
      const startedMs = now();
      await file.sync();
      onSync((now() - startedMs) / 1000);
    },
    close: () => file.close(),
  };
}

export function createTimedDisk(disk: Disk, timing: SyncTiming): Disk {
  return {
    ...disk,
    openFile: (path) => timeFile(disk.openFile(path), timing),
    createFile: (path) => timeFile(disk.createFile(path), timing),
  };
}
