/**
 * The signer of a node whose consensus key is being replaced (protocol X-14): the key that the set
 * of the next height names signs, and each key keeps a log of its own. With one key it is that one.
 */
import type { ValidatorSet } from '@daybook/core';
import { indexOfKey } from '@daybook/core';
import type { VoteSigner } from '@daybook/state';

/**
 * @param signers     in order of preference where the set names none of them
 * @param validators  the set of the next height
 */
export function createTurningSigner(
  signers: readonly VoteSigner[],
  validators: () => ValidatorSet,
): VoteSigner | undefined {
  const [first, ...others] = signers;
  if (first === undefined || others.length === 0) return first;
  const present = (): VoteSigner =>
    signers.find(({ publicKey }) => indexOfKey(validators(), publicKey) !== undefined) ?? first;
  return {
    get publicKey() {
      return present().publicKey;
    },
    get chain() {
      return present().chain;
    },
    state: () => present().state(),
    quarantine: () => present().quarantine(),
    sign: (request) => present().sign(request),
    signStatement: (bytes) => present().signStatement(bytes),
    enterHeight: (height) => present().enterHeight(height),
    withhold: (reason) => present().withhold(reason),
    resume: (above) => present().resume(above),
    // They are closed by whoever opened them.
    close: async () => undefined,
  };
}
