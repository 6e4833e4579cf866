/** The data sets of the tests: the one that ships, and excerpts of two other publishers. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile, SpendLine, SpendMapping } from '../src/index.ts';
import { decodeSpendMapping, explainFormats, readSpendFile } from '../src/index.ts';

/** The data set that ships with the repository. */
export const SHIPPED = join(import.meta.dirname, '../../../config/samples/uk-cabinet-office-spend');
const FIXTURES = join(import.meta.dirname, 'fixtures');

export interface Sample {
  readonly mapping: SpendMapping;
  readonly files: readonly SourceFile[];
  readonly lines: readonly SpendLine[];
}

/** Reads a folder with a mapping and its files, in the order of their names. */
export function readSample(
  name: 'cabinet-office' | 'epsrc' | 'tfl' | 'transport-for-london',
): Sample {
  const folder = name === 'cabinet-office' ? SHIPPED : join(FIXTURES, name);
  const decoded = decodeSpendMapping(
    JSON.parse(readFileSync(join(folder, 'mapping.json'), 'utf8')),
  );
  if (!decoded.ok) {
    throw new Error(explainFormats(decoded.reason));
  }
  const mapping = decoded.value;
  const files = readdirSync(folder)
    .filter((file) => file.endsWith('.csv'))
    .toSorted()
    .map((file) => ({ name: file, bytes: readFileSync(join(folder, file)) }));
  return { mapping, files, lines: files.flatMap((file) => linesOf(file, mapping)) };
}

/** Lines of one file that must be readable as a whole. */
export function linesOf(file: SourceFile, mapping: SpendMapping): readonly SpendLine[] {
  const lines = readSpendFile(file, mapping);
  if (!lines.ok) {
    throw new Error(explainFormats(lines.reason));
  }
  return lines.value;
}
