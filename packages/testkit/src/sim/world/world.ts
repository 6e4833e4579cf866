/** Everything one run of the simulator is made of. */
import type { Genesis } from '@daybook/core';
import type { Coverage } from '../coverage.ts';
import type { SimulatedChain } from '../foundry.ts';
import type { Machine } from '../node/machine.ts';
import type { EventBus } from './events.ts';
import type { Prng } from './prng.ts';
import type { Timeline } from './timeline.ts';
import type { Trace } from './trace.ts';
import type { Wire } from './wire.ts';

/** An invariant that did not hold. */
export interface Violation {
  /** Its name, for example `I1`. */
  readonly invariant: string;
  readonly words: string;
  readonly atMs: number;
}

export interface World {
  readonly prng: Prng;
  readonly timeline: Timeline;
  readonly wire: Wire;
  readonly trace: Trace;
  readonly events: EventBus;
  readonly coverage: Coverage;
  readonly chain: SimulatedChain;
  readonly genesis: Genesis;
  readonly machines: readonly Machine[];
  /** Whether a fault has put a clock wrong during this run. */
  clocksWereWrong(): boolean;
  /** Tells that a fault puts clocks wrong. */
  setClocksWrong(): void;
  /** Notes a broken invariant; the first one ends the run. */
  violate(invariant: string, words: string): void;
  violation(): Violation | undefined;
}
