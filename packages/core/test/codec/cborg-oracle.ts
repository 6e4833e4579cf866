/**
 * The definition of canonical in the words of the protocol, without our reader: decode with cborg,
 * check the kinds, re-encode with cborg, compare. Slower, and kept to the tests.
 */
import { decode, encode } from 'cborg';
import { equalBytes } from '../../src/codec/bytes.ts';

function holdsOnlyOurKinds(value: unknown): boolean {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') {
    return true;
  }
  if (typeof value === 'number') {
    return Number.isSafeInteger(value);
  }
  if (typeof value === 'string') {
    return value.isWellFormed() && value === value.normalize('NFC');
  }
  if (value instanceof Uint8Array) {
    return true;
  }
  if (value instanceof Map) {
    const isTextKeyed = [...value.keys()].every((key) => typeof key === 'string');
    return isTextKeyed && [...value].flat().every(holdsOnlyOurKinds);
  }
  return Array.isArray(value) && value.every(holdsOnlyOurKinds);
}

/** Not for bytes with a byte order mark: cborg drops it from text, and could not re-encode it. */
function isReencodedEqual(bytes: Uint8Array): boolean {
  try {
    const value: unknown = decode(bytes, { useMaps: true, rejectDuplicateMapKeys: true });
    return holdsOnlyOurKinds(value) && equalBytes(encode(value), bytes);
  } catch {
    return false;
  }
}

export const cborg = { isReencodedEqual };
