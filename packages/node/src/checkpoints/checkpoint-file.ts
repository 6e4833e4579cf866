/**
 * The newest checkpoint on disk: one note, replaced as a whole, so that a node that was started
 * again serves at once what it served before, and never an older tree.
 */
import { open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { nameFileFault } from '../file-fault.ts';

/** Where the newest checkpoint is kept. */
export interface CheckpointStore {
  /** Path of the file, for people. */
  readonly path: string;
  /** The note as it was written; undefined if there is none. @throws NodeError NODE_FILE_FAILED */
  read(): Promise<Uint8Array | undefined>;
  /** Durable when it resolves. */
  write(note: Uint8Array): Promise<void>;
}

export const CHECKPOINT_FILE = 'checkpoint.txt';

export function openCheckpointFile(directory: string): CheckpointStore {
  const file = path.join(directory, CHECKPOINT_FILE);
  return {
    path: file,
    read: async () => {
      try {
        return await readFile(file);
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
        throw nameFileFault(error, file);
      }
    },
    write: async (note) => {
      const fresh = `${file}.new`;
      await writeSynced(fresh, note);
      await rename(fresh, file);
      const folder = await open(directory, 'r');
      await folder.sync().finally(() => folder.close());
    },
  };
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'w', 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
