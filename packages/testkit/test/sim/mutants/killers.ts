/** Every planted bug with the scenario that notices it. */

import { ADMISSION_KILLERS } from './admission.ts';
import { BLOCK_KILLERS } from './blocks.ts';
import { BODY_KILLERS } from './bodies.ts';
import { BOUND_KILLERS } from './bounds.ts';
import { ENDING_KILLERS } from './endings.ts';
import { EVIDENCE_KILLERS } from './evidence.ts';
import { JUSTIFICATION_KILLERS } from './justifications.ts';
import type { Killer } from './killer.ts';
import { QUARANTINE_KILLERS } from './quarantine.ts';
import { QUORUM_KILLERS } from './quorums.ts';
import { ROUND_KILLERS } from './rounds.ts';
import { SIGNING_KILLERS } from './signing.ts';

export const KILLERS: readonly Killer[] = [
  ...QUORUM_KILLERS,
  ...JUSTIFICATION_KILLERS,
  ...SIGNING_KILLERS,
  ...ROUND_KILLERS,
  ...BLOCK_KILLERS,
  ...ADMISSION_KILLERS,
  ...BODY_KILLERS,
  ...BOUND_KILLERS,
  ...QUARANTINE_KILLERS,
  ...ENDING_KILLERS,
  ...EVIDENCE_KILLERS,
];
