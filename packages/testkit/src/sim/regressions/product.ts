/** What was wrong in the node. */
import type { Regression } from './regression.ts';

const SLOW_PACE = {
  blockIntervalMs: 2000,
  emptyIntervalMs: 10_000,
  roundBaseMs: 3000,
  epochBlocks: 100,
};

export const OF_THE_PRODUCT: readonly Regression[] = [
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
  {
    invariant: 'I3',
    cause:
      'A validator was started anew when its vote log had room for 69 more bytes: the zeros behind ' +
      'the last vote were read as the length of a torn one, which with its frame of 17 bytes would ' +
      'not have found its room, and a log without any damage was taken for one that was cut short.',
    plan: {
      seed: 1227,
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
      meanSubmissionMs: 2000,
      safetyMs: 60_000,
      traitors: [{ machine: 1, strategy: 'B3' }],
      faults: [
        'slow network',
        'crashes',
        'crashes in recovery',
        'damaged storage',
        'misdirected writes',
        'set changes',
      ],
      calm: 2,
    },
  },
  {
    invariant: 'I18',
    cause:
      'A range of blocks was in the log when the disk had no room for its state; the process, ' +
      'which had to end, took the same range once more before it did, and wrote it a second time, ' +
      'so that no start could read the log. Mended in "Commit nothing after a commit has failed".',
    plan: {
      seed: 443,
      validators: 9,
      observers: 0,
      parameters: SLOW_PACE,
      signatures: 'keyed-hash',
      execution: 'shared',
      workload: 'tally',
      meanSubmissionMs: 1000,
      safetyMs: 17_460,
      traitors: [],
      faults: [
        'slow network',
        'delay spikes',
        'loss by kind',
        'duplicates',
        'power loss at a decision',
        'wrong clocks',
        'disk errors',
        'full disk',
      ],
      calm: 2,
    },
  },
];
