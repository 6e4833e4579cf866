/** Faults of the network that leave every way open now and then. */
import { CONSENSUS_KINDS } from '../world/wire.ts';
import { FRAME_DEEDS } from './conditions.ts';
import type { Fault } from './fault.ts';

export const SLOW_NETWORK: Fault = {
  name: 'slow network',
  permille: 600,
  counters: [FRAME_DEEDS.slow],
  begin: ({ conditions, prng }) => {
    conditions.minMs = prng.between(0, 30);
    conditions.meanMs = prng.between(20, 400) >> 1;
  },
};

export const SPIKES: Fault = {
  name: 'delay spikes',
  permille: 400,
  counters: [FRAME_DEEDS.spike],
  begin: ({ conditions, prng }) => {
    conditions.spikePermille = prng.between(5, 60);
  },
};

export const LOSS: Fault = {
  name: 'loss',
  permille: 500,
  counters: [FRAME_DEEDS.lost],
  begin: ({ conditions, prng }) => {
    conditions.lossPermille = prng.between(0, 400);
  },
};

export const DUPLICATES: Fault = {
  name: 'duplicates',
  permille: 500,
  counters: [FRAME_DEEDS.doubled],
  begin: ({ conditions, prng }) => {
    conditions.duplicatePermille = prng.between(0, 200);
  },
};

export const REPLAYS: Fault = {
  name: 'replays',
  permille: 400,
  counters: [FRAME_DEEDS.replayed],
  begin: ({ conditions, prng }) => {
    conditions.replayPermille = prng.between(0, 500);
  },
};

/** Purely random loss rarely meets the moments that matter; losing one kind of message does. */
export const LOSS_BY_KIND: Fault = {
  name: 'loss by kind',
  permille: 350,
  counters: [FRAME_DEEDS.lostByKind],
  begin: ({ conditions, prng }) => {
    for (const kind of CONSENSUS_KINDS) {
      if (prng.chance(500)) conditions.lossByKind.set(kind, prng.between(0, 900));
    }
  },
};
