/**
 * Canonical CBOR: the core deterministic encoding of RFC 8949 §4.2.1, narrowed to what Daybook
 * stores. One value has one encoding, and bytes that are not that encoding are refused.
 *
 * The codec is cborg. Its strict mode alone is not canonical (it takes unsorted map keys, floats
 * and ill-formed text), so `decodeCanonical` checks every token while reading and then re-encodes
 * the value and compares the bytes.
 */
import type { Token } from 'cborg';
import { encode, encodeInto, Tokenizer, Type, tokensToObject } from 'cborg';
import { assert } from './assert.ts';
import { equalBytes } from './bytes.ts';
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
// Kinds that cborg would encode in some way, though no decoder of ours would give them back.
const EXCLUDED_KINDS = [
  'undefined',
  'Map',
  'Tagged',
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const;
const UINT64_MAX = 2n ** 64n - 1n;
const NEGINT64_MIN = -(2n ** 64n);
const NON_ASCII = /[\u0080-\uffff]/;
const DECODE_OPTIONS = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  allowBigInt: true,
  rejectDuplicateMapKeys: true,
};

// Only what the re-encoding of a decoded value needs; its kinds were checked token by token.
const REENCODE_OPTIONS = {};
const ENCODE_OPTIONS = { typeEncoders: buildGuards() };

// Working memory for one call, never seen outside: cborg's own buffers are views on Node's pool.
const scratch = new Uint8Array(64 * 1024);

/**
 * The one encoding of a value: shortest integers and lengths, map keys in ascending order of their
 * encoded bytes, definite lengths.
 * @returns bytes in an array of their own
 * @throws AssertionError for what `CborValue` excludes: it is our bug to have built it
 */
export function encodeCanonical(value: CborValue): Uint8Array {
  let written: number;
  try {
    written = encodeInto(value, scratch, ENCODE_OPTIONS).written;
  } catch {
    // Too large for the working memory, or not a CborValue: this says which by throwing again.
    return Uint8Array.from(encode(value, ENCODE_OPTIONS));
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
  if (bytes.length > limits.bytesMax) {
    const { bytesMax } = limits;
    return fail({
      code: 'CORE_TOO_LARGE',
      title: TITLE,
      size: bytes.length,
      sizeMax: bytesMax,
    });
  }
  const tokenizer = new CheckedTokenizer(bytes, limits.depthMax);
  let decoded: unknown;
  try {
    decoded = tokensToObject(tokenizer, DECODE_OPTIONS);
  } catch (error) {
    return fail(tokenizer.failureOf(error));
  }
  if (!tokenizer.done()) {
    return fail({ code: 'CORE_TRAILING_BYTES', title: TITLE, offset: tokenizer.pos() });
  }
  if (bytes.length === 0) {
    return fail({ code: 'CORE_TRUNCATED', title: TITLE, offset: 0, wanted: 1, remaining: 0 });
  }
  const value = tokenizer.hasMaps ? withoutPrototypes(decoded) : (decoded as CborValue);
  if (!reencodesTo(value, bytes)) {
    const fact = 'is not the canonical encoding of its value';
    return fail({ code: 'CORE_NOT_CANONICAL', title: TITLE, fact });
  }
  return ok(value);
}

/** Whether text may be encoded: well-formed UTF-16 in Unicode normalisation form C. */
export function isCanonicalText(text: string): boolean {
  return !NON_ASCII.test(text) || (text.isWellFormed() && text === text.normalize('NFC'));
}

/** Carries a failure through cborg, which reports by throwing. */
class Refusal extends Error {
  readonly failure: DecodeFailure;

  constructor(failure: DecodeFailure) {
    super(failure.code);
    this.failure = failure;
  }
}

/**
 * cborg's tokenizer, with the limits and kinds of Daybook checked before cborg acts on a token:
 * depth is bounded before it recurses, and a length before it allocates.
 */
class CheckedTokenizer extends Tokenizer {
  hasMaps = false;
  readonly #depthMax: number;
  /** Items still to come in each open array or map, the innermost last. */
  readonly #open: number[] = [];

  constructor(bytes: Uint8Array, depthMax: number) {
    // A Buffer's slices would be views on memory that is not ours.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length), DECODE_OPTIONS);
    this.#depthMax = depthMax;
  }

  override next(): Token {
    const token = super.next();
    const { type } = token;
    this.#countItem();
    if (type === Type.array) {
      this.#openContainer(token.value);
    } else if (type === Type.map) {
      this.hasMaps = true;
      this.#openContainer(2 * token.value);
    } else if (type === Type.string) {
      if (!isCanonicalText(token.value)) {
        this.#refuse('holds text that is not in Unicode NFC');
      }
    } else if (type === Type.float || type === Type.tag) {
      this.#refuse('holds a float or a tag');
    }
    this.#closeFull();
    return token;
  }

  /** Why decoding ended with `error`, in our words; cborg's may quote the input. */
  failureOf(error: unknown): DecodeFailure {
    if (error instanceof Refusal) {
      return error.failure;
    }
    const fact = 'is cut short or not CBOR of the kinds in use';
    return { code: 'CORE_MALFORMED', title: TITLE, offset: this.pos(), fact };
  }

  #openContainer(items: number): void {
    if (items > this.data.length - this.pos()) {
      // Every item takes at least one byte.
      this.#refuse('promises more items than bytes are left');
    }
    if (this.#open.length >= this.#depthMax) {
      throw new Refusal({ code: 'CORE_TOO_DEEP', title: TITLE, depthMax: this.#depthMax });
    }
    this.#open.push(items);
  }

  #countItem(): void {
    const last = this.#open.length - 1;
    const items = this.#open[last];
    if (items !== undefined) {
      this.#open[last] = items - 1;
    }
  }

  #closeFull(): void {
    while (this.#open.at(-1) === 0) {
      this.#open.pop();
    }
  }

  #refuse(fact: string): never {
    throw new Refusal({ code: 'CORE_MALFORMED', title: TITLE, offset: this.pos(), fact });
  }
}

/** The same value with maps that have no prototype, so that no key can reach one. */
function withoutPrototypes(value: unknown): CborValue {
  if (Array.isArray(value)) {
    return value.map(withoutPrototypes);
  }
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) {
    return value as CborValue;
  }
  const map: Record<string, CborValue> = Object.create(null);
  for (const [key, entry] of Object.entries(value)) {
    map[key] = withoutPrototypes(entry);
  }
  return map;
}

function reencodesTo(value: CborValue, bytes: Uint8Array): boolean {
  const { length } = bytes;
  const destination = length <= scratch.length ? scratch : new Uint8Array(length);
  try {
    const { written } = encodeInto(value, destination, REENCODE_OPTIONS);
    return written === length && equalBytes(destination.subarray(0, written), bytes);
  } catch {
    // The only way to fail is to need more room than the bytes had: not their encoding.
    return false;
  }
}

/** cborg asks these before it encodes a value of a kind; null lets it go on. */
function buildGuards(): Record<string, (data: unknown) => null> {
  const refuse = (kind: string) => (): null => {
    assert(false, `a canonical value has no ${kind}`);
    return null;
  };
  return {
    number: (data) => {
      assert(Number.isSafeInteger(data), 'a number in a canonical value is a safe integer');
      return null;
    },
    bigint: (data) => {
      const isBounded = typeof data === 'bigint' && data >= NEGINT64_MIN && data <= UINT64_MAX;
      assert(isBounded, 'a bigint in a canonical value has at most 64 bits');
      return null;
    },
    string: (data) => {
      assert(typeof data === 'string' && isCanonicalText(data), 'canonical text is in NFC');
      return null;
    },
    ...Object.fromEntries(EXCLUDED_KINDS.map((kind) => [kind, refuse(kind)])),
  };
}
