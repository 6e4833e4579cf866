/**
 * The state in a backup of a node that joined by a snapshot: one version of it, beside the blocks, in
 * numbered files. Each holds a range as nodes which join are served it, and is proven as they prove
 * it: against the state root of its block.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Header, Height } from '@daybook/core';
import { compareBytes, decodeBlock } from '@daybook/core';
import { readSegment } from '@daybook/state';
import { NodeError } from '../errors.ts';
import { judgeRange } from '../snapshot/fetch-records.ts';
import type { Sources } from '../snapshot/sources.ts';
import { decodeRecords } from '../snapshot/wire.ts';
import { segmentsIn } from './archive-files.ts';
import type { FolderWriter } from './folder-writer.ts';
import type { StateSource } from './state-source.ts';

export const STATE_FOLDER = 'state';
/** What a node that joined keeps of the time before, in the directory of its block log. */
export const EARLIER_FILES: readonly string[] = ['beginning.cbor', 'earlier-hashes.bin'];

const folderOf = (height: Height): string => String(height).padStart(12, '0');
const fileOf = (height: Height, index: number): string =>
  `${STATE_FOLDER}/${folderOf(height)}/${String(index).padStart(6, '0')}.records`;

export function unusable(folder: string, fact: string): NodeError {
  return new NodeError('NODE_BACKUP_UNUSABLE', { detail: `${folder}: ${fact}.` });
}

/** Copies a version of the state range by range; `checkStateFiles` proves what was copied. */
export async function copyState(
  { height, range }: StateSource,
  writer: Pick<FolderWriter, 'put' | 'target'>,
): Promise<void> {
  let next: Uint8Array | undefined = new Uint8Array();
  for (let index = 0; next !== undefined; index++) {
    const from: Uint8Array = next;
    const bytes = await range(from);
    const served = decodeRecords(bytes);
    next = served.ok ? served.value.next : undefined;
    const isForward = next === undefined || compareBytes(from, next) < 0;
    if (!served.ok || !isForward) throw unusable(writer.target, `${fileOf(height, index)} is none`);
    writer.put(fileOf(height, index), bytes);
  }
}

/** Gives the files of a version in their order, each to be judged. @throws NodeError NODE_BACKUP_UNUSABLE */
export function stateFiles(folder: string, height: Height): Pick<Sources, 'ask'> {
  let index = 0;
  return {
    ask: async (_question, judge) => {
      const name = fileOf(height, index);
      index += 1;
      const file = path.join(folder, name);
      if (!fs.existsSync(file)) throw unusable(folder, `${name} is missing`);
      const verdict = judge(fs.readFileSync(file));
      if (verdict.ok) return verdict.value;
      throw unusable(folder, `${name} is not of block ${height} (${verdict.reason.fact})`);
    },
  };
}

/** Proves every file of a version by the block beside it. @throws NodeError NODE_BACKUP_UNUSABLE */
export async function checkStateFiles(folder: string, height: Height): Promise<void> {
  const header = headerIn(folder, height);
  const files = stateFiles(folder, height);
  for (let from: Uint8Array | undefined = new Uint8Array(); from !== undefined; ) {
    const at: Uint8Array = from;
    const question = { kind: 'records', height, from: at } as const;
    const range = await files.ask(question, (bytes) => judgeRange(bytes, at, { header }));
    from = range?.next;
  }
}

/** Forgets the states of earlier backups into this folder, once its list names another. */
export function removeOtherStates(folder: string, height: Height): void {
  const all = path.join(folder, STATE_FOLDER);
  for (const name of fs.readdirSync(all).filter((one) => one !== folderOf(height))) {
    fs.rmSync(path.join(all, name), { recursive: true });
  }
}

/** The header of a height in a folder of segments. @throws NodeError NODE_BACKUP_UNUSABLE, StateError */
export function headerIn(folder: string, height: Height): Header {
  const segment = segmentsIn(folder).findLast(({ first }) => first <= height);
  if (segment !== undefined) {
    const file = path.join(folder, segment.name);
    for (const placed of readSegment(file, fs.readFileSync(file), segment.first).blocks()) {
      const block = placed.height === height ? decodeBlock(placed.bytes) : undefined;
      if (block?.ok === true) return block.value.header;
    }
  }
  throw unusable(folder, `it has no block ${height}`);
}
