/** What a fault test is: one row of the fault model, on real processes, disks and links of this machine. */
import type { Need } from './machine.ts';
import type { Random } from './random.ts';

/** Some of the places of a fault: what one run does not reach, the next one goes on with. */
export interface Part {
  /** Counted from one, both included. */
  readonly from: number;
  readonly to: number;
  /** Only kinds of files whose name contains this. */
  readonly kind?: string;
}

export interface FaultRun {
  /** The form that fits into every submission; the long form repeats more and waits longer. */
  readonly short: boolean;
  /** Everything when it is absent. A place is the same in every part of the same seed. */
  readonly part?: Part;
  readonly random: Random;
  /** A line for whoever watches. */
  tell(text: string): void;
}

export interface Fault {
  /** As in docs/reliability.md. */
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Need[];
  /** How many places it is injected at, one after the other; absent where it has no parts. */
  readonly places?: { readonly short: number; readonly long: number };
  /**
   * Injects the fault and inspects the cluster afterwards.
   * @returns the figures of the run in one line
   * @throws  Error that names what did not hold
   */
  run(run: FaultRun): Promise<string>;
}

/** The places that a run plays, in order. */
export function placesOf({ places }: Pick<Fault, 'places'>, { short, part }: FaultRun): number[] {
  const all = places?.[short ? 'short' : 'long'] ?? 0;
  const { from, to } = part ?? { from: 1, to: all };
  const last = Math.min(to, all);
  return Array.from({ length: Math.max(0, last - from + 1) }, (_, at) => from + at);
}
