/** Files of a publisher from the disk, under their own names: these become part of identities. */
import path from 'node:path';
import type { SourceFile } from '@daybook/formats';
import { readBytes } from '../files.ts';

/** In the order given. */
export async function readSourceFiles(names: readonly string[]): Promise<readonly SourceFile[]> {
  return await readAs(names, path.basename);
}

/** Files of a package, named by their paths from the folder of its descriptor. */
export async function readPackageFiles(names: readonly string[]): Promise<readonly SourceFile[]> {
  const descriptor = names.find((name) => name.endsWith('.json')) ?? '';
  const folder = path.dirname(path.resolve(descriptor));
  const nameOf = (name: string): string => path.relative(folder, path.resolve(name));
  return await readAs(names, (name) => nameOf(name).split(path.sep).join('/'));
}

async function readAs(
  names: readonly string[],
  nameOf: (name: string) => string,
): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const name of names) {
    files.push({ name: nameOf(name), bytes: await readBytes(name) });
  }
  return files;
}
