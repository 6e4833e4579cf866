/**
 * What is known of the blocks of one segment: place, hash and time of each height, and where each
 * transaction stands. A sealed segment keeps it in a file beside it, checked and rebuildable; the
 * last segment's is in memory only.
 */
import type { Hash, Height, TransactionId } from '@daybook/core';
import {
  asHash,
  assert,
  compareBytes,
  crc32c,
  createWriter,
  decodeBinary,
  encodeUtf8,
  equalBytes,
} from '@daybook/core';
import type { LoggedTransaction, TransactionPlace } from './block-log.ts';

/** One height: where its records begin in the segment. */
export interface IndexedBlock {
  readonly blockHash: Hash;
  readonly timestampMs: number;
  /** Latest validUntil of its transactions; 0 when none has one. */
  readonly validUntilMaxMs: number;
  readonly candidateOffset: number;
  readonly finalOffset: number;
}

/** Heights `first`, `first + 1`, … of one segment. */
export interface SegmentIndex {
  readonly first: Height;
  count(): number;
  at(height: Height): IndexedBlock | undefined;
  find(id: TransactionId): TransactionPlace | undefined;
  /** Height of a block by its hash. */
  findBlock(blockHash: Hash): Height | undefined;
}

/** A segment that still grows. */
export interface GrowingIndex extends SegmentIndex {
  add(block: IndexedBlock, transactions: readonly LoggedTransaction[]): void;
  /** Bytes of the index file. */
  encode(): Uint8Array;
}

const MAGIC = encodeUtf8('DBKINDX2');
/** Leading bytes of a transaction id that the index keeps; the record itself settles the rest. */
const ID_PREFIX = 12;
const ENTRY_SIZE = ID_PREFIX + 4 + 4;
/** Stands in place of a position for the entry of a block's own hash. */
const BLOCK_ENTRY = 0xffff_ffff;

export function createGrowingIndex(first: Height): GrowingIndex {
  const blocks: IndexedBlock[] = [];
  const places = new Map<string, TransactionPlace>();
  const keyOf = (id: Uint8Array): string =>
    Buffer.from(id.subarray(0, ID_PREFIX)).toString('latin1');
  return {
    first,
    count: () => blocks.length,
    at: (height) => blocks[height - first],
    find: (id) => transactionPlace(places.get(keyOf(id))),
    findBlock: (blockHash) => blockPlace(places.get(keyOf(blockHash))),
    add: (block, transactions) => {
      const height = first + blocks.length;
      for (const [index, { id }] of transactions.entries())
        places.set(keyOf(id), { height, index });
      places.set(keyOf(block.blockHash), { height, index: BLOCK_ENTRY });
      blocks.push(block);
    },
    encode: () => encodeIndex(first, blocks, places),
  };
}

function encodeIndex(
  first: Height,
  blocks: readonly IndexedBlock[],
  places: ReadonlyMap<string, TransactionPlace>,
): Uint8Array {
  const writer = createWriter();
  writer.raw(MAGIC);
  writer.u64(first);
  writer.u32(blocks.length);
  for (const block of blocks) {
    const { blockHash, timestampMs, validUntilMaxMs, candidateOffset, finalOffset } = block;
    writer.raw(blockHash);
    writer.u64(timestampMs);
    writer.u64(validUntilMaxMs);
    writer.u32(candidateOffset);
    writer.u32(finalOffset);
  }
  const entries = [...places].map(([key, place]) => ({ id: Buffer.from(key, 'latin1'), place }));
  entries.sort((a, b) => compareBytes(a.id, b.id));
  writer.u32(entries.length);
  for (const { id, place } of entries) {
    writer.raw(id);
    writer.u32(place.height - first);
    writer.u32(place.index);
  }
  const body = writer.finish();
  const whole = createWriter();
  whole.raw(body);
  whole.u32(crc32c(body));
  return whole.finish();
}

/** An index file read back; undefined when it is not whole, and must be rebuilt from its segment. */
export function readIndex(bytes: Uint8Array): SegmentIndex | undefined {
  if (bytes.length < 4) return undefined;
  const body = bytes.subarray(0, bytes.length - 4);
  const stored = new DataView(bytes.buffer, bytes.byteOffset + body.length, 4).getUint32(0);
  if (crc32c(body) !== stored) return undefined;
  const read = decodeBinary(body, 'segment index', (reader) => {
    if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) reader.refuse('is no index');
    const first = reader.u64();
    const blockCount = reader.u32();
    const blockBytes = reader.raw(blockCount * BLOCK_SIZE);
    const entryCount = reader.u32();
    return { first, blockCount, blockBytes, entryBytes: reader.raw(entryCount * ENTRY_SIZE) };
  });
  return read.ok ? createSealedIndex(read.value) : undefined;
}

const BLOCK_SIZE = 32 + 8 + 8 + 4 + 4;

interface IndexBytes {
  readonly first: Height;
  readonly blockCount: number;
  /** BLOCK_SIZE each, in order of heights. */
  readonly blockBytes: Uint8Array;
  /** ENTRY_SIZE each, ascending. */
  readonly entryBytes: Uint8Array;
}

function createSealedIndex({
  first,
  blockCount,
  blockBytes,
  entryBytes,
}: IndexBytes): SegmentIndex {
  const blocks = new DataView(blockBytes.buffer, blockBytes.byteOffset, blockBytes.length);
  const entries = new DataView(entryBytes.buffer, entryBytes.byteOffset, entryBytes.length);
  const placeOf = (key: Uint8Array): TransactionPlace | undefined => {
    const offset = searchEntry(entryBytes, key.subarray(0, ID_PREFIX));
    if (offset === undefined) return undefined;
    const height = first + entries.getUint32(offset + ID_PREFIX);
    return { height, index: entries.getUint32(offset + ID_PREFIX + 4) };
  };
  return {
    first,
    count: () => blockCount,
    at: (height) => {
      const position = height - first;
      if (position < 0 || position >= blockCount) return undefined;
      const offset = position * BLOCK_SIZE;
      const blockHash = asHash(blockBytes.slice(offset, offset + 32));
      const timestampMs = timeAt(blocks, offset + 32);
      const validUntilMaxMs = timeAt(blocks, offset + 40);
      const candidateOffset = blocks.getUint32(offset + 48);
      const finalOffset = blocks.getUint32(offset + 52);
      return { blockHash, timestampMs, validUntilMaxMs, candidateOffset, finalOffset };
    },
    find: (id) => transactionPlace(placeOf(id)),
    findBlock: (blockHash) => blockPlace(placeOf(blockHash)),
  };
}

function timeAt(view: DataView, offset: number): number {
  const timeMs = Number(view.getBigUint64(offset));
  assert(Number.isSafeInteger(timeMs), 'a time in a checked index is a safe integer');
  return timeMs;
}

/** What the index keeps of a block's transactions beside their places. */
export function latestValidUntil(transactions: readonly LoggedTransaction[]): number {
  return transactions.reduce((latest, { validUntilMs }) => Math.max(latest, validUntilMs), 0);
}

/** The same over all blocks of a segment: reads every entry. */
export function latestValidUntilIn(index: SegmentIndex): number {
  let latest = 0;
  for (let height = index.first; height < index.first + index.count(); height++) {
    latest = Math.max(latest, index.at(height)?.validUntilMaxMs ?? 0);
  }
  return latest;
}

function transactionPlace(place: TransactionPlace | undefined): TransactionPlace | undefined {
  return place?.index === BLOCK_ENTRY ? undefined : place;
}

function blockPlace(place: TransactionPlace | undefined): Height | undefined {
  return place?.index === BLOCK_ENTRY ? place.height : undefined;
}

/** Binary search. @returns offset of the entry with this prefix */
function searchEntry(entryBytes: Uint8Array, prefix: Uint8Array): number | undefined {
  let low = 0;
  let high = entryBytes.length / ENTRY_SIZE - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const offset = middle * ENTRY_SIZE;
    const order = compareBytes(entryBytes.subarray(offset, offset + ID_PREFIX), prefix);
    if (order === 0) return offset;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
