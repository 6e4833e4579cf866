/**
 * Fixed-order binary layouts, the form of everything that is hashed or signed (protocol §4):
 * unsigned big-endian integers of fixed width, no maps, no optional fields. A decoder either takes
 * every byte or refuses all of them.
 */
import { assert } from './assert.ts';
import type { DecodeFailure } from './failure.ts';
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';

const TWO_POW_32 = 0x1_0000_0000;
const SAFE_HIGH_MAX = 0x1f_ffff;
const FIRST_CAPACITY = 1024;
const SPARES_MAX = 8;
const SPARE_SIZE_MAX = 64 * 1024;

// Memory of writers that have finished, for the next ones: allocating it anew would cost more than
// all the writing of a vote. Writers may be nested, hence more than one.
const spare: Uint8Array<ArrayBuffer>[] = [];

/** Appends values to one growing array. Each call returns nothing; `finish` ends the writer. */
export interface BinaryWriter {
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  /** A safe integer in eight bytes. */
  u64(value: number): void;
  /** The bytes as they are; the layout fixes their length. */
  raw(bytes: Uint8Array): void;
  /** The length in four bytes, then the bytes. */
  sized(bytes: Uint8Array): void;
  /** What was written, in an array of its own. The writer is not used again. */
  finish(): Uint8Array;
}

/** Takes values from bytes. Every method refuses by ending `decodeBinary`, which returns why. */
export interface BinaryReader {
  u8(): number;
  u16(): number;
  u32(): number;
  /** A safe integer; eight bytes that hold more than 2^53-1 are malformed. */
  u64(): number;
  /** Exactly `size` bytes, copied. */
  raw(size: number): Uint8Array;
  /** A length in four bytes, at most `sizeMax`, then that many bytes, copied. */
  sized(sizeMax: number): Uint8Array;
  /** All that is left, copied. */
  rest(): Uint8Array;
  /** How many bytes are left. */
  remaining(): number;
  /** Ends decoding: the bytes read so far break the layout; `fact` says how. */
  refuse(fact: string): never;
}

/** Carries a failure from a reader to `decodeBinary` and never leaves this file. */
class Refusal extends Error {
  readonly failure: DecodeFailure;

  constructor(failure: DecodeFailure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** A writer for one layout. Values outside their width are our bug and stop the process. */
export function createWriter(): BinaryWriter {
  return new GrowingWriter();
}

/**
 * Decodes one layout.
 * @param title  names the layout in a failure, for example 'header'
 * @param read   takes the fields in order; bytes left over afterwards are refused
 * @returns      what `read` returned, or the first reason found
 */
export function decodeBinary<T>(
  bytes: Uint8Array,
  title: string,
  read: (reader: BinaryReader) => T,
): Result<T, DecodeFailure> {
  const reader = new BoundedReader(bytes, title);
  try {
    const value = read(reader);
    if (reader.remaining() !== 0) {
      return fail({
        code: 'CORE_TRAILING_BYTES',
        title,
        offset: bytes.length - reader.remaining(),
      });
    }
    return ok(value);
  } catch (error) {
    if (error instanceof Refusal) {
      return fail(error.failure);
    }
    throw error;
  }
}

class GrowingWriter implements BinaryWriter {
  #bytes = spare.pop() ?? new Uint8Array(FIRST_CAPACITY);
  #size = 0;
  #isFinished = false;

  u8(value: number): void {
    assertUnsigned(value, 0xff);
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    assertUnsigned(value, 0xffff);
    const at = this.#reserve(2);
    this.#bytes[at] = value >>> 8;
    this.#bytes[at + 1] = value & 0xff;
  }

  u32(value: number): void {
    assertUnsigned(value, 0xffff_ffff);
    this.#writeWord(this.#reserve(4), value);
  }

  u64(value: number): void {
    assertUnsigned(value, Number.MAX_SAFE_INTEGER);
    const at = this.#reserve(8);
    this.#writeWord(at, Math.floor(value / TWO_POW_32));
    this.#writeWord(at + 4, value % TWO_POW_32);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  sized(bytes: Uint8Array): void {
    this.u32(bytes.length);
    this.raw(bytes);
  }

  finish(): Uint8Array {
    assert(!this.#isFinished, 'a writer finishes once');
    this.#isFinished = true;
    const bytes = this.#bytes.slice(0, this.#size);
    if (spare.length < SPARES_MAX && this.#bytes.length <= SPARE_SIZE_MAX) {
      spare.push(this.#bytes);
    }
    return bytes;
  }

  #writeWord(at: number, value: number): void {
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = (value >>> 16) & 0xff;
    this.#bytes[at + 2] = (value >>> 8) & 0xff;
    this.#bytes[at + 3] = value & 0xff;
  }

  #reserve(size: number): number {
    assert(!this.#isFinished, 'a writer that has finished writes no more');
    const at = this.#size;
    const needed = at + size;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#size = needed;
    return at;
  }
}

class BoundedReader implements BinaryReader {
  readonly #bytes: Uint8Array;
  readonly #title: string;
  #offset = 0;

  constructor(bytes: Uint8Array, title: string) {
    this.#bytes = bytes;
    this.#title = title;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] ?? 0;
  }

  u16(): number {
    const at = this.#take(2);
    return ((this.#bytes[at] ?? 0) << 8) | (this.#bytes[at + 1] ?? 0);
  }

  u32(): number {
    return this.#word(this.#take(4));
  }

  u64(): number {
    const at = this.#take(8);
    const high = this.#word(at);
    if (high > SAFE_HIGH_MAX) {
      return this.refuse('holds an integer above 2^53-1');
    }
    return high * TWO_POW_32 + this.#word(at + 4);
  }

  raw(size: number): Uint8Array {
    const at = this.#take(size);
    return this.#copy(at, at + size);
  }

  sized(sizeMax: number): Uint8Array {
    const size = this.u32();
    if (size > sizeMax) {
      throw new Refusal({ code: 'CORE_TOO_LARGE', title: this.#title, size, sizeMax });
    }
    return this.raw(size);
  }

  rest(): Uint8Array {
    return this.raw(this.remaining());
  }

  remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  refuse(fact: string): never {
    throw new Refusal({
      code: 'CORE_MALFORMED',
      title: this.#title,
      offset: this.#offset,
      fact,
    });
  }

  #word(at: number): number {
    const bytes = this.#bytes;
    const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    return (bytes[at] ?? 0) * 0x100_0000 + low;
  }

  // A Buffer's own slice() would be a view on pooled memory; the copy is always a plain array.
  #copy(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#bytes.subarray(start, end));
  }

  #take(wanted: number): number {
    const offset = this.#offset;
    const remaining = this.#bytes.length - offset;
    if (wanted > remaining) {
      throw new Refusal({
        code: 'CORE_TRUNCATED',
        title: this.#title,
        offset,
        wanted,
        remaining,
      });
    }
    this.#offset = offset + wanted;
    return offset;
  }
}

function assertUnsigned(value: number, max: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0 && value <= max)) {
    assert(false, `an integer is between 0 and ${max}, not ${value}`);
  }
}
