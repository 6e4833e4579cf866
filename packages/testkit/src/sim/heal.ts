/**
 * After the faults: a core of correct validators, at least a quorum, runs on a good network with
 * right clocks and sound disks; whoever is not in it may stay dead. The core must go on (I26).
 */
import { quorumOf } from '@daybook/core';
import type { Conditions } from './faults/conditions.ts';
import type { Machine } from './node/machine.ts';
import type { RunPlan } from './plan.ts';
import type { World } from './world/world.ts';

const HEIGHTS_GAINED = 3;
const GRACE_MS = 30_000;

/** Validators of the adversary or without a vote log cannot be counted on. */
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
function boundMs(core: readonly Machine[], plan: RunPlan): number {
  const rounds = core.map((machine) => {
    return machine.replica()?.consensus.driver.state().current?.round ?? 0;
  });
  const { roundBaseMs = 2000, roundStepMs = 1000, roundMaxMs = 60_000 } = plan.parameters;
  const roundMs = (round: number): number =>
    Math.min(roundBaseMs + round * roundStepMs, roundMaxMs);
  const { faultyMax } = quorumOf(plan.validators);
  let sum = roundMs(Math.max(0, ...rounds));
  for (let round = 0; round <= faultyMax; round++) sum += roundMs(round);
  return 2 * sum + GRACE_MS;
}

export async function heal(world: World, conditions: Conditions, plan: RunPlan): Promise<void> {
  const { timeline } = world;
  const core = chooseCore(world, plan.validators);
  conditions.heal();
  world.wire.partition(undefined, false);
  for (const machine of world.machines) {
    machine.clock.offsetMs = 0;
    machine.syncMs = () => 0;
    machine.strike = () => undefined;
    machine.disk.free = 1;
    machine.life()?.resume();
  }
  if (core.length === 0) return;
  const others = world.machines.filter((machine) => !core.includes(machine));
  const fate = world.prng.fork('others');
  for (const machine of core) machine.start();
  for (const machine of others) {
    if (fate.chance(500)) machine.start();
    else if (machine.isHonest) machine.crash('kill', 'left dead');
  }
  await timeline.run(timeline.now() + 1000, () => world.violation() !== undefined);
  world.events.emit({ type: 'healed', core });
  const head = Math.max(...core.map((machine) => machine.height()));
  const goal = head + HEIGHTS_GAINED;
  const untilMs = timeline.now() + boundMs(core, plan);
  const isThere = (): boolean => core.every((machine) => machine.height() >= goal);
  await timeline.run(untilMs, () => isThere() || world.violation() !== undefined);
  if (world.violation() !== undefined || isThere()) return;
  const heights = core.map((machine) => `${machine.name} ${machine.state()} ${machine.height()}`);
  world.violate('I26', `no ${HEIGHTS_GAINED} heights after healing: ${heights.join(', ')}`);
}
