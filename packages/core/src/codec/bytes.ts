/**
 * Bytes, and their text forms at the edges. Everything inside the program is `Uint8Array`; hex and
 * base64 exist only in the API, the CLI, documents and logs. Works alike in Node and in browsers.
 */
import { assert } from './assert.ts';
import type { DecodeFailure } from './failure.ts';
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';

// Both exist in every runtime we support; the pure packages are typed without any of them.
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

/** Where there is one it writes hex in half the time of a loop, and without garbage. */
declare const Buffer:
  | undefined
  | {
      from(
        memory: ArrayBufferLike,
        offset: number,
        length: number,
      ): { toString(encoding: 'hex'): string };
    };
const nativeBuffer = typeof Buffer === 'undefined' ? undefined : Buffer;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);
const BASE64_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const HEX_VALUES = valuesOf('0123456789abcdef');
const BASE64_VALUES = valuesOf(BASE64_ALPHABET);
const NOT_A_DIGIT = 255;

/**
 * Checks a length once, where bytes enter.
 * @param title  names the value in the message, for example 'public key'
 * @throws AssertionError unless `value` is a Uint8Array of exactly `length` bytes
 */
export function assertBytes(value: Uint8Array, length: number, title: string): void {
  assert(value instanceof Uint8Array, `${title} is bytes`);
  if (value.length !== length) {
    assert(false, `${title} has ${length} bytes, not ${value.length}`);
  }
}

/** The parts one after another, in a new array that shares memory with none of them. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const part of parts) {
    size += part.length;
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** Whether content and length are equal. Not constant-time: never compare secrets with it. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  const length = a.length;
  if (length !== b.length) {
    return false;
  }
  for (let index = 0; index < length; index += 1) {
    if (a[index] !== b[index]) {
      return false;
    }
  }
  return true;
}

/** Lexicographic order by unsigned byte, a prefix before what it begins: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}

/** Lower-case hex, two digits a byte, without prefix. */
export function toHex(bytes: Uint8Array): string {
  if (nativeBuffer !== undefined) {
    return nativeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex');
  }
  let text = '';
  for (const byte of bytes) {
    text += HEX_OF_BYTE[byte];
  }
  return text;
}

/** Bytes of lower-case hex; undefined for an odd length or any other character. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) {
    return undefined;
  }
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    const high = digitAt(HEX_VALUES, text, 2 * index);
    const low = digitAt(HEX_VALUES, text, 2 * index + 1);
    if (high === NOT_A_DIGIT || low === NOT_A_DIGIT) {
      return undefined;
    }
    bytes[index] = (high << 4) | low;
  }
  return bytes;
}

/** UTF-8 bytes; the text has no lone surrogates (they would turn into U+FFFD). */
export function encodeUtf8(text: string): Uint8Array {
  return utf8Encoder.encode(text);
}

/** Text of UTF-8 bytes; a byte order mark stays in the text. Ill-formed bytes are refused. */
export function decodeUtf8(bytes: Uint8Array, title = 'text'): Result<string, DecodeFailure> {
  try {
    return ok(utf8Decoder.decode(bytes));
  } catch {
    // The platform says neither where nor why; there is nothing in its error to keep.
    return fail({ code: 'CORE_MALFORMED', title, offset: 0, fact: 'is not UTF-8' });
  }
}

/** Base64 of RFC 4648 section 4, with padding. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const left = bytes.length - index;
    const bits =
      ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    text += BASE64_ALPHABET[(bits >> 18) & 63];
    text += BASE64_ALPHABET[(bits >> 12) & 63];
    text += left > 1 ? BASE64_ALPHABET[(bits >> 6) & 63] : '=';
    text += left > 2 ? BASE64_ALPHABET[bits & 63] : '=';
  }
  return text;
}

/** Bytes of canonical base64 with padding; undefined for anything else, unused bits included. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) {
    return undefined;
  }
  const padding = paddingOf(text);
  const digits = text.length - padding;
  const bytes = new Uint8Array(Math.floor((digits * 3) / 4));
  let bits = 0;
  let written = 0;
  for (let index = 0; index < text.length; index += 1) {
    const digit = index < digits ? digitAt(BASE64_VALUES, text, index) : 0;
    if (digit === NOT_A_DIGIT) {
      return undefined;
    }
    bits = (bits << 6) | digit;
    if (index % 4 === 3) {
      // Writes past the end are dropped: they are the bytes that the padding stands for.
      bytes[written] = (bits >> 16) & 255;
      bytes[written + 1] = (bits >> 8) & 255;
      bytes[written + 2] = bits & 255;
      written += 3;
      if (padding !== 0 && index === text.length - 1 && unusedBits(bits, padding) !== 0) {
        return undefined;
      }
      bits = 0;
    }
  }
  return bytes;
}

function paddingOf(text: string): number {
  if (text.endsWith('==')) {
    return 2;
  }
  return text.endsWith('=') ? 1 : 0;
}

function unusedBits(bits: number, padding: number): number {
  return padding === 1 ? bits & 0xff : bits & 0xffff;
}

function valuesOf(alphabet: string): Uint8Array {
  const values = new Uint8Array(128).fill(255);
  for (let index = 0; index < alphabet.length; index += 1) {
    values[alphabet.charCodeAt(index)] = index;
  }
  return values;
}

function digitAt(values: Uint8Array, text: string, index: number): number {
  return values[text.charCodeAt(index)] ?? NOT_A_DIGIT;
}
