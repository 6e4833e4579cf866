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
  /** Latest validUntil of all its transactions; 0 when none has one. */
  latestValidUntil(): number;
}

/** A segment that still grows. */
export interface GrowingIndex extends SegmentIndex {
  add(block: IndexedBlock, transactions: readonly LoggedTransaction[]): void;
  /** Bytes of the index file. */
  encode(): Uint8Array;
}

const MAGIC = encodeUtf8('DBKINDX3');
/** Magic, first height u64, blocks u32, latest validUntil u64, crc32c of these u32. */
export const INDEX_HEAD_SIZE = 8 + 8 + 4 + 8 + 4;
/** Leading bytes of a transaction id that the index keeps; the record itself settles the rest. */
const ID_PREFIX = 12;
const ENTRY_SIZE = ID_PREFIX + 4 + 4;
/** Stands in place of a position for the entry of a block's own hash. */
const BLOCK_ENTRY = 0xffff_ffff;

export function createGrowingIndex(first: Height): GrowingIndex {
  const blocks: IndexedBlock[] = [];
  const places = new Map<string, TransactionPlace>();
  let latest = 0;
  const keyOf = (id: Uint8Array): string =>
    Buffer.from(id.subarray(0, ID_PREFIX)).toString('latin1');
  return {
    first,
    count: () => blocks.length,
    at: (height) => blocks[height - first],
    find: (id) => transactionPlace(places.get(keyOf(id))),
    findBlock: (blockHash) => blockPlace(places.get(keyOf(blockHash))),
    latestValidUntil: () => latest,
    add: (block, transactions) => {
      const height = first + blocks.length;
      for (const [index, { id }] of transactions.entries())
        places.set(keyOf(id), { height, index });
      places.set(keyOf(block.blockHash), { height, index: BLOCK_ENTRY });
      blocks.push(block);
      latest = Math.max(latest, block.validUntilMaxMs);
    },
    encode: () => encodeIndex({ first, count: blocks.length, latest }, blocks, places),
  };
}

/** What the beginning of an index file says of the whole. */
export interface IndexHead {
  readonly first: Height;
  readonly count: number;
  /** Latest validUntil of all transactions. */
  readonly latest: number;
}

function encodeHead({ first, count, latest }: IndexHead): Uint8Array {
  const writer = createWriter();
  writer.raw(MAGIC);
  writer.u64(first);
  writer.u32(count);
  writer.u64(latest);
  const head = writer.finish();
  const sealed = createWriter();
  sealed.raw(head);
  sealed.u32(crc32c(head));
  return sealed.finish();
}

/** The beginning of an index file; undefined when it is not whole. */
export function readIndexHead(bytes: Uint8Array): IndexHead | undefined {
  const read = decodeBinary(bytes.subarray(0, INDEX_HEAD_SIZE), 'index head', (reader) => {
    if (!equalBytes(reader.raw(MAGIC.length), MAGIC)) reader.refuse('is no index');
    const head = { first: reader.u64(), count: reader.u32(), latest: reader.u64() };
    if (reader.u32() !== crc32c(bytes.subarray(0, INDEX_HEAD_SIZE - 4)))
      reader.refuse('is damaged');
    return head;
  });
  return read.ok ? read.value : undefined;
}

/** An index of which only the head was read; `load` is called once, when more is asked for. */
export function createLazyIndex(
  { first, count, latest }: IndexHead,
  load: () => SegmentIndex,
): SegmentIndex {
  let loaded: SegmentIndex | undefined;
  const whole = (): SegmentIndex => {
    loaded ??= load();
    return loaded;
  };
  return {
    first,
    count: () => count,
    at: (height) => (height < first || height >= first + count ? undefined : whole().at(height)),
    find: (id) => whole().find(id),
    findBlock: (blockHash) => whole().findBlock(blockHash),
    latestValidUntil: () => latest,
  };
}

function encodeIndex(
  head: IndexHead,
  blocks: readonly IndexedBlock[],
  places: ReadonlyMap<string, TransactionPlace>,
): Uint8Array {
  const writer = createWriter();
  writer.raw(encodeHead(head));
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
    writer.u32(place.height - head.first);
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
  const head = readIndexHead(body);
  if (head === undefined) return undefined;
  const rest = body.subarray(INDEX_HEAD_SIZE);
  const read = decodeBinary(rest, 'segment index', (reader) => {
    const blockBytes = reader.raw(head.count * BLOCK_SIZE);
    const entryCount = reader.u32();
    return { head, blockBytes, entryBytes: reader.raw(entryCount * ENTRY_SIZE) };
  });
  return read.ok && hasTimes(read.value) ? createSealedIndex(read.value) : undefined;
}

const BLOCK_SIZE = 32 + 8 + 8 + 4 + 4;
/** Upper half of the greatest safe integer. */
const HIGH_WORD_MAX = 0x1f_ffff;

interface IndexBytes {
  readonly head: IndexHead;
  /** BLOCK_SIZE each, in order of heights. */
  readonly blockBytes: Uint8Array;
  /** ENTRY_SIZE each, ascending. */
  readonly entryBytes: Uint8Array;
}

/** Whether every time is one: an index that other software wrote is rebuilt like a damaged one. */
function hasTimes({ blockBytes }: IndexBytes): boolean {
  const view = new DataView(blockBytes.buffer, blockBytes.byteOffset, blockBytes.length);
  for (let offset = 32; offset < blockBytes.length; offset += BLOCK_SIZE) {
    const highest = Math.max(view.getUint32(offset), view.getUint32(offset + 8));
    if (highest > HIGH_WORD_MAX) return false;
  }
  return true;
}

function createSealedIndex({ head, blockBytes, entryBytes }: IndexBytes): SegmentIndex {
  const { first, count, latest } = head;
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
    count: () => count,
    at: (height) => {
      const position = height - first;
      if (position < 0 || position >= count) return undefined;
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
    latestValidUntil: () => latest,
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
