/**
 * Signers that say what they gave out, what their guards refused and when they left quarantine, and
 * that can be killed.
 */
import type { Storage } from '@daybook/node';
import type { VoteSigner } from '@daybook/state';
import type { EventBus } from '../world/events.ts';
import type { Machine } from './machine.ts';
import type { LineSigner } from './signer-line.ts';
import { createSignerLine } from './signer-line.ts';

interface WatchedSigners {
  readonly signer: LineSigner | undefined;
  readonly nextSigner: LineSigner | undefined;
}

function watchSigner(signer: VoteSigner, machine: Machine, events: EventBus): VoteSigner {
  return {
    ...signer,
    sign: async (request) => {
      const signed = await signer.sign(request);
      if (signed.ok) events.emit({ type: 'signed', machine, signer, request, vote: signed.value });
      else events.emit({ type: 'sign-refused', machine, code: signed.reason.code });
      return signed;
    },
    resume: async (above) => {
      const wasWithheld = signer.quarantine() !== undefined;
      await signer.resume(above);
      const isOver = wasWithheld && signer.quarantine() === undefined;
      if (isOver) events.emit({ type: 'resumed', machine, signer, above });
    },
  };
}

/** What a signer gives out is seen beyond the line to it, where its guard and its log are. */
export function watchSigners(
  { signer, nextSigner }: Storage,
  machine: Machine,
  events: EventBus,
): WatchedSigners {
  const lineTo = (one: VoteSigner): LineSigner => {
    return createSignerLine(watchSigner(one, machine, events), (request) => {
      return machine.strikeSigner(request);
    });
  };
  return { signer: signer && lineTo(signer), nextSigner: nextSigner && lineTo(nextSigner) };
}
