/** Every checker that watches a run. */
import { ACCUSATIONS } from './accusations.ts';
import { AGREEMENT } from './agreement.ts';
import type { Checker } from './checker.ts';

export const CHECKERS: readonly Checker[] = [AGREEMENT, ACCUSATIONS];
