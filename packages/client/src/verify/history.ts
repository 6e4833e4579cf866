/**
 * What two headers say of each other: that one is an ancestor of the other, or that both cannot be,
 * which proves that more validators broke the rules than the chain tolerates.
 */
import type { CertifiedHeader, Header, Height, Result, TrustedSet } from '@daybook/core';
import {
  blockHash,
  decodeHeader,
  equalBytes,
  fail,
  leafHash,
  ok,
  verifyInclusion,
} from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
import { verifyHeader } from './light-client.ts';

/** Where the hash of an old block stands under the history root of a later header. */
export interface AncestorProof {
  /** Encoded old header; needs no certificate. */
  readonly header: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * Proves an old block through a recent header that is trusted already (spec L-7).
 * @returns the old header: its roots may be used for proofs from now on
 */
export function verifyAncestor(
  { header, path }: AncestorProof,
  recent: Header,
): Result<Header, VerifyFailure> {
  const old = decodeHeader(header);
  if (!old.ok) return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: old.reason.code });
  const leaf = leafHash(blockHash(old.value));
  const { height: index } = old.value;
  // The tree of a header has the hashes of all heights below its own (spec D-22).
  const proof = { root: recent.historyRoot, size: recent.height, index, leaf, path };
  if (index < recent.height && verifyInclusion(proof)) return old;
  return fail({ code: 'CLIENT_HEADER_MALFORMED', fact: 'not under the history root' });
}

/**
 * Judges two blocks of one height (spec L-5).
 * @returns `fork` when both are final and differ: keep them, stop, and tell everybody
 */
export function compareFinal(
  a: CertifiedHeader,
  b: CertifiedHeader,
  trusted: TrustedSet,
): Result<
  { readonly verdict: 'same' | 'other-heights' | 'fork'; readonly height: Height },
  VerifyFailure
> {
  const first = verifyHeader(a, trusted);
  if (!first.ok) return first;
  const second = verifyHeader(b, trusted);
  if (!second.ok) return second;
  const [one, two] = [first.value.header, second.value.header];
  const { height } = one;
  if (height !== two.height) return ok({ verdict: 'other-heights', height });
  const isSame = equalBytes(blockHash(one), blockHash(two));
  return ok({ verdict: isSame ? 'same' : 'fork', height });
}
