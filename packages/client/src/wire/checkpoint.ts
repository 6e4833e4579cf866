/** Proofs over the history as a node answers with them; paths are bounded. */
import type { Hash } from '@daybook/core';
import { MERKLE_PATH_MAX } from '@daybook/core';
import { hash, integer, list, object } from './decode.ts';

/** That one tree begins with another; the roots are those of the node that answered. */
export interface ConsistencyAnswer {
  readonly from: number;
  readonly fromRoot: Hash;
  readonly to: number;
  readonly toRoot: Hash;
  readonly path: readonly Hash[];
}

/** That a block stands in a tree. */
export interface InclusionAnswer {
  /** Height of the block. */
  readonly index: number;
  /** Its hash. */
  readonly leaf: Hash;
  readonly size: number;
  readonly root: Hash;
  readonly path: readonly Hash[];
}

const path = list(hash, MERKLE_PATH_MAX);

export const decodeConsistency = object({
  from: integer,
  fromRoot: hash,
  to: integer,
  toRoot: hash,
  path,
});

export const decodeInclusion = object({
  index: integer,
  leaf: hash,
  size: integer,
  root: hash,
  path,
});

export const decodeAdded = object({ added: integer });
