/** The workload of most seeds: additions to a handful of sums. */
import { tally } from './tally.ts';
import type { Workload } from './workload.ts';

export const TALLY_WORKLOAD: Workload = {
  contracts: [tally],
  nextCalls: (_member, prng) => [
    {
      contract: 'tally',
      action: 'add',
      args: { name: `sum-${prng.below(8)}`, amount: prng.between(1, 1000) },
    },
  ],
};
