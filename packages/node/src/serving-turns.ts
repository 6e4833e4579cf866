/**
 * Answers to peers are made one after the other, the peers in turn, and with pauses: reading blocks
 * and records for others occupies the one thread of a node, and whoever asks all the time, a peer
 * that catches up or one that means harm, must not keep it from voting.
 */
import type { RequestHandler } from '@daybook/network';
import type { Clock } from './clock.ts';

export interface ServingTurns {
  /** The handler, called when it is its asker's turn; not at all for who gave up meanwhile. */
  inTurn(handler: RequestHandler): RequestHandler;
  /** Leaves no timer; who waits is answered that there is nothing. */
  stop(): void;
}

/** The pause after an answer, in times of what it took: all of them take a fifth of the thread. */
const PAUSE_FACTOR = 4;
/** Shorter ones are saved up. */
const PAUSE_MIN_MS = 1;
/** Longer ones would be for answers that the disk, not the thread, was slow with. */
const PAUSE_MAX_MS = 500;

interface Waiting {
  readonly signal: AbortSignal;
  /** Makes the answer; never rejects. */
  readonly begin: () => Promise<void>;
  readonly giveUp: () => void;
}

class RoundOfPeers implements ServingTurns {
  readonly #clock: Pick<Clock, 'now' | 'soon' | 'schedule'>;
  /** By peer, whose turn is next first; the network bounds how many of each may wait. */
  readonly #waiting = new Map<string, Waiting[]>();
  #isResting = false;
  #owedMs = 0;
  #isStopped = false;
  #cancel: () => void = () => undefined;

  constructor(clock: Pick<Clock, 'now' | 'soon' | 'schedule'>) {
    this.#clock = clock;
  }

  inTurn(handler: RequestHandler): RequestHandler {
    return (peerId, request, signal) =>
      new Promise((resolve, reject) => {
        const begin = async (): Promise<void> => {
          await handler(peerId, request, signal).then(resolve, reject);
        };
        const one = { signal, begin, giveUp: () => resolve(undefined) };
        this.#waiting.set(peerId, [...(this.#waiting.get(peerId) ?? []), one]);
        this.#advance();
      });
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#advance();
  }

  #advance(): void {
    for (let one = this.#next(); one !== undefined; one = this.#next()) {
      if (this.#isStopped || one.signal.aborted) {
        one.giveUp();
        continue;
      }
      this.#serve(one);
    }
  }

  /** An answer that waits for nothing is complete before anybody else has a turn of the thread. */
  #serve({ begin }: Waiting): void {
    this.#isResting = true;
    const startedMs = this.#clock.now();
    let tookMs = 0;
    const note = (): void => {
      tookMs = this.#clock.now() - startedMs;
    };
    void begin().then(note);
    // Of one that waits for an archive only the beginning counts.
    note();
    this.#clock.soon(() => this.#rest(tookMs));
  }

  /** Takes who is next, whose peer comes after all others then. */
  #next(): Waiting | undefined {
    const [first] = this.#isResting && !this.#isStopped ? [] : this.#waiting;
    if (first === undefined) return undefined;
    const [peerId, [one, ...others]] = first;
    this.#waiting.delete(peerId);
    if (others.length > 0) this.#waiting.set(peerId, others);
    return one;
  }

  #rest(tookMs: number): void {
    this.#owedMs = Math.min(PAUSE_MAX_MS, this.#owedMs + PAUSE_FACTOR * tookMs);
    if (this.#owedMs < PAUSE_MIN_MS || this.#isStopped) {
      this.#goOn();
      return;
    }
    this.#cancel = this.#clock.schedule(this.#owedMs, () => {
      this.#owedMs = 0;
      this.#goOn();
    });
  }

  #goOn(): void {
    this.#isResting = false;
    this.#advance();
  }
}

export function createServingTurns(clock: Pick<Clock, 'now' | 'soon' | 'schedule'>): ServingTurns {
  return new RoundOfPeers(clock);
}
