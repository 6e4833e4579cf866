/** The spending files that ship with the repository, with the mapping that says how to read them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { SourceFile, SpendMapping } from '@daybook/formats';
import { decodeSpendMapping } from '@daybook/formats';

export interface Sample {
  readonly title: string;
  readonly mapping: SpendMapping;
  readonly files: readonly SourceFile[];
}

const FOLDER = path.join(import.meta.dirname, '../../config/samples');

/**
 * Reads a folder of config/samples.
 * @param filesMax  takes only the newest files, for a short run; all by default
 * @param linesMax  takes only the first lines of each file, its header aside; all by default
 */
export function readSample(
  name: string,
  filesMax = Number.POSITIVE_INFINITY,
  linesMax = Number.POSITIVE_INFINITY,
): Sample {
  const folder = path.join(FOLDER, name);
  const json: unknown = JSON.parse(readFileSync(path.join(folder, 'mapping.json'), 'utf8'));
  const mapping = decodeSpendMapping(json);
  if (!mapping.ok) throw new Error(`${folder}/mapping.json: ${JSON.stringify(mapping.reason)}`);
  const names = readdirSync(folder).filter((file) => file.endsWith('.csv'));
  const chosen = names.sort((a, b) => (a < b ? -1 : 1)).slice(-Math.min(filesMax, names.length));
  const files = chosen.map((file) => ({
    name: file,
    bytes: beginningOf(readFileSync(path.join(folder, file)), linesMax),
  }));
  return { title: mapping.value.title, mapping: mapping.value, files };
}

const LINE_FEED = 10;

function beginningOf(bytes: Uint8Array, linesMax: number): Uint8Array {
  let end = bytes.indexOf(LINE_FEED);
  for (let line = 0; line < linesMax && end !== -1; line++) end = bytes.indexOf(LINE_FEED, end + 1);
  return new Uint8Array(end === -1 ? bytes : bytes.subarray(0, end + 1));
}
