/** Every strategy of the adversary, by name. */
import { SPLIT_PROPOSALS } from './b01-split-proposals.ts';
import { LOCK_BREAKER } from './b18-lock-breaker.ts';
import { LOCK_HIDER } from './b19-lock-hider.ts';
import { TWINS } from './b21-twins.ts';
import { AMNESIAC } from './b22-amnesiac.ts';
import { DOUBLE_COMMIT, DOUBLE_PREPARE } from './double-votes.ts';
import { SILENT, SILENT_PROPOSER, SILENT_TO_ONE } from './silences.ts';
import type { Strategy } from './strategy.ts';

export const STRATEGIES: readonly Strategy[] = [
  SPLIT_PROPOSALS,
  DOUBLE_PREPARE,
  DOUBLE_COMMIT,
  SILENT,
  SILENT_PROPOSER,
  SILENT_TO_ONE,
  LOCK_BREAKER,
  LOCK_HIDER,
  TWINS,
  AMNESIAC,
];

export function strategyNamed(name: string): Strategy | undefined {
  return STRATEGIES.find((strategy) => strategy.name === name);
}
