/**
 * Which set signed which height: genesis's set and every later one, as the governance contract
 * recorded them. Small and cached: sets change rarely.
 */
import type { KnownRecovery } from '@daybook/applications';
import type { Hash, Height, ValidatorSet } from '@daybook/core';
import { assert, encodeCanonical, encodeRecovery, equalBytes, validatorsHash } from '@daybook/core';
import type { Ledger } from './ledger/ledger.ts';
import type { KnownSet } from './reads/proofs.ts';

export interface ValidatorHistory {
  /** Sets after genesis's, ascending by first height. */
  laterSets(): readonly KnownSet[];
  /** Known for 1 to head + 1. */
  at(height: Height): ValidatorSet | undefined;
  /** What signatures of a height bind: G, or the era after a recovery. */
  chainAt(height: Height): Hash;
}

/**
 * @param recorded    sets of past changes, read from the state at start, ascending
 * @param recoveries  those that the chain went through, ascending
 */
export function createValidatorHistory(
  ledger: Ledger,
  recorded: readonly KnownSet[],
  recoveries: readonly KnownRecovery[] = [],
): ValidatorHistory {
  const eras = recoveries.map(({ fromHeight, era }) => ({ fromHeight, era }));
  const sets: KnownSet[] = recorded.map((set) => {
    const recovery = recoveries.find(({ fromHeight }) => fromHeight === set.from)?.file;
    return recovery === undefined ? set : { ...set, recovery };
  });
  const latest = (): ValidatorSet => sets.at(-1)?.validators ?? ledger.genesis.validators;
  const note = (): void => {
    const { header, next } = ledger.head();
    const from = header.height + 1;
    const { validators, recovery } = next;
    if (recovery !== undefined) {
      eras.push({ fromHeight: from, era: next.era });
      const file = encodeCanonical(encodeRecovery(recovery));
      sets.push({ from, validators, recovery: file });
      return;
    }
    if (equalBytes(validatorsHash(latest()), validatorsHash(validators))) return;
    sets.push({ from, validators });
  };
  note();
  ledger.onCommit(note);
  return {
    laterSets: () => sets,
    chainAt: (height) =>
      eras.findLast(({ fromHeight }) => fromHeight <= height)?.era ?? ledger.genesis.chain,
    at: (height) => {
      if (height < 1 || height > ledger.head().header.height + 1) return undefined;
      const set = sets.findLast(({ from }) => from <= height);
      const validators = set?.validators ?? ledger.genesis.validators;
      assert(validators.length > 0, 'a validator set is not empty');
      return validators;
    },
  };
}
