/**
 * The line between a node and its signer, as if that were a process of its own which can be killed:
 * before it hears a request, or when the vote is logged and its answer has not left. Until it is
 * back the node knows of the log what it was told last, as the client of a signer's socket does.
 */
import type { Height } from '@daybook/core';
import { fail } from '@daybook/core';
import type { SigningRequest, VoteSigner, VoteState } from '@daybook/state';

/** When the signer is killed, seen from the request it is being asked. */
export type SignerDeath = 'before it is asked' | 'before it answers';

export interface LineSigner extends VoteSigner {
  /** The signer is back, once what it was writing is written; it may not have been away. */
  mend(): Promise<void>;
}

/** @param strike  asked at every request for a vote */
export function createSignerLine(
  signer: VoteSigner,
  strike: (request: SigningRequest) => SignerDeath | undefined,
): LineSigner {
  let known: VoteState | undefined;
  let entered: Height = 0;
  let writing: Promise<unknown> = Promise.resolve();
  const away = fail({ code: 'STATE_SIGNER_AWAY', fact: 'killed by the simulation' } as const);
  return {
    ...signer,
    state: () => known ?? signer.state(),
    sign: (request) => {
      if (known !== undefined) return Promise.resolve(away);
      const death = strike(request);
      if (death === undefined) return signer.sign(request);
      known = signer.state();
      if (death === 'before it is asked') return Promise.resolve(away);
      const signed = signer.sign(request);
      writing = signed;
      return signed.then(() => away);
    },
    signStatement: (bytes) => {
      return known === undefined ? signer.signStatement(bytes) : Promise.resolve(undefined);
    },
    enterHeight: (height) => {
      entered = height;
      return known === undefined ? signer.enterHeight(height) : Promise.resolve();
    },
    resume: (above) => (known === undefined ? signer.resume(above) : Promise.resolve()),
    mend: async () => {
      if (known === undefined) return;
      await writing;
      if (signer.quarantine() === undefined) await signer.enterHeight(entered);
      known = undefined;
    },
  };
}
