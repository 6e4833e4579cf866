/** What a fault test is: one row of the fault model, on real processes, disks and links of this machine. */
import type { Need } from './machine.ts';
import type { Random } from './random.ts';

export interface FaultRun {
  /** The form that fits into every submission; the long form repeats more and waits longer. */
  readonly short: boolean;
  readonly random: Random;
  /** A line for whoever watches. */
  tell(text: string): void;
}

export interface Fault {
  /** As in docs/reliability.md. */
  readonly id: string;
  readonly title: string;
  readonly needs: readonly Need[];
  /**
   * Injects the fault and inspects the cluster afterwards.
   * @returns the figures of the run in one line
   * @throws  Error that names what did not hold
   */
  run(run: FaultRun): Promise<string>;
}
