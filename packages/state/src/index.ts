/**
 * What a node keeps: the block log, the vote log with its signer, and the authenticated state.
 * Exports only.
 */
export type { ArchivedSegment, MovedSegment, PlacedBlock } from './blocks/archived-segment.ts';
export {
  indexName,
  movedHeight,
  readGrowingSegment,
  readMovedSegment,
  readSegment,
  readSoundPart,
  segmentHeight,
} from './blocks/archived-segment.ts';
export type {
  BlockLog,
  Candidate,
  FinalBlock,
  Finalisation,
  LoggedTransaction,
  LogHead,
  RecentTransaction,
  SealedSegment,
  TransactionPlace,
} from './blocks/block-log.ts';
export { RECORD_HEAD, recordBytes } from './blocks/block-record.ts';
export type { EarlierHashes, EarlierHashesWriter } from './blocks/earlier-hashes.ts';
export {
  continueEarlierHashes,
  createEarlierHashes,
  openEarlierHashes,
} from './blocks/earlier-hashes.ts';
export { openBlockLog } from './blocks/file-block-log.ts';
export type { BlockPlace } from './blocks/segment-read.ts';
export { assembleBlock } from './blocks/segment-read.ts';
export type { Tile } from './blocks/tiles.ts';
export { tilesOf } from './blocks/tiles.ts';
export type { DataDirectory } from './data-directory.ts';
export { lockDirectory, openDataDirectory } from './data-directory.ts';
export type { Disk, DiskFile, FileIdentity } from './disk/disk.ts';
export type { MemoryDisk, MemoryDiskOptions, PendingWrite } from './disk/memory-disk.ts';
export { createMemoryDisk } from './disk/memory-disk.ts';
export { createNodeDisk, createReadingDisk } from './disk/node-disk.ts';
export { replaceFile, syncFolder } from './disk/replace-file.ts';
export { createWrappedDisk } from './disk/wrapped-disk.ts';
export type { StateFailure } from './errors.ts';
export { explainState, STATE_ERRORS, StateError } from './errors.ts';
export { collectAll, createYoungCollector } from './garbage.ts';
export type { JoiningPaths } from './joining-directory.ts';
export {
  completeJoining,
  discardJoining,
  isJoining,
  openJoining,
} from './joining-directory.ts';
export type { Keepsake, Keepsakes } from './keepsakes/keepsakes.ts';
export { openKeepsakes } from './keepsakes/keepsakes.ts';
export { openGuardedLevel, openSuspectLevel, readThrough } from './store/guarded-level.ts';
export type { KeyValue, MemoryKeyValue } from './store/key-value.ts';
export { createMemoryKeyValue } from './store/key-value.ts';
export type { LevelOptions } from './store/level.ts';
export { openLevel } from './store/level.ts';
export type { StateStoreOptions, StateStoreParts } from './store/open-state-store.ts';
export { openStateStore } from './store/open-state-store.ts';
export type {
  ImportedRecord,
  ImportProgress,
  StateImport,
  StateImportOptions,
} from './store/state-import.ts';
export { openStateImport } from './store/state-import.ts';
export type {
  HistoryOptions,
  HistoryRule,
  ListOptions,
  ProvenRange,
  ProvenRecord,
  RangeOptions,
  RecordVersion,
  ShownSubtree,
  StagedState,
  StageRequest,
  StateFigures,
  StateReader,
  StateRecovery,
  StateStore,
  StateWrite,
  StoredRecord,
} from './store/state-store.ts';
export type { VoteLogCreation, VoteLogOptions } from './votes/file-vote-log.ts';
export { createVoteLog, openVoteLog } from './votes/file-vote-log.ts';
export { judgeSigning, parseSignBytes } from './votes/guard.ts';
export { readVotes } from './votes/read-votes.ts';
export type {
  PassingRefusal,
  SigningRefusal,
  SigningRequest,
  VoteSigner,
} from './votes/signer.ts';
export { isPassing } from './votes/signer.ts';
export type {
  RemoteSigner,
  RemoteSignerOptions,
  RemoteSignerParts,
} from './votes/signer-client.ts';
export { connectSigner } from './votes/signer-client.ts';
export type {
  SignerServer,
  SignerServerEvent,
  SignerServerOptions,
  SignerServerParts,
} from './votes/signer-server.ts';
export { startSignerServer } from './votes/signer-server.ts';
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
export type { VoteRecord } from './votes/vote-record.ts';
export type { VoteSignerOpening, VoteSignerOptions, VoteSignerParts } from './votes/vote-signer.ts';
export { openVoteSigner } from './votes/vote-signer.ts';
export { applyVoteRecord, EMPTY_VOTES } from './votes/vote-state.ts';
