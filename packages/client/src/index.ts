/** The SDK, for Node and browsers: build, sign, submit, read, follow, verify. Exports only. */
export type { Client, ClientOptions, ClientParts } from './client.ts';
export { createClient } from './client.ts';
export type { Clock } from './clock.ts';
export { SYSTEM_CLOCK } from './clock.ts';
export type {
  ContractClient,
  JsonContractClient,
  RecordClient,
} from './contracts/contract-client.ts';
export type { ClientFailure, EndpointFault, UndecidedReason, VerifyFailure } from './errors.ts';
export {
  CLIENT_ERRORS,
  ClientError,
  explainClient,
  explainVerification,
  isRefusal,
} from './errors.ts';
export type { FeedEntry, FeedOptions } from './feed/feed.ts';
export { fetchStartAtBlock, fetchStartAtWitnesses } from './follow/fetch-start.ts';
export type {
  FollowedNode,
  FollowGround,
  Judgement,
  KnownHistory,
  SeenCheckpoint,
} from './follow/follow.ts';
export { followNode, withSeen } from './follow/follow.ts';
export type { BlockListOptions, BlockReference, ChainReader } from './reads/chain-reader.ts';
export type { Foundation } from './reads/foundation.ts';
export type { HistoryReader } from './reads/history-reader.ts';
export type {
  AtHeight,
  FoundRecord,
  JsonRow,
  LeadingKey,
  ListOptions,
  RecordVersion,
} from './reads/record-reader.ts';
export type { SqlAnswer, SqlReader, TablePage, TableRequest } from './reads/sql-reader.ts';
export type {
  ComparedState,
  StateDifference,
  StateSide,
  SubtreeReader,
} from './reads/state-diff.ts';
export { diffStates } from './reads/state-diff.ts';
export { timeText } from './time-text.ts';
export type {
  BodySignature,
  SignedTransaction,
  TransactionAuthor,
  TransactionPlan,
  UnsignedTransaction,
} from './transaction/build.ts';
export {
  assembleTransaction,
  buildTransaction,
  missingSigners,
  signAs,
  signTransaction,
} from './transaction/build.ts';
export type { Draft } from './transaction/draft.ts';
export { DRAFT_FORMAT, readDraft, renderDraft } from './transaction/draft.ts';
export type { Outcome } from './transaction/outcome.ts';
export type { SubmitOptions, Submittable, Submitter } from './transaction/submit.ts';
export { readBaseUrl } from './transport/url.ts';
export type { CheckpointFacts, CheckpointGround, CheckpointVerdict } from './verify/checkpoint.ts';
export { judgeCheckpoint } from './verify/checkpoint.ts';
export type { NamedRecord } from './verify/claims.ts';
export type { Accused, ForkFacts, ForkVerdict } from './verify/fork.ts';
export { verifyForkProof } from './verify/fork.ts';
export type { AncestorProof } from './verify/history.ts';
export { compareFinal, verifyAncestor } from './verify/history.ts';
export type { CheckpointForkFacts, CheckpointForkVerdict } from './verify/history-proof.ts';
export {
  followToTree,
  verifyBlockInTree,
  verifyCheckpointFork,
  verifyExtension,
} from './verify/history-proof.ts';
export { followSets, readTrustedGenesis, verifyHeader } from './verify/light-client.ts';
export type { ListVerdict, ProvenList, ProvenRow } from './verify/list-proof.ts';
export {
  nextOfList,
  verifyListBundle,
  verifyListBundles,
  verifyWholeList,
} from './verify/list-proof.ts';
export type { ListCell, ListColumn, ListColumnType, ListTable } from './verify/list-table.ts';
export { tableOfList } from './verify/list-table.ts';
export type { ProvenFacts, ProvenFrame, Verdict, VerdictOf } from './verify/proof.ts';
export { verifyProofBundle } from './verify/proof.ts';
export type { ProofMemory } from './verify/proof-memory.ts';
export { createProofMemory } from './verify/proof-memory.ts';
export type { Stamp, StampVerdict } from './verify/stamp.ts';
export { decodeStamp, encodeStamp, STAMP_BYTES_MAX, verifyStamp } from './verify/stamp.ts';
export type { ServedBlock, TrustedStart } from './verify/start.ts';
export { startAtBlock, startAtGenesis, startAtWitnesses } from './verify/start.ts';
export type { TableFormat } from './verify/table-file.ts';
export {
  renderTableFile,
  spreadsheetText,
  TABLE_FORMATS,
  verifyTableFile,
} from './verify/table-file.ts';
export type { ProvenTransaction } from './verify/transaction-proof.ts';
export { verifyTransactionProof } from './verify/transaction-proof.ts';
export type { Checkpoint, Trust } from './verify/trust.ts';
export { readCheckpoint, readTrustedChain } from './verify/trust.ts';
export type { Language, ShownLine } from './verify/words.ts';
export {
  describeFacts,
  describeList,
  describeRow,
  explainList,
  explainVerdict,
} from './verify/words.ts';
export type {
  BlockAnswer,
  BlockOutline,
  BlockTransaction,
  ValidatorsAnswer,
} from './wire/chain.ts';
export type { ConsistencyAnswer, InclusionAnswer } from './wire/checkpoint.ts';
export type { FieldFault } from './wire/field-fault.ts';
export type { Problem } from './wire/problem.ts';
export type {
  Head,
  MerklePath,
  Pending,
  Receipt,
  ReceiptEvent,
  ReceiptFailure,
  TransactionProof,
} from './wire/receipt.ts';
export type { HealthReason, StatusAnswer, VoterAnswer, WhyAnswer } from './wire/status.ts';
