/** Disks that are slow, full, refuse, or lose and change what they hold. */
import { quorumOf } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import type { Misdirection } from '../world/disk.ts';
import type { Prng } from '../world/prng.ts';
import type { World } from '../world/world.ts';
import type { Fault } from './fault.ts';
import { repeatedly } from './fault.ts';

export const SLOW_DISKS: Fault = {
  name: 'slow disks',
  permille: 300,
  begin: ({ world, prng }) => {
    for (const machine of world.machines) {
      if (!prng.chance(500)) continue;
      const own = prng.fork(machine.name);
      const usualMs = own.between(1, 50);
      const worstPermille = own.between(0, 30);
      machine.syncMs = () => {
        return own.chance(worstPermille) ? own.between(100, 5000) : own.between(0, usualMs);
      };
    }
  },
};

/** Some write or sync fails once, as on a dying disk; the process must end and send nothing. */
export const DISK_ERRORS: Fault = {
  name: 'disk errors',
  permille: 150,
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
  begin: (context) => {
    const { world, prng } = context;
    const { faultyMax } = quorumOf(world.genesis.validators.length);
    const victims = prng.shuffle(world.machines).slice(0, Math.max(1, faultyMax));
    repeatedly(context, [5000, 20_000], () => {
      for (const victim of victims) {
        victim.disk.free = victim.disk.free < 1 ? 1 : prng.pick([0.04, 0.015, 0]);
        const isFull = victim.disk.free === 0;
        victim.strike = ({ operation }) => {
          return isFull && (operation === 'write' || operation === 'batch') ? 'full' : undefined;
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

type Damage = (machine: Machine, prng: Prng) => string | undefined;

function flipIn(bytes: Uint8Array, prng: Prng): void {
  if (bytes.length === 0) return;
  const at = prng.below(bytes.length);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
}

function flipBit(machine: Machine, path: string, prng: Prng): void {
  machine.disk.damage(path, (bytes) => flipIn(bytes, prng));
}

const DAMAGES: readonly Damage[] = [
  (machine, prng) => {
    const mirror = prng.pick(['A', 'B']);
    flipBit(machine, `/data/votes/wal-${mirror}`, prng);
    return 'bit flip in one mirror';
  },
  (machine, prng) => {
    flipBit(machine, '/data/votes/wal-A', prng);
    flipBit(machine, '/data/votes/wal-B', prng);
    return 'bit flips in both mirrors';
  },
  (machine, prng) => {
    const paths = machine.disk.paths().filter((path) => !path.includes('/votes/'));
    if (paths.length === 0) return undefined;
    flipBit(machine, prng.pick(paths), prng);
    return 'bit flip in blocks or state';
  },
  (machine, prng) => {
    const { keyValue } = machine;
    if (keyValue.size() === 0) return undefined;
    keyValue.damage(prng.below(keyValue.size()), (bytes) => flipIn(bytes, prng));
    return 'bit flip in the database';
  },
  (machine, prng) => {
    const paths = machine.disk.paths();
    if (paths.length === 0) return undefined;
    machine.disk.remove(prng.pick(paths));
    return 'lost file';
  },
];

/** One machine is damaged while it is down; it must notice, or go on as if nothing were. */
export const DAMAGED_STORAGE: Fault = {
  name: 'damaged storage',
  permille: 200,
  begin: (context) => {
    const { world, prng, restartLater } = context;
    repeatedly(context, [5000, 30_000], () => {
      const machine = prng.pick(world.machines);
      if (!machine.isHonest || (!machine.wasDamaged && !mayDamage(world))) return;
      machine.crash('kill', 'before its disk is damaged');
      machine.wasDamaged = true;
      const words = prng.pick(DAMAGES)(machine, prng);
      if (words !== undefined) world.coverage.add(words);
      restartLater(machine, prng);
    });
  },
};

/** An operator puts an old backup back. */
export const RESTORED_BACKUP: Fault = {
  name: 'restored backup',
  permille: 150,
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
        machine.disk.restore(files);
        machine.keyValue.restore(entries);
        world.coverage.add('restored backup');
        restartLater(machine, prng);
      });
    });
  },
};

/** Where a write may end up: elsewhere in its own file, or in another one. */
function elsewhere({ disk }: Machine, path: string, prng: Prng): Misdirection {
  const paths = disk.paths();
  const target = prng.chance(500) ? path : prng.pick(paths);
  return { path: target, at: prng.below((disk.current(target)?.length ?? 0) + 1) };
}

/**
 * A write lands at another place of the medium, over what is there; the system goes on to show what
 * was written until the machine loses power.
 */
export const MISDIRECTED_WRITES: Fault = {
  name: 'misdirected writes',
  permille: 150,
  begin: (context) => {
    const { world, prng, untilMs, restartLater } = context;
    const { timeline } = world;
    repeatedly(context, [5000, 30_000], () => {
      const machine = prng.pick(world.machines);
      if (!machine.isHonest || (!machine.wasDamaged && !mayDamage(world))) return;
      machine.wasDamaged = true;
      let left = prng.between(0, 30);
      const { strike } = machine;
      machine.strike = (moment) => {
        const isDue = moment.operation === 'write' && timeline.now() < untilMs;
        if (!isDue || left-- > 0) return strike(moment);
        machine.strike = strike;
        world.coverage.add('misdirected write');
        timeline.at(timeline.now() + prng.between(0, 5000), () => {
          machine.crash('power-loss', 'after a misdirected write');
          restartLater(machine, prng);
        });
        return elsewhere(machine, moment.path, prng);
      };
    });
  },
};
