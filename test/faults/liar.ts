/**
 * A validator that lies about every height: votes for a block that nobody proposed, a decision that
 * nobody made, and a chain that is longer than all others, of which it serves rubbish.
 */
import type { Header, Message, PrePrepare } from '@daybook/core';
import {
  asSignature,
  blockHash,
  decodeMessage,
  encodeMessage,
  SIGNATURE_SIZE,
} from '@daybook/core';
import { heightOf } from '../e2e/support/api.ts';
import type { Malice, Traitor } from './malice.ts';
import { betray, signedBy } from './malice.ts';
import type { Stage } from './stage.ts';

/** Its node may have voted at heights up to here: a liar is not to contradict that. */
const HEIGHTS_AHEAD = 10;
const CLAIMED_AHEAD = 1000;
/** All bits of a set of four. */
const EVERYBODY = Uint8Array.of(0b1111);
const QUORUM = [0, 1, 2] as const;

/** One vote for each slot, so that nothing can be proven against it. */
function liesAbout(traitor: Traitor, header: Header): readonly Message[] {
  const { height } = header;
  const forged = { ...header, timestampMs: header.timestampMs + 1 };
  const slot = { height, round: 0, blockHash: blockHash(forged) };
  const seal = asSignature(new Uint8Array(SIGNATURE_SIZE));
  return [
    { type: 'prepare', signed: signedBy(traitor, { type: 'prepare', ...slot }) },
    { type: 'commit', signed: signedBy(traitor, { type: 'commit', ...slot }) },
    {
      type: 'decided',
      header: forged,
      certificate: {
        kind: 'commit',
        ...slot,
        validatorCount: 4,
        signers: QUORUM,
        signatures: QUORUM.map(() => seal),
      },
    },
    {
      type: 'status',
      height: height + CLAIMED_AHEAD,
      round: 0,
      headHash: slot.blockHash,
      wallMs: header.timestampMs,
      links: EVERYBODY,
      held: {
        prePrepare: EVERYBODY,
        prepare: EVERYBODY,
        commit: EVERYBODY,
        roundChange: EVERYBODY,
      },
    },
  ];
}

/** Starts lying in the place of a node that is down. */
export async function startLiar(stage: Stage, slug: string, witness: string): Promise<Malice> {
  const traitor = await betray(stage, slug, witness);
  const { network } = traitor;
  let last = (await heightOf(stage.urlOf(witness))) + HEIGHTS_AHEAD;
  let sent = 0;
  const tell = ({ signed, header }: PrePrepare): void => {
    const { height, round } = signed.content;
    if (height <= last || round > 0) return;
    last = height;
    for (const lie of liesAbout(traitor, header)) {
      sent += network.broadcast('consensus', encodeMessage(lie));
    }
  };
  network.onMessage('consensus', (_peer, bytes) => {
    const decoded = decodeMessage(bytes);
    if (decoded.ok && decoded.value.type === 'pre-prepare') tell(decoded.value);
  });
  network.handle('blocks', async () => new Uint8Array(100_000).fill(0xab));
  return { sent: () => sent, stop: () => network.stop() };
}
