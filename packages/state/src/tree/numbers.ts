/** Big-endian integers and short runs at a place in bytes: what records of the tree are made of. */

const TWO_POW_32 = 0x1_0000_0000;

/** Bytes of a height or a reference in a record. */
export const U48_SIZE = 6;

export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / TWO_POW_32);
  const low = (value - high * TWO_POW_32) >>> 0;
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  bytes[at + 2] = low >>> 24;
  bytes[at + 3] = low >>> 16;
  bytes[at + 4] = low >>> 8;
  bytes[at + 5] = low;
}

export function readU48(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  return high * TWO_POW_32 + readU32(bytes, at + 2);
}

export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readU32(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16);
  return (high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)) >>> 0;
}

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function readU16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** The lowest bit that is set in a mask; the mask without it is `mask & (mask - 1)`. */
export function lowestOf(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** From so many bytes on, a view and a typed array's `set` cost less than a loop (measured). */
const VIEW_BYTES_MIN = 64;

/** Copies a run between two arrays. */
// biome-ignore lint/complexity/useMaxParams: the hottest function here; an object would cost more.
export function copyBytes(
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  at: number,
  size: number,
): void {
  if (size >= VIEW_BYTES_MIN) {
    target.set(source.subarray(from, from + size), at);
    return;
  }
  for (let index = 0; index < size; index++) target[at + index] = source[from + index] ?? 0;
}

/** Words of 32 bits in a hash. */
export const HASH_WORDS = 8;

/** Copies a hash between two arrays of words: a fifth of the time that its bytes would take. */
export function copyHash(source: Int32Array, from: number, target: Int32Array, at: number): void {
  for (let word = 0; word < HASH_WORDS; word++) target[at + word] = source[from + word] ?? 0;
}

/** Whether the runs of `size` bytes at two places are equal. */
// biome-ignore lint/complexity/useMaxParams: like copyBytes.
export function isSameRun(
  a: Uint8Array,
  aAt: number,
  b: Uint8Array,
  bAt: number,
  size: number,
): boolean {
  for (let index = 0; index < size; index++) {
    if (a[aAt + index] !== b[bAt + index]) return false;
  }
  return true;
}
