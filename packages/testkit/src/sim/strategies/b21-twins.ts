/** B21: two full copies of the honest code with one key, each talking to a part of the others. */
import type { Strategy } from './strategy.ts';

const REGROUP_MS = [300, 5000] as const;

export const TWINS: Strategy = {
  name: 'B21',
  title: 'two copies of one validator in different partitions',
  machines: 2,
  begin: (traitor) => {
    const { world, twin } = traitor;
    // Both twins draw the same groups: the generator is that of the key, not of the machine.
    const groups = world.prng.fork(`twins ${traitor.machine.member.slug}`);
    let sides: readonly number[] = [];
    const regroup = (): void => {
      sides = world.machines.map(() => groups.below(3));
      traitor.acted();
      world.timeline.at(world.timeline.now() + groups.between(...REGROUP_MS), regroup);
    };
    regroup();
    // Side 2 hears both.
    traitor.bend({ speaksWith: (machine) => sides[machine] === twin || sides[machine] === 2 });
  },
};
