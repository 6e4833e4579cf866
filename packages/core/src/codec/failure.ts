/**
 * The form of every package's error table, from which `docs/reference/errors.md` is made, and the
 * failures of the decoders in this room.
 */
import { assert } from './assert.ts';

/** What people read about one code. */
export interface ErrorEntry {
  /** What happened, one sentence. */
  readonly summary: string;
  /** What the reader can do about it, one sentence. */
  readonly remedy: string;
  /** HTTP status, if the API answers with this code. */
  readonly status?: number;
  /** Number in receipts, part of the protocol and never reused, if execution ends with this code. */
  readonly receipt?: number;
}

/** A package's failures by code; codes are `PACKAGE_SITUATION` and never reused after removal. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** Why bytes could not be decoded. `title` names what was being read, `offset` counts from 0. */
export type DecodeFailure =
  | {
      readonly code: 'CORE_TRUNCATED';
      readonly title: string;
      readonly offset: number;
      readonly wanted: number;
      readonly remaining: number;
    }
  | { readonly code: 'CORE_TRAILING_BYTES'; readonly title: string; readonly offset: number }
  | {
      readonly code: 'CORE_TOO_LARGE';
      readonly title: string;
      readonly size: number;
      readonly sizeMax: number;
    }
  | { readonly code: 'CORE_TOO_DEEP'; readonly title: string; readonly depthMax: number }
  | {
      readonly code: 'CORE_MALFORMED';
      readonly title: string;
      readonly offset: number;
      readonly fact: string;
    }
  | {
      readonly code: 'CORE_NOT_CANONICAL';
      readonly title: string;
      readonly offset: number;
      readonly fact: string;
    };

const CODE_PATTERN = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$/;

/**
 * Declares a package's error table and keeps the literal type of its codes.
 * @throws AssertionError if a code is not PACKAGE_SITUATION, a sentence is empty, or two codes
 *   share a receipt number
 */
export function defineErrors<const T extends ErrorTable>(table: T): Readonly<T> {
  const receipts = new Set<number>();
  for (const [code, entry] of Object.entries<ErrorEntry>(table)) {
    assert(CODE_PATTERN.test(code), `${code} has the form PACKAGE_SITUATION`);
    assert(entry.summary.length > 0 && entry.remedy.length > 0, `${code} has both sentences`);
    if (entry.receipt !== undefined) {
      assert(!receipts.has(entry.receipt), `${code} has a receipt number of its own`);
      receipts.add(entry.receipt);
    }
  }
  return Object.freeze(table);
}
