/** The workload of most seeds: additions to a handful of sums, some with a long note. */
import { tally } from './tally.ts';
import type { Workload } from './workload.ts';

/**
 * About these lengths something may be done in another way: pieces of memory, first reads of a
 * record, pages of a disk. A record is longer than its note by less than `BESIDE`.
 */
const BOUNDS = [256, 512, 1024, 1536, 2048, 4096];
const BESIDE = 192;

/**
 * The note of one addition in five. It follows from what was drawn for the addition, so that runs
 * draw the same with notes as they did without.
 */
function noteFor(amount: number): { readonly note?: string } {
  if (amount % 5 !== 0) return {};
  const bound = BOUNDS[(amount / 5) % BOUNDS.length] ?? BESIDE;
  return { note: '.'.repeat(bound - (amount % BESIDE)) };
}

export const TALLY_WORKLOAD: Workload = {
  contracts: [tally],
  nextCalls: (_member, prng) => {
    const name = `sum-${prng.below(8)}`;
    const amount = prng.between(1, 1000);
    return [{ contract: 'tally', action: 'add', args: { name, amount, ...noteFor(amount) } }];
  },
};
