/** What was wrong in the simulator: it made a fault too many, or its operators and clients erred. */
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
    invariant: 'I26',
    cause:
      'the clock of a single validator had been an hour ahead, and the time of the chain with it; ' +
      'the last clients made their transactions valid by the clock that had been set right',
    plan: {
      seed: 19463,
      validators: 1,
      observers: 0,
      parameters: {
        blockIntervalMs: 1000,
        emptyIntervalMs: 20_000,
        roundMaxMs: 10_000,
        epochBlocks: 5,
      },
      signatures: 'keyed-hash',
      execution: 'shared',
      workload: 'tally',
      meanSubmissionMs: 1000,
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
        'crashes',
        'crashes at disk work',
        'pauses',
        'wrong clocks',
        'slow disks',
      ],
    },
  },
];
