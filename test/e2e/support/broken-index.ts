/**
 * Damage in the index of a state by which LevelDB ends every process that reads it: it takes keys to
 * have eight bytes at least, and asserts it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** classic-level is a dependency of the state package. */
const require = createRequire(
  path.join(import.meta.dirname, '../../../packages/state/package.json'),
);

interface Level {
  open(options: { readonly compression: boolean }): Promise<void>;
  compactRange(from: Uint8Array, to: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Of a root record: `r` and a height. */
const ROOT_KEY_BYTES = 9;
/** What LevelDB adds to each key. */
const TRAILER_BYTES = 8;
const LETTER = 'r'.charCodeAt(0);

/** Cuts the keys of root records short, which every start reads. @returns how many */
export async function breakIndex(directory: string): Promise<number> {
  const { ClassicLevel } = require('classic-level');
  const level: Level = new ClassicLevel(directory, { keyEncoding: 'view', valueEncoding: 'view' });
  // Written again as they are, so that the tables show their entries.
  await level.open({ compression: false });
  await level.compactRange(new Uint8Array(), Uint8Array.of(0xff));
  await level.close();
  const tables = readdirSync(directory).filter((name) => name.endsWith('.ldb'));
  return tables.reduce((sum, name) => sum + cutRootKeys(path.join(directory, name)), 0);
}

function cutRootKeys(file: string): number {
  const bytes = readFileSync(file);
  let cut = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    if (!isRootEntry(bytes.subarray(at))) continue;
    bytes[at + 1] = 1;
    cut += 1;
  }
  writeFileSync(file, bytes);
  return cut;
}

/** An entry that shares no bytes of its key with the one before: none, all of them, a length, the key. */
function isRootEntry([shared, unshared, , third, fourth]: Uint8Array): boolean {
  const isWhole = shared === 0 && unshared === ROOT_KEY_BYTES + TRAILER_BYTES;
  return isWhole && (third === LETTER || fourth === LETTER);
}
