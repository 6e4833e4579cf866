/**
 * After the faults: a core of correct validators, at least a quorum, runs on a good network with
 * right clocks and sound disks; whoever is not in it may stay dead. The core must go on (I26), with
 * everybody correct who runs (I30), include what its clients hand in (I27), and put every fault that
 * is proven on chain (I15).
 */
import { quorumOf, refOf, toHex } from '@daybook/core';
import { SET_CHANGES } from './faults/governance.ts';
import { inclusionBlocks } from './found-faults.ts';
import type { Machine } from './node/machine.ts';
import type { Simulation } from './simulation.ts';
import { submit } from './workload.ts';
import type { World } from './world/world.ts';

const HEIGHTS_GAINED = 3;
const GRACE_MS = 30_000;
const VALID_MS = 400_000;

/** Validators of the adversary or with a damaged disk cannot be counted on. */
function correctValidators(world: World): readonly Machine[] {
  return world.machines.filter(({ isValidator, isHonest, wasDamaged }) => {
    return isValidator && isHonest && !wasDamaged;
  });
}

/**
 * At least a quorum of the set that is in force. While that set changes, everybody correct who signs,
 * is to sign or has signed is in it: whoever was READY is counted on at the boundary.
 */
function chooseCore({ world, plan, validators }: Simulation): readonly Machine[] {
  const prng = world.prng.fork('core');
  const correct = prng.shuffle(correctValidators(world));
  const members = correct.filter((one) => validators().some(({ id }) => one.hasValidatorId(id)));
  const { quorum } = quorumOf(validators().length);
  if (members.length < quorum) return [];
  if (plan.faults.includes(SET_CHANGES.name)) return correct;
  return correct.slice(0, prng.between(quorum, correct.length));
}

/** The longest a round may take in the state the core is in, and the f rounds after it. */
function boundMs(core: readonly Machine[], { validators, world }: Simulation): number {
  const rounds = core.map((machine) => {
    return machine.replica()?.consensus.driver.state().current?.round ?? 0;
  });
  const { roundBaseMs, roundStepMs, roundMaxMs } = world.genesis.document.parameters;
  const roundMs = (round: number): number =>
    Math.min(roundBaseMs + round * roundStepMs, roundMaxMs);
  const { faultyMax } = quorumOf(validators().length);
  let sum = roundMs(Math.max(0, ...rounds));
  for (let round = 0; round <= faultyMax; round++) sum += roundMs(round);
  return 2 * sum + GRACE_MS;
}

/** Puts the world in order and brings the core up. */
async function mend({ world, conditions }: Simulation, core: readonly Machine[]): Promise<void> {
  const { timeline } = world;
  conditions.heal();
  world.wire.partition(undefined, false);
  for (const machine of world.machines) {
    machine.clock.offsetMs = 0;
    machine.syncMs = () => 0;
    machine.strike = () => undefined;
    machine.disk.free = 1;
    machine.life()?.resume();
  }
  const fate = world.prng.fork('others');
  for (const machine of core) machine.start();
  for (const machine of world.machines) {
    if (core.includes(machine)) continue;
    if (fate.chance(500)) machine.start();
    else if (machine.isHonest) machine.crash('kill', 'left dead');
  }
  const isOver = (): boolean => world.violation() !== undefined;
  await timeline.run(timeline.now() + 1000, isOver);
}

/** Wrong clocks may have led the chain itself into the future: what is valid follows its time. */
function chainTime(machine: Machine): number {
  const head = machine.replica()?.ledger.head().header.timestampMs ?? 0;
  return Math.max(machine.clock.wall(), head);
}

/** One transaction for each node of the core; @returns ids of those that were taken */
async function handIn(
  { world, workload }: Simulation,
  core: readonly Machine[],
): Promise<ReadonlySet<string>> {
  const prng = world.prng.fork('last clients');
  const waiting = new Set<string>();
  const final = new Set<string>();
  const { timeline, events } = world;
  const healedMs = timeline.now();
  events.on('accepted', ({ id }) => {
    // Later ones are for later heights.
    if (timeline.now() === healedMs && !final.has(toHex(id))) waiting.add(toHex(id));
  });
  events.on('committed', ({ machine, block }) => {
    if (!machine.isHonest) return;
    for (const entry of block.entries) {
      const id = toHex(refOf(entry).id);
      final.add(id);
      waiting.delete(id);
    }
  });
  for (const machine of core) {
    const { member } = machine;
    const calls = workload.nextCalls(member, prng);
    const validUntilMs = chainTime(machine) + VALID_MS;
    submit(world, machine, { member, calls, nonce: prng.bytes(16), validUntilMs });
  }
  await timeline.run(healedMs, () => world.violation() !== undefined);
  return waiting;
}

export async function heal(simulation: Simulation): Promise<void> {
  const { world } = simulation;
  const core = chooseCore(simulation);
  if (core.length === 0) {
    world.coverage.add('too few correct validators to heal');
    return;
  }
  await mend(simulation, core);
  world.events.emit({ type: 'healed', core });
  if (world.violation() !== undefined) return;
  const faults = simulation.found.unrecorded(core);
  const lost = await handIn(simulation, core);
  const head = Math.max(...core.map((machine) => machine.height()));
  await expectGrowth(simulation, core, head + HEIGHTS_GAINED);
  const validators = simulation.validators().length;
  const inclusion = validators + quorumOf(validators).faultyMax + HEIGHTS_GAINED;
  await expectWithin(simulation, core, {
    invariant: 'I27',
    height: head + inclusion,
    left: () => [...lost],
    words: 'transactions are not final',
  });
  await expectWithin(simulation, core, {
    invariant: 'I15',
    height: head + inclusionBlocks(simulation.validators()),
    left: faults,
    words: 'proven faults are not on chain',
  });
}

/** I26 for the core, I30 for every other correct node that runs. */
async function expectGrowth(
  simulation: Simulation,
  core: readonly Machine[],
  goal: number,
): Promise<void> {
  const { world } = simulation;
  const { timeline, machines } = world;
  keepBusy(simulation, core, goal);
  const behind = (): readonly Machine[] => {
    return machines.filter((machine) => {
      const { isHonest, wasDamaged } = machine;
      const runs = machine.state() !== 'down' || core.includes(machine);
      return isHonest && !wasDamaged && runs && machine.height() < goal;
    });
  };
  await timeline.run(timeline.now() + boundMs(core, simulation), () => {
    return behind().length === 0 || world.violation() !== undefined;
  });
  const late = behind();
  if (late.length === 0) return;
  const heights = machines.map((one) => `${one.name} ${one.state()} ${one.height()}`);
  const missing = late.map(({ name }) => name).join(', ');
  const invariant = late.some((one) => core.includes(one)) ? 'I26' : 'I30';
  world.violate(invariant, `${missing} did not reach ${goal}: ${heights.join(', ')}`);
}

/** The next transaction comes with every block: an idle chain may wait longer than the bound. */
function keepBusy(
  { world, workload }: Simulation,
  [first]: readonly Machine[],
  goal: number,
): void {
  const prng = world.prng.fork('busy clients');
  world.events.on('committed', ({ machine }) => {
    if (machine !== first || machine.height() >= goal) return;
    const { member } = machine;
    const calls = workload.nextCalls(member, prng);
    const validUntilMs = chainTime(machine) + VALID_MS;
    submit(world, machine, { member, calls, nonce: prng.bytes(16), validUntilMs });
  });
}

interface Expectation {
  readonly invariant: string;
  /** By when nothing may be left. */
  readonly height: number;
  readonly left: () => readonly string[];
  readonly words: string;
}

async function expectWithin(
  simulation: Simulation,
  core: readonly Machine[],
  { invariant, height, left, words }: Expectation,
): Promise<void> {
  const { world } = simulation;
  const { timeline } = world;
  const missing = height - Math.min(...core.map((machine) => machine.height()));
  // Every height is wanted while something waits, so the bound in heights is one in time, too.
  const untilMs = timeline.now() + Math.max(1, missing) * boundMs(core, simulation);
  const isOver = (): boolean => {
    const isReached = core.every((machine) => machine.height() >= height);
    return left().length === 0 || isReached || world.violation() !== undefined;
  };
  if (isOver() && left().length === 0) return;
  await timeline.run(untilMs, isOver);
  const still = left();
  if (still.length === 0) return;
  world.violate(invariant, `${still.length} ${words} at height ${height}: ${still[0]}`);
}
