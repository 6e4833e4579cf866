/**
 * What the consortium itself does to its cluster: it changes the set of validators, turns their keys
 * and installs the next release machine by machine, while everything else goes wrong.
 */
import { quorumOf } from '@daybook/core';
import {
  adopt,
  forceIn,
  isInSet,
  proposeNewcomer,
  proposeRemoval,
  proposeRotation,
} from '../governing.ts';
import type { Machine } from '../node/machine.ts';
import type { World } from '../world/world.ts';
import type { Fault, FaultContext } from './fault.ts';
import { repeatedly } from './fault.ts';

/** The rules of admission hold from four validators on. */
const VALIDATORS_MIN = 4;

/** The running node that is furthest: what it knows of the set is the newest there is. */
function newestNode({ machines }: World): Machine | undefined {
  const running = machines.filter((one) => one.isHonest && one.state() === 'up');
  return running.sort((a, b) => b.height() - a.height())[0];
}

/** Operators prepare a machine on a disk that works. */
async function onSoundDisk(machine: Machine, work: () => Promise<void>): Promise<void> {
  const { strike, syncMs } = machine;
  machine.strike = () => undefined;
  machine.syncMs = () => 0;
  try {
    await work();
  } finally {
    machine.strike = strike;
    machine.syncMs = syncMs;
  }
}

interface Change {
  readonly name: string;
  /** Machines that it could be about. */
  choose(changes: SetChanges, viewer: Machine): readonly Machine[];
  enact(world: World, machine: Machine): Promise<void>;
}

const CHANGES: readonly Change[] = [
  {
    name: 'newcomer proposed',
    choose: ({ world }) =>
      world.machines.filter((one) => one.isHonest && !one.wasDamaged && !one.isValidator),
    enact: proposeNewcomer,
  },
  {
    name: 'removal proposed',
    choose: (changes, viewer) => (changes.mayShrink(viewer) ? changes.members(viewer) : []),
    enact: async (world, machine) => proposeRemoval(world, machine),
  },
  {
    name: 'rotation proposed',
    choose: (changes, viewer) =>
      changes.members(viewer).filter((one) => one.isHonest && one.nextConsensusKey === undefined),
    enact: proposeRotation,
  },
];

/** What has been proposed in one run. */
class SetChanges {
  readonly world: World;
  #removals = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** Machines whose key is in the newest set. */
  members(viewer: Machine): readonly Machine[] {
    return this.world.machines.filter((one) => isInSet(viewer, one));
  }

  /**
   * Whether one may go: the set must bear as many faults as that of genesis, for so many there may
   * be, even if everybody leaves who was ever asked to and nobody else comes.
   */
  mayShrink(viewer: Machine): boolean {
    const present = viewer.replica()?.ledger.head().next.validators.length ?? 0;
    const least = present - this.#removals - 1;
    const { faultyMax } = quorumOf(this.world.genesis.validators.length);
    return least >= VALIDATORS_MIN && quorumOf(least).faultyMax >= faultyMax;
  }

  async propose(change: Change, machine: Machine): Promise<void> {
    if (change.name === 'removal proposed') this.#removals += 1;
    this.world.coverage.add(change.name);
    await onSoundDisk(machine, () => change.enact(this.world, machine));
  }
}

export const SET_CHANGES: Fault = {
  name: 'set changes',
  permille: 300,
  counters: ['newcomer proposed', 'removal proposed', 'rotation proposed'],
  begin: (context) => {
    const { world, prng } = context;
    if (world.genesis.validators.length < VALIDATORS_MIN) return;
    const changes = new SetChanges(world);
    repeatedly(context, [1500, 12_000], () => {
      const viewer = newestNode(world);
      if (viewer === undefined) return;
      const change = prng.pick(CHANGES);
      const machines = change.choose(changes, viewer);
      if (machines.length === 0) return;
      const machine = prng.pick(machines);
      // The first node that runs hands it in: another one than is to be restarted for it.
      if (!world.machines.some((one) => one !== machine && one.state() === 'up')) return;
      changes.propose(change, machine).catch((error: unknown) => {
        world.events.emit({ type: 'fault', machine, error });
      });
    });
  },
};

function install(context: FaultContext, machine: Machine, release: 'present' | 'next'): void {
  const { world, prng, restartLater } = context;
  const { engine, nextEngine } = world.chain;
  machine.engine = release === 'next' ? nextEngine() : engine;
  world.coverage.add(release === 'next' ? 'release upgraded' : 'release downgraded');
  if (machine.state() === 'down') return;
  machine.crash('kill', `to install the ${release} release`);
  restartLater(machine, prng);
}

/** Counts runs in which what was proposed came into force, and somebody decided a block by it. */
function countForce(world: World, proposal: Uint8Array): void {
  let from: number | undefined;
  let isCounted = false;
  world.events.on('committed', (event) => {
    from ??= forceIn(event, proposal);
    if (isCounted || from === undefined || event.block.header.height < from) return;
    isCounted = true;
    world.coverage.add('contract version in force');
  });
}

/**
 * Some machines run the next release, which knows one more version of a contract; some go back to
 * the present one. Once all have the next one, its version is put in force, and nobody goes back.
 */
export const MIXED_RELEASES: Fault = {
  name: 'mixed releases',
  permille: 150,
  counters: ['release upgraded', 'release downgraded', 'new contract version proposed'],
  begin: (context) => {
    const { world, prng, calm, untilMs } = context;
    const { timeline, machines, chain } = world;
    let isDone = false;
    repeatedly(context, [calm * 1000, calm * 8000], () => {
      if (isDone) return;
      const machine = prng.pick(machines);
      install(context, machine, machine.engine === chain.engine ? 'next' : 'present');
    });
    timeline.at(prng.between(untilMs >> 2, untilMs - 1), () => {
      isDone = true;
      for (const machine of machines) {
        if (machine.engine === chain.engine) install(context, machine, 'next');
      }
      timeline.at(timeline.now() + prng.between(1000, 10_000), () => {
        const viewer = newestNode(world);
        if (viewer === undefined) return;
        world.coverage.add('new contract version proposed');
        const args = { contract: 'tally', version: 2 };
        countForce(world, adopt(world, 'proposeContract', args, viewer));
      });
    });
    world.events.on('committed', ({ machine }) => {
      const isMixed = machines.some((one) => one.engine !== machine.engine && one.state() === 'up');
      if (isMixed) world.coverage.add('block final among mixed releases');
    });
  },
};
