/**
 * Which set signed which height: genesis's set and every later one, as the governance contract
 * recorded them. Small and cached: sets change rarely.
 */
import type { Height, ValidatorSet } from '@daybook/core';
import { assert, equalBytes, validatorsHash } from '@daybook/core';
import type { Ledger } from './ledger/ledger.ts';
import type { KnownSet } from './reads/proofs.ts';

export interface ValidatorHistory {
  /** Sets after genesis's, ascending by first height. */
  laterSets(): readonly KnownSet[];
  /** Known for 1 to head + 1. */
  at(height: Height): ValidatorSet | undefined;
}

/**
 * @param recorded  sets of past changes, read from the state at start, ascending
 */
export function createValidatorHistory(
  ledger: Ledger,
  recorded: readonly KnownSet[],
): ValidatorHistory {
  const sets: KnownSet[] = [...recorded];
  const latest = (): ValidatorSet => sets.at(-1)?.validators ?? ledger.genesis.validators;
  const note = (): void => {
    const { header, next } = ledger.head();
    if (equalBytes(validatorsHash(latest()), header.nextValidatorsHash)) return;
    sets.push({ from: header.height + 1, validators: next.validators });
  };
  note();
  ledger.onCommit(note);
  return {
    laterSets: () => sets,
    at: (height) => {
      if (height < 1 || height > ledger.head().header.height + 1) return undefined;
      const set = sets.findLast(({ from }) => from <= height);
      const validators = set?.validators ?? ledger.genesis.validators;
      assert(validators.length > 0, 'a validator set is not empty');
      return validators;
    },
  };
}
