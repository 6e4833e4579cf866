/**
 * Named scenarios: the same world as a seed's, driven step by step. Ten verbs; everything else a
 * scenario needs it reads from `world` and `machine(index)`. All checkers watch, and the first
 * invariant that does not hold ends `run` with an error that says so.
 */
import type { ChainParameters, TransactionId } from '@daybook/core';
import type { Conditions } from './faults/conditions.ts';
import type { Foundry } from './foundry.ts';
import type { DeathKind, Machine } from './node/machine.ts';
import type { RunPlan, Traitor } from './plan.ts';
import type { Simulation, SimulationOptions } from './simulation.ts';
import { endSimulation, openSimulation } from './simulation.ts';
import { submit } from './workload.ts';
import type { Prng } from './world/prng.ts';
import type { FrameKind } from './world/wire.ts';
import type { World } from './world/world.ts';

export interface ScenarioOptions extends SimulationOptions {
  readonly validators: number;
  readonly observers?: number;
  readonly traitors?: readonly Traitor[];
  readonly parameters?: Partial<ChainParameters>;
  readonly seed?: number;
  readonly workload?: SimulationOptions['workload'];
  readonly contracts?: RunPlan['workload'];
  /** By each node, as in production, unless the scenario is one of thousands. */
  readonly execution?: RunPlan['execution'];
  /** Machines that are not started; all others are up and linked when the scenario begins. */
  readonly down?: readonly number[];
}

export interface Scenario {
  readonly world: World;
  readonly conditions: Conditions;
  machine(index: number): Machine;
  /** Machines that are up. */
  running(): readonly Machine[];
  start(...machines: readonly number[]): void;
  stop(...machines: readonly number[]): void;
  /** As `stop`, with what a power failure does to the disk when asked for. */
  crash(machine: number, kind?: DeathKind): void;
  /** Parts the network into groups; machines in none of them hear nobody. */
  partition(...groups: readonly (readonly number[])[]): void;
  /** One network again, good and without loss. */
  heal(): void;
  /** Loses so many of a thousand frames of this kind. */
  lose(kind: FrameKind, permille: number): void;
  /** Hands one transaction to the node of a machine. */
  submit(machine: number): TransactionId;
  /** Lets time pass. @throws Error with the invariant that broke */
  run(ms: number): Promise<void>;
  /** Lets time pass until something holds. @throws Error when it does not within the bound */
  until(what: string, holds: () => boolean, withinMs: number): Promise<void>;
  /** Ends the scenario; checkers have their last word. @throws Error with the invariant that broke */
  end(): ReturnType<typeof endSimulation>;
}

const PARAMETERS: Partial<ChainParameters> = { blockIntervalMs: 500, emptyIntervalMs: 5000 };
const SETTLE_MS = 1000;

function planOf(options: ScenarioOptions): RunPlan {
  return {
    seed: options.seed ?? 0,
    validators: options.validators,
    observers: options.observers ?? 0,
    traitors: options.traitors ?? [],
    parameters: { ...PARAMETERS, ...options.parameters },
    signatures: 'keyed-hash',
    execution: options.execution ?? 'own',
    workload: options.contracts ?? 'tally',
    meanSubmissionMs: 1000,
    safetyMs: 60_000,
    faults: [],
  };
}

/** A world at one second of its time, with everybody up but those who are to be down. */
export async function openScenario(options: ScenarioOptions, foundry: Foundry): Promise<Scenario> {
  const simulation = await openSimulation(planOf(options), foundry, options);
  const scenario = new DrivenScenario(simulation);
  const down = options.down ?? [];
  for (const { index } of simulation.world.machines) {
    if (!down.includes(index)) scenario.start(index);
  }
  await scenario.run(SETTLE_MS);
  return scenario;
}

class DrivenScenario implements Scenario {
  readonly world: World;
  readonly conditions: Conditions;
  readonly #simulation: Simulation;
  readonly #clients: Prng;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.world = simulation.world;
    this.conditions = simulation.conditions;
    this.#clients = simulation.world.prng.fork('clients');
  }

  machine(index: number): Machine {
    const machine = this.world.machines[index];
    if (machine === undefined) throw new Error(`there is no machine ${index}`);
    return machine;
  }

  running(): readonly Machine[] {
    return this.world.machines.filter((machine) => machine.state() === 'up');
  }

  start(...machines: readonly number[]): void {
    for (const index of machines) this.machine(index).start();
  }

  stop(...machines: readonly number[]): void {
    for (const index of machines) this.crash(index);
  }

  crash(machine: number, kind: DeathKind = 'kill'): void {
    this.machine(machine).crash(kind, 'by the scenario');
  }

  partition(...groups: readonly (readonly number[])[]): void {
    const groupOf = (machine: number): number => {
      return groups.findIndex((group) => group.includes(machine));
    };
    this.world.wire.partition((from, to) => {
      const group = groupOf(from);
      return group < 0 || group !== groupOf(to);
    }, true);
  }

  heal(): void {
    this.conditions.heal();
    this.world.wire.partition(undefined, true);
  }

  lose(kind: FrameKind, permille: number): void {
    this.conditions.lossByKind.set(kind, permille);
  }

  submit(machine: number): TransactionId {
    const { world, workload } = this.#simulation;
    const target = this.machine(machine);
    const plan = {
      member: target.member,
      calls: workload.nextCalls(target.member, this.#clients),
      nonce: this.#clients.bytes(16),
      validUntilMs: target.clock.wall() + 300_000,
    };
    return submit(world, target, plan);
  }

  async run(ms: number): Promise<void> {
    const { timeline } = this.world;
    await timeline.run(timeline.now() + ms, () => this.world.violation() !== undefined);
    this.#check();
  }

  async until(what: string, holds: () => boolean, withinMs: number): Promise<void> {
    const { timeline } = this.world;
    const isOver = (): boolean => holds() || this.world.violation() !== undefined;
    await timeline.run(timeline.now() + withinMs, isOver);
    this.#check();
    if (holds()) return;
    const heights = this.world.machines.map((one) => `${one.name} ${one.state()} ${one.height()}`);
    throw new Error(`${what}: not within ${withinMs} ms (${heights.join(', ')})`);
  }

  #check(): void {
    const violation = this.world.violation();
    if (violation === undefined) return;
    const { invariant, words } = violation;
    throw new Error(`${invariant}: ${words}\n${this.world.trace.recent().slice(-40).join('\n')}`);
  }

  end(): ReturnType<typeof endSimulation> {
    const result = endSimulation(this.#simulation);
    this.#check();
    return result;
  }
}
