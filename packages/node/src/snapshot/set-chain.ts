/**
 * Who signed which height, followed from genesis over served changes of the set (spec L-1 to L-3):
 * all that a node which joins takes from others about the validators is checked here. Pure.
 */
import type {
  FollowFault,
  Genesis,
  Height,
  RecoveryFile,
  Result,
  SetChange,
  TrustedSet,
} from '@daybook/core';
import {
  encodeCanonical,
  encodeRecovery,
  equalBytes,
  fail,
  followChanges,
  lastSet,
  ok,
  trustGenesis,
} from '@daybook/core';
import type { KnownSet } from '../reads/proofs.ts';

/** What a served header, or a change, contradicts. */
export type ChainFault = FollowFault['kind'] | 'recovery not installed here';

export interface SetChain {
  /** Sets after genesis's, with what decided them. */
  readonly later: readonly KnownSet[];
  /** The set that signs a height. */
  at(height: Height): TrustedSet;
  newest(): TrustedSet;
}

/**
 * Follows the changes of the set from genesis. A recovery is believed only if it is installed here:
 * nothing in the chain proves it (spec L-10).
 */
export function followSets(
  genesis: Genesis,
  changes: readonly SetChange[],
  recoveries: readonly RecoveryFile[] = [],
): Result<SetChain, ChainFault> {
  const installed = recoveries.map((one) => encodeCanonical(encodeRecovery(one)));
  const isKnown = ({ recovery }: SetChange): boolean =>
    recovery === undefined || installed.some((one) => equalBytes(one, recovery));
  if (!changes.every(isKnown)) return fail('recovery not installed here');
  const founders = trustGenesis(genesis);
  const followed = followChanges(founders, changes);
  if (!followed.ok) return fail(followed.reason.kind);
  const [, ...sets] = followed.value;
  return ok({
    later: changes.flatMap((change, index) => knownSetOf(change, sets[index]) ?? []),
    at: (height) => sets.findLast(({ from }) => from <= height) ?? founders,
    newest: () => lastSet(followed.value),
  });
}

function knownSetOf(
  { header, certificate, recovery }: SetChange,
  set: TrustedSet | undefined,
): KnownSet | undefined {
  if (set === undefined) return undefined;
  const { from, validators } = set;
  return { from, validators, decided: { header, certificate }, ...(recovery && { recovery }) };
}
