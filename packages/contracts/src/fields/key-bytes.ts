/**
 * Key fields as bytes whose order is the order of the fields: what a list walks in, and what the
 * tree key hashes. Texts end in a zero byte (no key text contains one), numbers are eight bytes
 * big-endian, hashes stand as they are; so no key is a prefix of another and a leading part of the
 * fields is a prefix of the bytes.
 */
import { assert, concatBytes, decodeUtf8, encodeUtf8 } from '@daybook/core';
import type { FieldSpec, FieldTable } from './spec.ts';

/** How one type stands in a key: text, u64 or 32 bytes. */
type KeyForm = 'text' | 'number' | 'hash';

const TWO_POW_32 = 0x1_0000_0000;

/** How a field stands in a key, or undefined if its type cannot be a key. */
export function keyFormOf(spec: FieldSpec): KeyForm | undefined {
  switch (spec.type) {
    case 'text':
      return spec.lines === true ? undefined : 'text';
    case 'slug':
    case 'identifier':
    case 'identity':
    case 'reference':
    case 'currency':
    case 'date':
    case 'choice':
      return 'text';
    case 'integer':
      return spec.min >= 0 ? 'number' : undefined;
    case 'instant':
      return 'number';
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      return 'hash';
    default:
      return undefined;
  }
}

/** Encodes checked key fields in the order of the table; `count` of them, all by default. */
export function encodeKey(
  table: FieldTable,
  values: Readonly<Record<string, unknown>>,
  count = Number.MAX_SAFE_INTEGER,
): Uint8Array {
  const parts: (string | number | Uint8Array)[] = [];
  let size = 0;
  for (const name in table) {
    if (parts.length === count) break;
    const part = keyPart(name, values[name]);
    size += sizeOf(part);
    parts.push(part);
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) offset = writePart(bytes, offset, part);
  return bytes;
}

/** Texts as they are if ASCII, else as their UTF-8 bytes with the zero that ends them. */
function keyPart(name: string, value: unknown): string | number | Uint8Array {
  if (typeof value === 'string') {
    return isAscii(value) ? value : concatBytes(encodeUtf8(value), Uint8Array.of(0));
  }
  if (typeof value === 'number') return value;
  assert(value instanceof Uint8Array && value.length === 32, `the key field ${name} is there`);
  return value;
}

function sizeOf(part: string | number | Uint8Array): number {
  return typeof part === 'number' ? 8 : part.length + (typeof part === 'string' ? 1 : 0);
}

function writePart(bytes: Uint8Array, offset: number, part: string | number | Uint8Array): number {
  if (typeof part === 'string') {
    for (let index = 0; index < part.length; index += 1) {
      bytes[offset + index] = part.charCodeAt(index);
    }
  } else if (typeof part === 'number') {
    const high = Math.floor(part / TWO_POW_32);
    for (let index = 0; index < 4; index += 1) {
      bytes[offset + index] = high >>> (24 - 8 * index);
      bytes[offset + 4 + index] = part >>> (24 - 8 * index);
    }
  } else {
    bytes.set(part, offset);
  }
  return offset + sizeOf(part);
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 127) return false;
  }
  return true;
}

/** Reads key fields back; undefined for bytes that are no key of this table. */
export function decodeKey(
  table: FieldTable,
  bytes: Uint8Array,
): Readonly<Record<string, string | number | Uint8Array>> | undefined {
  const values: Record<string, string | number | Uint8Array> = {};
  let offset = 0;
  for (const [name, spec] of Object.entries(table)) {
    const part = decodePart(keyFormOf(spec), bytes, offset);
    if (part === undefined) return undefined;
    values[name] = part.value;
    offset += part.size;
  }
  return offset === bytes.length ? values : undefined;
}

interface Part {
  readonly value: string | number | Uint8Array;
  readonly size: number;
}

function decodePart(
  form: KeyForm | undefined,
  bytes: Uint8Array,
  offset: number,
): Part | undefined {
  switch (form) {
    case 'text': {
      const end = bytes.indexOf(0, offset);
      const text = end < 0 ? undefined : decodeUtf8(bytes.subarray(offset, end));
      return text?.ok === true ? { value: text.value, size: end - offset + 1 } : undefined;
    }
    case 'number': {
      if (offset + 8 > bytes.length) return undefined;
      const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 8);
      const value = Number(view.getBigUint64(0));
      return Number.isSafeInteger(value) ? { value, size: 8 } : undefined;
    }
    case 'hash':
      if (offset + 32 > bytes.length) return undefined;
      return { value: bytes.slice(offset, offset + 32), size: 32 };
    default:
      return undefined;
  }
}
