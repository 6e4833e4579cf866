/** Every checker that watches a run. */
import { ACCUSATIONS } from './accusations.ts';
import { ADMISSION } from './admission.ts';
import { AGREEMENT } from './agreement.ts';
import { BARRIERS } from './barriers.ts';
import { BODIES } from './bodies.ts';
import { BOUNDS } from './bounds.ts';
import { CERTIFICATES } from './certificates.ts';
import { CHAIN } from './chain.ts';
import type { Checker } from './checker.ts';
import { ENCODINGS } from './encodings.ts';
import { ENDINGS } from './endings.ts';
import { IDLENESS } from './idleness.ts';
import { JUSTIFICATIONS } from './justifications.ts';
import { LIGHT_CLIENT } from './light-client.ts';
import { QUARANTINE } from './quarantine.ts';
import { RE_EXECUTION } from './re-execution.ts';
import { READS } from './reads.ts';
import { RECORDED_EVIDENCE } from './recorded-evidence.ts';
import { RECOVERY } from './recovery.ts';
import { ROUNDS } from './rounds.ts';
import { TIMES } from './times.ts';
import { TRANSACTIONS } from './transactions.ts';
import { VOTES } from './votes.ts';
import { WORK } from './work.ts';

export const CHECKERS: readonly Checker[] = [
  AGREEMENT,
  CERTIFICATES,
  LIGHT_CLIENT,
  VOTES,
  JUSTIFICATIONS,
  QUARANTINE,
  BARRIERS,
  CHAIN,
  BODIES,
  ADMISSION,
  TIMES,
  TRANSACTIONS,
  RECOVERY,
  BOUNDS,
  ACCUSATIONS,
  ENDINGS,
  RECORDED_EVIDENCE,
  READS,
  WORK,
  ROUNDS,
  RE_EXECUTION,
  ENCODINGS,
  IDLENESS,
];
