/** Every strategy of the adversary, by name. */
import { SPLIT_PROPOSALS } from './b01-split-proposals.ts';
import { OVERLAPPING_PROPOSALS } from './b02-overlapping-proposals.ts';
import { WRONG_BODIES_PROPOSER } from './b11-wrong-bodies.ts';
import { FALSE_JUSTIFICATIONS } from './b13-justifications.ts';
import { FUTURE_HEIGHTS } from './b16-future-heights.ts';
import { REPLAYER } from './b17-replays.ts';
import { LOCK_BREAKER } from './b18-lock-breaker.ts';
import { LOCK_HIDER } from './b19-lock-hider.ts';
import { BODY_WITHHOLDER } from './b20-withheld-bodies.ts';
import { TWINS } from './b21-twins.ts';
import { AMNESIAC } from './b22-amnesiac.ts';
import { FALSE_DECISIONS } from './b23-false-decisions.ts';
import { LYING_SERVER } from './b24-lying-server.ts';
import { EVIDENCE_SPAMMER } from './b25-evidence-spam.ts';
import { TRANSACTION_SPAMMER } from './b26-transaction-spam.ts';
import { MALFORMED_FRAMES } from './b27-malformed-frames.ts';
import { DEAD_AT_ACTIVATION } from './b28-dead-at-activation.ts';
import { COLLUDERS } from './b29-colluders.ts';
import { DOUBLE_COMMIT, DOUBLE_PREPARE } from './double-votes.ts';
import { FALSE_LOCKS, ROUND_CHANGE_FLOOD } from './false-round-changes.ts';
import { FEW_RECEIVERS, LATE_PROPOSER } from './late-proposals.ts';
import { SILENT, SILENT_PROPOSER, SILENT_TO_ONE } from './silences.ts';
import type { Strategy } from './strategy.ts';
import { WRONG_ROOTS, WRONG_TIMES } from './wrong-blocks.ts';

export const STRATEGIES: readonly Strategy[] = [
  SPLIT_PROPOSALS,
  OVERLAPPING_PROPOSALS,
  DOUBLE_PREPARE,
  DOUBLE_COMMIT,
  SILENT,
  SILENT_PROPOSER,
  SILENT_TO_ONE,
  FEW_RECEIVERS,
  LATE_PROPOSER,
  WRONG_ROOTS,
  WRONG_BODIES_PROPOSER,
  WRONG_TIMES,
  FALSE_JUSTIFICATIONS,
  FALSE_LOCKS,
  ROUND_CHANGE_FLOOD,
  FUTURE_HEIGHTS,
  REPLAYER,
  LOCK_BREAKER,
  LOCK_HIDER,
  BODY_WITHHOLDER,
  TWINS,
  AMNESIAC,
  FALSE_DECISIONS,
  LYING_SERVER,
  EVIDENCE_SPAMMER,
  TRANSACTION_SPAMMER,
  MALFORMED_FRAMES,
  DEAD_AT_ACTIVATION,
  COLLUDERS,
];

export function strategyNamed(name: string): Strategy | undefined {
  return STRATEGIES.find((strategy) => strategy.name === name);
}
