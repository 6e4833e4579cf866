/**
 * After the faults: a core of correct validators, at least a quorum, runs on a good network with
 * right clocks and sound disks; whoever is not in it may stay dead. The core must go on (I26), with
 * everybody correct who runs (I30), and include what its clients hand in (I27).
 */
import { quorumOf, refOf, toHex } from '@daybook/core';
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

function chooseCore(world: World, validators: number): readonly Machine[] {
  const prng = world.prng.fork('core');
  const { quorum } = quorumOf(validators);
  const correct = prng.shuffle(correctValidators(world));
  if (correct.length < quorum) return [];
  return correct.slice(0, prng.between(quorum, correct.length));
}

/** The longest a round may take in the state the core is in, and the f rounds after it. */
function boundMs(core: readonly Machine[], { plan, world }: Simulation): number {
  const rounds = core.map((machine) => {
    return machine.replica()?.consensus.driver.state().current?.round ?? 0;
  });
  const { roundBaseMs, roundStepMs, roundMaxMs } = world.genesis.document.parameters;
  const roundMs = (round: number): number =>
    Math.min(roundBaseMs + round * roundStepMs, roundMaxMs);
  const { faultyMax } = quorumOf(plan.validators);
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
    const validUntilMs = machine.clock.wall() + VALID_MS;
    submit(world, machine, { member, calls, nonce: prng.bytes(16), validUntilMs });
  }
  await timeline.run(healedMs, () => world.violation() !== undefined);
  return waiting;
}

export async function heal(simulation: Simulation): Promise<void> {
  const { world, plan } = simulation;
  const { timeline } = world;
  const core = chooseCore(world, plan.validators);
  if (core.length === 0) {
    world.coverage.add('too few correct validators to heal');
    return;
  }
  await mend(simulation, core);
  world.events.emit({ type: 'healed', core });
  const isOver = (): boolean => world.violation() !== undefined;
  if (isOver()) return;
  const lost = await handIn(simulation, core);
  const head = Math.max(...core.map((machine) => machine.height()));
  const goal = head + HEIGHTS_GAINED;
  const correct = (): readonly Machine[] => {
    return world.machines.filter(({ isHonest, wasDamaged }) => isHonest && !wasDamaged);
  };
  const behind = (): readonly Machine[] => {
    return correct().filter((machine) => {
      return (machine.state() !== 'down' || core.includes(machine)) && machine.height() < goal;
    });
  };
  await timeline.run(timeline.now() + boundMs(core, simulation), () => {
    return behind().length === 0 || isOver();
  });
  if (isOver()) return;
  if (behind().length > 0) {
    const heights = world.machines.map((one) => `${one.name} ${one.state()} ${one.height()}`);
    const missing = behind().map(({ name }) => name);
    const words = `${missing.join(', ')} did not reach ${goal}: ${heights.join(', ')}`;
    world.violate(behind().some((one) => core.includes(one)) ? 'I26' : 'I30', words);
    return;
  }
  const { faultyMax } = quorumOf(plan.validators);
  const last = head + plan.validators + faultyMax + HEIGHTS_GAINED;
  const reached = (): boolean => core.every((machine) => machine.height() >= last);
  // Every height is wanted while something waits, so the bound in heights is one in time, too.
  const untilMs = timeline.now() + (last - head) * boundMs(core, simulation);
  await timeline.run(untilMs, () => lost.size === 0 || reached() || isOver());
  if (lost.size === 0 || isOver()) return;
  const [id] = lost;
  world.violate('I27', `${lost.size} transactions are not final at height ${last}, one is ${id}`);
}
