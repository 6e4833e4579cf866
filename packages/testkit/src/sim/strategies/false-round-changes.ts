/** B14 and B15: ROUND-CHANGEs that claim what is not so, and far too many of them. */
import type { Message } from '@daybook/core';
import { asHash, LIMITS } from '@daybook/core';
import { watchVotes } from './sightings.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [300, 1500] as const;
const FLOOD_EVERY_MS = 200;
const FLOOD_ROUNDS = 12;

/** Does something again and again while the process lives, in every life of it. */
export function whileAlive(
  traitor: Traitor,
  everyMs: readonly [number, number],
  task: () => void,
): void {
  const { world, machine, prng } = traitor;
  const again = (): void => {
    world.timeline.at(world.timeline.now() + prng.between(...everyMs), () => {
      if (machine.state() === 'up' && traitor.index() !== undefined) task();
      again();
    });
  };
  again();
}

export const FALSE_LOCKS: Strategy = {
  name: 'B14',
  title: 'claims locks it has no certificate for, and rounds at the end of numbers',
  begin: (traitor) => {
    const seen = watchVotes(traitor.world);
    const { prng } = traitor;
    const claims: readonly (() => Message)[] = [
      () => roundChange(traitor, prng.between(1, 4), asHash(prng.bytes(32))),
      () => roundChange(traitor, LIMITS.roundMax, undefined),
      () => roundChange(traitor, 0xffff_ffff, undefined),
      () => roundChange(traitor, LIMITS.roundMax, asHash(prng.bytes(32))),
      () => {
        // Genuine, but of the height before.
        const height = traitor.machine.height();
        const certificate = seen.certificate('prepare', height);
        const message = roundChange(traitor, 2, certificate?.blockHash);
        return certificate === undefined ? message : { ...message, certificate };
      },
      () => {
        const message = roundChange(traitor, 3, asHash(prng.bytes(32)));
        const certificate = seen.certificate('prepare', traitor.machine.height() + 1);
        return certificate === undefined ? message : { ...message, certificate };
      },
    ];
    whileAlive(traitor, EVERY_MS, () => {
      traitor.sendToAll(prng.pick(claims)());
      traitor.acted();
    });
    traitor.bend({});
  },
};

function roundChange(
  traitor: Traitor,
  round: number,
  blockHash: ReturnType<typeof asHash> | undefined,
): Extract<Message, { type: 'round-change' }> {
  const height = traitor.machine.height() + 1;
  const prepared = blockHash && { round: Math.min(round, LIMITS.roundMax) - 1, blockHash };
  const content = { type: 'round-change', height, round, ...(prepared && { prepared }) } as const;
  return { type: 'round-change', signed: traitor.sign(content) };
}

export const ROUND_CHANGE_FLOOD: Strategy = {
  name: 'B15',
  title: 'floods ROUND-CHANGEs over many rounds',
  begin: (traitor) => {
    let next = 1;
    whileAlive(traitor, [FLOOD_EVERY_MS, FLOOD_EVERY_MS], () => {
      for (let count = 0; count < FLOOD_ROUNDS; count++) {
        traitor.sendToAll(roundChange(traitor, traitor.round() + next, undefined));
        next = (next % 1000) + 1;
      }
      traitor.acted();
    });
    traitor.bend({});
  },
};
