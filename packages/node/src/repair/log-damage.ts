/**
 * The first damage of a block log, found by reading all of it, and how it is cut away: records that
 * fail their checksums, and blocks that are sound records and yet no chain.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Genesis } from '@daybook/core';
import { decodeBlock, equalBytes, toHex } from '@daybook/core';
import type { StateFailure } from '@daybook/state';
import {
  indexName,
  readGrowingSegment,
  readSegment,
  readSoundPart,
  StateError,
} from '@daybook/state';
import type { SegmentFile } from '../archive/archive-files.ts';
import { segmentsIn } from '../archive/archive-files.ts';
import type { BlockJudge } from '../archive/judge-block.ts';
import { NodeError } from '../errors.ts';

/** Where a block log ceases to be sound. */
export interface LogDamage {
  /** Name of the segment. */
  readonly file: string;
  /** One sentence with file, byte and height. */
  readonly words: string;
  /** First height that has to come from the other nodes. */
  readonly from: number;
  /** The segment and all that follow it. */
  readonly files: readonly string[];
  /** Bytes at the beginning of the segment that hold sound blocks; 0 when none does. */
  readonly soundBytes: number;
}

type BlockDamage = Extract<StateFailure, { readonly code: 'STATE_BLOCK_DAMAGED' }>;

/**
 * A log of another chain is a wrong setting, and no damage that could be cut away.
 * @throws NodeError NODE_GENESIS_MISMATCH
 */
export function refuseForeignLog(directory: string, { chain }: Genesis): void {
  const [segment] = fs.existsSync(directory) ? segmentsIn(directory) : [];
  if (segment === undefined) return;
  const found = chainIn(path.join(directory, segment.name), segment.first);
  if (found === undefined || equalBytes(found, chain)) return;
  const detail = `The genesis is of chain ${toHex(chain)}, the block log of ${toHex(found)}.`;
  throw new NodeError('NODE_GENESIS_MISMATCH', { detail });
}

/** The chain of the first block that is sound; undefined when none is. */
function chainIn(file: string, first: number): Uint8Array | undefined {
  try {
    const { value } = readSoundPart(file, fs.readFileSync(file), first).blocks().next();
    const block = value && decodeBlock(value.bytes);
    return block?.ok === true ? block.value.header.chain : undefined;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    return undefined;
  }
}

/** Reads every record and every block; changes nothing. @param judge  of a log that is not executed */
export async function findLogDamage(
  directory: string,
  judge: BlockJudge,
): Promise<LogDamage | undefined> {
  const segments = fs.existsSync(directory) ? segmentsIn(directory) : [];
  let expected = segments[0]?.first ?? 0;
  for (const [index, segment] of segments.entries()) {
    const files = segments.slice(index).map(({ name }) => name);
    const { name: file } = segment;
    if (segment.first !== expected) {
      const words = `${file} does not follow: heights from ${expected} on are missing`;
      return { file, words, from: expected, files, soundBytes: 0 };
    }
    const isLast = index === segments.length - 1;
    const checked = await checkSegment(directory, segment, { isLast, judge });
    if (typeof checked === 'number') expected += checked;
    else
      return { ...soundPartOf(directory, segment, checked.end), file, words: checked.words, files };
  }
  return undefined;
}

interface SegmentDamage {
  readonly words: string;
  /** Byte from which nothing is believed; undefined where reading tells by itself. */
  readonly end?: number;
}

/** @returns how many heights it has, or its damage */
async function checkSegment(
  directory: string,
  { name, first }: SegmentFile,
  { isLast, judge }: { readonly isLast: boolean; readonly judge: BlockJudge },
): Promise<number | SegmentDamage> {
  const file = path.join(directory, name);
  const bytes = fs.readFileSync(file);
  // A crash between creating the newest file and writing its first bytes: nothing was in it.
  if (isLast && bytes.length < SEGMENT_HEAD) return 0;
  try {
    const segment = (isLast ? readGrowingSegment : readSegment)(file, bytes, first);
    for (const block of segment.blocks()) {
      const verdict = await judge.judge(block);
      if (typeof verdict !== 'object') continue;
      const { offset, fact } = verdict;
      // The body of a block may stand long before what made it final.
      const end = Math.min(offset, block.bodyOffset);
      return { words: `${file}: height ${block.height}, byte ${offset}: ${fact}`, end };
    }
    return segment.count;
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    return { words: error instanceof Error ? error.message : String(error) };
  }
}

const SEGMENT_HEAD = 16;

function damageOf(error: unknown): BlockDamage | undefined {
  if (!(error instanceof StateError)) return undefined;
  return error.failure.code === 'STATE_BLOCK_DAMAGED' ? error.failure : undefined;
}

function soundPartOf(
  directory: string,
  { name, first }: SegmentFile,
  until?: number,
): Pick<LogDamage, 'from' | 'soundBytes'> {
  const file = path.join(directory, name);
  try {
    const { count, end } = readSoundPart(file, fs.readFileSync(file).subarray(0, until), first);
    return { from: first + count, soundBytes: count === 0 ? 0 : end };
  } catch (error) {
    if (damageOf(error) === undefined) throw error;
    // Records that contradict themselves: none of the segment is believed.
    return { from: first, soundBytes: 0 };
  }
}

/**
 * Moves the damaged segment and all that follow it into a folder, and puts the sound beginning back.
 * Nothing is deleted: whoever examines the damage finds the bytes as they were.
 */
export function setDamageAside(directory: string, damage: LogDamage, aside: string): void {
  fs.mkdirSync(aside, { recursive: true, mode: 0o700 });
  // From the newest on, so that a crash in between leaves no gap behind.
  for (const name of damage.files.toReversed()) {
    const index = indexName(name);
    for (const one of [index, name]) {
      const file = path.join(directory, one);
      if (fs.existsSync(file)) fs.renameSync(file, path.join(aside, one));
    }
  }
  if (damage.soundBytes > 0) {
    const kept = fs.readFileSync(path.join(aside, damage.file)).subarray(0, damage.soundBytes);
    const temporary = path.join(directory, `${damage.file}.new`);
    fs.writeFileSync(temporary, kept, { flush: true, mode: 0o600 });
    fs.renameSync(temporary, path.join(directory, damage.file));
  }
  const descriptor = fs.openSync(directory, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}
