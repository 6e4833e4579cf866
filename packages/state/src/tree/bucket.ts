/**
 * Buckets as bytes: the body of their record, which is changed by copying runs and never parsed on
 * the hot path. Keys are kept without the bytes that the place in the tree implies, each in a field
 * of `stride` bytes.
 *
 *   BUCKET = count u8 | shared u8 | stride u8 | shared key bytes | count x key length u8 |
 *            count x rest of key (stride) | count x value ref u48 | count x leaf hash 32
 */
import { copyBytes, isSameRun, readU48, U48_SIZE, writeU48 } from './numbers.ts';
import type { Ref } from './record-form.ts';

const COUNT_AT = 0;
const SHARED_AT = 1;
const STRIDE_AT = 2;
const HEAD_SIZE = 3;
const HASH_SIZE = 32;

/** Where the 32 bytes of a hash are: views of them, by the thousand, would be most of the garbage. */
export interface HashPlace {
  readonly hashBytes: Uint8Array;
  readonly hashAt: number;
}

/** A body somewhere in memory; valid as long as its owner says. */
export interface BucketBody {
  readonly bytes: Uint8Array;
  readonly at: number;
}

/** Where the runs of a body start. */
export interface Layout {
  readonly count: number;
  readonly shared: number;
  readonly stride: number;
  readonly sharedAt: number;
  readonly lengthsAt: number;
  readonly keysAt: number;
  readonly refsAt: number;
  readonly hashesAt: number;
  /** Offset behind the body. */
  readonly end: number;
}

export function layoutOf(bytes: Uint8Array, at: number): Layout {
  return layoutFor(
    at,
    bytes[at + COUNT_AT] ?? 0,
    bytes[at + SHARED_AT] ?? 0,
    bytes[at + STRIDE_AT] ?? 0,
  );
}

function layoutFor(at: number, count: number, shared: number, stride: number): Layout {
  const sharedAt = at + HEAD_SIZE;
  const lengthsAt = sharedAt + shared;
  const keysAt = lengthsAt + count;
  const refsAt = keysAt + count * stride;
  const hashesAt = refsAt + count * U48_SIZE;
  const end = hashesAt + count * HASH_SIZE;
  return { count, shared, stride, sharedAt, lengthsAt, keysAt, refsAt, hashesAt, end };
}

/** Bytes of a body with so many keys. */
export function bodySizeOf(count: number, shared: number, stride: number): number {
  return HEAD_SIZE + shared + count * (1 + stride + U48_SIZE + HASH_SIZE);
}

export function refAt(bytes: Uint8Array, layout: Layout, index: number): Ref {
  return readU48(bytes, layout.refsAt + U48_SIZE * index);
}

export function setRefAt(bytes: Uint8Array, layout: Layout, index: number, ref: Ref): void {
  writeU48(bytes, layout.refsAt + U48_SIZE * index, ref);
}

/** A key in full, in an array of its own. */
export function keyAt(bytes: Uint8Array, layout: Layout, index: number): Uint8Array {
  const size = bytes[layout.lengthsAt + index] ?? 0;
  const key = new Uint8Array(size);
  copyBytes(bytes, layout.sharedAt, key, 0, layout.shared);
  const rest = layout.keysAt + index * layout.stride;
  copyBytes(bytes, rest, key, layout.shared, size - layout.shared);
  return key;
}

/**
 * Where a key stands: its index; or -1 - the index where it would stand; or undefined when it does
 * not begin with the shared bytes, so that it has no place in this form of the bucket.
 */
export function findKey(bytes: Uint8Array, layout: Layout, key: Uint8Array): number | undefined {
  if (!startsWithShared(bytes, layout, key)) return undefined;
  for (let index = 0; index < layout.count; index++) {
    const order = compareRest(bytes, layout, index, key);
    if (order === 0) {
      return bytes[layout.lengthsAt + index] === key.length ? index : undefined;
    }
    if (order > 0) return -1 - index;
  }
  return -1 - layout.count;
}

function startsWithShared(bytes: Uint8Array, layout: Layout, key: Uint8Array): boolean {
  const { shared, sharedAt } = layout;
  for (let offset = 0; offset < shared; offset++) {
    if (bytes[sharedAt + offset] !== key[offset]) return false;
  }
  return true;
}

/** Order of a key of the bucket against another that begins with the shared bytes. */
function compareRest(bytes: Uint8Array, layout: Layout, index: number, key: Uint8Array): number {
  const { shared, stride, keysAt, lengthsAt } = layout;
  const restAt = keysAt + index * stride;
  const common = Math.min(bytes[lengthsAt + index] ?? 0, key.length) - shared;
  for (let offset = 0; offset < common; offset++) {
    const difference = (bytes[restAt + offset] ?? 0) - (key[shared + offset] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether the leaf at an index has the hash that is given. */
export function hasHashAt(
  bytes: Uint8Array,
  layout: Layout,
  index: number,
  { hashBytes, hashAt }: HashPlace,
): boolean {
  return isSameRun(bytes, layout.hashesAt + HASH_SIZE * index, hashBytes, hashAt, HASH_SIZE);
}

/** What a new or changed record of a bucket consists of, but for its place. */
export interface NewLeaf extends HashPlace {
  readonly treeKey: Uint8Array;
}

/** Copies a body and replaces the hash of one leaf; the place of its value becomes 0. */
export function writeReplaced(
  source: BucketBody,
  layout: Layout,
  index: number,
  { hash, target }: { readonly hash: HashPlace; readonly target: BucketBody },
): void {
  const { bytes, at } = target;
  copyBytes(source.bytes, source.at, bytes, at, layout.end - source.at);
  const shift = at - source.at;
  writeU48(bytes, layout.refsAt + shift + U48_SIZE * index, 0);
  const place = layout.hashesAt + shift + HASH_SIZE * index;
  copyBytes(hash.hashBytes, hash.hashAt, bytes, place, HASH_SIZE);
}

/** Copies a body with one more leaf at an index; the caller has checked that its key fits. */
export function writeInserted(
  source: BucketBody,
  layout: Layout,
  index: number,
  change: { readonly leaf: NewLeaf; readonly target: BucketBody },
): void {
  const { leaf, target } = change;
  const { count, shared, stride } = layout;
  const to = target.bytes;
  const next = layoutFor(target.at, count + 1, shared, stride);
  copyBytes(source.bytes, source.at, to, target.at, HEAD_SIZE + shared);
  to[target.at + COUNT_AT] = count + 1;
  const from = source.bytes;
  insertGap(from, layout.lengthsAt, to, next.lengthsAt, { index, count, width: 1 });
  insertGap(from, layout.keysAt, to, next.keysAt, { index, count, width: stride });
  insertGap(from, layout.refsAt, to, next.refsAt, { index, count, width: U48_SIZE });
  insertGap(from, layout.hashesAt, to, next.hashesAt, { index, count, width: HASH_SIZE });
  writeLeaf(to, next, index, leaf);
}

/** Copies a body without the leaf at an index; at least one is left. */
export function writeRemoved(
  source: BucketBody,
  layout: Layout,
  index: number,
  target: BucketBody,
): void {
  const { count, shared, stride } = layout;
  const from = source.bytes;
  const to = target.bytes;
  const next = layoutFor(target.at, count - 1, shared, stride);
  copyBytes(from, source.at, to, target.at, HEAD_SIZE + shared);
  to[target.at + COUNT_AT] = count - 1;
  const rest = count - 1 - index;
  for (const [run, nextRun, width] of [
    [layout.lengthsAt, next.lengthsAt, 1],
    [layout.keysAt, next.keysAt, stride],
    [layout.refsAt, next.refsAt, U48_SIZE],
    [layout.hashesAt, next.hashesAt, HASH_SIZE],
  ] as const) {
    copyBytes(from, run, to, nextRun, index * width);
    copyBytes(from, run + (index + 1) * width, to, nextRun + index * width, rest * width);
  }
}

/** Numbers at the head of a body. */
export type BucketShape = Pick<Layout, 'count' | 'shared' | 'stride'>;

/**
 * Starts a body for leaves that will be written one by one.
 * @param firstKey  begins with the bytes that all keys share
 */
export function writeHead(
  { bytes, at }: BucketBody,
  { count, shared, stride }: BucketShape,
  firstKey: Uint8Array,
): void {
  bytes[at + COUNT_AT] = count;
  bytes[at + SHARED_AT] = shared;
  bytes[at + STRIDE_AT] = stride;
  copyBytes(firstKey, 0, bytes, at + HEAD_SIZE, shared);
}

/** Fills in one leaf; the place of its value is 0 until it is set. */
export function writeLeaf(bytes: Uint8Array, layout: Layout, index: number, leaf: NewLeaf): void {
  const { treeKey, hashBytes, hashAt } = leaf;
  const { shared, stride } = layout;
  bytes[layout.lengthsAt + index] = treeKey.length;
  const restAt = layout.keysAt + index * stride;
  const rest = treeKey.length - shared;
  copyBytes(treeKey, shared, bytes, restAt, rest);
  for (let offset = rest; offset < stride; offset++) bytes[restAt + offset] = 0;
  writeU48(bytes, layout.refsAt + U48_SIZE * index, 0);
  copyBytes(hashBytes, hashAt, bytes, layout.hashesAt + HASH_SIZE * index, HASH_SIZE);
}

interface Gap {
  readonly index: number;
  readonly count: number;
  readonly width: number;
}

// biome-ignore lint/complexity/useMaxParams: two places and a gap; an object would cost more.
function insertGap(from: Uint8Array, fromAt: number, to: Uint8Array, at: number, gap: Gap): void {
  const before = gap.index * gap.width;
  const rest = (gap.count - gap.index) * gap.width;
  copyBytes(from, fromAt, to, at, before);
  copyBytes(from, fromAt + before, to, at + before + gap.width, rest);
}
