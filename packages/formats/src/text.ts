/**
 * Bytes to text as publishers send them, and text to what may stand in a record: NFC, one kind of
 * space, no control characters.
 */

import { assertNever, concatBytes } from '@daybook/core';

/** Encodings a mapping may name; a byte-order mark decides before any of them. */
export const ENCODINGS = ['utf-8', 'windows-1252', 'utf-16le', 'utf-16be'] as const;
export type Encoding = (typeof ENCODINGS)[number];

const BYTE_ORDER_MARKS: readonly (readonly [readonly number[], Encoding])[] = [
  [[0xef, 0xbb, 0xbf], 'utf-8'],
  [[0xff, 0xfe], 'utf-16le'],
  [[0xfe, 0xff], 'utf-16be'],
];
/** Most cells are this: words of printable ASCII with single spaces between them. */
const CLEAN = /^(?:[\x21-\x7e]+(?: [\x21-\x7e]+)*)?$/;
const REPLACEMENT = '?';

/**
 * The text of the first encoding that fits without a fault.
 * @returns undefined if none does
 */
export function decodeText(
  bytes: Uint8Array,
  encodings: readonly Encoding[],
): { readonly text: string; readonly encoding: Encoding } | undefined {
  const marked = BYTE_ORDER_MARKS.find(([mark]) => mark.every((byte, at) => bytes[at] === byte));
  for (const encoding of marked === undefined ? encodings : [marked[1]]) {
    try {
      return { text: new TextDecoder(encoding, { fatal: true }).decode(bytes), encoding };
    } catch {
      // A decoder can say only by throwing that the bytes are not in its encoding: try the next.
    }
  }
  return undefined;
}

/**
 * Text in an encoding, with a byte-order mark where there was one.
 * @returns undefined if the encoding has not every character
 */
export function encodeText(
  text: string,
  { encoding, like }: { readonly encoding: Encoding; readonly like: Uint8Array },
): Uint8Array | undefined {
  const marked = BYTE_ORDER_MARKS.find(([mark]) => mark.every((byte, at) => like[at] === byte));
  const bytes = encodeUnmarked(text, encoding);
  return bytes && (marked ? concatBytes(Uint8Array.from(marked[0]), bytes) : bytes);
}

function encodeUnmarked(text: string, encoding: Encoding): Uint8Array | undefined {
  switch (encoding) {
    case 'utf-8':
      return new TextEncoder().encode(text);
    case 'windows-1252': {
      const codeOf = windowsCodes();
      const codes = [...text].map((character) => codeOf.get(character));
      return codes.includes(undefined)
        ? undefined
        : Uint8Array.from(codes.map((code) => code ?? 0));
    }
    case 'utf-16le':
    case 'utf-16be': {
      const view = new DataView(new ArrayBuffer(text.length * 2));
      for (let at = 0; at < text.length; at += 1) {
        view.setUint16(at * 2, text.charCodeAt(at), encoding === 'utf-16le');
      }
      return new Uint8Array(view.buffer);
    }
    default:
      return assertNever(encoding);
  }
}

/** Bytes by the characters that they are read as: each byte is one, and no two are the same. */
function windowsCodes(): ReadonlyMap<string, number> {
  const bytes = Uint8Array.from({ length: 256 }, (_, code) => code);
  return new Map([...new TextDecoder('windows-1252').decode(bytes)].map((one, at) => [one, at]));
}

/**
 * What a record does not take: control characters, separators of lines and paragraphs, marks that
 * turn text around, halves of surrogate pairs, and the sign for something unreadable.
 */
const UNREADABLE = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff]+/gu;

/**
 * Text for a record: NFC, every run of white space one space, none at the ends. A lone character of
 * U+0080..U+009F is a byte of Windows-1252 that an earlier program took for Latin-1 and is read as
 * such (the rule of the HTML standard); any other run of control characters becomes a question
 * mark, because what stood there cannot be known.
 */
export function cleanText(text: string): string {
  return CLEAN.test(text) ? text : repairText(text);
}

function repairText(text: string): string {
  return text
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(UNREADABLE, (run) => (run.length === 1 ? rereadControl(run) : REPLACEMENT))
    .normalize('NFC');
}

function rereadControl(control: string): string {
  const byte = control.charCodeAt(0);
  const reread = new TextDecoder('windows-1252').decode(Uint8Array.of(byte & 0xff));
  return byte >= 0x80 && byte <= 0x9f && !/\p{Cc}/u.test(reread) ? reread : REPLACEMENT;
}
