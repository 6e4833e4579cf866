/** The QBFT machine of Daybook: pure, events in, effects out. Exports only. */
export type {
  Build,
  Cancel,
  CommitBlock,
  Effect,
  Fatal,
  Fetch,
  HandOver,
  Help,
  Judge,
  Notice,
  Release,
  Report,
  Schedule,
  Send,
  SendStatus,
  Sign,
  SignRequest,
  Store,
  Sync,
} from './effect.ts';
export type {
  ConsensusFatal,
  ConsensusNotice,
  JustificationFault,
  KeyElsewhere,
  KeySighting,
} from './errors.ts';
export { CONSENSUS_ERRORS, explainConsensus } from './errors.ts';
export type {
  BlockAvailable,
  BlockBuilt,
  BlockJudged,
  BlockRef,
  DecidedReceived,
  Event,
  HeightContext,
  HeightEntered,
  Instant,
  LinksChanged,
  Lock,
  OwnSigned,
  PeerLinked,
  PeerName,
  Position,
  ProposalReceived,
  Quarantined,
  Recovered,
  SigningStep,
  SignRefused,
  StatusReceived,
  StrangerSeen,
  TimerFired,
  TimerId,
  Verdict,
  VoteReceived,
  VotesRecalled,
  WorkChanged,
} from './event.ts';
export type { Awaited, ValidatorReport, WaitingReport } from './explain.ts';
export { explainWaiting } from './explain.ts';
export { brokenInvariants } from './invariants.ts';
export { RESEND_AGE_MS } from './limits.ts';
export { newestVoteOf } from './newest-vote.ts';
export { endsQuarantine, quarantineStartMs } from './quarantine.ts';
export type { HeightState, Phase, State, StateOptions } from './state.ts';
export { createState } from './state.ts';
export type { Step } from './step.ts';
export { step } from './step.ts';
export type { Triage } from './triage.ts';
export { triage } from './triage.ts';
