/**
 * Proofs that some records are all the records of the state tree whose keys lie in a range (the tree
 * itself is in `state-tree.ts`). A record set or a partition of it is the range of one prefix, so
 * that a list is proven to leave nothing out; a snapshot is a row of such ranges.
 *
 * The records speak for themselves: a subtree that holds nothing else is built from them again. A
 * proof carries only what stands at the two borders of the range.
 */
import { assertNever } from '../codec/assert.ts';
import { compareBytes, equalBytes, fromHex, toHex } from '../codec/bytes.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import type { Hash } from './ids.ts';
import { ZERO_HASH } from './ids.ts';
import { isTreeKey } from './state-key.ts';
import type { StateProofFailure } from './state-proof.ts';
import type { TreeLeaf } from './state-tree.ts';
import {
  EMPTY_SLOTS,
  nibbleAt,
  nodeLabel,
  prefixOf,
  SLOT_PATH_LENGTH,
  sharedNibbles,
  TREE_WIDTH,
  treePairHash,
  treeRootOf,
} from './state-tree.ts';

/**
 * Keys from `from` to `to`, both included, of which only as many bytes of a key are compared as
 * either has. So a range from a prefix to itself holds all keys that begin with it, and one without
 * bytes all keys.
 */
export interface TreeRange {
  readonly from: Uint8Array;
  readonly to: Uint8Array;
}

/** A subtree, at the root or in a slot of a node. */
export type RangeBranch =
  | { readonly kind: 'empty' }
  /** A subtree whose place lies outside the range. */
  | { readonly kind: 'hash'; readonly hash: Hash }
  /** All its records are in the range. */
  | { readonly kind: 'within' }
  /** A bucket with records of the range between others; those before and after it are shown. */
  | {
      readonly kind: 'bucket';
      readonly before: readonly TreeLeaf[];
      readonly after: readonly TreeLeaf[];
    }
  /** A node with records within and outside; its slots are shown. */
  | ({ readonly kind: 'node'; readonly slots: RangeSlots } & TreePlace)
  /** A node whose place could hold records of the range, but all its keys lie outside. */
  | ({ readonly kind: 'other-prefix'; readonly slots: Hash } & TreePlace);

/** A run of 1, 2, 4, 8 or 16 slots. */
export type RangeSlots =
  | { readonly kind: 'slot'; readonly branch: RangeBranch }
  | { readonly kind: 'empty' }
  /** Slots that all lie outside the range. */
  | { readonly kind: 'hash'; readonly hash: Hash }
  | { readonly kind: 'pair'; readonly left: RangeSlots; readonly right: RangeSlots };

/** What stands beside the records of a range, from the root down. */
export type RangeProof = RangeBranch;

// --- ranges --------------------------------------------------------------------------------

/** Whether a key lies in a range. */
export function isInRange(key: Uint8Array, { from, to }: TreeRange): boolean {
  return !isBefore(key, from) && !isAfter(key, to);
}

function isBefore(key: Uint8Array, from: Uint8Array): boolean {
  return compareBytes(key.subarray(0, from.length), from) < 0;
}

function isAfter(key: Uint8Array, to: Uint8Array): boolean {
  return compareBytes(key.subarray(0, to.length), to) > 0;
}

/** The key right before another of the same length; before the first key stands the last one. */
export function keyBefore(key: Uint8Array): Uint8Array {
  return stepped(key, -1, (byte) => byte > 0);
}

/** The key right after another of the same length; after the last key stands the first one. */
export function keyAfter(key: Uint8Array): Uint8Array {
  return stepped(key, 1, (byte) => byte < 0xff);
}

/** @param isLast  whether a byte takes the step itself instead of handing it on */
function stepped(key: Uint8Array, step: 1 | -1, isLast: (byte: number) => boolean): Uint8Array {
  const next = key.slice();
  for (let at = next.length - 1; at >= 0; at--) {
    const byte = next[at] ?? 0;
    next[at] = (byte + step) & 0xff;
    if (isLast(byte)) break;
  }
  return next;
}

/** The first nibbles that all keys below a place share. */
export interface TreePlace {
  /** ceil(depth / 2) bytes; the last nibble is zero when the depth is odd. */
  readonly prefix: Uint8Array;
  readonly depth: number;
}

/** The place of the root. */
export const ROOT_PLACE: TreePlace = { prefix: new Uint8Array(), depth: 0 };

/** Where a slot of a node stands. */
export function placeOfSlot({ prefix, depth }: TreePlace, slot: number): TreePlace {
  const longer = new Uint8Array((depth >> 1) + 1);
  longer.set(prefixOf(prefix, depth));
  const last = longer.length - 1;
  longer[last] = (longer[last] ?? 0) | (depth % 2 === 0 ? slot << 4 : slot);
  return { prefix: longer, depth: depth + 1 };
}

/** A place as the hexadecimal digits of its nibbles; nothing for the root. */
export function placeToText({ prefix, depth }: TreePlace): string {
  return toHex(prefix).slice(0, depth);
}

/** The place that digits name; undefined for anything else than at most 104 of them. */
export function placeOfText(digits: string): TreePlace | undefined {
  if (!/^[0-9a-f]{0,104}$/.test(digits)) return undefined;
  const prefix = fromHex(digits.length % 2 === 0 ? digits : `${digits}0`);
  return prefix && { prefix, depth: digits.length };
}

/** How the keys that could stand at a place lie to a range. */
export function relationOf(
  place: TreePlace,
  { from, to }: TreeRange,
): 'outside' | 'within' | 'both' {
  const low = orderOf(place, from);
  const high = orderOf(place, to);
  if (low === 'before' || high === 'behind') return 'outside';
  return low === 'around' || high === 'around' ? 'both' : 'within';
}

/** Where the keys of a place stand to a border; `at` it when all of them begin with it. */
function orderOf({ prefix, depth }: TreePlace, border: Uint8Array) {
  const shared = Math.min(sharedNibbles(prefix, border), depth);
  if (shared === 2 * border.length) return 'at';
  if (shared === depth) return 'around';
  return nibbleAt(prefix, shared) < nibbleAt(border, shared) ? 'before' : 'behind';
}

function isBelow(key: Uint8Array, { prefix, depth }: TreePlace): boolean {
  return sharedNibbles(key, prefix) >= depth;
}

// --- verification --------------------------------------------------------------------------

/**
 * Checks that `leaves` are all records of the tree whose keys lie in the range. Never throws on any
 * proof that `decodeRangeProof` returned.
 * @param leaves  in ascending order of keys
 * @returns       nothing, or the first fault found
 */
export function verifyRangeProof(
  root: Hash,
  range: TreeRange,
  leaves: readonly TreeLeaf[],
  proof: RangeProof,
): Result<undefined, StateProofFailure> {
  const walk = new RangeWalk(range, leaves);
  const hash = walk.hashOf(proof, ROOT_PLACE);
  const fault = faultOfLeaves(leaves, range) ?? walk.fault();
  if (fault !== undefined) return fail({ code: 'CORE_STATE_PROOF_MALFORMED', fact: fault });
  if (!equalBytes(hash, root)) return fail({ code: 'CORE_STATE_PROOF_MISMATCH', root: hash });
  return ok(undefined);
}

function faultOfLeaves(leaves: readonly TreeLeaf[], range: TreeRange): string | undefined {
  let before: Uint8Array | undefined;
  for (const { treeKey } of leaves) {
    if (!isTreeKey(treeKey)) return 'a key has no length of a tree key';
    if (before !== undefined && compareBytes(before, treeKey) >= 0) return 'the keys do not ascend';
    if (!isInRange(treeKey, range)) return 'a record lies outside the range';
    before = treeKey;
  }
  return undefined;
}

/** Goes through a proof in the order of keys and takes the records on the way. */
class RangeWalk {
  readonly #range: TreeRange;
  readonly #leaves: readonly TreeLeaf[];
  #next = 0;
  #fault: string | undefined;

  constructor(range: TreeRange, leaves: readonly TreeLeaf[]) {
    this.#range = range;
    this.#leaves = leaves;
  }

  /** What is wrong with the proof, once it has been gone through. */
  fault(): string | undefined {
    const isLeft = this.#next < this.#leaves.length;
    return this.#fault ?? (isLeft ? 'the proof has no place for a record' : undefined);
  }

  hashOf(branch: RangeBranch, place: TreePlace): Hash {
    switch (branch.kind) {
      case 'empty':
        return ZERO_HASH;
      case 'hash':
        this.#expect(this.#isOutside(place), 'a subtree that may lie in the range is hidden');
        return branch.hash;
      case 'within': {
        const records = this.#take(place);
        this.#expect(records.length > 0, 'a subtree within the range has no records');
        return treeRootOf(records);
      }
      case 'bucket':
        return this.#bucket(branch, place);
      case 'node': {
        const node = this.#below(branch, place);
        const slots = this.#slots(branch.slots, { level: SLOT_PATH_LENGTH, first: 0 }, node);
        return treePairHash(slots, nodeLabel(branch.depth, branch.prefix));
      }
      case 'other-prefix': {
        const isOutside = this.#isOutside(this.#below(branch, place));
        this.#expect(isOutside, 'a node that may lie in the range is hidden');
        return treePairHash(branch.slots, nodeLabel(branch.depth, branch.prefix));
      }
      default:
        return assertNever(branch);
    }
  }

  #bucket({ before, after }: Bucket, place: TreePlace): Hash {
    const { from, to } = this.#range;
    const records = [...before, ...this.#take(place), ...after];
    this.#expect(
      before.every(({ treeKey }) => isBefore(treeKey, from)),
      'not before the range',
    );
    this.#expect(
      after.every(({ treeKey }) => isAfter(treeKey, to)),
      'not after the range',
    );
    this.#expect(records.length <= TREE_WIDTH, 'a bucket has more than 16 records');
    const keys = records.map(({ treeKey }) => treeKey);
    this.#expect(
      keys.every((key) => isBelow(key, place)),
      'a bucket belongs to another place',
    );
    const isSorted = keys.every(
      (key, at) => at === 0 || compareBytes(keys[at - 1] ?? key, key) < 0,
    );
    this.#expect(isSorted, 'the keys do not ascend');
    return treeRootOf(records);
  }

  #slots(slots: RangeSlots, run: Run, node: TreePlace): Hash {
    const { level, first } = run;
    switch (slots.kind) {
      case 'slot':
        return this.hashOf(slots.branch, placeOfSlot(node, first));
      case 'empty':
        return EMPTY_SLOTS[level] ?? ZERO_HASH;
      case 'hash': {
        const places = Array.from({ length: 2 ** level }, (_, at) => placeOfSlot(node, first + at));
        const isOutside = places.every((place) => this.#isOutside(place));
        this.#expect(isOutside, 'a slot that may lie in the range is hidden');
        return slots.hash;
      }
      case 'pair': {
        const half = level - 1;
        const left = this.#slots(slots.left, { level: half, first }, node);
        return treePairHash(
          left,
          this.#slots(slots.right, { level: half, first: first + 2 ** half }, node),
        );
      }
      default:
        return assertNever(slots);
    }
  }

  /** The place of a node that is said to stand at, or below, another place. */
  #below(node: TreePlace, place: TreePlace): TreePlace {
    const isThere = node.depth >= place.depth && isBelow(node.prefix, place);
    this.#expect(isThere, 'a node belongs to another place');
    return node;
  }

  #isOutside(place: TreePlace): boolean {
    return relationOf(place, this.#range) === 'outside';
  }

  #take(place: TreePlace): readonly TreeLeaf[] {
    const first = this.#next;
    while (this.#next < this.#leaves.length) {
      const leaf = this.#leaves[this.#next];
      if (leaf === undefined || !isBelow(leaf.treeKey, place)) break;
      this.#next += 1;
    }
    return this.#leaves.slice(first, this.#next);
  }

  #expect(isSo: boolean, fault: string): void {
    if (!isSo) this.#fault ??= fault;
  }
}

type Bucket = Extract<RangeBranch, { readonly kind: 'bucket' }>;

/** Slots of a node: 2^level of them. */
interface Run {
  readonly level: number;
  readonly first: number;
}
