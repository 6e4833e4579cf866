/**
 * One run: a world is made from the plan, lives through its faults (safety), heals, and must then go
 * on (liveness). Everything that happens follows from the plan; the plan follows from the seed.
 */
import { applications, directory, governance } from '@daybook/applications';
import { simulationSwitches } from '@daybook/core';
import { CHECKERS } from './checkers/all.ts';
import { FAULTS } from './faults/all.ts';
import type { FaultContext } from './faults/fault.ts';
import type { Foundry } from './foundry.ts';
import { heal } from './heal.ts';
import type { Machine } from './node/machine.ts';
import type { RunPlan } from './plan.ts';
import { TALLY_WORKLOAD } from './tally-workload.ts';
import { startClients } from './workload.ts';
import { createWorld } from './world/create-world.ts';
import type { Prng } from './world/prng.ts';
import { createPrng } from './world/prng.ts';
import type { Violation, World } from './world/world.ts';

export interface SimulationOptions {
  /** Takes the full log of the run. */
  readonly print?: ((line: string) => void) | undefined;
}

export interface RunResult {
  readonly plan: RunPlan;
  readonly violation: Violation | undefined;
  readonly traceHash: string;
  /** Highest block that any honest node called final. */
  readonly height: number;
  readonly virtualMs: number;
  readonly frames: number;
  readonly tasks: number;
  readonly coverage: ReadonlyMap<string, number>;
  readonly recent: readonly string[];
}

const SAMPLE_MS = 1000;

export async function simulate(
  plan: RunPlan,
  foundry: Foundry,
  options: SimulationOptions = {},
): Promise<RunResult> {
  const switches = simulationSwitches();
  if (switches !== undefined) switches.signatures = plan.signatures;
  const workload = TALLY_WORKLOAD;
  const system = plan.workload === 'treasury' ? applications : [directory, governance];
  const contracts = [...system, ...workload.contracts];
  const chain = foundry.chain(plan, contracts);
  const prng = createPrng(plan.seed);
  const { world, conditions } = createWorld({ prng, chain, contracts, print: options.print });
  for (const checker of CHECKERS) checker.watch(world);
  for (const machine of world.machines) await machine.prepare();

  const starts = prng.fork('starts');
  for (const machine of world.machines) {
    world.timeline.at(starts.between(0, 2000), () => machine.start());
  }
  const untilMs = plan.safetyMs;
  const context = { world, conditions, untilMs, restartLater: restarter(world) };
  for (const fault of FAULTS) {
    if (plan.faults.includes(fault.name)) begin(fault.name, context, prng);
  }
  sample(world);
  const { meanSubmissionMs: meanMs } = plan;
  startClients(world, workload, { prng: prng.fork('clients'), untilMs: 10 * untilMs, meanMs });
  const isOver = (): boolean => world.violation() !== undefined;
  await world.timeline.run(untilMs, isOver);
  if (!isOver()) await heal(world, conditions, plan);
  world.events.emit({ type: 'ended' });
  return {
    plan,
    violation: world.violation(),
    traceHash: world.trace.hash(),
    height: Math.max(...world.machines.map(({ reportedHeight }) => reportedHeight)),
    virtualMs: world.timeline.now(),
    frames: world.wire.frames(),
    tasks: world.timeline.tasks(),
    coverage: world.coverage.counts(),
    recent: world.violation() === undefined ? [] : world.trace.recent(),
  };
}

function begin(name: string, context: Omit<FaultContext, 'prng'>, prng: Prng): void {
  const fault = FAULTS.find((one) => one.name === name);
  fault?.begin({ ...context, prng: prng.fork(`fault ${name}`) });
}

function restarter(world: World): (machine: Machine, prng: Prng) => void {
  return (machine, prng) => {
    const delayMs = prng.chance(200) ? prng.between(5000, 60_000) : prng.between(100, 5000);
    world.timeline.at(world.timeline.now() + delayMs, () => machine.start());
  };
}

function sample({ timeline, events }: World): void {
  const again = (): void => {
    timeline.at(timeline.now() + SAMPLE_MS, () => {
      events.emit({ type: 'sampled' });
      again();
    });
  };
  again();
}
