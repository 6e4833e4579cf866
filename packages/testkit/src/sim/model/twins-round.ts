/** The rounds of Twins: every way one can go, and how it is played. */
import type { ChainParameters } from '@daybook/core';
import { DEFAULT_PARAMETERS } from '@daybook/core';
import type { Violation } from '../world/world.ts';
import { brokenLaw } from './laws.ts';
import type { Passage, Weather } from './passage.ts';
import { beginHeight, pass } from './passage.ts';
import type { Cluster } from './replica.ts';
import { createCluster, validatorSet } from './replica.ts';
import type { TwinsUnit } from './twins-search.ts';

/** What one round is like. */
export interface TwinsRound {
  /**
   * Bit i is the part of the network in which replica i is, the highest that of the second twin.
   * Bit 0 is 0: the names of the two parts mean nothing.
   */
  readonly layout: number;
  /** Whether of two deeds in one instant that of the second twin comes first. */
  readonly isSecondFirst: boolean;
}

const ROUND_MS = 400;
/** A round, and the messages that begin the next one. */
const SLICE_MS = ROUND_MS + 50;
const REST_MS = 60_000;
const PARAMETERS: ChainParameters = {
  ...DEFAULT_PARAMETERS,
  blockIntervalMs: 10,
  emptyIntervalMs: 3_600_000,
  roundBaseMs: ROUND_MS,
  roundStepMs: 0,
  roundMaxMs: 1000,
};

/** Every way a round can go. */
export function waysOf(unit: TwinsUnit): readonly TwinsRound[] {
  const layouts = Array.from({ length: 2 ** unit.validators }, (_, index) => index << 1);
  return layouts.flatMap((layout) => {
    const orders = hasOrder(layout, unit) ? [false, true] : [false];
    return orders.map((isSecondFirst) => ({ layout, isSecondFirst }));
  });
}

/** Which twin comes first matters only to those who hear both. */
function hasOrder(layout: number, { validators, role }: TwinsUnit): boolean {
  const part = partIn(layout, role);
  if (part !== partIn(layout, validators)) return false;
  const places = Array.from({ length: validators }, (_, place) => place);
  return places.some((place) => place !== role && partIn(layout, place) === part);
}

/** The same round with the twins under each other's names. */
export function swapped({ layout, isSecondFirst }: TwinsRound, unit: TwinsUnit): TwinsRound {
  const { role, validators } = unit;
  const [first, second] = [partIn(layout, role), partIn(layout, validators)];
  const others = layout & ~(1 << role) & ~(1 << validators);
  const bits = others | (second << role) | (first << validators);
  const all = 2 ** (validators + 1) - 1;
  const swappedLayout = (bits & 1) === 1 ? bits ^ all : bits;
  return { layout: swappedLayout, isSecondFirst: hasOrder(layout, unit) && !isSecondFirst };
}

function partIn(layout: number, place: number): number {
  return (layout >> place) & 1;
}

/** The cluster before the first round. */
export function openCluster({ validators, role }: TwinsUnit): Cluster {
  const cluster = createCluster({ validators, role, parameters: PARAMETERS });
  return beginHeight(cluster, { validators: validatorSet(validators), parameters: PARAMETERS });
}

/** When a round is over, counted from 0. */
export function endOf(round: number): number {
  return (round + 1) * SLICE_MS;
}

/** Plays one round; the violation is the first one, in it or at its end. */
export function playRound(
  cluster: Cluster,
  { layout, isSecondFirst }: TwinsRound,
  { dropped }: TwinsUnit,
  round: number,
): Passage {
  const partOf = (place: number): number => partIn(layout, place);
  const weather: Weather = { partOf, dropped, isSecondFirst };
  const passage = pass(cluster, weather, endOf(round));
  return { ...passage, violation: passage.violation ?? brokenLaw(passage.cluster) };
}

/** The parts meet and nothing is lost any more: everybody must decide (I26). */
export function playRest(cluster: Cluster): Violation | undefined {
  const weather = { partOf: () => 0, dropped: undefined, isSecondFirst: false };
  const untilMs = cluster.nowMs + REST_MS;
  const passage = pass(cluster, weather, untilMs, isDone);
  const violation = passage.violation ?? brokenLaw(passage.cluster);
  if (violation !== undefined || isDone(passage.cluster)) return violation;
  const words = 'I26: not all decide after the parts met';
  return { invariant: 'I26', words, atMs: untilMs };
}

export function isDone({ replicas }: Pick<Cluster, 'replicas'>): boolean {
  return replicas.every(({ chain }) => chain.length > 1);
}
