/**
 * The state store: the authenticated tree with its values, versioned by height. It is derived from
 * the block log and may lose its unsynced tail; `appliedHeight` says from where to execute again.
 */
import type {
  Hash,
  Height,
  RangeProof,
  RecordKey,
  RecordPlace,
  StateProof,
  TreePlace,
  TreeRange,
} from '@daybook/core';
import type { PinOwner } from './pins.ts';

/** Synchronous reads of one version; execution runs over this (it fits contracts' `StateView`). */
export interface StateReader {
  /**
   * The stored value, or undefined when there is no such record. The bytes are not to be changed.
   * @throws StateError STATE_DAMAGED naming the record, STATE_VERSION_PRUNED when the version has
   *   left the retained window since the reader was made
   */
  get(key: RecordKey): Uint8Array | undefined;
}

/** One change of a block; several changes of one record in a block are folded into the last. */
export interface StateWrite {
  readonly recordKey: RecordKey;
  /** `treeKeyOf(recordKey)`, which the engine has anyway. */
  readonly treeKey: Uint8Array;
  /** The new value; undefined removes the record. Not changed afterwards by anybody. */
  readonly value: Uint8Array | undefined;
  /** `valueHashOf(value)`, where the engine has it anyway. */
  readonly valueHash?: Hash;
}

/** The state after a block, computed in memory and not stored. */
export interface StagedState {
  readonly height: Height;
  /** The state root for the header. */
  readonly root: Hash;
  /** Reads the state after the block. */
  readonly reader: StateReader;
  /** Frees its memory; done by itself for all others when one of its height is committed. */
  discard(): void;
  /** Whether it was: by `discard`, by `rollBack`, or as the oldest of too many. */
  isDiscarded(): boolean;
}

/** What `stage` works on. */
export interface StageRequest {
  /** The height that is being executed: 0 for genesis, else one more than the parent's. */
  readonly height: Height;
  /** The staged parent; absent means the committed state of height-1. */
  readonly parent?: StagedState;
  readonly writes: readonly StateWrite[];
}

export interface ListOptions {
  /** The last key of the previous page; absent starts at the beginning. */
  readonly after?: RecordKey;
  /** At most this many records, 1 to 1000. */
  readonly limit: number;
  /** A retained or pinned version; absent means the newest. */
  readonly height?: Height;
}

export interface StoredRecord {
  readonly key: RecordKey;
  readonly value: Uint8Array;
}

/** One version of a record. */
export interface RecordVersion {
  /** The block that wrote it. */
  readonly height: Height;
  /** undefined when that block removed the record. */
  readonly value: Uint8Array | undefined;
}

/** Which versions of records are kept beyond the retained window. */
export type HistoryRule = 'all' | 'retained';

export interface HistoryOptions {
  /** At most this many versions, 1 to 1000. */
  readonly limit: number;
  /** Only versions written before this height: the height of the last one of the previous page. */
  readonly before?: Height;
}

/** A record or its absence with the path to the state root of `height`. */
export interface ProvenRecord {
  readonly height: Height;
  readonly root: Hash;
  readonly value: Uint8Array | undefined;
  readonly proof: StateProof;
}

export interface RangeOptions {
  /** The `next` of the range before; absent starts at the beginning. */
  readonly from?: Uint8Array;
  /** At most this many records, 1 to 1000. */
  readonly limit: number;
  /** No further record is taken once the values have so many bytes together. */
  readonly bytesMax: number;
  /** A retained or pinned version; absent means the newest. */
  readonly height?: Height;
}

/**
 * Records of a set or a partition in the order of tree keys, with what proves that they are all that
 * lie in `range`.
 */
export interface ProvenRange {
  readonly height: Height;
  readonly root: Hash;
  readonly range: TreeRange;
  readonly records: readonly StoredRecord[];
  readonly proof: RangeProof;
  /** Where the rest begins, if the limits left something. */
  readonly next: Uint8Array | undefined;
}

/** A part of the tree as a stored version has it. */
export interface ShownSubtree {
  readonly height: Height;
  readonly root: Hash;
  readonly part:
    | { readonly kind: 'empty' }
    | {
        readonly kind: 'bucket';
        readonly records: readonly { readonly key: RecordKey; readonly valueHash: Hash }[];
      }
    | ({ readonly kind: 'node'; readonly slots: readonly Hash[] } & TreePlace);
}

/** What the store found when it was opened. */
export interface StateRecovery {
  /** The newest stored height; undefined when not even genesis is stored. */
  readonly appliedHeight: Height | undefined;
  /** Newer heights that were stored but not whole, and were rolled back; 0 after a clean stop. */
  readonly rolledBack: number;
}

/** Figures for metrics, taken without reading the disk. */
export interface StateFigures {
  readonly records: number;
  /** Bytes of the tree's segment files. */
  readonly treeBytes: number;
  /** Bytes of tree nodes ever written; grows only. */
  readonly treeBytesWritten: number;
  /** Bytes of the segment files of values. */
  readonly valueBytes: number;
  /** Bytes of values ever written; grows only. */
  readonly valueBytesWritten: number;
  /** Memory that the tree keeps, within the setting: cached and free nodes, buckets, free chunks. */
  readonly cacheBytes: number;
  /** Segment files of the tree and of values. */
  readonly segments: number;
  /** Segment files removed since the store was opened. */
  readonly segmentsRemoved: number;
}

export interface StateStore {
  readonly recovery: StateRecovery;
  /** The newest committed height; undefined before genesis. */
  appliedHeight(): Height | undefined;
  /** The lowest height of the run of versions up to the newest; undefined before genesis. */
  oldestHeight(): Height | undefined;
  /** The state root of a retained or pinned height. */
  rootAt(height: Height): Hash | undefined;
  /**
   * Reads a committed version, the newest by default; before genesis everything is absent.
   * @throws StateError STATE_VERSION_PRUNED
   */
  view(height?: Height): StateReader;
  /**
   * Computes the state after a block. Nothing is written. Several may be staged on one parent, and
   * on a parent that is itself only staged.
   * @throws StateError STATE_DAMAGED when a node on the way fails its checksum
   */
  stage(request: StageRequest): StagedState;
  /**
   * Stores a staged state whose block is final, in the order of heights: one atomic batch, synced
   * every 100 heights. The version is readable when the promise resolves.
   */
  commit(staged: StagedState): Promise<void>;
  /** @throws StateError STATE_VERSION_PRUNED, STATE_DAMAGED */
  prove(key: RecordKey, height?: Height): ProvenRecord;
  /**
   * Records of a set, or of the whole state, with the proof that they are all.
   * @throws as `prove`
   */
  proveRange(range: RecordPlace | 'all', options: RangeOptions): ProvenRange;
  /** The bucket or node at a place of the tree or right below it. @throws as `prove` */
  subtree(place: TreePlace, height?: Height): ShownSubtree;
  /** Records of a set in the order of (partition, key) bytes. */
  list(range: RecordPlace, options: ListOptions): Promise<readonly StoredRecord[]>;
  /** Versions of a record, newest first, as far as they are kept: see `historyFrom`. */
  history(key: RecordKey, options: HistoryOptions): Promise<readonly RecordVersion[]>;
  /**
   * Compares what is remembered of removed records with the value log, all of which is read for it.
   * @throws StateError STATE_DAMAGED naming a record whose history or index entry lost its removal
   */
  checkRemovals(): Promise<void>;
  /** The height from which on every version of every record is there: 0 while none was dropped. */
  historyFrom(): Height;
  /** Keeps a version beyond the retained window until the owner's `unpin`; survives restarts. */
  pin(height: Height, owner: PinOwner): Promise<void>;
  /** Ends the pin of one owner; the version stays while another has one. */
  unpin(height: Height, owner: PinOwner): Promise<void>;
  /** Heights that are pinned, by one owner or by anybody, ascending. */
  pins(owner?: PinOwner): readonly Height[];
  /**
   * Goes back to an earlier retained height, dropping all caches (protocol R15: a state root that
   * differs is re-checked once).
   */
  rollBack(height: Height): Promise<void>;
  figures(): StateFigures;
  /** Syncs and closes; the next open has nothing to recover. */
  close(): Promise<void>;
}
