/**
 * What a verifier of many files has checked before. Files that a node makes share the founding
 * document (to read one takes a millisecond for each key in it), at one block also header,
 * certificate and words. Only the last of each is kept, and taken for the very same bytes alone: it
 * is what a pure function made of them, so that no verdict depends on it.
 */
import type { SchemaContract } from '@daybook/contracts';
import type { FinalHeader, Genesis, Result, TrustedSet } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';

/** What came of the parts if they are those of the call before, else what is computed of them. */
export type Remembered<T> = (parts: readonly Uint8Array[], compute: () => T) => T;

export interface ProofMemory {
  readonly genesis: Remembered<Result<Genesis, VerifyFailure>>;
  /** The final header, and the set that signed it. */
  readonly block: Remembered<Result<FinalHeader & { readonly set: TrustedSet }, VerifyFailure>>;
  readonly words: Remembered<Result<SchemaContract, VerifyFailure>>;
}

export function createProofMemory(): ProofMemory {
  return { genesis: rememberLast(), block: rememberLast(), words: rememberLast() };
}

/** Of one call, whatever the number of its parts. */
export function rememberLast<T>(): Remembered<T> {
  let last: { readonly parts: readonly Uint8Array[]; readonly made: T } | undefined;
  return (parts, compute) => {
    if (last === undefined || !areEqual(last.parts, parts)) last = { parts, made: compute() };
    return last.made;
  };
}

function areEqual(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && a.every((part, index) => equalBytes(part, b[index] ?? NOTHING));
}

const NOTHING = new Uint8Array();
