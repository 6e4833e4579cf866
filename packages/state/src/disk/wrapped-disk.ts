/** A disk like another one, but for some work of its files. */
import type { Disk, DiskFile } from './disk.ts';

/** @param change  called for each file that is opened; what it gives is called in place of the file's */
export function createWrappedDisk(
  disk: Disk,
  change: (file: DiskFile) => Partial<Omit<DiskFile, 'path'>>,
): Disk {
  const wrap = (file: DiskFile): DiskFile => ({
    path: file.path,
    size: () => file.size(),
    read: (at, into) => file.read(at, into),
    write: (at, bytes) => file.write(at, bytes),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    close: () => file.close(),
    ...change(file),
  });
  return {
    ...disk,
    openFile: (path) => wrap(disk.openFile(path)),
    createFile: (path) => wrap(disk.createFile(path)),
  };
}
