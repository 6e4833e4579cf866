/**
 * One run of a plan: the world lives through its faults (safety), heals, and must then go on
 * (liveness). Everything that happens follows from the plan; the plan follows from the seed.
 */
import { awaitEndings } from './checkers/endings.ts';
import { FAULTS } from './faults/all.ts';
import type { FaultContext } from './faults/fault.ts';
import type { Foundry } from './foundry.ts';
import { heal } from './heal.ts';
import { isStorageFailure } from './node/failure.ts';
import type { Machine } from './node/machine.ts';
import type { RunPlan } from './plan.ts';
import { rest } from './rest.ts';
import type { RunResult, SimulationOptions } from './simulation.ts';
import { endSimulation, openSimulation } from './simulation.ts';
import { startClients } from './workload.ts';
import type { Prng } from './world/prng.ts';
import type { World } from './world/world.ts';

export async function simulate(
  plan: RunPlan,
  foundry: Foundry,
  options: SimulationOptions = {},
): Promise<RunResult> {
  const simulation = await openSimulation(plan, foundry, options);
  const { world, conditions, workload } = simulation;
  const { prng, timeline } = world;
  const starts = prng.fork('starts');
  for (const machine of world.machines) {
    timeline.at(starts.between(0, 2000), () => machine.start());
  }
  const untilMs = plan.safetyMs;
  const restartLater = restarter(world);
  supervise(world, restartLater);
  const { calm = 1 } = plan;
  const context = { world, conditions, untilMs, calm, restartLater };
  for (const name of plan.faults) begin(name, context, prng);
  startClients(world, workload, {
    prng: prng.fork('clients'),
    untilMs: 10 * untilMs,
    meanMs: plan.meanSubmissionMs,
  });
  const isOver = (): boolean => world.violation() !== undefined;
  await timeline.run(untilMs, isOver);
  if (!isOver()) await heal(simulation);
  if (!isOver()) await rest(simulation);
  await awaitEndings(world);
  return endSimulation(simulation);
}

function begin(name: string, context: Omit<FaultContext, 'prng'>, prng: Prng): void {
  const fault = FAULTS.find((one) => one.name === name);
  fault?.begin({ ...context, prng: prng.fork(`fault ${name}`) });
}

function restarter(world: World): FaultContext['restartLater'] {
  return (machine, prng) => {
    const delayMs = prng.chance(200) ? prng.between(5000, 60_000) : prng.between(100, 5000);
    world.timeline.at(world.timeline.now() + delayMs, () => machine.start());
  };
}

/** A service manager starts again what its disk or its own misdeeds have ended. */
function supervise(world: World, restartLater: (machine: Machine, prng: Prng) => void): void {
  const prng = world.prng.fork('supervisor');
  world.events.on('fatal', ({ machine, code }) => {
    if (!machine.isHonest || isStorageFailure(code)) restartLater(machine, prng);
  });
}
