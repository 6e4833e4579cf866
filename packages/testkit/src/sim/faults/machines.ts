/** Machines that stand still, run slowly, or do not know the time. */
import type { Fault } from './fault.ts';
import { repeatedly } from './fault.ts';

/** SIGSTOP and SIGCONT: the clock runs on, nothing happens, and then everything at once. */
export const PAUSES: Fault = {
  name: 'pauses',
  permille: 350,
  counters: ['pause'],
  begin: (context) => {
    const { world, prng } = context;
    repeatedly(context, [1000, 15_000], () => {
      const machine = prng.pick(world.machines);
      const life = machine.life();
      if (life === undefined || !life.isAlive()) return;
      life.pause();
      world.coverage.add('pause');
      const ms = prng.chance(150) ? prng.between(10_000, 120_000) : prng.between(100, 5000);
      world.timeline.at(world.timeline.now() + ms, () => life.resume());
    });
  },
};

/** A block takes long to execute: the process does nothing else meanwhile. */
export const SLOW_EXECUTION: Fault = {
  name: 'slow execution',
  permille: 250,
  counters: ['execution slow'],
  begin: ({ world, prng, untilMs }) => {
    const slow = prng.shuffle(world.machines).slice(0, prng.between(1, world.machines.length));
    const mostMs = prng.between(50, 4000);
    world.events.on('arrived', ({ machine, kind }) => {
      if (kind !== 'pre-prepare' || world.timeline.now() >= untilMs) return;
      const life = machine.life();
      if (life === undefined || !slow.includes(machine) || life.isPaused()) return;
      life.pause();
      world.coverage.add('execution slow');
      const ms = prng.between(1, mostMs);
      world.timeline.at(world.timeline.now() + ms, () => life.resume());
    });
  },
};

export const WRONG_CLOCKS: Fault = {
  name: 'wrong clocks',
  permille: 350,
  counters: ['clock step'],
  begin: (context) => {
    const { world, prng } = context;
    world.setClocksWrong();
    const farMs = prng.chance(100) ? 3_600_000 : 5000;
    for (const machine of world.machines) {
      if (prng.chance(400)) machine.clock.offsetMs = prng.between(-farMs, farMs);
    }
    repeatedly(context, [2000, 20_000], () => {
      const machine = prng.pick(world.machines);
      machine.clock.offsetMs = prng.chance(300) ? 0 : prng.between(-farMs, farMs);
      world.coverage.add('clock step');
    });
  },
};
