/** Bugs in the way of a proven fault into a block. */
import { assert } from '@daybook/core';
import { drawPlan } from '../../../src/sim/plan.ts';
import { simulate } from '../../../src/sim/simulate.ts';
import type { Killer } from './killer.ts';

/** One of four votes twice, and nothing else is wrong. */
const DROPPED: Killer = {
  mutant: 'evidence-dropped',
  scenario: 'given one that commits to two blocks, then what proves it is on chain after healing',
  invariants: ['I15'],
  play: async (foundry) => {
    const plan = {
      ...drawPlan(4),
      validators: 4,
      observers: 0,
      traitors: [{ machine: 3, strategy: 'B4' }],
      faults: [],
      workload: 'tally' as const,
      signatures: 'keyed-hash' as const,
      meanSubmissionMs: 1000,
      safetyMs: 20_000,
    };
    const { violation, coverage } = await simulate(plan, foundry);
    if (violation !== undefined) throw new Error(`${violation.invariant}: ${violation.words}`);
    const recorded = coverage.get('found evidence recorded') ?? 0;
    assert(recorded > 0, 'somebody has found it');
  },
};

export const EVIDENCE_KILLERS: readonly Killer[] = [DROPPED];
