/** Signers in processes of their own, which can be killed while their nodes run on. */
import type { SignerDeath } from '../node/signer-line.ts';
import type { Fault } from './fault.ts';
import { repeatedly } from './fault.ts';

const DEATHS: readonly SignerDeath[] = ['before it is asked', 'before it answers'];

/** The signer is away for a part of a round up to several; what it logged last was not answered. */
export const SIGNER_AWAY: Fault = {
  name: 'signer away',
  permille: 250,
  counters: ['signer killed before it is asked', 'signer killed before it answers'],
  begin: (context) => {
    const { world, prng, untilMs } = context;
    const { timeline } = world;
    repeatedly(context, [2000, 15_000], () => {
      const machine = prng.pick(world.machines);
      const death = prng.pick(DEATHS);
      const awayMs = prng.between(100, 20_000);
      let left = prng.between(0, 8);
      machine.strikeSigner = () => {
        if (left-- > 0 || timeline.now() >= untilMs) return undefined;
        machine.strikeSigner = () => undefined;
        world.coverage.add(`signer killed ${death}`);
        const atMs = Math.min(timeline.now() + awayMs, untilMs);
        timeline.at(atMs, () => machine.returnSigner());
        return death;
      };
    });
  },
};
