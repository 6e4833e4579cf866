/**
 * The thread behind `ahead-verifier.ts`: takes a range, answers what holds of it. It has no state and
 * opens nothing.
 */

import { parentPort } from 'node:worker_threads';
import { assert } from '@daybook/core';
import type { Signing } from '../ledger/certified.ts';
import type { ServedBlock } from '../ranges.ts';
import type { VerifiedRange } from './verify-range.ts';
import { verifyRange } from './verify-range.ts';

export interface RangeTask {
  readonly id: number;
  readonly served: readonly ServedBlock[];
  readonly signing: Signing;
}

export interface RangeAnswer extends VerifiedRange {
  readonly id: number;
}

const port = parentPort;
assert(port !== null, 'this module runs as a thread');
port.on('message', ({ id, served, signing }: RangeTask) => {
  const answer: RangeAnswer = { id, ...verifyRange(served, signing) };
  port.postMessage(answer);
});
