/**
 * Checkpoints (C2SP tlog-checkpoint): the size and root of the history tree (spec D-22) as a note
 * that validators sign and witnesses cosign. The leaves are the block hashes of heights 0 to
 * size - 1, so that a checkpoint of size h + 1 covers the block of height h.
 */
import { decodeUtf8, fromBase64, toBase64, toHex } from '../codec/bytes.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import type { Hash } from '../crypto/brands.ts';
import { asHash, HASH_SIZE } from '../crypto/brands.ts';
import type { NoteFailure, NoteKey, SignedNote, VerifiedLine } from '../crypto/note.ts';
import { readNote, verifyNote } from '../crypto/note.ts';
import type { TimestampMs } from './ids.ts';
import type { ValidatorSet } from './validators.ts';
import { quorumOf } from './validators.ts';

/** State of the history tree at a size. */
export interface TreeHead {
  /** Names the chain, see `checkpointOriginOf`. */
  readonly origin: string;
  /** Leaves: one more than the height of the last block. */
  readonly size: number;
  readonly root: Hash;
}

/** A note that is a tree head, read and not verified yet. */
export interface ReadCheckpoint {
  readonly head: TreeHead;
  readonly note: SignedNote;
}

/** Whom to believe. */
export interface CheckpointTrust {
  readonly origin: string;
  /** The set that signs the last block of the tree. */
  readonly validators: ValidatorSet;
  /** Keys of witnesses that count. */
  readonly witnesses?: readonly NoteKey[];
  /** How many of them must have cosigned; none by default. */
  readonly witnessesMin?: number;
}

export interface VerifiedCheckpoint {
  readonly head: TreeHead;
  /** Validators that signed, a quorum at least. */
  readonly validators: readonly VerifiedLine[];
  /** Trusted witnesses that cosigned. */
  readonly witnesses: readonly VerifiedLine[];
}

export type CheckpointFault =
  | 'does not have three lines'
  | 'has extension lines'
  | 'names an origin of another form'
  | 'has a size that is no plain decimal number'
  | 'has a root that is not base64 of 32 bytes';

export type CheckpointFailure =
  | NoteFailure
  | { readonly code: 'CORE_CHECKPOINT_MALFORMED'; readonly fault: CheckpointFault }
  | {
      readonly code: 'CORE_CHECKPOINT_FOREIGN';
      readonly expected: string;
      readonly found: string;
    }
  | {
      readonly code: 'CORE_CHECKPOINT_QUORUM';
      readonly signers: number;
      readonly quorum: number;
    }
  | {
      readonly code: 'CORE_CHECKPOINT_WITNESSES';
      readonly cosigners: number;
      readonly needed: number;
    }
  | {
      readonly code: 'CORE_CHECKPOINT_STALE';
      /** Cosignatures that are young enough. */
      readonly recent: number;
      readonly needed: number;
    }
  | { readonly code: 'CORE_WITNESS_POLICY_INVALID'; readonly fact: string };

/** A checkpoint is due with the first block of each slot of block time this long. */
export const CHECKPOINT_INTERVAL_MS = 2000;

const ORIGIN_START = 'daybook/';
const ORIGIN = /^daybook\/[0-9a-f]{64}$/;
const SIZE = /^(?:0|[1-9][0-9]{0,15})$/;

/** Name of a chain's log: it is bound to the founding document, and never begins like a tag. */
export function checkpointOriginOf(chain: Hash): string {
  return `${ORIGIN_START}${toHex(chain)}`;
}

/**
 * Whether a block begins a slot, so that its tree is signed. All nodes give the same answer, and no
 * rate of blocks makes the signatures more than one in a slot.
 */
export function isCheckpointDue(parentMs: TimestampMs, blockMs: TimestampMs): boolean {
  const slotOf = (timeMs: TimestampMs): number => Math.floor(timeMs / CHECKPOINT_INTERVAL_MS);
  return slotOf(blockMs) > slotOf(parentMs);
}

/** The text that is signed. */
export function encodeTreeHead({ origin, size, root }: TreeHead): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Reads the text of a checkpoint: exactly three lines, in their one form. */
export function readTreeHead(text: string): Result<TreeHead, CheckpointFailure> {
  const refuse = (fault: CheckpointFault): Result<never, CheckpointFailure> =>
    fail({ code: 'CORE_CHECKPOINT_MALFORMED', fault });
  const [origin, sizeText, rootText, end, ...more] = text.split('\n');
  if (origin === undefined || sizeText === undefined || rootText === undefined) {
    return refuse('does not have three lines');
  }
  if (end === undefined) return refuse('does not have three lines');
  // Nobody audits them, and chains of ours have none.
  if (end !== '' || more.length > 0) return refuse('has extension lines');
  if (!ORIGIN.test(origin)) return refuse('names an origin of another form');
  const size = Number(sizeText);
  if (!SIZE.test(sizeText) || !Number.isSafeInteger(size)) {
    return refuse('has a size that is no plain decimal number');
  }
  const root = fromBase64(rootText);
  if (root?.length !== HASH_SIZE) return refuse('has a root that is not base64 of 32 bytes');
  return ok({ origin, size, root: asHash(root) });
}

/** Whether bytes are the text of a checkpoint, which has one form: it is no vote and no transaction. */
export function isTreeHead(bytes: Uint8Array): boolean {
  const text = decodeUtf8(bytes, 'checkpoint');
  return text.ok && readTreeHead(text.value).ok;
}

export function readCheckpointNote(bytes: Uint8Array): Result<ReadCheckpoint, CheckpointFailure> {
  const note = readNote(bytes);
  if (!note.ok) return note;
  const head = readTreeHead(note.value.text);
  return head.ok ? ok({ head: head.value, note: note.value }) : head;
}

/** The keys of a set as they sign checkpoints: all under the name of the log. */
export function checkpointKeysOf(origin: string, validators: ValidatorSet): readonly NoteKey[] {
  return validators.map(({ publicKey }) => ({ name: origin, type: 'ed25519', publicKey }));
}

/**
 * Verifies a checkpoint (spec L-11, L-12): of this chain, signed by a quorum of the set, and
 * cosigned by enough of the witnesses that are trusted.
 */
export function verifyCheckpoint(
  bytes: Uint8Array,
  trust: CheckpointTrust,
): Result<VerifiedCheckpoint, CheckpointFailure> {
  const read = readCheckpointNote(bytes);
  if (!read.ok) return read;
  const { head, note } = read.value;
  const { origin, validators, witnesses = [], witnessesMin = 0 } = trust;
  if (head.origin !== origin) {
    return fail({ code: 'CORE_CHECKPOINT_FOREIGN', expected: origin, found: head.origin });
  }
  const signed = verifyNote(note, checkpointKeysOf(origin, validators));
  if (!signed.ok) return signed;
  const { quorum } = quorumOf(validators.length);
  const signers = signed.value.length;
  if (signers < quorum) return fail({ code: 'CORE_CHECKPOINT_QUORUM', signers, quorum });
  const cosigned = verifyNote(note, witnesses);
  if (!cosigned.ok) return cosigned;
  const cosigners = cosigned.value.length;
  if (cosigners < witnessesMin) {
    return fail({ code: 'CORE_CHECKPOINT_WITNESSES', cosigners, needed: witnessesMin });
  }
  return ok({ head, validators: signed.value, witnesses: cosigned.value });
}
