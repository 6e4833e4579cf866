/** What was wrong in the simulator: it saw a fault where there was none, or made one too many. */
import type { Regression } from './regression.ts';

export const OF_THE_SIMULATOR: readonly Regression[] = [
  {
    invariant: 'I18',
    cause:
      'the rotation of a newcomer was proposed by the words of a node ' +
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
    invariant: 'I3',
    cause:
      'a vote of the key that went was booked under the key that came, ' +
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
      'a validator that died between the write of a block and its notice ' +
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
      'a backup was restored while another disk had been damaged since it ' +
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
      'two validators died between the write of a vote for a round and its ' +
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
];
