/**
 * Whether two checkpoints belong to one history (spec L-13), whether a block stands in one, and the
 * proof a witness keeps when two do not (spec L-15). The same code in Node and in a browser.
 */
import type {
  CheckpointFork,
  CheckpointSide,
  Hash,
  Height,
  Result,
  SetChange,
  TreeHead,
  TrustedSet,
  ValidatorSet,
  VerifiedCheckpoint,
} from '@daybook/core';
import {
  checkpointOriginOf,
  decodeCheckpointFork,
  decodeHeader,
  equalBytes,
  explainCheckpoint,
  fail,
  leafHash,
  ok,
  readCheckpointNote,
  toHex,
  trustGenesis,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from '@daybook/core';
import type { UndecidedReason, VerifyFailure } from '../errors.ts';
import { eraHindrance } from './hindrances.ts';
import { followSets, foreign, readTrustedGenesis } from './light-client.ts';
import type { Trust } from './trust.ts';

/** Shows that the larger tree begins with the smaller one. */
export function verifyExtension(
  smaller: Pick<TreeHead, 'size' | 'root'>,
  larger: Pick<TreeHead, 'size' | 'root'>,
  path: readonly Uint8Array[],
): boolean {
  return verifyConsistency({
    smallerSize: smaller.size,
    smallerRoot: smaller.root,
    largerSize: larger.size,
    largerRoot: larger.root,
    path,
  });
}

/** Shows that a block stands in the history of a checkpoint. */
export function verifyBlockInTree(
  { height, blockHash }: { readonly height: Height; readonly blockHash: Hash },
  { size, root }: Pick<TreeHead, 'size' | 'root'>,
  path: readonly Uint8Array[],
): boolean {
  return verifyInclusion({ root, size, index: height, leaf: leafHash(blockHash), path });
}

/**
 * Follows the changes of the set as far as a tree goes.
 * @param size  of the tree; its last block has the height size - 1
 */
export function followToTree(
  start: TrustedSet,
  changes: readonly SetChange[],
  size: number,
): Result<TrustedSet, VerifyFailure> {
  const end = changes.findIndex(({ header: bytes }) => {
    const header = decodeHeader(bytes);
    return header.ok && header.value.height + 1 > size - 1;
  });
  return followSets(start, end < 0 ? changes : changes.slice(0, end));
}

/** What a sound proof says. */
export interface CheckpointForkFacts {
  readonly chain: Hash;
  readonly trees: readonly TreeHead[];
  /** Consensus keys that signed both, in hex; at least f + 1 of any fork within one set. */
  readonly signedBoth: readonly string[];
  /** Recoveries on the way; each must be trusted by itself. */
  readonly recoveries: TrustedSet['recoveries'];
}

export type CheckpointForkVerdict =
  | { readonly outcome: 'valid'; readonly facts: CheckpointForkFacts }
  | { readonly outcome: 'invalid'; readonly reason: VerifyFailure }
  | {
      readonly outcome: 'unknown';
      readonly reason: UndecidedReason;
      readonly facts: CheckpointForkFacts;
    };

/** Checks a proof against what is trusted. `valid` means that the history forked. */
export function verifyCheckpointFork(bytes: Uint8Array, trust: Trust): CheckpointForkVerdict {
  const decoded = decodeCheckpointFork(bytes);
  if (!decoded.ok) {
    return { outcome: 'invalid', reason: malformed(decoded.reason.code) };
  }
  const facts = factsOf(decoded.value, trust);
  if (!facts.ok) return { outcome: 'invalid', reason: facts.reason };
  const { value } = facts;
  const reason = eraHindrance(value.recoveries, trust.eras);
  if (trust.chain === undefined) {
    const missing = { code: 'CLIENT_TRUST_MISSING', chain: toHex(value.chain) } as const;
    return { outcome: 'unknown', reason: missing, facts: value };
  }
  if (reason !== undefined) return { outcome: 'unknown', reason, facts: value };
  return { outcome: 'valid', facts: value };
}

function malformed(fact: string): VerifyFailure {
  return { code: 'CLIENT_PROOF_MALFORMED', fact };
}

function factsOf(proof: CheckpointFork, trust: Trust): Result<CheckpointForkFacts, VerifyFailure> {
  const genesis = readTrustedGenesis(proof.genesis);
  if (!genesis.ok) return genesis;
  const { chain } = genesis.value;
  if (trust.chain !== undefined && !equalBytes(trust.chain, chain)) {
    return foreign(trust.chain, chain);
  }
  const start = trustGenesis(genesis.value);
  const first = verifySide(proof.first, start);
  if (!first.ok) return first;
  const second = verifySide(proof.second, start);
  if (!second.ok) return second;
  const [one, other] = [first.value.checkpoint.head, second.value.checkpoint.head];
  if (!isFork(one, other, proof.beginning)) {
    return fail(malformed('its two trees may belong to one history'));
  }
  const keysOf = ({ validators }: VerifiedCheckpoint): string[] =>
    validators.map(({ key }) => toHex(key.publicKey));
  const others = keysOf(second.value.checkpoint);
  return ok({
    chain,
    trees: [one, other],
    signedBoth: keysOf(first.value.checkpoint).filter((key) => others.includes(key)),
    recoveries: [...first.value.set.recoveries, ...second.value.set.recoveries],
  });
}

/** Two trees that no history can have both. */
function isFork(one: TreeHead, other: TreeHead, beginning: CheckpointFork['beginning']): boolean {
  if (beginning === undefined) return one.size === other.size && !equalBytes(one.root, other.root);
  if (one.size >= other.size || equalBytes(beginning.root, one.root)) return false;
  return verifyExtension({ size: one.size, root: beginning.root }, other, beginning.path);
}

function verifySide(
  { note, changes }: CheckpointSide,
  start: TrustedSet,
): Result<{ readonly checkpoint: VerifiedCheckpoint; readonly set: TrustedSet }, VerifyFailure> {
  const read = readCheckpointNote(note);
  if (!read.ok) return fail(malformed(explainCheckpoint(read.reason)));
  const set = followToTree(start, changes, read.value.head.size);
  if (!set.ok) return set;
  const checkpoint = verifyUnder(note, start.chain, set.value.validators);
  return checkpoint.ok ? ok({ checkpoint: checkpoint.value, set: set.value }) : checkpoint;
}

function verifyUnder(
  note: Uint8Array,
  chain: Hash,
  validators: ValidatorSet,
): Result<VerifiedCheckpoint, VerifyFailure> {
  const verified = verifyCheckpoint(note, { origin: checkpointOriginOf(chain), validators });
  return verified.ok ? verified : fail(malformed(explainCheckpoint(verified.reason)));
}
