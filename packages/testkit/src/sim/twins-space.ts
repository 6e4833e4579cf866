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
  /** Told after every so many cases. */
  readonly onProgress?: (cursor: TwinsCursor) => void;
}

/** How far an enumeration has come: plain values, to be written down and gone on from. */
export interface TwinsCursor {
  readonly played: number;
  readonly equal: number;
  /** Which of the kinds of lost message is being played. */
  readonly kind: number;
  /** The next case of each role as digits of its rounds; none when the role is done. */
  readonly next: readonly (readonly number[])[];
}

/** Cases between two tellings. */
const TOLD_EVERY = 100;

/** The layouts of one role, as digits of a number: the last round changes first. */
class Branch {
  readonly #digits: number[];
  readonly #base: number;
  isOver: boolean;

  /** @param next  the first case to be played; none for a role that is done */
  constructor(next: readonly number[], base: number) {
    this.#digits = [...next];
    this.#base = base;
    this.isOver = next.length === 0;
  }

  next(): readonly number[] {
    return this.isOver ? [] : [...this.#digits];
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

/** Where an enumeration begins. */
function firstCursor({ validators, rounds }: TwinsPlan): TwinsCursor {
  const next = Array.from({ length: validators }, () => Array.from({ length: rounds }, () => 0));
  return { played: 0, equal: 0, kind: 0, next };
}

/**
 * Plays every case, or those that are left.
 * @param from  as `onProgress` told it in an earlier sitting with an equal plan
 */
export async function enumerateTwins(
  plan: TwinsPlan,
  foundry: Foundry,
  from: TwinsCursor = firstCursor(plan),
): Promise<TwinsReport> {
  const { validators, dropped = DROPPED } = plan;
  const worlds = new Worlds(validators, foundry);
  let cursor = from;
  while (cursor.kind < dropped.length) {
    const report = await playKind({ ...plan, dropped }, worlds, cursor);
    if ('failed' in report) return report;
    cursor = { ...report, kind: cursor.kind + 1, next: firstCursor(plan).next };
    plan.onProgress?.(cursor);
  }
  const { played, equal } = cursor;
  return { played, equal, failed: undefined };
}

/** The cases that lose one kind of message. @returns how far it came, or what failed */
async function playKind(
  { validators, onProgress, dropped }: TwinsPlan & Required<Pick<TwinsPlan, 'dropped'>>,
  worlds: Worlds,
  from: TwinsCursor,
): Promise<TwinsCursor | TwinsReport> {
  let { played, equal } = from;
  const branches = from.next.map((next) => new Branch(next, layoutCount(validators)));
  const cursorNow = (): TwinsCursor => {
    return { played, equal, kind: from.kind, next: branches.map((branch) => branch.next()) };
  };
  while (branches.some(({ isOver }) => !isOver)) {
    const world = await worlds.next();
    const role = await world.role();
    // A role that is done may come up again: its first case passes the time.
    const branch = branches[role];
    const one = { role, layouts: branch?.layouts() ?? [], dropped: dropped[from.kind] };
    const { violation, used } = await world.play(one);
    if (violation !== undefined) return { played, equal, failed: { one, violation } };
    if (branch === undefined || branch.isOver) continue;
    played += 1;
    equal += branch.advance(used);
    if (played % TOLD_EVERY === 0) onProgress?.(cursorNow());
  }
  return cursorNow();
}

/** Plays a sample of the cases, the same one for the same seed. */
export async function sampleTwins(
  plan: TwinsPlan & { readonly count: number; readonly seed: number },
  foundry: Foundry,
): Promise<TwinsReport> {
  const { validators, rounds, dropped = DROPPED, count, seed } = plan;
  const prng = createPrng(seed).fork('twins');
  const worlds = new Worlds(validators, foundry);
  for (let played = 0; played < count; played++) {
    const world = await worlds.next();
    const role = await world.role();
    const layouts = Array.from({ length: rounds }, () => prng.below(layoutCount(validators)) << 1);
    const one = { role, layouts, dropped: dropped[prng.below(dropped.length)] };
    const { violation } = await world.play(one);
    if (violation !== undefined) return { played, equal: 0, failed: { one, violation } };
  }
  return { played: count, equal: 0, failed: undefined };
}
