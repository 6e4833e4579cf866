/** The files of a proven list: fetched one range after the other, and found beside a table again. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Client, JsonRow, Trust } from '@daybook/client';
import { nextOfList, TABLE_FORMATS, verifyListBundle } from '@daybook/client';
import type { ManifestContract, ManifestRecord } from '@daybook/contracts';
import { decodeListBundle, equalBytes, treePrefixOf } from '@daybook/core';
import { trustedErasOf } from '../connect.ts';
import { readBytes, writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { withPatience } from '../frame/progress.ts';
import type { World } from '../frame/world.ts';

/** Files of a list that is longer than any that a chain should hold in one partition. */
const FILES_MAX = 100_000;

export interface ListPlace {
  readonly client: Client;
  readonly contract: ManifestContract;
  readonly spec: ManifestRecord;
}

/** Fetches the proof of a list and keeps every file of it, up to the first that does not hold. */
export async function fetchList(
  { client, contract, spec }: ListPlace,
  leading: JsonRow,
  {
    input,
    world,
    proofFile,
  }: { readonly input: Input; readonly world: World; readonly proofFile: string },
): Promise<{ readonly files: readonly Uint8Array[]; readonly trust: Trust }> {
  const reader = client.contractBy(contract).records(spec.name);
  const eras = await trustedErasOf(input);
  const chain = await client.chain();
  // A block that came while the proof was on its way is not ahead of the clock.
  const trust = (): Trust => ({ chain, eras, nowMs: world.nowMs() });
  const files: Uint8Array[] = [];
  let height = input.integer('height', { min: 0, max: Number.MAX_SAFE_INTEGER });
  let from: Uint8Array | undefined;
  do {
    const at = { ...(height !== undefined && { height }), ...(from && { from }) };
    const bytes = await withPatience('Fetching the proof', world, reader.proveList(leading, at));
    files.push(bytes);
    await writeOut(numbered(proofFile, files.length), bytes, world);
    const part = verifyListBundle(bytes, trust());
    if (part.outcome === 'invalid') break;
    height = part.facts.block.header.height;
    from = nextOfList(part.facts);
  } while (from !== undefined);
  return { files, trust: trust() };
}

/** Where the files of a proof are, in words. */
export function keptIn(proofFile: string, files: readonly Uint8Array[]): string {
  const size = files.reduce((sum, { length }) => sum + length, 0);
  const names = files.map((_, at) => numbered(proofFile, at + 1)).join(' ');
  return `Proof kept in ${names} (${size} bytes).`;
}

/** The first file has the name asked for, the others a number before their extension. */
function numbered(file: string, number: number): string {
  if (number === 1) return file;
  const { dir, name, ext } = path.parse(file);
  return path.join(dir, `${name}-${number}${ext}`);
}

/** Forms of tables: those of the client, and Parquet. */
export const TABLE_FORMS = [...TABLE_FORMATS, 'parquet'] as const;
export type TableForm = (typeof TABLE_FORMS)[number];

/** The form of a table, by the end of its name; undefined for other files. */
export function tableFormOf(file: string): TableForm | undefined {
  return TABLE_FORMS.find((form) => file.toLowerCase().endsWith(`.${form}`));
}

/** Where the proof of a table begins. */
export function proofFileOf(tableFile: string): string {
  return `${tableFile}.proof`;
}

/**
 * The proof files beside a table, up to the one that ends the list: later ones are of an earlier,
 * longer export. @throws CliError CLI_FILE_FAILED when there is none
 */
export async function readProofOf(tableFile: string): Promise<readonly Uint8Array[]> {
  const files: Uint8Array[] = [];
  for (let number = 1; number <= FILES_MAX; number++) {
    const file = numbered(proofFileOf(tableFile), number);
    if (number > 1 && !existsSync(file)) break;
    const bytes = await readBytes(file);
    files.push(bytes);
    if (endsList(bytes)) break;
  }
  return files;
}

function endsList(bytes: Uint8Array): boolean {
  const bundle = decodeListBundle(bytes);
  if (!bundle.ok) return true;
  const { list } = bundle.value;
  return equalBytes(list.range.to, treePrefixOf(list));
}
