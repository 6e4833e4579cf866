/**
 * Fetching of ranges for a node that catches up (protocol §18): whom to ask for which blocks, the
 * next ranges on their way from other peers while one is applied, and their signatures verified by a
 * thread meanwhile. What came is believed nowhere here; whoever lied is asked last.
 */
import type { Height, Result } from '@daybook/core';
import { ok } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { AheadVerifier } from './ahead/ahead-verifier.ts';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { RangeSeen } from './range-size.ts';
import { cutRange, rangeBlocks, sizeOf } from './range-size.ts';
import type { ServedBlock } from './ranges.ts';
import { decodeRange, encodeRangeRequest } from './ranges.ts';

/** A range that was asked for, or a piece of it. */
export interface Fetched {
  readonly peerId: string;
  readonly from: Height;
  /** Or why the peer did not give it. */
  readonly served: Result<readonly ServedBlock[], { readonly code: string }>;
}

/** One attempt to catch up, from the first range to where nobody gives more. */
export interface Course {
  /**
   * The blocks behind the head, as many as are worth one writing; undefined when there is nobody
   * left to ask. Never rejects.
   */
  next(): Promise<Fetched | undefined>;
  /**
   * The block behind the head came with a certificate that holds: the ranges behind it are asked
   * for. A claim to be ahead is worth one range until then (spec N-1).
   */
  shown(): void;
  /** What `next` gave was applied, or was of no use, and its peer is not asked again. */
  settled(fetched: Fetched, isUseful: boolean): void;
}

export interface RangeFetcher {
  /** Begins to catch up; one course at a time. */
  begin(): Course;
  /** Connected peers that can be asked. */
  peers(): readonly string[];
  /** Asks this peer first, as long as it is trusted. */
  prefer(peerId: string): void;
  /** An answer failed a check: the peer is asked only when nobody else helps (protocol N-4). */
  distrust(peerId: string, offence: 'malformed' | 'lie'): void;
}

export interface FetchParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
  readonly network: Pick<Network, 'links' | 'request' | 'penalise'>;
  readonly ledger: Pick<Ledger, 'head'>;
  /** Verifies ranges that are on their way; without it everything is verified when it is applied. */
  readonly ahead?: AheadVerifier | undefined;
  /** Highest height that a peer spoke of. */
  readonly bestKnown: () => Height;
  /** Nothing is fetched any more. */
  readonly signal: AbortSignal;
}

const DISTRUSTED_MAX = 1024;

/** Who takes longer for an answer is asked when nobody faster is there: it may do so on purpose. */
const SLOW_MS = 2000;
/** What slowed a peer down may be over then. */
const SLOW_FORGIVEN_MS = 60_000;

/**
 * Ranges on their way beside the one that is applied: they hide what a peer takes to answer, and
 * bound the memory to so many more answers.
 */
const RANGES_AHEAD = 3;

/** A range that is on its way or waits for those before it. */
interface Coming {
  /** The height behind the blocks that were asked for; the answer may hold fewer. */
  readonly end: Height;
  readonly fetched: Promise<Fetched>;
  /** Resolves when the thread has verified it; absent before it came. */
  readonly verified?: Promise<void> | undefined;
}

class PeerFetcher implements RangeFetcher {
  readonly #parts: FetchParts;
  readonly #distrusted = new Set<string>();
  /** When peers that were slow are forgiven. */
  readonly #slowUntilMs = new Map<string, number>();
  #preferred: string | undefined;

  constructor(parts: FetchParts) {
    this.#parts = parts;
  }

  begin(): Course {
    return new FetchCourse(this.#parts, this);
  }

  peers(): readonly string[] {
    return this.#parts.network
      .links()
      .filter(({ channels }) => channels.includes('sync'))
      .map(({ peerId }) => peerId);
  }

  prefer(peerId: string): void {
    this.#preferred = peerId;
  }

  distrust(peerId: string, offence: 'malformed' | 'lie'): void {
    // The network cuts off who goes on; a long list would only be one of peers long gone.
    if (this.#distrusted.size >= DISTRUSTED_MAX) this.#distrusted.clear();
    this.#distrusted.add(peerId);
    this.#parts.network.penalise(peerId, offence);
  }

  /** An answer, or that there is none, took so long. */
  took(peerId: string, elapsedMs: number): void {
    const nowMs = this.#parts.clock.now();
    for (const [slow, untilMs] of this.#slowUntilMs) {
      if (untilMs <= nowMs) this.#slowUntilMs.delete(slow);
    }
    if (elapsedMs > SLOW_MS) this.#slowUntilMs.set(peerId, nowMs + SLOW_FORGIVEN_MS);
  }

  /** Whom to ask: the fast ones, or all where none is. */
  trusted(refused: ReadonlySet<string>): readonly string[] {
    const nowMs = this.#parts.clock.now();
    const trusted = this.peers().filter(
      (peerId) => !refused.has(peerId) && !this.#distrusted.has(peerId),
    );
    const fast = trusted.filter((peerId) => (this.#slowUntilMs.get(peerId) ?? 0) <= nowMs);
    return fast.length > 0 ? fast : trusted;
  }

  nextPeer(refused: ReadonlySet<string>): string | undefined {
    const trusted = this.trusted(refused);
    const preferred = this.#preferred;
    if (preferred !== undefined && trusted.includes(preferred)) return preferred;
    return trusted[0] ?? this.peers().find((peerId) => !refused.has(peerId));
  }
}

class FetchCourse implements Course {
  readonly #parts: FetchParts;
  readonly #fetcher: PeerFetcher;
  /** By their first height. */
  readonly #coming = new Map<Height, Coming>();
  /** Peers that had nothing, or nothing genuine. */
  readonly #refused = new Set<string>();
  #seen: RangeSeen | undefined;
  #isShown = false;
  /** Spreads the ranges over the peers: none sets the pace alone by answering late and little. */
  #turn = 0;

  constructor(parts: FetchParts, fetcher: PeerFetcher) {
    this.#parts = parts;
    this.#fetcher = fetcher;
  }

  async next(): Promise<Fetched | undefined> {
    const from = this.#head() + 1;
    // Consensus may have gone on, too.
    for (const height of [...this.#coming.keys()]) {
      if (height < from) this.#coming.delete(height);
    }
    const peerId = this.#fetcher.nextPeer(this.#refused);
    if (peerId === undefined) return undefined;
    const range = this.#coming.get(from) ?? this.#ask(this.#inTurn() ?? peerId, from);
    this.#fetchAhead();
    const fetched = await range.fetched;
    if (this.#parts.ahead?.isRunning() === true) await this.#coming.get(from)?.verified;
    return fetched;
  }

  shown(): void {
    if (this.#isShown) return;
    this.#isShown = true;
    this.#fetchAhead();
  }

  settled({ peerId, from }: Fetched, isUseful: boolean): void {
    this.#coming.delete(from);
    this.#isShown = isUseful;
    if (!isUseful) this.#refused.add(peerId);
  }

  #head(): Height {
    return this.#parts.ledger.head().header.height;
  }

  /** Another peer each time; undefined until somebody has shown to have blocks. */
  #inTurn(): string | undefined {
    if (!this.#isShown) return undefined;
    const trusted = this.#fetcher.trusted(this.#refused);
    this.#turn += 1;
    return trusted[this.#turn % trusted.length];
  }

  /** Asks for the ranges behind the next one, each another peer, as far as anybody spoke of them. */
  #fetchAhead(): void {
    if (!this.#isShown) return;
    while (this.#coming.size <= RANGES_AHEAD) {
      const next = Math.max(...[...this.#coming.values()].map(({ end }) => end));
      const peerId = this.#inTurn();
      if (next > this.#parts.bestKnown() || peerId === undefined) return;
      this.#ask(peerId, next);
    }
  }

  /** Asks for a range, up to the next one that is on its way already. */
  #ask(peerId: string, from: Height): Coming {
    const behind = [...this.#coming.keys()].filter((height) => height > from);
    const end = Math.min(from + rangeBlocks(this.#seen), ...behind);
    const fetching = this.#fetch(peerId, { from, end });
    const range = { end, fetched: fetching.then((came) => this.#cut(came, end)) };
    this.#coming.set(from, range);
    return range;
  }

  /**
   * A range came: its pieces wait for their turn as if each had been asked for alone, and are
   * verified while those before them are executed.
   * @returns the first
   */
  #cut(range: Fetched, end: Height): Fetched {
    if (!range.served.ok) return range;
    const { value } = range.served;
    const { ledger, ahead } = this.#parts;
    this.#seen = { blocks: value.length, bytes: sizeOf(value) };
    let next = range.from;
    const pieces = cutRange(value).map((blocks) => {
      const piece = { ...range, from: next, served: ok(blocks) };
      next += blocks.length;
      const verified = this.#isShown ? ahead?.verify(blocks, ledger.head().next) : undefined;
      // What the answer lacks is asked for when its turn comes.
      const coming = { end: Math.min(end, next), fetched: Promise.resolve(piece), verified };
      this.#coming.set(piece.from, coming);
      return piece;
    });
    return pieces[0] ?? range;
  }

  /** Never rejects. */
  async #fetch(
    peerId: string,
    { from, end }: { readonly from: Height; readonly end: Height },
  ): Promise<Fetched> {
    const { clock, network, logger, signal } = this.#parts;
    const askedMs = clock.now();
    const request = encodeRangeRequest(from, end - from);
    const answer = await network.request(peerId, 'blocks', request, { signal });
    this.#fetcher.took(peerId, clock.now() - askedMs);
    if (!answer.ok) {
      logger.debug('range not served', { peer: peerId, from, code: answer.reason.code });
      return { peerId, from, served: answer };
    }
    const served = decodeRange(answer.value, end - from);
    if (!served.ok) this.#fetcher.distrust(peerId, 'malformed');
    return { peerId, from, served };
  }
}

export function createRangeFetcher(parts: FetchParts): RangeFetcher {
  return new PeerFetcher(parts);
}
