/**
 * The consensus driver: one loop over one queue. It takes an event, lets the machine step, and
 * performs the effects in their order; it decides nothing. Answers of effects come back as events.
 * What arrives from peers has passed `inbox.ts` before it gets here.
 */
import type { Event, State } from '@daybook/consensus';
import { brokenInvariants, createState, explainWaiting, step } from '@daybook/consensus';
import type { Hash } from '@daybook/core';
import { assert, equalBytes, toHex } from '@daybook/core';
import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';
import type { Effects, SigningWait } from './effects.ts';

/** An event before the driver stamps it with both clocks. */
export type UnstampedEvent = Event extends infer E
  ? E extends Event
    ? Omit<E, 'monoMs' | 'wallMs'>
    : never
  : never;

export interface DriverParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Built after the driver, since answers of effects come back to it. */
  readonly createEffects: (answer: (event: UnstampedEvent) => void) => Effects;
  /** Told when a defect of ours or of the machine ends voting. */
  readonly onFatal: (error: unknown) => void;
}

export interface Driver {
  /** Queues an event; it is processed at once unless another one is. */
  tell(event: UnstampedEvent): void;
  /** The machine's state: read only. */
  state(): State;
  explain(): ReturnType<typeof explainWaiting>;
  /** What the own signature that is under way waits for; undefined while none is. */
  signing(): SigningWait | undefined;
  /** Stops timers and ignores everything that still comes. Waits for what is being written. */
  stop(): Promise<void>;
}

class QueueDriver implements Driver {
  readonly #parts: DriverParts;
  readonly #effects: Effects;
  readonly #queue: UnstampedEvent[] = [];
  #state: State;
  #running = false;
  #stopped = false;

  constructor(state: State, parts: DriverParts) {
    this.#parts = parts;
    this.#state = state;
    this.#effects = parts.createEffects((event) => this.tell(event));
  }

  state(): State {
    return this.#state;
  }

  explain(): ReturnType<typeof explainWaiting> {
    return explainWaiting(this.#state, this.#instant());
  }

  signing(): SigningWait | undefined {
    return this.#effects.signing();
  }

  #instant(): { readonly monoMs: number; readonly wallMs: number } {
    const { clock } = this.#parts;
    return { monoMs: Math.floor(clock.now()), wallMs: clock.wall() };
  }

  tell(event: UnstampedEvent): void {
    if (this.#stopped) return;
    this.#queue.push(event);
    if (this.#running) return;
    this.#running = true;
    try {
      this.#drain();
    } catch (error) {
      this.#stopped = true;
      this.#parts.onFatal(error);
    } finally {
      this.#running = false;
    }
  }

  #drain(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (this.#stopped) return;
      const before = this.#state;
      const { monoMs, wallMs } = this.#instant();
      const { state, effects } = step(before, { ...next, monoMs, wallMs } as Event);
      const broken = brokenInvariants(before, state);
      assert(broken.length === 0, broken.join('; '));
      this.#state = state;
      for (const effect of effects) {
        if (!this.#stopped) this.#effects.perform(effect);
      }
      this.#releaseUnwanted(next);
    }
  }

  /**
   * A body came with the event, and the machine has no use for it: the round has passed meanwhile, or
   * its proposer sent two. Nobody else would free it before the height ends, and that may take days.
   */
  #releaseUnwanted(event: UnstampedEvent): void {
    const hash = broughtBy(event);
    if (hash === undefined || this.#stopped || isWanted(this.#state, hash)) return;
    this.#effects.perform({ type: 'release', hashes: [hash] });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#effects.stop();
  }
}

/** The block whose body comes with an event. */
function broughtBy(event: UnstampedEvent): Hash | undefined {
  switch (event.type) {
    case 'proposal':
      return event.message.signed.content.blockHash;
    case 'block':
      return event.block.hash;
    case 'decided':
      return event.bodyHeld ? event.blockHash : undefined;
    default:
      return undefined;
  }
}

/** Whether the machine has a block, or a proposal of the next height that names it. */
function isWanted({ current, next }: State, hash: Hash): boolean {
  if (current?.blocks[toHex(hash)] !== undefined) return true;
  return Object.values(next.proposals).some(({ message }) =>
    equalBytes(message.signed.content.blockHash, hash),
  );
}

export function createDriver(
  options: Parameters<typeof createState>[0],
  parts: DriverParts,
): Driver {
  return new QueueDriver(createState(options), parts);
}
