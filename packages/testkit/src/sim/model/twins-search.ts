/**
 * Twins, complete: every scenario of a cluster in which one validator runs twice, round by round.
 * Scenarios that have led to one and the same cluster are gone on from once.
 */
import type { MessageType } from '@daybook/core';
import { assert } from '@daybook/core';
import type { Violation } from '../world/world.ts';
import { Fingerprints } from './fingerprint.ts';
import type { Cluster } from './replica.ts';
import type { TwinsRound } from './twins-round.ts';
import { endOf, isDone, openCluster, playRest, playRound, swapped, waysOf } from './twins-round.ts';

/** One of the searches that make up the whole: nothing passes between them. */
export interface TwinsUnit {
  readonly validators: number;
  readonly rounds: number;
  /** Round in which the validator proposes that runs twice. */
  readonly role: number;
  /** Kind of message that is lost while the rounds last. */
  readonly dropped: MessageType | undefined;
}

export interface TwinsFailure {
  readonly scenario: readonly TwinsRound[];
  readonly violation: Violation;
}

/** How far a search has come: plain values, to be written down and gone on from. */
export interface TwinsProgress {
  /** Scenarios that were played to their end, or stand for one that was. */
  readonly scenarios: number;
  /** Rounds that were played. */
  readonly passages: number;
  /**
   * Different clusters after each round, from none on; those of the last one as far as it came, and
   * those that two sittings have come to twice.
   */
  readonly states: readonly number[];
  /** Clusters before the last round that were gone on from. */
  readonly next: number;
}

export interface TwinsFound extends TwinsProgress {
  /** The first scenario that broke an invariant; nothing is played after it. */
  readonly failed: TwinsFailure | undefined;
}

export interface TwinsOptions {
  /** As `onProgress` told it in an earlier sitting with an equal unit. */
  readonly from?: TwinsProgress | undefined;
  readonly onProgress?: (progress: TwinsProgress) => void;
  /** Told of every different cluster at which scenarios end, by its fingerprint. */
  readonly onEnd?: (fingerprint: string) => void;
  /** `false` goes on from every scenario by itself: the same ends, by the longer way. */
  readonly isMerging?: boolean;
}

interface Reached {
  readonly cluster: Cluster;
  /** The first scenario that has led here, of the shortest ones. */
  readonly scenario: readonly TwinsRound[];
  /** How many have. */
  readonly weight: number;
}

/** Clusters before the last round between two tellings. */
const TOLD_EVERY = 10;

export function searchTwins(unit: TwinsUnit, options: TwinsOptions = {}): TwinsFound {
  return new Search(unit, options).run();
}

class Search {
  readonly #unit: TwinsUnit;
  readonly #options: TwinsOptions;
  readonly #ways: readonly TwinsRound[];
  readonly #states: number[] = [1];
  /** Fingerprints of the clusters at which scenarios of full length have ended. */
  readonly #ends = new Set<string>();
  #scenarios = 0;
  #passages = 0;
  #next = 0;
  #failed: TwinsFailure | undefined;

  constructor(unit: TwinsUnit, options: TwinsOptions) {
    this.#unit = unit;
    this.#options = options;
    this.#ways = waysOf(unit);
  }

  run(): TwinsFound {
    const { rounds } = this.#unit;
    let frontier: readonly Reached[] = [
      { cluster: openCluster(this.#unit), scenario: [], weight: 1 },
    ];
    for (let round = 0; round < rounds - 1; round++) {
      frontier = this.#goOn(frontier, round, new Map());
      this.#states.push(frontier.length);
    }
    this.#states.push(0);
    if (this.#failed === undefined) this.#lastRound(frontier);
    return { ...this.#progress(), failed: this.#failed };
  }

  #progress(): TwinsProgress {
    return {
      scenarios: this.#scenarios,
      passages: this.#passages,
      states: [...this.#states],
      next: this.#next,
    };
  }

  /** Where the clusters can get to within one round; those that have decided are played out. */
  #goOn(
    frontier: readonly Reached[],
    round: number,
    found: Map<string, Reached>,
  ): readonly Reached[] {
    const fingerprints = new Fingerprints(endOf(round));
    for (const from of frontier) {
      for (const [way, count] of this.#waysFrom(from)) {
        const scenario = [...from.scenario, way];
        const { cluster, violation } = playRound(from.cluster, way, this.#unit, round);
        this.#passages += 1;
        if (violation !== undefined) {
          this.#failed = { scenario, violation };
          return [];
        }
        this.#enter(found, fingerprints.of(cluster), {
          cluster,
          scenario,
          weight: count * from.weight,
        });
      }
    }
    return this.#playOut(found, this.#unit.rounds - round - 1);
  }

  /** In the first round, whoever of the twins bears which name makes no difference. */
  #waysFrom({ scenario }: Reached): readonly (readonly [TwinsRound, number])[] {
    if (scenario.length > 0) return this.#ways.map((way) => [way, 1] as const);
    const indexOf = ({ layout, isSecondFirst }: TwinsRound): number => {
      return this.#ways.findIndex((one) => {
        return one.layout === layout && one.isSecondFirst === isSecondFirst;
      });
    };
    return this.#ways.flatMap((way, index): readonly (readonly [TwinsRound, number])[] => {
      const other = indexOf(swapped(way, this.#unit));
      assert(other >= 0, 'a round under other names is one of the ways');
      if (other === index) return [[way, 1]];
      return other > index ? [[way, 2]] : [];
    });
  }

  #enter(found: Map<string, Reached>, fingerprint: string, reached: Reached): void {
    const isMerging = this.#options.isMerging ?? true;
    const name = isMerging ? fingerprint : `${fingerprint} ${this.#passages}`;
    const known = found.get(name);
    const weight = reached.weight + (known?.weight ?? 0);
    found.set(name, { ...(known ?? reached), weight });
  }

  /** Whoever has decided before the last round stands for all that may come after it. */
  #playOut(found: ReadonlyMap<string, Reached>, left: number): readonly Reached[] {
    const open: Reached[] = [];
    for (const [name, reached] of found) {
      const { cluster, scenario, weight } = reached;
      if (left > 0 && !isDone(cluster)) {
        open.push(reached);
        continue;
      }
      this.#scenarios += weight * this.#ways.length ** left;
      if (left === 0 && this.#ends.has(name)) continue;
      if (left === 0) this.#ends.add(name);
      this.#options.onEnd?.(new Fingerprints(cluster.nowMs).of(cluster));
      const violation = playRest(cluster);
      if (violation !== undefined) {
        this.#failed ??= { scenario, violation };
        return [];
      }
    }
    return open;
  }

  /** Some clusters at a time: this is where nearly all of the time goes. */
  #lastRound(frontier: readonly Reached[]): void {
    const { from, onProgress } = this.#options;
    if (from !== undefined) this.#resume(from);
    const before = this.#states.at(-1) ?? 0;
    const last = this.#unit.rounds - 1;
    while (this.#next < frontier.length && this.#failed === undefined) {
      const found = new Map<string, Reached>();
      const some = frontier.slice(this.#next, this.#next + TOLD_EVERY);
      this.#goOn(some, last, found);
      this.#next += some.length;
      this.#states[last + 1] = before + this.#ends.size;
      if (this.#failed === undefined) onProgress?.(this.#progress());
    }
  }

  #resume({ scenarios, passages, states, next }: TwinsProgress): void {
    this.#scenarios = scenarios;
    this.#passages = passages;
    this.#states.splice(0, this.#states.length, ...states);
    this.#next = next;
  }
}
