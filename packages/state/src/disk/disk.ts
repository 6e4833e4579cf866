/**
 * The disk as this package sees it. Logs are written through this port, so that the simulator can
 * put a disk under them that tears, loses and reorders what was not synced. Reads and writes are
 * synchronous (the page cache answers in microseconds); only syncs wait.
 */

/** One open file. Every method throws `StateError` STATE_DISK_FAILED when the system refuses. */
export interface DiskFile {
  readonly path: string;
  size(): number;
  /** Fills `into` from position `at`; returns how many bytes there were, fewer only at the end. */
  read(at: number, into: Uint8Array): number;
  /**
   * Writes all bytes at position `at`; a gap before it reads as zeros.
   * @throws StateError STATE_DISK_FULL, after which any part of the bytes may be there
   */
  write(at: number, bytes: Uint8Array): void;
  truncate(size: number): void;
  /**
   * Makes content and size durable (fdatasync).
   * @throws StateError STATE_SYNC_FAILED; nothing may be assumed about what was written since the
   *   last success, and trying again would report success for lost data
   */
  sync(): Promise<void>;
  close(): void;
}

/** What tells a file from a copy of it. */
export interface FileIdentity {
  /** Names the machine, for example /etc/machine-id. */
  readonly machine: string;
  /** Names the file on its machine; another one after copy or restore, unless it was free again. */
  readonly inode: string;
  /** When the inode became this file, in nanoseconds; empty where the file system does not tell. */
  readonly born: string;
}

/** Whether a file that was recorded is the one that is here, and not a copy of it. */
export function isSameFile(recorded: FileIdentity, here: FileIdentity): boolean {
  if (recorded.machine !== here.machine || recorded.inode !== here.inode) return false;
  return recorded.born === '' || here.born === '' || recorded.born === here.born;
}

/** Files by path. More methods than a port should have: each is one primitive of the system. */
export interface Disk {
  /** @throws StateError STATE_DISK_FAILED when there is no such file */
  openFile(path: string): DiskFile;
  /** A new empty file; what stood under this path is gone. */
  createFile(path: string): DiskFile;
  /** Names in a directory in ascending order; none when there is no such directory. */
  list(directory: string): readonly string[];
  /** Creates a directory with its parents; nothing happens when it exists. */
  makeDirectory(directory: string): void;
  remove(path: string): void;
  /** Replaces what stood under `to`, atomically. */
  rename(from: string, to: string): void;
  /** Makes creations, removals and renames in a directory durable. */
  syncDirectory(directory: string): Promise<void>;
  identify(path: string): FileIdentity;
  /** Free part of the file system that holds `path`, from 0 to 1, as an ordinary user sees it. */
  freeFraction(path: string): number;
}

/** Joins a directory and a name; this package never follows `..`. */
export function joinPath(directory: string, name: string): string {
  return directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
}
