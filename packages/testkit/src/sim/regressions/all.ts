/**
 * Plans that once broke an invariant, with what they found; they stay for ever and are run by every
 * test. A plan and not only a seed, because what a seed draws changes when a kind of fault is added.
 */
import { OF_THE_CHECKERS } from './checkers.ts';
import { OF_THE_PRODUCT } from './product.ts';
import type { Regression } from './regression.ts';
import { OF_THE_SIMULATOR } from './simulator.ts';

export const REGRESSIONS: readonly Regression[] = [
  ...OF_THE_PRODUCT,
  ...OF_THE_SIMULATOR,
  ...OF_THE_CHECKERS,
];
