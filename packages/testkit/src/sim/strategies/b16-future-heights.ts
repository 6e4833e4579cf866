/** B16: floods votes and proposals for heights that are far from decided. */
import type { Message } from '@daybook/core';
import { asHash } from '@daybook/core';
import { whileAlive } from './false-round-changes.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = 250;
const PER_TURN = 8;

export const FUTURE_HEIGHTS: Strategy = {
  name: 'B16',
  title: 'floods messages of future heights',
  begin: (traitor) => {
    whileAlive(traitor, [EVERY_MS, EVERY_MS], () => {
      for (let count = 0; count < PER_TURN; count++) traitor.sendToAll(fromTheFuture(traitor));
      traitor.acted();
    });
    traitor.bend({});
  },
};

function fromTheFuture(traitor: Traitor): Message {
  const { prng, machine } = traitor;
  const ahead = prng.pick([1, 1, 2, 2, 3, 10, 1000, 2 ** 40]);
  const height = machine.height() + 1 + ahead;
  const round = prng.between(0, 3);
  const blockHash = asHash(prng.bytes(32));
  switch (prng.below(4)) {
    case 0:
      return {
        type: 'prepare',
        signed: traitor.sign({ type: 'prepare', height, round, blockHash }),
      };
    case 1:
      return { type: 'commit', signed: traitor.sign({ type: 'commit', height, round, blockHash }) };
    case 2: {
      const content = { type: 'round-change', height, round: round + 1 } as const;
      return { type: 'round-change', signed: traitor.sign(content) };
    }
    default: {
      const forged = traitor.forgeBlock(machine.clock.wall());
      if (forged === undefined) return fromTheFuture(traitor);
      const header = { ...forged.block.header, height };
      return traitor.propose({ block: { header, body: [] }, hash: forged.hash }, round, undefined);
    }
  }
}
