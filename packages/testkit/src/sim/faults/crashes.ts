/** Processes that die and come back: at random, at any point of their disk work, all at once. */
import { StateError } from '@daybook/state';
import type { Machine } from '../node/machine.ts';
import type { DiskMoment } from '../world/disk.ts';
import type { Prng } from '../world/prng.ts';
import type { Fault, FaultContext } from './fault.ts';
import { repeatedly } from './fault.ts';

function kindOf(prng: Prng): 'kill' | 'power-loss' {
  return prng.chance(400) ? 'kill' : 'power-loss';
}

export const CRASHES: Fault = {
  name: 'crashes',
  permille: 400,
  counters: ['crash at random'],
  begin: (context) => {
    const { world, prng, calm, restartLater } = context;
    const meanMs = calm * prng.between(2000, 20_000);
    repeatedly(context, [meanMs >> 2, 2 * meanMs], () => {
      const machine = prng.pick(world.machines);
      if (machine.state() !== 'down') world.coverage.add('crash at random');
      machine.crash(kindOf(prng), 'crash');
      restartLater(machine, prng);
    });
  },
};

/** A kind of moment, and what a death there counts as, beside its operation and path. */
interface DeathBed {
  readonly counter: string;
  readonly matches: (moment: DiskMoment) => boolean;
}

/** Lets a machine die at the next disk moments that match, now or in its next life. */
function dieAt(
  { world, prng, restartLater, untilMs }: FaultContext,
  machine: Machine,
  { counter, matches }: DeathBed,
): void {
  let left = prng.between(0, 12);
  const { strike } = machine;
  machine.strike = (moment) => {
    if (world.timeline.now() < untilMs && matches(moment) && left-- === 0) {
      machine.strike = strike;
      const death = `died at ${moment.operation} of ${partOf(moment.path)}`;
      world.coverage.add(death);
      world.coverage.add(counter);
      machine.crash(kindOf(prng), death);
      restartLater(machine, prng);
      return 'crash';
    }
    return strike(moment);
  };
}

/** The part of the storage that a path belongs to. */
function partOf(path: string): string {
  const name = path.split('/').pop() ?? '';
  return name.replace(/[-.0-9]+.*$/, '').replace(/^wal$/, path.endsWith('A') ? 'wal-A' : 'wal-B');
}

/** At a point of signing: before, within and after the writes of the vote log and block log. */
export const CRASH_POINTS: Fault = {
  name: 'crashes at disk work',
  permille: 400,
  counters: ['death at disk work'],
  begin: (context) => {
    const { world, prng, calm } = context;
    repeatedly(context, [calm * 500, calm * 8000], () => {
      const machine = prng.pick(world.machines);
      const part = prng.pick(['wal', 'blocks', '']);
      const counter = 'death at disk work';
      dieAt(context, machine, { counter, matches: ({ path }) => path.includes(part) });
    });
  },
};

/** During recovery: the next start ends at one of its first writes. */
export const CRASHES_IN_RECOVERY: Fault = {
  name: 'crashes in recovery',
  permille: 300,
  counters: ['death in recovery'],
  begin: (context) => {
    const { world, prng, calm, restartLater } = context;
    repeatedly(context, [calm * 3000, calm * 20_000], () => {
      const machine = prng.pick(world.machines);
      machine.crash(kindOf(prng), 'crash before a crash in recovery');
      restartLater(machine, prng);
      const matches = (): boolean => machine.state() === 'starting';
      dieAt(context, machine, { counter: 'death in recovery', matches });
    });
  },
};

/** At the moment one node decides, k random ones lose power: what only some have seen is gone. */
export const POWER_LOSS_AT_DECISION: Fault = {
  name: 'power loss at a decision',
  permille: 300,
  counters: ['power loss at a decision'],
  begin: ({ world, prng, calm, untilMs, restartLater }) => {
    const { timeline, events, machines } = world;
    let firstMs = prng.between(1000, 10_000);
    const decided = new Set<number>();
    events.on('committed', ({ machine, block }) => {
      const { height } = block.header;
      if (decided.has(height)) return;
      decided.add(height);
      if (timeline.now() < firstMs || timeline.now() >= untilMs) return;
      firstMs = timeline.now() + calm * prng.between(3000, 15_000);
      const isSpared = prng.chance(500);
      const victims = prng.shuffle(machines).slice(0, prng.between(1, machines.length));
      timeline.at(timeline.now(), () => {
        for (const victim of victims) {
          if (isSpared && victim === machine) continue;
          if (victim.state() !== 'down') world.coverage.add('power loss at a decision');
          victim.crash('power-loss', 'power loss at a decision');
          restartLater(victim, prng);
        }
      });
    });
  },
};

/** In the middle of a broadcast: some peers have the message and others never get it. */
export const CRASHES_IN_BROADCAST: Fault = {
  name: 'crashes in a broadcast',
  permille: 250,
  counters: ['death in a broadcast'],
  begin: (context) => {
    const { world, prng, calm, untilMs, restartLater } = context;
    let nextMs = prng.between(500, 5000);
    world.events.on('sent', ({ machine, kind }) => {
      const now = world.timeline.now();
      if (now < nextMs || now >= untilMs || kind === 'status' || !prng.chance(200)) return;
      nextMs = now + calm * prng.between(1000, 10_000);
      const death = `died while sending ${kind}`;
      world.coverage.add(death);
      world.coverage.add('death in a broadcast');
      machine.crash(kindOf(prng), death);
      restartLater(machine, prng);
    });
  },
};

/**
 * A part beside consensus, as the API or the SQL tables, fails: the node votes no more from that
 * moment on, and ends.
 */
export const FAILURES_BESIDE_CONSENSUS: Fault = {
  name: 'failures beside consensus',
  permille: 150,
  counters: ['failure beside consensus'],
  begin: (context) => {
    const { world, prng, calm } = context;
    repeatedly(context, [calm * 3000, calm * 20_000], () => {
      const machine = prng.pick(world.machines);
      if (machine.replica() === undefined) return;
      world.coverage.add('failure beside consensus');
      failBeside(machine);
    });
  },
};

/** Lets a part of a running node beside consensus fail for want of room. */
export function failBeside(machine: Machine): void {
  const error = new StateError({ code: 'STATE_DISK_FULL', path: '/data/beside' });
  machine.replica()?.consensus.fail(machine.refusals.add(error));
}

/** SIGTERM, as at an update: the node closes its parts, and comes back. */
export const STOPS: Fault = {
  name: 'stops',
  permille: 200,
  counters: ['stopped by a signal'],
  begin: (context) => {
    const { world, prng, calm, restartLater } = context;
    repeatedly(context, [calm * 3000, calm * 20_000], () => {
      const machine = prng.pick(world.machines);
      // One that stands still would take the signal later, when nobody starts it again.
      if (machine.state() !== 'up' || machine.life()?.isPaused() === true) return;
      world.coverage.add('stopped by a signal');
      machine.stop();
      restartLater(machine, prng);
    });
  },
};
