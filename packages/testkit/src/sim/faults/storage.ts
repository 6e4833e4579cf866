/** Disks that are slow, full, refuse, or lose and change what they hold. */
import { quorumOf } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { DiskMoment, Misdirection } from '../world/disk.ts';
import type { Prng } from '../world/prng.ts';
import type { World } from '../world/world.ts';
import { areSameFiles, DAMAGES } from './damages.ts';
import type { Fault } from './fault.ts';
import { repeatedly } from './fault.ts';

export const SLOW_DISKS: Fault = {
  name: 'slow disks',
  permille: 300,
  counters: ['sync slow', 'sync very slow'],
  begin: ({ world, prng }) => {
    for (const machine of world.machines) {
      if (!prng.chance(500)) continue;
      const own = prng.fork(machine.name);
      const usualMs = own.between(1, 50);
      const worstPermille = own.between(0, 30);
      machine.syncMs = () => {
        const isWorst = own.chance(worstPermille);
        const ms = isWorst ? own.between(100, 5000) : own.between(0, usualMs);
        // The disk asks when it is about to sync. Without this fault it takes no time.
        if (ms > 0) world.coverage.add(isWorst ? 'sync very slow' : 'sync slow');
        return ms;
      };
    }
  },
};

/** Some write or sync fails once, as on a dying disk; the process must end and send nothing. */
export const DISK_ERRORS: Fault = {
  name: 'disk errors',
  permille: 150,
  counters: ['disk error at write', 'disk error at sync'],
  begin: (context) => {
    const { world, prng, untilMs } = context;
    const victim = prng.pick(world.machines);
    repeatedly(context, [3000, 20_000], () => {
      let left = prng.between(0, 30);
      const { strike } = victim;
      victim.strike = (moment) => {
        const fails = moment.operation === 'sync' || moment.operation === 'write';
        if (fails && world.timeline.now() < untilMs && left-- === 0) {
          victim.strike = strike;
          world.coverage.add(`disk error at ${moment.operation}`);
          return 'error';
        }
        return strike(moment);
      };
    });
  },
};

/** The disk fills up and is freed again. */
export const FULL_DISK: Fault = {
  name: 'full disk',
  permille: 150,
  counters: ['disk full', 'write refused by a full disk'],
  begin: (context) => {
    const { world, prng } = context;
    const { faultyMax } = quorumOf(world.genesis.validators.length);
    const victims = prng.shuffle(world.machines).slice(0, Math.max(1, faultyMax));
    repeatedly(context, [5000, 20_000], () => {
      for (const victim of victims) {
        victim.disk.free = victim.disk.free < 1 ? 1 : prng.pick([0.04, 0.015, 0]);
        const isFull = victim.disk.free === 0;
        victim.strike = ({ operation }) => {
          if (!isFull || (operation !== 'write' && operation !== 'batch')) return undefined;
          world.coverage.add('write refused by a full disk');
          return 'full';
        };
        world.coverage.add(isFull ? 'disk full' : 'disk nearly full or freed');
      }
    });
  },
};

/** Whether one more validator may be lost: damage beyond that halts the chain by right. */
function mayDamage(world: World): boolean {
  const count = world.genesis.validators.length;
  const lost = new Set(
    world.machines
      .filter(({ isHonest, wasDamaged, isValidator }) => isValidator && (!isHonest || wasDamaged))
      .map(({ member }) => member),
  ).size;
  return lost < quorumOf(count).faultyMax;
}

/** One machine is damaged while it is down; it must notice, or go on as if nothing were. */
export const DAMAGED_STORAGE: Fault = {
  name: 'damaged storage',
  permille: 200,
  counters: [
    'bit flip in one mirror',
    'bit flips in both mirrors',
    'bit flip in blocks or state',
    'bit flip in the database',
    'lost file',
  ],
  begin: (context) => {
    const { world, prng, restartLater } = context;
    let count = 0;
    repeatedly(context, [5000, 30_000], () => {
      const machine = prng.pick(world.machines);
      if (!machine.isHonest || (!machine.wasDamaged && !mayDamage(world))) return;
      machine.crash('kill', 'before its disk is damaged');
      const damage = prng.pick(DAMAGES);
      const struck = damage(machine, prng.fork(`damage ${count}`));
      count += 1;
      // One that found nothing to strike excuses nobody.
      if (struck !== undefined) machine.wasDamaged = true;
      if (struck?.counter !== undefined) world.coverage.add(struck.counter);
      restartLater(machine, prng);
    });
  },
};

/** An operator puts an old backup back. */
export const RESTORED_BACKUP: Fault = {
  name: 'restored backup',
  permille: 150,
  counters: ['restored backup'],
  begin: ({ world, prng, untilMs, restartLater }) => {
    const machine = prng.pick(world.machines);
    if (!machine.isHonest || !mayDamage(world)) return;
    const takenMs = prng.between(2000, untilMs >> 1);
    world.timeline.at(takenMs, () => {
      const files = machine.disk.backup();
      const entries = machine.keyValue.backup();
      world.timeline.at(prng.between(takenMs, untilMs - 1), () => {
        // Others may have been damaged meanwhile.
        if (!machine.wasDamaged && !mayDamage(world)) return;
        machine.crash('kill', 'to restore a backup');
        machine.wasDamaged = true;
        const isOld = !areSameFiles(files, machine.disk.backup());
        machine.disk.restore(files);
        machine.keyValue.restore(entries);
        if (isOld) world.coverage.add('restored backup');
        restartLater(machine, prng);
      });
    });
  },
};

/** Where a write may end up: elsewhere in its own file, or in another one; never in its place. */
function elsewhere({ disk }: Machine, { path, at }: DiskMoment, prng: Prng): Misdirection {
  const paths = disk.paths();
  const target = prng.chance(500) ? path : prng.pick(paths);
  const drawn = prng.below((disk.current(target)?.length ?? 0) + 1);
  return { path: target, at: target === path && drawn === at ? drawn + 1 : drawn };
}

/**
 * A write lands at another place of the medium, over what is there; the system goes on to show what
 * was written until the machine loses power.
 */
export const MISDIRECTED_WRITES: Fault = {
  name: 'misdirected writes',
  permille: 150,
  counters: ['misdirected write'],
  begin: (context) => {
    const { world, prng, untilMs, restartLater } = context;
    const { timeline } = world;
    repeatedly(context, [5000, 30_000], () => {
      const machine = prng.pick(world.machines);
      if (!machine.isHonest || (!machine.wasDamaged && !mayDamage(world))) return;
      let left = prng.between(0, 30);
      const { strike } = machine;
      machine.strike = (moment) => {
        const isDue = moment.operation === 'write' && timeline.now() < untilMs;
        if (!isDue || left-- > 0) return strike(moment);
        machine.strike = strike;
        // Others may have been damaged since.
        if (!machine.wasDamaged && !mayDamage(world)) return strike(moment);
        machine.wasDamaged = true;
        world.coverage.add('misdirected write');
        timeline.at(timeline.now() + prng.between(0, 5000), () => {
          machine.crash('power-loss', 'after a misdirected write');
          restartLater(machine, prng);
        });
        return elsewhere(machine, moment, prng);
      };
    });
  },
};
