/** A plan that once broke an invariant. */
import type { RunPlan } from '../plan.ts';

export interface Regression {
  readonly plan: RunPlan;
  readonly invariant: string;
  /** What was wrong, and the commit that mended it. */
  readonly cause: string;
}
