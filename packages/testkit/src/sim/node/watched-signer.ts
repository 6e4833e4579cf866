/** A signer that says what it gave out, and what its guard refused. */
import type { VoteSigner } from '@daybook/state';
import type { EventBus } from '../world/events.ts';
import type { Machine } from './machine.ts';

export function watchSigner(signer: VoteSigner, machine: Machine, events: EventBus): VoteSigner {
  return {
    ...signer,
    sign: async (request) => {
      const signed = await signer.sign(request);
      if (signed.ok) events.emit({ type: 'signed', machine, signer, request, vote: signed.value });
      else events.emit({ type: 'sign-refused', machine, code: signed.reason.code });
      return signed;
    },
  };
}
