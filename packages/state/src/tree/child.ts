/**
 * What the parts of a stage say to each other: writes, and children as their parents know them.
 */
import type { RecordKey } from '@daybook/core';
import type { HashPlace } from './bucket.ts';
import type { MemoryNode, PendingValue } from './nodes.ts';
import { INNER_COUNT } from './nodes.ts';
import type { Ref } from './record-form.ts';

/** One change, with the hash of its leaf; nothing is there when the record is removed. */
export interface TreeWrite extends HashPlace {
  readonly recordKey: RecordKey;
  readonly treeKey: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/**
 * What stands in a slot, or at the top of the tree: nothing, a bucket or a node. Its hash is there
 * unless this stage made the node: those are hashed at the end.
 */
export interface Child extends HashPlace {
  /** 0, 1 to 16, or INNER_COUNT. */
  readonly count: number;
  readonly ref: Ref;
  /** The node, when it is only in memory. */
  readonly node: MemoryNode | undefined;
}

/** A record that a block removed, for the history of its key. */
export interface RemovedRecord {
  readonly recordKey: RecordKey;
  readonly previous: Ref | PendingValue;
}

const NO_HASH = new Uint8Array(32);
const HASH_TO_COME = new Uint8Array(32);
export const EMPTY_CHILD: Child = {
  count: 0,
  ref: 0,
  node: undefined,
  hashBytes: NO_HASH,
  hashAt: 0,
};

/** A child that this stage made. */
export function ownChild(node: MemoryNode): Child {
  const count = node.isInner ? INNER_COUNT : node.count;
  return { count, ref: 0, node, hashBytes: HASH_TO_COME, hashAt: 0 };
}

/** Whether the hash of a child will be written to its parent when all are computed. */
export function isUnhashed({ hashBytes }: Child): boolean {
  return hashBytes === HASH_TO_COME;
}
