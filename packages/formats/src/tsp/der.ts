/** The part of ASN.1's distinguished encoding (X.690) that time-stamps need: written, and read strictly. */
import { assert, concatBytes, encodeUtf8, fromHex, toHex } from '@daybook/core';

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** One value with its tag, and all bytes it takes. */
export interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

const HIGH_TAG = 0x1f;
const LENGTH_BYTES_MAX = 4;

export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...parts);
  return concatBytes(Uint8Array.of(tag), lengthOf(content.length), content);
}

function lengthOf(size: number): Uint8Array {
  return size < 0x80 ? Uint8Array.of(size) : lengthPrefixed(bytesOf(BigInt(size)));
}

function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  return concatBytes(Uint8Array.of(0x80 | bytes.length), bytes);
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(TAG.sequence, ...parts);
}

/** Members of a set stand in the order of their bytes. @param tag  that of the place it stands in */
export function setOf(members: readonly Uint8Array[], tag: number = TAG.set): Uint8Array {
  const sorted = members.toSorted((a, b) => (toHex(a) < toHex(b) ? -1 : 1));
  return element(tag, ...sorted);
}

/** A context-specific tag around other values. */
export function tagged(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return element(0xa0 | number, ...parts);
}

/** @param value  not negative */
export function integer(value: bigint): Uint8Array {
  const bytes = bytesOf(value);
  return element(
    TAG.integer,
    (bytes[0] ?? 0) < 0x80 ? bytes : concatBytes(Uint8Array.of(0), bytes),
  );
}

function bytesOf(value: bigint): Uint8Array {
  const hex = value.toString(16);
  const bytes = fromHex(hex.length % 2 === 0 ? hex : `0${hex}`);
  assert(bytes !== undefined, 'a number that is not negative has hexadecimal digits');
  return bytes;
}

export function octets(content: Uint8Array): Uint8Array {
  return element(TAG.octets, content);
}

export function text(value: string): Uint8Array {
  return element(TAG.utf8, encodeUtf8(value));
}

/** @param dotted  `1.2.840.113549` */
export function oid(dotted: string): Uint8Array {
  const [first = 0n, second = 0n, ...rest] = dotted.split('.').map(BigInt);
  return element(TAG.oid, ...[first * 40n + second, ...rest].map(base128));
}

function base128(arc: bigint): Uint8Array {
  const bytes = [Number(arc & 0x7fn)];
  for (let left = arc >> 7n; left > 0n; left >>= 7n) bytes.unshift(Number(left & 0x7fn) | 0x80);
  return Uint8Array.from(bytes);
}

/** The dotted form of an object identifier's content; undefined if it is none. */
export function oidText(content: Uint8Array): string | undefined {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || (content.at(-1) ?? 0) >= 0x80) return undefined;
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join('.');
}

/**
 * The elements that fill the bytes.
 * @returns undefined where one is cut off, has a tag above 30 or a length that is not the shortest
 */
export function readElements(bytes: Uint8Array): readonly Element[] | undefined {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = readElement(bytes.subarray(at));
    if (next === undefined) return undefined;
    elements.push(next);
    at += next.whole.length;
  }
  return elements;
}

function readElement(bytes: Uint8Array): Element | undefined {
  const [tag, short] = bytes;
  if (tag === undefined || short === undefined || (tag & HIGH_TAG) === HIGH_TAG) return undefined;
  const lengthBytes = short < 0x80 ? 0 : short & 0x7f;
  if (short === 0x80 || lengthBytes > LENGTH_BYTES_MAX) return undefined;
  const start = 2 + lengthBytes;
  const size =
    lengthBytes === 0 ? short : bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const isShortest = lengthOf(size).length === lengthBytes + 1;
  if (!isShortest || bytes.length < start + size) return undefined;
  return {
    tag,
    content: bytes.subarray(start, start + size),
    whole: bytes.subarray(0, start + size),
  };
}
