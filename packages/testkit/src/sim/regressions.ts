/**
 * Plans that once broke an invariant, with what they found; they stay for ever and are run by every
 * test. A plan and not only a seed, because what a seed draws changes when a kind of fault is added.
 */
import type { RunPlan } from './plan.ts';

export interface Regression {
  readonly plan: RunPlan;
  readonly invariant: string;
  /** What was wrong, and the commit that mended it. */
  readonly cause: string;
}

const SLOW_PACE = {
  blockIntervalMs: 2000,
  emptyIntervalMs: 10_000,
  roundBaseMs: 3000,
  epochBlocks: 100,
};

export const REGRESSIONS: readonly Regression[] = [
  {
    invariant: 'I6',
    cause:
      'A vote written and not synced when the process was killed was read back after the restart ' +
      'and sent before it was durable; mended in 7810259.',
    plan: {
      seed: 3,
      validators: 4,
      observers: 0,
      parameters: SLOW_PACE,
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 2000,
      safetyMs: 6216,
      traitors: [],
      faults: ['crashes at disk work'],
    },
  },
  {
    invariant: 'I26',
    cause:
      'After a sync of the state tree failed during recovery, the next start took the pages of ' +
      'the system for durable; a power failure then left a state that no start could read. Mended ' +
      'in "Write again on recovery what a failed sync may have dropped".',
    plan: {
      seed: 5094,
      validators: 4,
      observers: 0,
      parameters: SLOW_PACE,
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 1000,
      safetyMs: 60_000,
      traitors: [],
      faults: [
        'delay spikes',
        'loss',
        'duplicates',
        'replays',
        'swizzle',
        'crashes in a broadcast',
        'power loss at a decision',
        'disk errors',
      ],
    },
  },
  {
    invariant: 'I14',
    cause:
      'A message with a genuine signature of the same slot and another content passed for one that ' +
      'is held, unverified, and made its signer look guilty; mended in "Take a vote for known only ' +
      'with its very content".',
    plan: {
      seed: 25,
      validators: 10,
      observers: 0,
      parameters: SLOW_PACE,
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 10_000,
      safetyMs: 60_000,
      traitors: [
        { machine: 9, strategy: 'B4' },
        { machine: 6, strategy: 'B17' },
        { machine: 3, strategy: 'B2' },
      ],
      faults: [
        'slow network',
        'loss by kind',
        'crashes',
        'crashes in recovery',
        'crashes in a broadcast',
        'power loss at a decision',
        'slow execution',
        'slow disks',
        'disk errors',
      ],
    },
  },
  {
    invariant: 'I22',
    cause:
      'A node whose block log was lost while its state was kept laid genesis anew and ended as a ' +
      'defect; now it names the blocks that are missing (NODE_BLOCK_MISSING).',
    plan: {
      seed: 20_036,
      validators: 4,
      observers: 0,
      parameters: {
        blockIntervalMs: 1000,
        emptyIntervalMs: 20_000,
        roundMaxMs: 10_000,
        epochBlocks: 100,
      },
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 5000,
      safetyMs: 60_000,
      traitors: [],
      faults: [
        'delay spikes',
        'loss by kind',
        'duplicates',
        'crashes',
        'crashes at disk work',
        'pauses',
        'wrong clocks',
        'slow disks',
        'damaged storage',
        'misdirected writes',
      ],
    },
  },
  {
    invariant: 'I26',
    cause:
      'A validator that started again right after a change of the set was told the vote of another ' +
      'one, which held its position before; it refused the answer and asked for ever, and the chain ' +
      'stood where it was needed for a quorum.',
    plan: {
      seed: 20303,
      validators: 4,
      observers: 2,
      parameters: {
        blockIntervalMs: 500,
        emptyIntervalMs: 5000,
        roundBaseMs: 1000,
        roundStepMs: 500,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 5000,
      safetyMs: 60000,
      traitors: [],
      faults: [
        'slow network',
        'duplicates',
        'crashes in a broadcast',
        'slow disks',
        'damaged storage',
        'set changes',
      ],
    },
  },
  {
    invariant: 'I18',
    cause:
      'Of the simulator itself: the rotation of a newcomer was proposed by the words of a node ' +
      'that did not know yet that it had come in.',
    plan: {
      seed: 72056,
      validators: 6,
      observers: 2,
      parameters: {
        blockIntervalMs: 1000,
        emptyIntervalMs: 20_000,
        roundMaxMs: 10_000,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'shared',
      workload: 'tally',
      meanSubmissionMs: 10_000,
      safetyMs: 60_000,
      traitors: [{ machine: 4, strategy: 'B23' }],
      faults: [
        'slow network',
        'duplicates',
        'replays',
        'pauses',
        'slow execution',
        'slow disks',
        'set changes',
      ],
    },
  },
  {
    invariant: 'I15',
    cause:
      'Evidence was left with a node that had been told of it and proposed no blocks; only its ' +
      'finder gossiped it again, and nobody else had it any more.',
    plan: {
      seed: 156,
      validators: 6,
      observers: 2,
      parameters: {
        blockIntervalMs: 1000,
        emptyIntervalMs: 20000,
        roundMaxMs: 10000,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 5000,
      safetyMs: 60000,
      traitors: [
        {
          machine: 5,
          strategy: 'B25',
        },
      ],
      faults: [
        'slow network',
        'duplicates',
        'partitions',
        'crashes in recovery',
        'pauses',
        'wrong clocks',
        'slow disks',
        'damaged storage',
        'restored backup',
        'set changes',
        'mixed releases',
      ],
    },
  },
  {
    invariant: 'I3',
    cause:
      'Of the simulator itself: a vote of the key that went was booked under the key that came, ' +
      'when the block in between was decided while it was signed.',
    plan: {
      seed: 405,
      validators: 5,
      observers: 1,
      parameters: {
        blockIntervalMs: 1000,
        emptyIntervalMs: 20_000,
        roundMaxMs: 10_000,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'shared',
      workload: 'tally',
      meanSubmissionMs: 10_000,
      safetyMs: 57_518,
      traitors: [{ machine: 0, strategy: 'B24' }],
      faults: ['loss by kind', 'partitions', 'crashes at disk work', 'slow disks', 'set changes'],
    },
  },
  {
    invariant: 'I28',
    cause:
      'Of the simulator itself: a validator that died between the write of a block and its notice ' +
      'begins its next life above it, and the checker of rounds had not begun that height.',
    plan: {
      seed: 5285,
      validators: 4,
      observers: 1,
      parameters: {
        blockIntervalMs: 500,
        emptyIntervalMs: 5000,
        roundBaseMs: 1000,
        roundStepMs: 500,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'shared',
      workload: 'tally',
      meanSubmissionMs: 1000,
      safetyMs: 60_000,
      traitors: [{ machine: 3, strategy: 'B22' }],
      faults: [
        'slow network',
        'loss',
        'duplicates',
        'partitions',
        'swizzle',
        'crashes at disk work',
        'crashes in recovery',
        'power loss at a decision',
        'slow disks',
        'set changes',
        'mixed releases',
      ],
    },
  },
  {
    invariant: 'I26',
    cause:
      'Of the simulator itself: a backup was restored while another disk had been damaged since it ' +
      'was taken, so that more than f validators could not sign.',
    plan: {
      seed: 10436,
      validators: 4,
      observers: 1,
      parameters: {
        blockIntervalMs: 2000,
        emptyIntervalMs: 10_000,
        roundBaseMs: 3000,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 10_000,
      safetyMs: 60_000,
      traitors: [],
      faults: [
        'slow network',
        'delay spikes',
        'loss',
        'loss by kind',
        'duplicates',
        'replays',
        'partitions',
        'crashes in recovery',
        'slow disks',
        'full disk',
        'damaged storage',
        'restored backup',
        'set changes',
      ],
    },
  },
  {
    invariant: 'I28',
    cause:
      'Of the simulator itself: two validators died between the write of a vote for a round and its ' +
      'notice, and the checker of rounds took that round for one that nobody had asked for.',
    plan: {
      seed: 11170,
      validators: 4,
      observers: 0,
      parameters: {
        blockIntervalMs: 1000,
        emptyIntervalMs: 20_000,
        roundMaxMs: 10_000,
        epochBlocks: 100,
      },
      signatures: 'keyed-hash',
      execution: 'own',
      workload: 'tally',
      meanSubmissionMs: 1000,
      safetyMs: 60_000,
      traitors: [{ machine: 0, strategy: 'B13' }],
      faults: [
        'slow network',
        'loss by kind',
        'partitions',
        'crashes',
        'crashes at disk work',
        'pauses',
        'damaged storage',
      ],
    },
  },
  {
    invariant: 'I26',
    cause:
      'A validator that had followed a proposal into round 1 was started anew, as everybody was: it ' +
      'had nothing but a PREPARE to show for the round, and with one validator dead no quorum had ' +
      'asked for it, so that no timer ran for ever (R9 counted requests alone).',
    plan: {
      seed: 14530,
      validators: 4,
      observers: 1,
      parameters: {
        blockIntervalMs: 2000,
        emptyIntervalMs: 10_000,
        roundBaseMs: 3000,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'shared',
      workload: 'tally',
      meanSubmissionMs: 2000,
      safetyMs: 60_000,
      traitors: [],
      faults: [
        'slow network',
        'duplicates',
        'swizzle',
        'crashes at disk work',
        'crashes in recovery',
        'crashes in a broadcast',
        'power loss at a decision',
        'slow execution',
        'mixed releases',
      ],
    },
  },
];
