/**
 * Twins: two full copies of one validator's honest code, and a network that is parted anew for the
 * length of every round. A case says which validator is twinned, the parts of the network per round,
 * and a kind of message that is lost. One height of a running cluster plays one case.
 *
 * A validator counts by the round in which it proposes: other names for the same machines are no
 * other case, and within as many rounds as there are validators each proposes once.
 */
import { assert, proposerOf } from '@daybook/core';
import type { Foundry } from './foundry.ts';
import type { Machine } from './node/machine.ts';
import type { Scenario } from './scenario.ts';
import { openScenario } from './scenario.ts';
import { Traitor } from './strategies/traitor.ts';
import type { FrameKind } from './world/wire.ts';
import type { Violation } from './world/world.ts';

export interface TwinsCase {
  /** Round in which the twinned validator proposes. */
  readonly role: number;
  /**
   * The two parts of the network while each round lasts: bit i is the part of whoever proposes in
   * round i, the highest bit that of the second twin. Bit 0 is 0 always.
   */
  readonly layouts: readonly number[];
  /** Is lost as long as the layouts last. */
  readonly dropped?: FrameKind | undefined;
}

export interface TwinsWorld {
  /** Waits for rest. @returns the role of the twinned validator at the next height */
  role(): Promise<number>;
  /** @returns the first invariant that broke */
  play(one: TwinsCase): Promise<Violation | undefined>;
  /** Whether a fresh cluster is due: a twin has found out about its double and signs no more. */
  isSpent(): boolean;
}

/** Kinds that a case may lose, none of them first. */
export const DROPPED = [undefined, 'pre-prepare', 'prepare', 'commit', 'round-change'] as const;

const ROUND_MS = 400;
/** A round, and the messages that begin the next one. */
const SLICE_MS = ROUND_MS + 50;
const REST_MS = 60_000;
const PARAMETERS = {
  blockIntervalMs: 10,
  emptyIntervalMs: 3_600_000,
  roundBaseMs: ROUND_MS,
  roundStepMs: 0,
  roundMaxMs: 1000,
};

/** Layouts of a cluster with so many validators and one twin. */
export function layoutCount(validators: number): number {
  return 2 ** validators;
}

/** A cluster whose validator 0 has a twin. */
export async function openTwins(
  { validators, seed }: { readonly validators: number; readonly seed: number },
  foundry: Foundry,
): Promise<TwinsWorld> {
  const twins = [0, validators];
  const traitors = [{ machine: 0, strategy: 'B21' }];
  const execution = 'shared' as const;
  const options = { validators, seed, traitors, parameters: PARAMETERS, down: twins, execution };
  const scenario = await openScenario(options, foundry);
  scenario.conditions.minMs = 1;
  scenario.conditions.meanMs = 2;
  for (const [twin, index] of twins.entries()) {
    const prng = scenario.world.prng.fork(`twin ${twin}`);
    // Honest in all but its double; the layouts part the two, nothing else bends them.
    new Traitor(scenario.world, scenario.machine(index), { prng, twin, strategy: 'B21' }).bend({});
    scenario.start(index);
  }
  return new RunningTwins(scenario, validators);
}

class RunningTwins implements TwinsWorld {
  readonly #scenario: Scenario;
  readonly #validators: number;

  constructor(scenario: Scenario, validators: number) {
    this.#scenario = scenario;
    this.#validators = validators;
  }

  isSpent(): boolean {
    return this.#scenario.world.machines.some((one) => {
      return one.state() !== 'up' || one.storage()?.signer?.quarantine() !== undefined;
    });
  }

  #height(): number {
    return this.#scenario.machine(1).height();
  }

  async role(): Promise<number> {
    await this.#scenario.until('everybody at rest', () => this.#isAtRest(), REST_MS);
    return this.#inOrder().indexOf(this.#scenario.machine(0));
  }

  #isAtRest(): boolean {
    const { machines } = this.#scenario.world;
    const height = this.#height();
    return machines.every((one) => {
      const { current, phase } = one.replica()?.consensus.driver.state() ?? {};
      const isThere = one.height() === height && current?.context.height === height + 1;
      // A twin may be left with a transaction that nobody else has; it never comes to rest.
      return isThere && phase === 'running' && !(one.isHonest && current.want);
    });
  }

  /** Machines by the round of the next height in which they propose; the second twin comes last. */
  #inOrder(): readonly Machine[] {
    const { world } = this.#scenario;
    const head = this.#scenario.machine(1).replica()?.ledger.head();
    assert(head !== undefined, 'honest machines stay up');
    const { validators, rotation, parameters } = head.next;
    const { chain } = world.genesis;
    const height = head.header.height + 1;
    const { epochBlocks } = parameters;
    const context = { chain, height, epochBlocks, validators, rotation };
    const inOrder = validators.map((_, round) => {
      const id = validators[proposerOf(context, round)]?.id;
      const found = id && world.machines.find((one) => one.hasValidatorId(id));
      assert(found !== undefined, 'every validator has a machine');
      return found;
    });
    return [...inOrder, this.#scenario.machine(this.#validators)];
  }

  async play({ layouts, dropped }: TwinsCase): Promise<Violation | undefined> {
    const { world, conditions } = this.#scenario;
    const { timeline } = world;
    const places = placesOf(this.#inOrder());
    const startMs = timeline.now();
    const goal = this.#height() + 1;
    const sliceNow = (): number => Math.floor((timeline.now() - startMs) / SLICE_MS);
    world.wire.partition((from, to) => {
      const layout = layouts[sliceNow()] ?? 0;
      const isApart = (layout >> (places[from] ?? 0)) ^ (layout >> (places[to] ?? 0));
      return (isApart & 1) === 1;
    }, false);
    if (dropped !== undefined) conditions.lossByKind.set(dropped, 1000);
    for (const { index } of world.machines) this.#scenario.submit(index);
    const hasEnded = (): boolean => {
      return world.machines.every((one) => one.height() >= goal) || world.violation() !== undefined;
    };
    await timeline.run(startMs + layouts.length * SLICE_MS, hasEnded);
    world.wire.partition(undefined, false);
    conditions.lossByKind.clear();
    await timeline.run(timeline.now() + REST_MS, hasEnded);
    if (!hasEnded()) world.violate('I26', `height ${goal} is not decided after the parts met`);
    // What the case leaves behind may show only now, and is to be told of this case.
    const isOver = (): boolean => this.#isAtRest() || world.violation() !== undefined;
    if (!this.isSpent()) await timeline.run(timeline.now() + REST_MS, isOver);
    return world.violation();
  }
}

/** Position in a layout, by machine. */
function placesOf(inOrder: readonly Machine[]): readonly number[] {
  const places: number[] = [];
  for (const [place, { index }] of inOrder.entries()) places[index] = place;
  return places;
}
