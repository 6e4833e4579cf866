/**
 * A validator that floods: votes for rounds and heights to come, each signed and each different, as
 * fast as the links take them; or large proposals for heights to come, as fast as the rate of the
 * channel lets it, so that nobody cuts it off.
 */
import { randomBytes } from 'node:crypto';
import type { Header } from '@daybook/core';
import {
  asHash,
  blockHash,
  decodeMessage,
  encodeMessage,
  fromHex,
  transactionHashOf,
  ZERO_HASH,
} from '@daybook/core';
import { heightOf } from '../e2e/support/api.ts';
import type { Malice, Traitor } from './malice.ts';
import { betray, signedBy } from './malice.ts';
import type { Stage } from './stage.ts';

const BURST = 50;
const BURST_EVERY_MS = 20;
const ROUNDS = 60;
const HEIGHTS_AHEAD = 10;
/** Six megabytes a second to each peer, below the eight of the channel. */
const HEAVY_EVERY_MS = 160;
const HEAVY_TRANSACTIONS = 16;
const HEAVY_TRANSACTION_BYTES = 64 * 1024;

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

/** A proposal of a megabyte that nobody can need yet; what its body says is noise. */
function heavyProposalOf(traitor: Traitor, header: Header): Uint8Array {
  const transactions = Array.from({ length: HEAVY_TRANSACTIONS }, () =>
    randomBytes(HEAVY_TRANSACTION_BYTES),
  );
  const { height } = header;
  const slot = { height, round: 0, blockHash: blockHash(header), justificationHash: ZERO_HASH };
  return encodeMessage({
    type: 'pre-prepare',
    signed: signedBy(traitor, { type: 'pre-prepare', ...slot }),
    header,
    transactionHashes: transactions.map(transactionHashOf),
    inlined: transactions.map((bytes, index) => ({ index, bytes })),
  });
}

/** Starts flooding with proposals in the place of a node that is down. */
export async function startHeavyFlood(
  stage: Stage,
  slug: string,
  witness: string,
): Promise<Malice> {
  const traitor = await betray(stage, slug, witness);
  const { network } = traitor;
  let sent = 0;
  let last: Header | undefined;
  let timer: NodeJS.Timeout | undefined;
  const throwOne = (): void => {
    if (last === undefined) return;
    last = { ...last, height: last.height + 1 };
    sent += network.broadcast('consensus', heavyProposalOf(traitor, last));
    timer = setTimeout(throwOne, HEAVY_EVERY_MS);
  };
  network.onMessage('consensus', (_peer, bytes) => {
    if (last !== undefined) return;
    const decoded = decodeMessage(bytes);
    if (!decoded.ok || decoded.value.type !== 'pre-prepare') return;
    const { header } = decoded.value;
    last = { ...header, height: header.height + 1000 };
    throwOne();
  });
  return {
    sent: () => sent,
    stop: async () => {
      clearTimeout(timer);
      await network.stop();
    },
  };
}
