/**
 * The last stretch of a run: clients go home, whoever was left dead is started, and a chain with all
 * its validators at work is left to itself for some intervals (I29). Runs in which somebody is bad or
 * damaged, or that are still to change their set or release, have no such stretch.
 */
import { MIXED_RELEASES, SET_CHANGES } from './faults/governance.ts';
import type { Machine } from './node/machine.ts';
import type { Simulation } from './simulation.ts';
import type { World } from './world/world.ts';

/** What was handed in before is final or has expired by then, or the run has no rest. */
const SETTLE_MS = 60_000;
const INTERVALS = 3;
/** A frame of before the healing comes as late as this: spikes and replays of `conditions.ts`. */
const LATEST_FRAME_MS = 52_000;

/** Whether nobody is left who may keep the others awake by right. */
function mayRest({ plan, world }: Simulation): boolean {
  const hasChanges = [SET_CHANGES, MIXED_RELEASES].some(({ name }) => plan.faults.includes(name));
  return !hasChanges && world.machines.every((one) => one.isHonest && !one.wasDamaged);
}

function isAtRest({ machines }: World): boolean {
  const height = Math.max(...machines.map((one) => one.height()));
  return machines.every((one) => isResting(one) && one.height() === height);
}

function isResting(machine: Machine): boolean {
  const replica = machine.replica();
  if (replica === undefined || machine.state() !== 'up') return false;
  const { driver, trust } = replica.consensus;
  const isTrusted = !machine.isValidator || trust?.report().phase === 'trusted';
  return isTrusted && driver.state().current?.want !== true && replica.mempool.bytes() === 0;
}

export async function rest(simulation: Simulation): Promise<void> {
  const { world } = simulation;
  const { timeline, events } = world;
  if (!mayRest(simulation)) return;
  const isOver = (): boolean => world.violation() !== undefined;
  events.emit({ type: 'dismissed' });
  for (const machine of world.machines) machine.start();
  // An old status is news of a clock: the network must be done with the past.
  await timeline.run(simulation.plan.safetyMs + LATEST_FRAME_MS, isOver);
  if (isOver()) return;
  await timeline.run(timeline.now() + SETTLE_MS, () => isOver() || isAtRest(world));
  if (isOver()) return;
  if (!isAtRest(world)) {
    world.coverage.add('no rest after healing');
    return;
  }
  events.emit({ type: 'resting' });
  const { emptyIntervalMs } = world.genesis.document.parameters;
  await timeline.run(timeline.now() + (INTERVALS + 1) * emptyIntervalMs, isOver);
}
