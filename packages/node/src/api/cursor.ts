/**
 * Cursors of lists: canonical CBOR in base64url, opaque to clients. They carry a place in the order
 * of the list and no authority, so they need no secret; a damaged one is refused by its checksum.
 */
import type { CborValue } from '@daybook/core';
import {
  concatBytes,
  crc32c,
  decodeCanonical,
  encodeCanonical,
  fromBase64,
  toBase64,
} from '@daybook/core';

const CHECKSUM_SIZE = 4;
const CURSOR_BYTES_MAX = 1500;
const PATTERN = /^[A-Za-z0-9_-]{6,2048}$/;

function checksum(bytes: Uint8Array): Uint8Array {
  const sum = new Uint8Array(CHECKSUM_SIZE);
  new DataView(sum.buffer).setUint32(0, crc32c(bytes));
  return sum;
}

/** The text of `next`. */
export function encodeCursor(place: CborValue): string {
  const bytes = encodeCanonical(place);
  const text = toBase64(concatBytes(bytes, checksum(bytes)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** The bytes of the place, or undefined for what no list of this node has given out. */
export function decodeCursor(text: string): Uint8Array | undefined {
  if (!PATTERN.test(text)) return undefined;
  const padded = text.replaceAll('-', '+').replaceAll('_', '/');
  const bytes = fromBase64(padded + '='.repeat((4 - (padded.length % 4)) % 4));
  if (bytes === undefined || bytes.length <= CHECKSUM_SIZE) return undefined;
  const place = bytes.subarray(0, -CHECKSUM_SIZE);
  const same = checksum(place).every((byte, i) => byte === bytes[place.length + i]);
  return same ? place : undefined;
}

/** The place inside a cursor. */
export function placeOf(cursor: Uint8Array): CborValue | undefined {
  const decoded = decodeCanonical(cursor, { bytesMax: CURSOR_BYTES_MAX, depthMax: 4 });
  return decoded.ok ? decoded.value : undefined;
}
