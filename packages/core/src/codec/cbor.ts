/**
 * Canonical CBOR: the core deterministic encoding of RFC 8949 §4.2.1, narrowed to what Daybook
 * stores. One value has one encoding, and bytes that are not that encoding are refused.
 *
 * The codec is cborg. Its strict mode refuses long forms of integers and lengths but still takes
 * unsorted and repeated map keys, floats, tags and ill-formed text; so its tokens are read here,
 * each one held to the form in which we write it. That is the same as re-encoding the value and
 * comparing all bytes (protocol §4), at half the cost; the property tests do exactly that.
 */
import type { Token } from 'cborg';
import { encode, encodeInto, Tokenizer, Type } from 'cborg';
import { assert } from './assert.ts';
import { compareBytes, decodeUtf8 } from './bytes.ts';
import type { DecodeFailure } from './failure.ts';
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';

/**
 * What can be encoded. Integers are `number` within 2^53-1 and `bigint` beyond, down to -2^64 and
 * up to 2^64-1; text is in Unicode NFC without lone surrogates. There are no floats and no
 * `undefined`: something absent is left out or `null`.
 */
export type CborValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | CborMap;

/** Text keys only; what `decodeCanonical` returns has no prototype. */
export interface CborMap {
  readonly [key: string]: CborValue;
}

/** Bounds that the caller's layout sets, both inclusive. */
export interface CborLimits {
  readonly bytesMax: number;
  /** Nesting of arrays and maps; a value that is neither has depth 0. */
  readonly depthMax: number;
}

const TITLE = 'CBOR';
const UINT64_MAX = 2n ** 64n - 1n;
const NEGINT64_MIN = -(2n ** 64n);
const NON_ASCII = /[\u0080-\uffff]/;
/** UTF-16 units that are normalised at once, and those that two neighbouring parts share. */
const PART_UNITS = 256;
const SHARED_UNITS = 4;
/** What cborg, in the one version that is pinned, says of a good value in another encoding. */
const LONG_FORM = /more bytes than necessary|indefinite length/;
const TOKENIZER_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowBigInt: true,
};

// Working memory for one call, never seen outside: cborg's own buffers are views on Node's pool.
const scratch = new Uint8Array(64 * 1024);

/**
 * The one encoding of a value: shortest integers and lengths, map keys in ascending order of their
 * encoded bytes, definite lengths.
 * @returns bytes in an array of their own
 * @throws AssertionError for what `CborValue` excludes: it is our bug to have built it
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  assertEncodable(value);
  let written: number;
  try {
    written = encodeInto(value, scratch).written;
  } catch {
    // Too large for the working memory: cborg finds its own.
    return Uint8Array.from(encode(value));
  }
  return scratch.slice(0, written);
}

/**
 * Decodes bytes that `encodeCanonical` could have written, and nothing else. The result shares no
 * memory with the input.
 */
export function decodeCanonical(
  bytes: Uint8Array,
  limits: CborLimits,
): Result<CborValue, DecodeFailure> {
  const { bytesMax, depthMax } = limits;
  if (bytes.length > bytesMax) {
    return fail({ code: 'CORE_TOO_LARGE', title: TITLE, size: bytes.length, sizeMax: bytesMax });
  }
  const reader = new CanonicalReader(bytes, depthMax);
  try {
    return ok(reader.readWhole());
  } catch (error) {
    if (error instanceof Refusal) {
      return fail(error.failure);
    }
    throw error;
  }
}

/** Whether text may be encoded: well-formed UTF-16 in Unicode normalisation form C. */
export function isCanonicalText(text: string): boolean {
  return !NON_ASCII.test(text) || (text.isWellFormed() && isNormalised(text));
}

/**
 * In linear time, whatever a stranger sends: normalising sorts the marks of one letter by insertion,
 * so that a mebibyte of them out of order would hold the thread for minutes. Each part of a text in
 * NFC is in NFC (UAX 15), so the parts are judged first and the first bad one ends it. They overlap
 * by two characters: once all are good no two neighbours are out of order, and nothing is sorted.
 */
function isNormalised(text: string): boolean {
  if (text.length > PART_UNITS) {
    for (let at = 0; at < text.length; at += PART_UNITS - SHARED_UNITS) {
      const part = text.slice(at, at + PART_UNITS);
      if (part !== part.normalize('NFC')) return false;
    }
  }
  return text === text.normalize('NFC');
}

/** Carries a failure out of the reader's recursion and never leaves this file. */
class Refusal extends Error {
  readonly failure: DecodeFailure;

  constructor(failure: DecodeFailure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** Builds a value from cborg's tokens and refuses the first one that is not as we write it. */
class CanonicalReader {
  readonly #bytes: Uint8Array;
  readonly #tokenizer: Tokenizer;
  readonly #depthMax: number;

  constructor(bytes: Uint8Array, depthMax: number) {
    // cborg copies with slice(), which for a Buffer would be a view on memory that is not ours.
    this.#bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#tokenizer = new Tokenizer(this.#bytes, TOKENIZER_OPTIONS);
    this.#depthMax = depthMax;
  }

  readWhole(): CborValue {
    const value = this.#readItem(0);
    const offset = this.#tokenizer.pos();
    if (offset !== this.#bytes.length) {
      throw new Refusal({ code: 'CORE_TRAILING_BYTES', title: TITLE, offset });
    }
    return value;
  }

  #readItem(depth: number): CborValue {
    const start = this.#tokenizer.pos();
    const token = this.#nextToken(start);
    switch (token.type) {
      case Type.string:
        return this.#textOf(token, start);
      case Type.array:
        return this.#readArray(token.value, depth);
      case Type.map:
        return this.#readMap(token.value, depth);
      case Type.float:
      case Type.tag:
        return this.#refuse('holds a float or a tag');
      default:
        return token.value;
    }
  }

  #readArray(count: number, depth: number): CborValue[] {
    this.#enter(count, depth);
    const items: CborValue[] = [];
    for (let index = 0; index < count; index += 1) {
      items.push(this.#readItem(depth + 1));
    }
    return items;
  }

  #readMap(count: number, depth: number): CborMap {
    this.#enter(2 * count, depth);
    // Without a prototype no key can reach one.
    const map: Record<string, CborValue> = Object.create(null);
    let previous: Uint8Array | undefined;
    for (let index = 0; index < count; index += 1) {
      const start = this.#tokenizer.pos();
      const token = this.#nextToken(start);
      if (token.type !== Type.string) {
        return this.#refuse('has a map key that is not text');
      }
      const key = this.#textOf(token, start);
      const encoded = this.#bytes.subarray(start, this.#tokenizer.pos());
      if (previous !== undefined && compareBytes(previous, encoded) >= 0) {
        const fact = 'has map keys that repeat or do not ascend';
        throw new Refusal({ code: 'CORE_NOT_CANONICAL', title: TITLE, offset: start, fact });
      }
      map[key] = this.#readItem(depth + 1);
      previous = encoded;
    }
    return map;
  }

  /** Bounds depth before the recursion and length before the allocation. */
  #enter(items: number, depth: number): void {
    if (items > this.#bytes.length - this.#tokenizer.pos()) {
      this.#refuse('promises more items than bytes are left');
    }
    if (depth >= this.#depthMax) {
      throw new Refusal({ code: 'CORE_TOO_DEEP', title: TITLE, depthMax: this.#depthMax });
    }
  }

  #textOf(token: Token, start: number): string {
    const end = this.#tokenizer.pos();
    const text: string = token.value;
    // cborg replaces what is ill-formed and drops a byte order mark. Text that kept one character
    // for every byte was ASCII; any other is decoded again, strictly.
    if (text.length === end - start - headSize(text.length) && !NON_ASCII.test(text)) {
      return text;
    }
    const head = headSizeAt(this.#bytes, start);
    const decoded = decodeUtf8(this.#bytes.subarray(start + head, end));
    if (!decoded.ok) {
      return this.#refuse('holds text that is not UTF-8');
    }
    if (!isCanonicalText(decoded.value)) {
      const fact = 'holds text that is not in Unicode NFC';
      throw new Refusal({ code: 'CORE_NOT_CANONICAL', title: TITLE, offset: start, fact });
    }
    return decoded.value;
  }

  #nextToken(start: number): Token {
    if (this.#tokenizer.done()) {
      const offset = start;
      throw new Refusal({ code: 'CORE_TRUNCATED', title: TITLE, offset, wanted: 1, remaining: 0 });
    }
    try {
      return this.#tokenizer.next();
    } catch (error) {
      return this.#refuseToken(error, start);
    }
  }

  /** cborg's sentence may quote the input; the place says enough. */
  #refuseToken(error: unknown, offset: number): never {
    if (error instanceof Error && LONG_FORM.test(error.message)) {
      const fact = 'is written in another form than the shortest';
      throw new Refusal({ code: 'CORE_NOT_CANONICAL', title: TITLE, offset, fact });
    }
    return this.#refuse('is cut short, or of a kind that is not in use');
  }

  #refuse(fact: string): never {
    const offset = this.#tokenizer.pos();
    throw new Refusal({ code: 'CORE_MALFORMED', title: TITLE, offset, fact });
  }
}

/** Bytes that the head of a text of this many bytes has. */
function headSize(length: number): number {
  if (length < 24) {
    return 1;
  }
  if (length < 0x100) {
    return 2;
  }
  return length < 0x1_0000 ? 3 : 5;
}

/** Bytes of the head that stands at an offset: its low five bits say how the length is written. */
function headSizeAt(bytes: Uint8Array, offset: number): number {
  const minor = (bytes[offset] ?? 0) & 0x1f;
  return minor < 24 ? 1 : 1 + 2 ** (minor - 24);
}

/** Stops at a value that cborg would encode in some way, though no reader of ours gives it back. */
function assertEncodable(value: unknown): void {
  switch (typeof value) {
    case 'boolean':
      break;
    case 'number':
      assert(Number.isSafeInteger(value), 'a canonical number is a safe integer');
      break;
    case 'bigint':
      assert(isIn64Bits(value), 'a canonical bigint has at most 64 bits');
      break;
    case 'string':
      assert(isCanonicalText(value), 'canonical text is well-formed and in NFC');
      break;
    case 'object':
      assertEncodableObject(value);
      break;
    default:
      assert(false, `a canonical value has no ${typeof value}`);
  }
}

function isIn64Bits(value: bigint): boolean {
  return value >= NEGINT64_MIN && value <= UINT64_MAX;
}

function assertEncodableObject(value: object | null): void {
  if (value === null || value instanceof Uint8Array) {
    return;
  }
  if (Array.isArray(value)) {
    for (const item of value) {
      assertEncodable(item);
    }
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  assert(prototype === Object.prototype || prototype === null, 'a canonical map is a plain object');
  for (const key of Object.keys(value)) {
    assertEncodable(key);
    assertEncodable(Reflect.get(value, key));
  }
}
