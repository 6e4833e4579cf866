/**
 * A kind of fault: drawn per seed (each is off in half of the seeds), begun when the run begins and
 * ended when the world heals. What a fault does is decided by its own generator, so that leaving
 * one out changes nothing in the others; the shrinker rests on that.
 */
import type { Prng } from '../world/prng.ts';
import type { World } from '../world/world.ts';
import type { Conditions } from './conditions.ts';

export interface FaultContext {
  readonly world: World;
  /** State of the network, to be made worse. */
  readonly conditions: Conditions;
  /** This fault's own generator. */
  readonly prng: Prng;
  /** Virtual time at which faults stop. */
  readonly untilMs: number;
  /** How many times as rare as usual the deaths of processes are to be. */
  readonly calm: number;
  /** Puts a dead machine back to work after a while. */
  readonly restartLater: (machine: World['machines'][number], prng: Prng) => void;
}

export interface Fault {
  readonly name: string;
  /** In how many of a thousand seeds it is on. */
  readonly permille: number;
  /** What the coverage counters call its deeds, each of them a goal: none would show that it is idle. */
  readonly counters: readonly [string, ...string[]];
  /** Starts it. */
  begin(context: FaultContext): void;
}

/** Runs a task again and again at random distances until the faults stop. */
export function repeatedly(
  { world, prng, untilMs }: FaultContext,
  distance: readonly [minMs: number, maxMs: number],
  task: () => void,
): void {
  const { timeline } = world;
  const again = (): void => {
    const atMs = timeline.now() + prng.between(...distance);
    if (atMs >= untilMs) return;
    timeline.at(atMs, () => {
      task();
      again();
    });
  };
  again();
}
