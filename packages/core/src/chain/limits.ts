/**
 * Every fixed limit of the protocol, with its unit and reason. What operators or governance may
 * change is not here: node settings are local, chain parameters stand in `parameters.ts`.
 */
import { assert } from '../codec/assert.ts';

export const LIMITS = {
  /** Validators in one set: certificates stay under 2 KiB and a round change under 64 KiB. */
  validatorsMax: 30,
  /** Fewer tolerate no liar; allowed only with `developmentMode` in genesis. */
  validatorsMin: 4,
  /** Bytes of one transaction on the wire, signatures included. */
  transactionBytesMax: 64 * 1024,
  /** Signers of one transaction. */
  signersMax: 16,
  /** Calls of one transaction. */
  callsMax: 256,
  /** Nesting of call arguments; deeper input is refused before it is decoded. */
  argumentDepthMax: 12,
  /** Hard upper limit of `blockBytesMax` whatever governance decides. */
  blockBytesHardMax: 2 * 1024 * 1024,
  /** What a proposal may carry beside its block: header, justification, ids. */
  proposalOverheadBytesMax: 512 * 1024,
  /** Transactions in one block; bounds the id list of a proposal. */
  blockTransactionsMax: 10_000,
  /** Bytes of a PREPARE or COMMIT. */
  voteBytesMax: 256,
  /** Bytes of a ROUND-CHANGE with its certificate of up to 20 seals. */
  roundChangeBytesMax: 4 * 1024,
  /** Bytes of a STATUS. */
  statusBytesMax: 512,
  /** Rounds are u32 below 2^31; larger ones are malformed. */
  roundMax: 2 ** 31 - 1,
  /** Characters of an organisation slug, an officer name, a contract or action name. */
  nameCharactersMax: 64,
  /** System transactions of evidence in one block. */
  evidencePerBlockMax: 10,
  /** Blocks after which evidence is too old to be recorded. */
  evidenceBlocksMax: 100_000,
  /** System transactions of readiness in one block: each validator, present or to come, has one. */
  readyPerBlockMax: 64,
  /** Blocks in one range request of sync. */
  rangeBlocksMax: 64,
  /** Bytes in one range answer of sync. */
  rangeBytesMax: 8 * 1024 * 1024,
  /** Records in one range of a snapshot: some milliseconds of reading for who serves it. */
  snapshotRecordsMax: 1000,
  /** Bytes of their values; the last one may go beyond. */
  snapshotBytesMax: 1024 * 1024,
  /** Block hashes in one answer to a node that joins. */
  snapshotHashesMax: 16 * 1024,
  /** Tree versions kept for proofs behind the head. */
  retainedHeights: 1000,
  /** Bytes of a proof that a range of records is whole, without the records. */
  rangeProofBytesMax: 64 * 1024,
  /** Records of one file that proves a list. */
  listRecordsMax: 1000,
  /** Bytes of a genesis document in canonical form. */
  genesisBytesMax: 1024 * 1024,
  /** Bytes of a proof bundle. */
  proofBundleBytesMax: 4 * 1024 * 1024,
} as const;

assert(LIMITS.transactionBytesMax < LIMITS.blockBytesHardMax, 'a transaction fits in a block');
assert(LIMITS.validatorsMin <= LIMITS.validatorsMax, 'a validator set can exist');
