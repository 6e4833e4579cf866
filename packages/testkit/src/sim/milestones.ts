/** Counts the rare turns of a run that no checker judges: they must happen for a run to say much. */
import { toHex } from '@daybook/core';
import { parseSignBytes } from '@daybook/state';
import type { Machine } from './node/machine.ts';
import type { EventOf } from './world/events.ts';
import type { World } from './world/world.ts';

/** The round of a height that a validator has reached, as its ROUND-CHANGEs tell. */
interface Reached {
  readonly height: number;
  readonly round: number;
}

export function countMilestones(world: World): void {
  countRounds(world);
  countTrust(world);
  countRestarts(world);
  world.events.on('sign-refused', ({ machine }) => {
    if (machine.isHonest) world.coverage.add('guard refusal');
  });
  world.events.on('answered', ({ machine, name }) => {
    if (machine.isHonest) world.coverage.add(`${name} fetched`);
  });
}

function countRounds({ events, coverage }: World): void {
  const reached = new Map<Machine, Reached>();
  /** Round in which a block was first proposed, by its hash. */
  const proposed = new Map<string, number>();
  const onSigned = ({ machine, request }: EventOf<'signed'>): void => {
    const parsed = parseSignBytes(request.signBytes);
    if (!parsed.ok) return;
    const { content } = parsed.value;
    const { height, round } = content;
    if (content.type === 'pre-prepare') {
      const hash = toHex(content.blockHash);
      proposed.set(hash, Math.min(round, proposed.get(hash) ?? round));
    }
    if (content.type !== 'round-change' || !machine.isHonest) return;
    const before = reached.get(machine);
    const from = before?.height === height ? before.round : 0;
    if (round > from + 1) coverage.add('jump over a round');
    reached.set(machine, { height, round });
  };
  events.on('signed', onSigned);
  events.on('committed', ({ machine, block, certificate }) => {
    if (!machine.isHonest) return;
    const { round } = certificate;
    const at = reached.get(machine);
    const hasLeft = at?.height === block.header.height && at.round > round;
    if (hasLeft) coverage.add('decided after leaving the round');
    const first = proposed.get(toHex(block.hash));
    if (first !== undefined && first < round) coverage.add('block of an earlier round decided');
  });
}

/** By what validators say of their own vote log, every second. */
function countTrust({ events, coverage, machines }: World): void {
  const distrusted = new Set<Machine>();
  events.on('sampled', () => {
    for (const machine of machines) {
      const phase = machine.replica()?.consensus.trust?.report().phase;
      if (phase === 'quarantine' && !distrusted.has(machine)) {
        distrusted.add(machine);
        coverage.add('quarantine entered');
      }
      if (phase !== 'trusted' || !distrusted.delete(machine)) continue;
      coverage.add('quarantine left');
    }
  });
}

/** Starts that got through after a death at a point of disk work or in a broadcast, by that point. */
function countRestarts({ events, coverage }: World): void {
  const deaths = new Map<Machine, string>();
  events.on('crashed', ({ machine, why }) => deaths.set(machine, why));
  events.on('booted', ({ machine }) => {
    const why = deaths.get(machine);
    deaths.delete(machine);
    if (why?.startsWith('died ') === true) coverage.add(`restart after it ${why}`);
  });
}
