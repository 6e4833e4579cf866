/**
 * A world ready to run: chain, machines with their keys on disk, checkers watching, traitors in the
 * hands of their strategies. Random seeds and named scenarios both begin here.
 */
import { applications, directory, governance } from '@daybook/applications';
import type { Contract, Engine } from '@daybook/contracts';
import type { ValidatorSet } from '@daybook/core';
import { assert, simulationSwitches } from '@daybook/core';
import { CHECKERS } from './checkers/all.ts';
import type { Conditions } from './faults/conditions.ts';
import type { FoundFaults } from './found-faults.ts';
import { watchFoundFaults } from './found-faults.ts';
import type { Foundry, SimulatedChain } from './foundry.ts';
import { countMilestones } from './milestones.ts';
import { jointExecution } from './node/joint-execution.ts';
import type { RunPlan } from './plan.ts';
import { strategyNamed } from './strategies/all.ts';
import { Traitor } from './strategies/traitor.ts';
import { TALLY_WORKLOAD } from './tally-workload.ts';
import { TREASURY_WORKLOAD } from './treasury-workload.ts';
import type { Workload } from './workload.ts';
import { createWorld } from './world/create-world.ts';
import { createPrng } from './world/prng.ts';
import type { Violation, World } from './world/world.ts';

export interface SimulationOptions {
  /** Takes the full log of the run. */
  readonly print?: ((line: string) => void) | undefined;
  /** Contracts and clients; sums by name by default. */
  readonly workload?: Workload | undefined;
}

export interface Simulation {
  readonly plan: RunPlan;
  readonly world: World;
  readonly conditions: Conditions;
  readonly workload: Workload;
  /** The newest set that a correct node has decided on. */
  validators(): ValidatorSet;
  /** What correct nodes have found out about others. */
  readonly found: FoundFaults;
}

export interface RunResult {
  readonly plan: RunPlan;
  readonly violation: Violation | undefined;
  readonly traceHash: string;
  /** Highest block that any node called final. */
  readonly height: number;
  readonly virtualMs: number;
  readonly frames: number;
  readonly tasks: number;
  readonly coverage: ReadonlyMap<string, number>;
  /** The last events before a violation. */
  readonly recent: readonly string[];
}

const SAMPLE_MS = 1000;

export async function openSimulation(
  plan: RunPlan,
  foundry: Foundry,
  { print, workload = workloadOf(plan) }: SimulationOptions = {},
): Promise<Simulation> {
  const switches = simulationSwitches();
  switches?.verdicts.clear();
  if (switches !== undefined) switches.signatures = plan.signatures;
  const contracts = contractsOf(plan, workload);
  const chain = chainFor(plan, foundry.chain(plan, contracts));
  const prng = createPrng(plan.seed);
  const twins = plan.traitors.flatMap(({ machine, strategy }) => {
    return Array.from({ length: (named(strategy).machines ?? 1) - 1 }, () => machine);
  });
  const { world, conditions } = createWorld({ prng, chain, twins, print });
  for (const checker of CHECKERS) checker.watch(world);
  countMilestones(world);
  for (const machine of world.machines) await machine.prepare();
  for (const { machine, strategy } of plan.traitors) betray(world, machine, strategy);
  sample(world);
  const validators = watchSet(world);
  const found = watchFoundFaults(world, validators);
  return { plan, world, conditions, workload, validators, found };
}

function chainFor({ execution }: RunPlan, chain: SimulatedChain): SimulatedChain {
  if (execution === 'own') return chain;
  const engine = jointExecution(chain.engine);
  let next: Engine | undefined;
  const nextEngine = (): Engine => {
    next ??= jointExecution(chain.nextEngine());
    return next;
  };
  return { ...chain, engine, nextEngine };
}

function watchSet({ events, genesis }: World): () => ValidatorSet {
  let [newest, validators] = [0, genesis.validators];
  events.on('committed', ({ machine, block }) => {
    const { height } = block.header;
    if (!machine.isHonest || height <= newest) return;
    newest = height;
    validators = machine.replica()?.history.at(height + 1) ?? validators;
  });
  return () => validators;
}

function workloadOf(plan: RunPlan): Workload {
  return plan.workload === 'treasury' ? TREASURY_WORKLOAD : TALLY_WORKLOAD;
}

function contractsOf(plan: RunPlan, workload: Workload): readonly Contract[] {
  const system = plan.workload === 'treasury' ? applications : [directory, governance];
  return [...system, ...workload.contracts];
}

function named(name: string): NonNullable<ReturnType<typeof strategyNamed>> {
  const strategy = strategyNamed(name);
  assert(strategy !== undefined, `there is a strategy ${name}`);
  return strategy;
}

/** Every machine with the key of the traitor. */
function betray(world: World, machine: number, strategy: string): void {
  const member = world.machines[machine]?.member;
  const copies = world.machines.filter((one) => one.member === member);
  for (const [twin, copy] of copies.entries()) {
    const prng = world.prng.fork(`traitor ${copy.index}`);
    named(strategy).begin(new Traitor(world, copy, { prng, twin, strategy }));
    world.coverage.add(`strategy ${strategy}`);
  }
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

/** Ends a run: checkers have their last word. */
export function endSimulation({ plan, world }: Simulation): RunResult {
  world.events.emit({ type: 'ended' });
  const violation = world.violation();
  return {
    plan,
    violation,
    traceHash: world.trace.hash(),
    height: Math.max(...world.machines.map(({ reportedHeight }) => reportedHeight)),
    virtualMs: world.timeline.now(),
    frames: world.wire.frames(),
    tasks: world.timeline.tasks(),
    coverage: world.coverage.counts(),
    recent: violation === undefined ? [] : world.trace.recent(),
  };
}
