/**
 * What a node keeps: the block log, the vote log with its signer, and the authenticated state.
 * Exports only.
 */
export type {
  BlockLog,
  Candidate,
  FinalBlock,
  Finalisation,
  LoggedTransaction,
  LogHead,
  TransactionPlace,
} from './blocks/block-log.ts';
export type {
  HistoryOptions,
  ListOptions,
  ProvenRecord,
  RecordRange,
  RecordVersion,
  StagedState,
  StageRequest,
  StateFigures,
  StateReader,
  StateRecovery,
  StateStore,
  StateWrite,
  StoredRecord,
} from './store/state-store.ts';
export type { SigningRefusal, SigningRequest, VoteSigner } from './votes/signer.ts';
export type {
  Guard,
  Lock,
  QuarantineReason,
  SignedVote,
  Step,
  VoteLog,
  VoteLogOpening,
  VoteRepair,
  VoteState,
} from './votes/vote-log.ts';
