/** Files of a publisher from the disk, under their own names: these become part of identities. */
import path from 'node:path';
import type { SourceFile } from '@daybook/formats';
import { readBytes } from '../files.ts';

/** In the order given. */
export async function readSourceFiles(names: readonly string[]): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const name of names) {
    files.push({ name: path.basename(name), bytes: await readBytes(name) });
  }
  return files;
}
