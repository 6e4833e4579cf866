/**
 * Canonical CBOR of stored values, fast. Stored values are read and written several times per
 * transaction, and what is read was written here and checked by hash; so this reader trusts the
 * canonical form and only refuses what it cannot read. Bytes are equal to those of core's
 * `encodeCanonical` (a property test compares them), which stays the judge of foreign bytes.
 */
import type { CborValue } from '@daybook/core';
import { assert, compareBytes, decodeUtf8, encodeUtf8, isCanonicalText } from '@daybook/core';

const UNSIGNED = 0;
const NEGATIVE = 1;
const BYTES = 2;
const TEXT = 3;
const ARRAY = 4;
const MAP = 5;
const FALSE = 0xf4;
const TRUE = 0xf5;
const NULL = 0xf6;
const TWO_POW_32 = 0x1_0000_0000;
const MASK_64 = 0xffff_ffff_ffff_ffffn;
const SHORT_TEXT = 256;
const FIRST_CAPACITY = 4096;
const DEPTH_MAX = 32;

/** Names of map keys in canonical order, with the bytes of each, computed once per table. */
export interface KeyOrder {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The canonical order of some field names: by encoded bytes, which puts shorter names first. */
export function keyOrderOf(names: readonly string[]): readonly KeyOrder[] {
  const keys = names.map((name) => ({ name, bytes: encodeValue(name) }));
  return keys.sort((a, b) => compareBytes(a.bytes, b.bytes));
}

/** Encodes one value. @throws AssertionError for what CBOR of the chain excludes */
export function encodeValue(value: CborValue): Uint8Array {
  const writer = createValueWriter();
  writer.value(value);
  return writer.finish();
}

/** Appends values to working memory of its own; `finish` copies them out and begins anew. */
export interface ValueWriter {
  /** Drops what an earlier value left behind, should it have failed. */
  begin(): void;
  arrayOf(count: number): void;
  value(value: unknown): void;
  /** A map whose keys were put in order beforehand; absent members are left out. */
  fields(order: readonly KeyOrder[], values: Readonly<Record<string, unknown>>): void;
  finish(): Uint8Array;
}

export function createValueWriter(): ValueWriter {
  return new GrowingValueWriter();
}

const NOTHING = new Uint8Array();

class GrowingValueWriter implements ValueWriter {
  /** Working memory, taken at the first byte: most writers of a block only ever stand by. */
  #bytes = NOTHING;
  #size = 0;

  begin(): void {
    this.#size = 0;
  }

  arrayOf(count: number): void {
    this.#head(ARRAY, count);
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#text(value);
        return;
      case 'number':
        assert(Number.isSafeInteger(value), 'a stored number is a safe integer');
        if (value >= 0) this.#head(UNSIGNED, value);
        else this.#head(NEGATIVE, -1 - value);
        return;
      case 'bigint':
        this.#bigint(value);
        return;
      case 'boolean':
        this.#byte(value ? TRUE : FALSE);
        return;
      default:
        this.#composite(value);
    }
  }

  fields(order: readonly KeyOrder[], values: Readonly<Record<string, unknown>>): void {
    let count = 0;
    for (const { name } of order) {
      if (values[name] !== undefined) count += 1;
    }
    this.#head(MAP, count);
    for (const { name, bytes } of order) {
      const value = values[name];
      if (value === undefined) continue;
      this.#raw(bytes);
      this.value(value);
    }
  }

  finish(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#size);
    this.#size = 0;
    return bytes;
  }

  #composite(value: unknown): void {
    if (value === null) {
      this.#byte(NULL);
    } else if (value instanceof Uint8Array) {
      this.#head(BYTES, value.length);
      this.#raw(value);
    } else if (Array.isArray(value)) {
      this.#head(ARRAY, value.length);
      for (const item of value) this.value(item);
    } else {
      assert(typeof value === 'object', 'a stored value is CBOR');
      this.#map(value);
    }
  }

  #map(map: object): void {
    const values = map as Readonly<Record<string, unknown>>;
    const names: string[] = [];
    for (const name in values) {
      if (values[name] !== undefined) insertInOrder(names, name);
    }
    this.#head(MAP, names.length);
    for (const name of names) {
      this.#text(name);
      this.value(values[name]);
    }
  }

  #text(text: string): void {
    const { length } = text;
    if (length < SHORT_TEXT && isAscii(text)) {
      this.#head(TEXT, length);
      const at = this.#reserve(length);
      for (let index = 0; index < length; index += 1) {
        this.#bytes[at + index] = text.charCodeAt(index);
      }
      return;
    }
    assert(isCanonicalText(text), 'a stored text is in NFC');
    const bytes = encodeUtf8(text);
    this.#head(TEXT, bytes.length);
    this.#raw(bytes);
  }

  #bigint(value: bigint): void {
    const magnitude = value >= 0n ? value : -1n - value;
    const major = value >= 0n ? UNSIGNED : NEGATIVE;
    if (magnitude <= Number.MAX_SAFE_INTEGER) {
      this.#head(major, Number(magnitude));
      return;
    }
    assert(magnitude <= MASK_64, 'a stored integer has at most 64 bits');
    this.#byte((major << 5) | 27);
    this.#word(Number(magnitude >> 32n));
    this.#word(Number(magnitude & 0xffff_ffffn));
  }

  #head(major: number, count: number): void {
    const high = major << 5;
    if (count < 24) {
      this.#byte(high | count);
    } else if (count < 0x100) {
      const at = this.#reserve(2);
      this.#bytes[at] = high | 24;
      this.#bytes[at + 1] = count;
    } else if (count < 0x1_0000) {
      const at = this.#reserve(3);
      this.#bytes[at] = high | 25;
      this.#bytes[at + 1] = count >>> 8;
      this.#bytes[at + 2] = count & 0xff;
    } else if (count < TWO_POW_32) {
      this.#byte(high | 26);
      this.#word(count);
    } else {
      this.#byte(high | 27);
      this.#word(Math.floor(count / TWO_POW_32));
      this.#word(count % TWO_POW_32);
    }
  }

  #byte(byte: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = byte;
  }

  #word(word: number): void {
    const at = this.#reserve(4);
    this.#bytes[at] = word >>> 24;
    this.#bytes[at + 1] = (word >>> 16) & 0xff;
    this.#bytes[at + 2] = (word >>> 8) & 0xff;
    this.#bytes[at + 3] = word & 0xff;
  }

  #raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  #reserve(size: number): number {
    const at = this.#size;
    const needed = at + size;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length, FIRST_CAPACITY));
      larger.set(this.#bytes.subarray(0, at));
      this.#bytes = larger;
    }
    this.#size = needed;
    return at;
  }
}

/** Inserts a name where canonical order wants it: by length, then by letters (field names are ASCII). */
function insertInOrder(names: string[], name: string): void {
  let at = names.length;
  while (at > 0) {
    const before = names[at - 1] ?? '';
    const isAfter = before.length === name.length ? before > name : before.length > name.length;
    if (!isAfter) break;
    at -= 1;
  }
  names.splice(at, 0, name);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 127) return false;
  }
  return true;
}

/** Decodes one value; undefined if these bytes cannot be read. Objects have no prototype. */
export function decodeValue(bytes: Uint8Array): CborValue | undefined {
  const reader = new ValueReader(bytes);
  try {
    const value = reader.value(0);
    return reader.isDone() ? value : undefined;
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

/** Ends reading; caught in `decodeValue`. */
class Unreadable extends Error {}

class ValueReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  isDone(): boolean {
    return this.#offset === this.#bytes.length;
  }

  value(depth: number): CborValue {
    if (depth > DEPTH_MAX) throw new Unreadable();
    const initial = this.#byte();
    const major = initial >> 5;
    const info = initial & 31;
    switch (major) {
      case UNSIGNED:
        return this.#integer(info);
      case NEGATIVE: {
        const magnitude = this.#integer(info);
        return typeof magnitude === 'number' && magnitude < Number.MAX_SAFE_INTEGER
          ? -1 - magnitude
          : -1n - BigInt(magnitude);
      }
      case BYTES:
        return this.#take(this.#count(info)).slice();
      case TEXT:
        return this.#text(this.#count(info));
      case ARRAY:
        return this.#array(this.#count(info), depth);
      case MAP:
        return this.#map(this.#count(info), depth);
      default:
        return this.#simple(initial);
    }
  }

  #array(count: number, depth: number): CborValue {
    const items: CborValue[] = [];
    for (let index = 0; index < count; index += 1) items.push(this.value(depth + 1));
    return items;
  }

  #map(count: number, depth: number): CborValue {
    // A plain object, of which the engine knows the shape; field names never reach the prototype.
    const map: Record<string, CborValue> = {};
    for (let index = 0; index < count; index += 1) {
      const name = this.value(depth + 1);
      if (typeof name !== 'string' || name === '__proto__') throw new Unreadable();
      map[name] = this.value(depth + 1);
    }
    return map;
  }

  #simple(initial: number): CborValue {
    if (initial === FALSE) return false;
    if (initial === TRUE) return true;
    if (initial === NULL) return null;
    throw new Unreadable();
  }

  #text(size: number): string {
    const bytes = this.#take(size);
    if (size < SHORT_TEXT) {
      let text = '';
      for (let index = 0; index < size; index += 1) {
        const code = bytes[index] ?? 0;
        if (code > 127) return decodedText(bytes);
        text += String.fromCharCode(code);
      }
      return text;
    }
    return decodedText(bytes);
  }

  #count(info: number): number {
    const count = this.#integer(info);
    if (typeof count === 'bigint' || count > this.#bytes.length) throw new Unreadable();
    return count;
  }

  #integer(info: number): number | bigint {
    if (info < 24) return info;
    const at = this.#offset;
    switch (info) {
      case 24:
        return this.#byte();
      case 25:
        this.#take(2);
        return this.#view.getUint16(at);
      case 26:
        this.#take(4);
        return this.#view.getUint32(at);
      case 27: {
        this.#take(8);
        const value = this.#view.getBigUint64(at);
        return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
      }
      default:
        throw new Unreadable();
    }
  }

  #byte(): number {
    const byte = this.#bytes[this.#offset];
    if (byte === undefined) throw new Unreadable();
    this.#offset += 1;
    return byte;
  }

  #take(size: number): Uint8Array {
    const end = this.#offset + size;
    if (end > this.#bytes.length) throw new Unreadable();
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }
}

function decodedText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (!text.ok) throw new Unreadable();
  return text.value;
}
