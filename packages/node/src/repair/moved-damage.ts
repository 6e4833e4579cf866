/**
 * The indexes that stayed of segments that were moved to an archive: a damaged one is fetched again
 * from beside its segment. What comes is believed only if all hashes together are the history that
 * the oldest block here commits to.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Hash } from '@daybook/core';
import { decodeBlock, equalBytes, leafHash, merkleRoot } from '@daybook/core';
import { indexName, readMovedSegment, readSoundPart, StateError } from '@daybook/state';
import type { SegmentFile } from '../archive/archive-files.ts';
import { movedIn, segmentsIn } from '../archive/archive-files.ts';
import type { ArchiveSource } from '../archive/archive-source.ts';
import { readWhole } from '../archive/archive-source.ts';
import { NodeError } from '../errors.ts';

/** Of a segment of 1 GiB that holds nothing but the smallest blocks. */
const INDEX_BYTES_MAX = 256 * 1024 * 1024;

/** Names of indexes that cannot be read. */
export function damagedIndexes(directory: string): readonly SegmentFile[] {
  return movedIn(directory).filter(({ name, first }) => {
    const file = path.join(directory, name);
    return hashesIn(file, fs.readFileSync(file), first) === undefined;
  });
}

/**
 * Puts indexes back as the archive has them.
 * @throws NodeError NODE_ARCHIVE_AWAY, NODE_ARCHIVE_DAMAGED; nothing is changed then
 */
export async function fetchIndexes(
  directory: string,
  damaged: readonly SegmentFile[],
  archive: ArchiveSource,
): Promise<void> {
  const fetched = new Map<string, Uint8Array>();
  for (const { name } of damaged) {
    const index = indexName(name.replace(/\.moved$/, '.log'));
    fetched.set(name, await readWhole(index, INDEX_BYTES_MAX, archive));
  }
  const hashes: Hash[] = [];
  for (const { name, first } of movedIn(directory)) {
    const file = path.join(directory, name);
    const found = hashesIn(file, fetched.get(name) ?? fs.readFileSync(file), first);
    if (found === undefined) throw unfit(archive, `the index of ${name} is damaged there, too`);
    hashes.push(...found);
  }
  const root = rootOfOldest(directory, hashes.length);
  if (root !== undefined && !equalBytes(merkleRoot(hashes.map(leafHash)), root)) {
    throw unfit(archive, 'its indexes are of another history than the blocks here');
  }
  for (const [name, bytes] of fetched) {
    const temporary = path.join(directory, `${name}.new`);
    fs.writeFileSync(temporary, bytes, { flush: true, mode: 0o600 });
    fs.renameSync(temporary, path.join(directory, name));
  }
}

function unfit(archive: ArchiveSource, fact: string): NodeError {
  return new NodeError('NODE_ARCHIVE_DAMAGED', { detail: `${archive.name}: ${fact}.` });
}

/** Block hashes by height; undefined when the bytes are no index of this segment. */
function hashesIn(file: string, bytes: Uint8Array, first: number): readonly Hash[] | undefined {
  try {
    const { count, hashAt } = readMovedSegment(file, bytes, first);
    return Array.from({ length: count }, (_, at) => hashAt(first + at)).flatMap((one) => one ?? []);
  } catch (error) {
    if (error instanceof StateError && error.code === 'STATE_BLOCK_DAMAGED') return undefined;
    throw error;
  }
}

/** The root that the oldest block here names, if the moved ones are all that came before it. */
function rootOfOldest(directory: string, before: number): Hash | undefined {
  const [oldest] = segmentsIn(directory);
  if (oldest === undefined || oldest.first !== before) return undefined;
  const file = path.join(directory, oldest.name);
  const { value } = readSoundPart(file, fs.readFileSync(file), oldest.first).blocks().next();
  const block = value && decodeBlock(value.bytes);
  return block?.ok === true ? block.value.header.historyRoot : undefined;
}
