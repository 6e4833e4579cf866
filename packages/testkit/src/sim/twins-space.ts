/** A sample of the cases of Twins, played by whole replicas. All of them: `model/twins-search.ts`. */
import type { Foundry } from './foundry.ts';
import type { TwinsCase, TwinsWorld } from './twins.ts';
import { DROPPED, layoutCount, openTwins } from './twins.ts';
import { createPrng } from './world/prng.ts';
import type { Violation } from './world/world.ts';

export interface TwinsReport {
  /** Cases played. */
  readonly played: number;
  /** The first case that broke an invariant; nothing is played after it. */
  readonly failed: { readonly one: TwinsCase; readonly violation: Violation } | undefined;
}

export interface TwinsPlan {
  readonly validators: number;
  readonly rounds: number;
  readonly count: number;
  readonly seed: number;
}

/** Opens clusters one after the other. */
class Worlds {
  readonly #validators: number;
  readonly #foundry: Foundry;
  #world: TwinsWorld | undefined;
  #seed = 0;

  constructor(validators: number, foundry: Foundry) {
    this.#validators = validators;
    this.#foundry = foundry;
  }

  async next(): Promise<TwinsWorld> {
    if (this.#world === undefined || this.#world.isSpent()) {
      const options = { validators: this.#validators, seed: this.#seed++ };
      this.#world = await openTwins(options, this.#foundry);
    }
    return this.#world;
  }
}

/** Plays a sample of the cases, the same one for the same seed. */
export async function sampleTwins(
  { validators, rounds, count, seed }: TwinsPlan,
  foundry: Foundry,
): Promise<TwinsReport> {
  const prng = createPrng(seed).fork('twins');
  const worlds = new Worlds(validators, foundry);
  for (let played = 0; played < count; played++) {
    const world = await worlds.next();
    const role = await world.role();
    const layouts = Array.from({ length: rounds }, () => prng.below(layoutCount(validators)) << 1);
    const one = { role, layouts, dropped: DROPPED[prng.below(DROPPED.length)] };
    const violation = await world.play(one);
    if (violation !== undefined) return { played, failed: { one, violation } };
  }
  return { played: count, failed: undefined };
}
