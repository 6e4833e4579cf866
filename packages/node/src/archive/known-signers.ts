/**
 * Who may have decided a block of a log that is not executed. A header names its validators by a
 * hash, so a set is known by what it hashes to, wherever it comes from; eras follow from the
 * recoveries that are installed.
 */
import type { Genesis, Hash, Height, RecoveryFile, ValidatorSet } from '@daybook/core';
import { eraOf, recoverySet, toHex, validatorsHash } from '@daybook/core';

export interface KnownSigners {
  /** The set of this hash; undefined when nobody here knows it. */
  setOf(named: Hash): ValidatorSet | undefined;
  /** What votes of a height bind. */
  eraAt(height: Height): Hash;
}

/** @param later  sets after genesis's, as far as they are known */
export function knownSigners(
  genesis: Pick<Genesis, 'chain' | 'validators'>,
  recoveries: readonly RecoveryFile[],
  later: readonly ValidatorSet[] = [],
): KnownSigners {
  const recovered = recoveries
    .map(({ plan }) => recoverySet(plan))
    .filter((set) => set !== undefined);
  const sets: readonly ValidatorSet[] = [genesis.validators, ...recovered, ...later];
  const byHash = new Map(sets.map((set) => [toHex(validatorsHash(set)), set]));
  const ascending = recoveries.toSorted((a, b) => a.plan.height - b.plan.height);
  return {
    setOf: (named) => byHash.get(toHex(named)),
    eraAt: (height) => {
      const last = ascending.findLast(({ plan }) => plan.height < height);
      return last === undefined ? genesis.chain : eraOf(last.plan);
    },
  };
}
