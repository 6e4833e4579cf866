/** States that are computed and not stored: what they hold, and who is built on whom. */
import type { Hash, Height, RecordKey } from '@daybook/core';
import { assert, compareBytes } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { Child, TreeWrite } from '../tree/child.ts';
import type { NodeStore } from '../tree/node-store.ts';
import { rebaseStage, releaseStage } from '../tree/tree-persist.ts';
import type { TreeStage } from '../tree/tree-stage.ts';
import { KeyMarks } from './key-marks.ts';
import type { StagedState, StateReader } from './state-store.ts';

/** Candidates of one height that may wait at the same time; beyond, the oldest are dropped. */
const STAGED_MAX = 16;
/** Bits for the keys that a staged state and those below it wrote. */
const MARKS = 2 ** 16;

export class Staged implements StagedState {
  readonly height: Height;
  readonly root: Hash;
  readonly reader: StateReader;
  /** The staged state it was built on; forgotten when this one is committed. */
  parent: Staged | undefined;
  readonly stage: TreeStage;
  /** Records in the tree. */
  readonly records: number;
  /** In key order. */
  readonly writes: readonly TreeWrite[];
  /** The tree; its nodes are in memory until it is committed. */
  tree: Child;
  phase: 'staged' | 'committed' | 'discarded' = 'staged';
  /** Keys that this state wrote, or one that it was built on. */
  readonly #marks: KeyMarks;
  readonly #onDiscard: (staged: Staged) => void;

  constructor(fields: StagedFields, read: ReadStaged, onDiscard: (staged: Staged) => void) {
    this.height = fields.height;
    this.root = fields.root;
    this.parent = fields.parent;
    this.stage = fields.stage;
    this.records = fields.records;
    this.writes = fields.writes;
    this.tree = fields.tree;
    this.reader = { get: (key) => read(this, key) };
    this.#onDiscard = onDiscard;
    const below = fields.parent?.phase === 'staged' ? fields.parent.#marks : undefined;
    this.#marks = new KeyMarks(MARKS, below);
    for (const { treeKey } of this.writes) this.#marks.add(treeKey);
  }

  discard(): void {
    this.#onDiscard(this);
  }

  isDiscarded(): boolean {
    return this.phase === 'discarded';
  }

  /**
   * False when neither this state nor one below it wrote a record: of most records that is known
   * without a search through the writes of a whole range of blocks.
   */
  mayHaveWritten(treeKey: Uint8Array): boolean {
    return this.#marks.mayHave(treeKey);
  }

  /** Whether this state, and not one below it, wrote a record. */
  hasWritten(treeKey: Uint8Array): boolean {
    let low = 0;
    let high = this.writes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const write = this.writes[middle];
      assert(write !== undefined, 'the middle of a range is in it');
      const order = compareBytes(write.treeKey, treeKey);
      if (order === 0) return true;
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }

  /** @throws StateError STATE_STAGE_DISCARDED */
  assertUsable(): void {
    if (!this.isDiscarded()) return;
    throw new StateError({ code: 'STATE_STAGE_DISCARDED', height: this.height });
  }
}

export type ReadStaged = (staged: Staged, key: RecordKey) => Uint8Array | undefined;

export interface StagedFields {
  readonly height: Height;
  readonly root: Hash;
  readonly parent: Staged | undefined;
  readonly stage: TreeStage;
  readonly records: number;
  readonly writes: readonly TreeWrite[];
  readonly tree: Child;
}

/** All states that are staged now. */
export class StagedSet {
  readonly #nodes: NodeStore;
  readonly #all = new Set<Staged>();

  constructor(nodes: NodeStore) {
    this.#nodes = nodes;
  }

  add(staged: Staged): void {
    this.#all.add(staged);
    for (const old of this.#all) {
      if (this.#all.size <= STAGED_MAX) return;
      // The last of a chain is what the next is built on: a fetched range is staged as a whole.
      const isChained = old.parent?.phase === 'staged' || this.hasChildren(old);
      const isNeeded = old === staged || isChained;
      if (!isNeeded) this.discard(old);
    }
  }

  hasChildren(staged: Staged): boolean {
    return this.#childrenOf(staged).length > 0;
  }

  /** Gives back the memory of a state and of all that are built on it. */
  discard(staged: Staged): void {
    if (staged.phase !== 'staged' || !this.#all.delete(staged)) return;
    for (const child of this.#childrenOf(staged)) this.discard(child);
    staged.phase = 'discarded';
    releaseStage(staged.stage, this.#nodes);
  }

  /**
   * After a state was written: the others of its height are over, those built on it refer to its
   * places, and its memory is given back.
   * @param stored  its tree with places
   */
  commit(staged: Staged, stored: Child): void {
    assert(this.#all.delete(staged), 'a state is committed once');
    for (const other of [...this.#all]) {
      if (other.height <= staged.height) this.discard(other);
    }
    for (const other of this.#all) other.tree = rebaseStage(other.tree, other.stage);
    staged.phase = 'committed';
    staged.parent = undefined;
    staged.tree = stored;
    releaseStage(staged.stage, this.#nodes);
  }

  discardAll(): void {
    for (const staged of [...this.#all]) this.discard(staged);
  }

  #childrenOf(staged: Staged): readonly Staged[] {
    return [...this.#all].filter(({ parent }) => parent === staged);
  }
}
