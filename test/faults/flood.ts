/**
 * A validator that floods: votes for rounds and heights to come, each signed and each different, as
 * fast as the links take them.
 */
import { asHash, encodeMessage, fromHex } from '@daybook/core';
import { heightOf } from '../e2e/support/api.ts';
import type { Malice, Traitor } from './malice.ts';
import { betray, signedBy } from './malice.ts';
import type { Stage } from './stage.ts';

const BURST = 50;
const BURST_EVERY_MS = 20;
const ROUNDS = 60;
const HEIGHTS_AHEAD = 10;

interface Slot {
  readonly height: number;
  readonly round: number;
}

/** Every slot is another one: a flood is no contradiction. */
function prepareOf(traitor: Traitor, slot: Slot): Uint8Array {
  const blockHash = asHash(fromHex('ab'.repeat(32)) ?? new Uint8Array(32));
  const signed = signedBy(traitor, { type: 'prepare', ...slot, blockHash });
  return encodeMessage({ type: 'prepare', signed });
}

/** Starts flooding in the place of a node that is down. */
export async function startFlood(stage: Stage, slug: string, witness: string): Promise<Malice> {
  const traitor = await betray(stage, slug, witness);
  // Beyond every height in which the node itself may have voted.
  const first = (await heightOf(stage.urlOf(witness))) + HEIGHTS_AHEAD;
  let sent = 0;
  let turn = 0;
  let timer: NodeJS.Timeout;
  const burst = (): void => {
    for (let one = 0; one < BURST; one += 1, turn += 1) {
      const slot = { height: first + Math.floor(turn / ROUNDS), round: turn % ROUNDS };
      sent += traitor.network.broadcast('consensus', prepareOf(traitor, slot));
    }
    // Counted from its end: the relays of the links live in this process, too, and must go on.
    timer = setTimeout(burst, BURST_EVERY_MS);
  };
  timer = setTimeout(burst, BURST_EVERY_MS);
  return {
    sent: () => sent,
    stop: async () => {
      clearTimeout(timer);
      await traitor.network.stop();
    },
  };
}
