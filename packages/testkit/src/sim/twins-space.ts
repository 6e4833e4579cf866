/**
 * The cases of Twins: all of them for a few validators and rounds, in an order that lets whole
 * branches be left out, or a sample of them for more.
 */
import type { Foundry } from './foundry.ts';
import type { TwinsCase, TwinsWorld } from './twins.ts';
import { DROPPED, layoutCount, openTwins } from './twins.ts';
import { createPrng } from './world/prng.ts';
import type { FrameKind } from './world/wire.ts';
import type { Violation } from './world/world.ts';

export interface TwinsReport {
  /** Cases played. */
  readonly played: number;
  /** Cases that would have gone as one that was played, up to its end. */
  readonly equal: number;
  /** The first case that broke an invariant; nothing is played after it. */
  readonly failed: { readonly one: TwinsCase; readonly violation: Violation } | undefined;
}

export interface TwinsPlan {
  readonly validators: number;
  readonly rounds: number;
  /** Kinds of message that are lost, one after the other. */
  readonly dropped?: readonly (FrameKind | undefined)[];
  /** Told now and then. */
  readonly onProgress?: (played: number, equal: number) => void;
}

/** The layouts of one role, as digits of a number: the last round changes first. */
class Branch {
  readonly #digits: number[];
  readonly #base: number;
  isOver = false;

  constructor(rounds: number, base: number) {
    this.#digits = Array.from({ length: rounds }, () => 0);
    this.#base = base;
  }

  layouts(): readonly number[] {
    // Bit 0 is the part of the first proposer: 0, since the names of the parts mean nothing.
    return this.#digits.map((digit) => digit << 1);
  }

  /** Goes on behind a case of which so many rounds came to bear. @returns cases left out */
  advance(used: number): number {
    const leftOut = this.#base ** (this.#digits.length - used) - 1;
    this.#digits.fill(0, used);
    for (let place = used - 1; place >= 0; place--) {
      this.#digits[place] = (this.#digits[place] ?? 0) + 1;
      if ((this.#digits[place] ?? 0) < this.#base) return leftOut;
      this.#digits[place] = 0;
    }
    this.isOver = true;
    return leftOut;
  }
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

/** Plays every case. */
export async function enumerateTwins(plan: TwinsPlan, foundry: Foundry): Promise<TwinsReport> {
  const { validators, rounds, dropped = DROPPED, onProgress } = plan;
  const worlds = new Worlds(validators, foundry);
  let played = 0;
  let equal = 0;
  for (const kind of dropped) {
    const branches = Array.from(
      { length: validators },
      () => new Branch(rounds, layoutCount(validators)),
    );
    while (branches.some(({ isOver }) => !isOver)) {
      const world = await worlds.next();
      const role = await world.role();
      // A role that is done may come up again: its first case passes the time.
      const branch = branches[role];
      const one = { role, layouts: branch?.layouts() ?? [], dropped: kind };
      const { violation, used } = await world.play(one);
      if (violation !== undefined) return { played, equal, failed: { one, violation } };
      if (branch === undefined || branch.isOver) continue;
      played += 1;
      equal += branch.advance(used);
      if (played % 1000 === 0) onProgress?.(played, equal);
    }
  }
  return { played, equal, failed: undefined };
}

/** Plays a sample of the cases, the same one for the same seed. */
export async function sampleTwins(
  plan: TwinsPlan & { readonly count: number; readonly seed: number },
  foundry: Foundry,
): Promise<TwinsReport> {
  const { validators, rounds, dropped = DROPPED, count, seed, onProgress } = plan;
  const prng = createPrng(seed).fork('twins');
  const worlds = new Worlds(validators, foundry);
  for (let played = 0; played < count; played++) {
    const world = await worlds.next();
    const role = await world.role();
    const layouts = Array.from({ length: rounds }, () => prng.below(layoutCount(validators)) << 1);
    const one = { role, layouts, dropped: dropped[prng.below(dropped.length)] };
    const { violation } = await world.play(one);
    if (violation !== undefined) return { played, equal: 0, failed: { one, violation } };
    if ((played + 1) % 1000 === 0) onProgress?.(played + 1, 0);
  }
  return { played: count, equal: 0, failed: undefined };
}
