/**
 * The end of a chain that may still be growing: the committed head, or a block executed on top of
 * it and not yet final. Everything the next block is built and judged by follows from it.
 */
import type {
  BodyEntry,
  CborMap,
  ChainParameters,
  Frontier,
  Hash,
  Header,
  RecoveryFile,
  Rotation,
  TransactionResult,
  ValidatorSet,
} from '@daybook/core';
import type { StagedState, StateReader, StateWrite } from '@daybook/state';

/** What governs the height after a tip. */
export interface NextHeight {
  readonly validators: ValidatorSet;
  readonly rotation: Rotation;
  readonly parameters: ChainParameters;
  /** What votes bind: G, or the era after a recovery. */
  readonly era: Hash;
  /** The recovery by which the height begins; its first entry records it. */
  readonly recovery?: RecoveryFile;
}

export interface Tip {
  readonly header: Header;
  readonly hash: Hash;
  /** State after this block. */
  readonly reader: StateReader;
  /** Present while the state is only staged. */
  readonly staged?: StagedState;
  /** RFC 9162 tree over the hashes of heights 0 to this one. */
  readonly frontier: Frontier;
  readonly next: NextHeight;
  /** Hex ids included in blocks that are executed but not committed, this one included. */
  readonly uncommitted: ReadonlySet<string>;
}

/** What happened to one transaction. Facts explain a refusal; no hash covers them. */
export interface Outcome {
  readonly result: TransactionResult;
  readonly facts: CborMap | undefined;
}

/** A block with everything its execution gave: ready to be voted on and committed. */
export interface ExecutedBlock {
  readonly header: Header;
  readonly hash: Hash;
  /** Complete encoding. */
  readonly bytes: Uint8Array;
  readonly entries: readonly BodyEntry[];
  readonly outcomes: readonly Outcome[];
  /** Result leaves in body order. */
  readonly results: readonly Uint8Array[];
  /** What it changes, one entry a record. */
  readonly writes: readonly StateWrite[];
  readonly tip: Tip;
  readonly staged: StagedState;
}
