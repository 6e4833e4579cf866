/**
 * The vocabulary of Daybook: encodings, hashes, keys, proofs and chain types. Exports only; the
 * rooms build on one another in the order codec, crypto, chain.
 */

// chain
export type { Block, Body, TransactionRef } from './chain/block.ts';
export {
  blockSize,
  decodeBlock,
  encodeBlock,
  readBody,
  transactionLeaf,
  transactionRoot,
} from './chain/block.ts';
export type {
  Certificate,
  CertificateExpectation,
  CertificateFailure,
  CertificateKind,
} from './chain/certificate.ts';
export {
  decodeCertificate,
  encodeCertificate,
  verifyCertificate,
} from './chain/certificate.ts';
export type {
  CheckpointFailure,
  CheckpointFault,
  CheckpointTrust,
  ReadCheckpoint,
  TreeHead,
  VerifiedCheckpoint,
} from './chain/checkpoint.ts';
export {
  CHECKPOINT_INTERVAL_MS,
  checkpointKeysOf,
  checkpointOriginOf,
  encodeTreeHead,
  isCheckpointDue,
  isTreeHead,
  readCheckpointNote,
  readTreeHead,
  verifyCheckpoint,
} from './chain/checkpoint.ts';
export type { CheckpointFork, CheckpointSide } from './chain/checkpoint-fork.ts';
export {
  CHECKPOINT_FORK_FORMAT,
  decodeCheckpointFork,
  encodeCheckpointFork,
} from './chain/checkpoint-fork.ts';
export type { Evidence, EvidenceKind } from './chain/evidence.ts';
export { conflictOf, evidenceOf } from './chain/evidence.ts';
export type { EvidenceFailure, EvidenceProof, SignedContent } from './chain/evidence-proof.ts';
export {
  encodeEvidence,
  proveEvidence,
  readEvidence,
  verifyEvidence,
} from './chain/evidence-proof.ts';
export type { ForkProof, ForkSide } from './chain/fork-proof.ts';
export { decodeForkProof, encodeForkProof, FORK_PROOF_FORMAT } from './chain/fork-proof.ts';
export type {
  FounderSignature,
  Genesis,
  GenesisContract,
  GenesisDocument,
  GenesisFailure,
  GenesisFile,
  GenesisNode,
  GenesisOfficer,
  GenesisOrganisation,
  GenesisValidator,
  LocalisedText,
  PossessionPurpose,
} from './chain/genesis.ts';
export {
  founderSignBytes,
  GENESIS_FORMAT,
  missingFounders,
  possessionSignBytes,
  readGenesis,
  readGenesisDraft,
  readGenesisFile,
  signAsFounder,
} from './chain/genesis.ts';
export type { Header } from './chain/header.ts';
export {
  blockHash,
  decodeHeader,
  encodeHeader,
  HEADER_SIZE,
  HEADER_VERSION,
  readHeader,
} from './chain/header.ts';
export type { Height, Round, TimestampMs, TransactionId, ValidatorId } from './chain/ids.ts';
export { asTransactionId, asValidatorId, NONCE_SIZE } from './chain/ids.ts';
export type { InputFault, InputFaultKind, InputReader } from './chain/input.ts';
export { createInputReader } from './chain/input.ts';
export { LIMITS } from './chain/limits.ts';
export {
  decodeMessage,
  encodeMessage,
  justificationHash,
  MESSAGE_BYTES_MAX,
} from './chain/message-codec.ts';
export type {
  BlockReply,
  Commit,
  Decided,
  GetBlock,
  InlinedTransaction,
  Justification,
  JustificationEntry,
  Message,
  MessageType,
  PrePrepare,
  Prepare,
  RoundChange,
  Signed,
  Status,
  VoteMessage,
} from './chain/messages.ts';
export type { ChainParameters, ParameterFailure, ParameterName } from './chain/parameters.ts';
export {
  completeParameters,
  DEFAULT_PARAMETERS,
  isParameterName,
  messageDelayMs,
  PARAMETER_NAMES,
  PARAMETERS,
  roundDurationMs,
} from './chain/parameters.ts';
export { peerIdFromPublicKey, publicKeyOfPeerId } from './chain/peer-id.ts';
export type {
  ListBundle,
  ListClaim,
  ProofBundle,
  ProofFrame,
  RecordClaim,
  ResultClaim,
  SetChange,
  VersionBundle,
  VersionClaim,
} from './chain/proof-bundle.ts';
export {
  changeToCbor,
  decodeListBundle,
  decodeProofBundle,
  decodeVersionBundle,
  encodeListBundle,
  encodeProofBundle,
  encodeVersionBundle,
  readChange,
} from './chain/proof-bundle.ts';
export type {
  RangeBranch,
  RangeProof,
  RangeSlots,
  TreePlace,
  TreeRange,
} from './chain/range-proof.ts';
export {
  isInRange,
  keyAfter,
  keyBefore,
  placeOfSlot,
  placeOfText,
  placeToText,
  ROOT_PLACE,
  relationOf,
  verifyRangeProof,
} from './chain/range-proof.ts';
export { decodeRangeProof, encodeRangeProof } from './chain/range-proof-codec.ts';
export type {
  RecoveryConsent,
  RecoveryFailure,
  RecoveryFile,
  RecoveryPlan,
  RecoveryValidator,
} from './chain/recovery.ts';
export {
  consentingTo,
  encodeRecovery,
  eraOf,
  RECOVERY_FORMAT,
  readRecovery,
  recoverySet,
  recoverySignBytes,
} from './chain/recovery.ts';
export type { RecoveryFileFailure } from './chain/recovery-json.ts';
export { readRecoveryFile, renderRecoveryFile } from './chain/recovery-json.ts';
export type { LedgerEvent, TransactionResult, WrittenValue } from './chain/result.ts';
export { decodeResult, encodeResult, resultRoot } from './chain/result.ts';
export type { ProposerContext, Rotation, RotationEntry } from './chain/rotation.ts';
export { carryRotation, freshRotation, proposerOf, updateRotation } from './chain/rotation.ts';
export type {
  PreparedRef,
  Unsigned,
  UnsignedCommit,
  UnsignedPrePrepare,
  UnsignedPrepare,
  UnsignedRoundChange,
} from './chain/sign-bytes.ts';
export { signBytes } from './chain/sign-bytes.ts';
export type { RecordKey, RecordPlace } from './chain/state-key.ts';
export {
  isTreeKey,
  recordSetOf,
  TREE_KEY_SIZES,
  treeKeyOf,
  treePrefixOf,
  valueHashOf,
} from './chain/state-key.ts';
export type {
  BucketLeaf,
  NeighbourLeaf,
  ProofEnd,
  ProofStep,
  SlotPath,
  StateClaim,
  StateProof,
  StateProofFailure,
} from './chain/state-proof.ts';
export { decodeStateProof, encodeStateProof, verifyStateProof } from './chain/state-proof.ts';
export type { TreeLeaf } from './chain/state-tree.ts';
export {
  bucketLabel,
  EMPTY_STATE_ROOT,
  nibbleAt,
  nodeLabel,
  prefixOf,
  runRoot,
  SLOT_PATH_LENGTH,
  sharedNibbles,
  slotsRoot,
  TREE_WIDTH,
  treeLeafHash,
  treePairHash,
  treeRootOf,
} from './chain/state-tree.ts';
export type {
  BodyEntry,
  Call,
  CallArguments,
  Signer as TransactionSigner,
  SystemKind,
  SystemTransaction,
  Transaction,
  TransactionBody,
  TransactionFailure,
} from './chain/transaction.ts';
export {
  decodeBody,
  decodeBodyEntry,
  decodeTransaction,
  encodeBody,
  encodeSystemTransaction,
  encodeTransaction,
  entryBytes,
  isSystemEntry,
  refOf,
  signBody,
  systemTransaction,
  TRANSACTION_VERSION,
  transactionHashOf,
  transactionIdOf,
  transactionSignBytes,
} from './chain/transaction.ts';
export type {
  CertifiedHeader,
  FinalHeader,
  FollowFault,
  KnownEra,
  TrustedSet,
} from './chain/trusted-set.ts';
export {
  followChange,
  followChanges,
  lastSet,
  readSet,
  trustGenesis,
  verifyFinalHeader,
} from './chain/trusted-set.ts';
export type { Quorum, Validator, ValidatorSet } from './chain/validators.ts';
export {
  buildValidatorSet,
  indexOfKey,
  indexOfValidator,
  quorumOf,
  validatorIdOf,
  validatorsHash,
} from './chain/validators.ts';
export type { WitnessedCheckpoint, WitnessPolicy } from './chain/witness-policy.ts';
export {
  POLICY_WITNESSES_MAX,
  readWitnessPolicy,
  TRUST_PERIOD_MS,
  verifyWitnessed,
  WITNESS_AHEAD_MS,
} from './chain/witness-policy.ts';
// codec
export { AssertionError, assert, assertNever } from './codec/assert.ts';
export type { BinaryReader, BinaryWriter } from './codec/binary.ts';
export { createWriter, decodeBinary } from './codec/binary.ts';
export {
  assertBytes,
  compareBytes,
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
} from './codec/bytes.ts';
export type { CborLimits, CborMap, CborValue } from './codec/cbor.ts';
export { decodeCanonical, encodeCanonical, isCanonicalText } from './codec/cbor.ts';
export { crc32c } from './codec/crc32c.ts';
export type { DecodeFailure, ErrorEntry, ErrorTable } from './codec/failure.ts';
export { defineErrors } from './codec/failure.ts';
export type { Result } from './codec/result.ts';
export { fail, ok } from './codec/result.ts';
// crypto
export type { Branded, Hash, PublicKey, Signature } from './crypto/brands.ts';
export {
  asHash,
  asPublicKey,
  asSignature,
  HASH_SIZE,
  PUBLIC_KEY_SIZE,
  SIGNATURE_SIZE,
  ZERO_HASH,
} from './crypto/brands.ts';
export type { Signer } from './crypto/ed25519.ts';
export {
  createSigner,
  isGoodPublicKey,
  precheckSignature,
  publicKeyOf,
  sign,
  verifyStrict,
} from './crypto/ed25519.ts';
export { hashTagged, sha256 } from './crypto/hash.ts';
export { generateNonce, generateSecretKey } from './crypto/key-generation.ts';
export type { ConsistencyProof, Frontier, InclusionProof } from './crypto/merkle.ts';
export {
  appendFrontier,
  consistencyProof,
  emptyFrontier,
  foldPeaks,
  frontierRoot,
  inclusionProof,
  leafHash,
  merkleRoot,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from './crypto/merkle.ts';
export type { LeafRange, Subtree } from './crypto/merkle-ranges.ts';
export {
  completeSubtrees,
  consistencyRanges,
  inclusionRanges,
  MERKLE_PATH_MAX,
} from './crypto/merkle-ranges.ts';
export type {
  NoteFailure,
  NoteFault,
  NoteKey,
  NoteKeyType,
  NoteSignature,
  SignedNote,
  VerifiedLine,
} from './crypto/note.ts';
export {
  cosignNote,
  encodeNote,
  encodeNoteKey,
  encodeNoteSignature,
  isNoteName,
  NOTE_BYTES_MAX,
  NOTE_SIGNATURES_MAX,
  noteKeyIdOf,
  readNote,
  readNoteKey,
  readNoteSignatures,
  signNote,
  verifyNote,
} from './crypto/note.ts';
export { SEAL_SALT_SIZE, sealOf } from './crypto/seal.ts';
export type { SelfTestFailure, SelfTestSuite } from './crypto/self-test.ts';
export { runSelfTest } from './crypto/self-test.ts';
export type { MutantName, Simulation } from './crypto/simulation/simulation.ts';
export { isPlanted, MUTANTS, simulationSwitches } from './crypto/simulation/simulation.ts';
export type { TagName } from './crypto/tags.ts';
export { TAG_LAYOUTS, TAG_SIZE, TAGS } from './crypto/tags.ts';
// errors
export { CORE_ERRORS, explainCheckpoint, explainCore } from './errors.ts';
