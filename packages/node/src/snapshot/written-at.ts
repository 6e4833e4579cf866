/**
 * The height in a stored value: `[contract version, record version, height, …]` (spec S-2), read
 * without decoding the rest.
 */
import type { Height } from '@daybook/core';

/** CBOR array of six. */
const ARRAY_OF_SIX = 0x86;
/** Position of the height among the integers at the front. */
const HEIGHT_INDEX = 2;

/** Undefined for anything that does not begin like a stored value. */
export function writtenAtOf(value: Uint8Array): Height | undefined {
  if (value[0] !== ARRAY_OF_SIX) return undefined;
  let at = 1;
  for (let index = 0; ; index++) {
    const read = readUnsigned(value, at);
    if (read === undefined || index === HEIGHT_INDEX) return read?.value;
    at = read.end;
  }
}

function readUnsigned(
  bytes: Uint8Array,
  at: number,
): { readonly value: number; readonly end: number } | undefined {
  const head = bytes[at];
  if (head === undefined || head > 0x1b) return undefined;
  if (head < 0x18) return { value: head, end: at + 1 };
  const size = 2 ** (head - 0x18);
  const end = at + 1 + size;
  if (end > bytes.length) return undefined;
  let value = 0;
  for (const byte of bytes.subarray(at + 1, end)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? { value, end } : undefined;
}
