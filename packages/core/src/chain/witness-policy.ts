/**
 * Trust in a checkpoint that rests on witnesses alone (spec L-16): for whoever does not know the
 * validator set yet, a light client or a node that joins. The verifier names n keys that it took
 * from their owners, and says how many of them must vouch for the tree, and how recently.
 */
import { equalBytes } from '../codec/bytes.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import type { NoteKey, VerifiedLine } from '../crypto/note.ts';
import { readNoteKey, verifyNote } from '../crypto/note.ts';
import type { CheckpointFailure, TreeHead } from './checkpoint.ts';
import { readCheckpointNote } from './checkpoint.ts';
import type { TimestampMs } from './ids.ts';

/** Trust may be extended from something this old: keys of former validators leak with time (L-4). */
export const TRUST_PERIOD_MS = 30 * 24 * 60 * 60 * 1000;
/** How far the clock of a witness may be ahead of that of the verifier. */
export const WITNESS_AHEAD_MS = 5 * 60 * 1000;
/** Keys of a policy: as many as a chain registers at the most. */
export const POLICY_WITNESSES_MAX = 32;

/** `needed` of the witnesses must have cosigned. Keys are distinct; 1 <= needed <= their count. */
export interface WitnessPolicy {
  readonly witnesses: readonly NoteKey[];
  readonly needed: number;
}

/** A tree that enough witnesses vouch for. */
export interface WitnessedCheckpoint {
  readonly head: TreeHead;
  /** Those whose lines count, in the order of the note. */
  readonly witnesses: readonly VerifiedLine[];
  /** As many as are needed vouch that the tree was the newest at this time or later; in ms. */
  readonly vouchedMs: TimestampMs;
}

/**
 * Reads a policy.
 * @param keys  verifier keys of witnesses, as `encodeNoteKey` writes them
 * @returns     CORE_NOTE_KEY_MALFORMED for a key that is none; CORE_WITNESS_POLICY_INVALID for one of
 *              another type or that comes twice, and for a number that the keys cannot reach
 */
export function readWitnessPolicy(
  keys: readonly string[],
  needed: number,
): Result<WitnessPolicy, CheckpointFailure> {
  const refuse = (fact: string): Result<never, CheckpointFailure> =>
    fail({ code: 'CORE_WITNESS_POLICY_INVALID', fact });
  const witnesses: NoteKey[] = [];
  for (const text of keys) {
    const key = readNoteKey(text.trim());
    if (!key.ok) return key;
    const { type, publicKey, name } = key.value;
    if (type !== 'cosignature') return refuse(`the key of ${name} does not cosign`);
    // One witness under two names would count twice.
    if (witnesses.some((other) => equalBytes(other.publicKey, publicKey))) {
      return refuse(`the key of ${name} is given twice`);
    }
    witnesses.push(key.value);
  }
  if (witnesses.length > POLICY_WITNESSES_MAX)
    return refuse(`more than ${POLICY_WITNESSES_MAX} keys`);
  if (!Number.isSafeInteger(needed) || needed < 1 || needed > witnesses.length) {
    return refuse(`${needed} of ${witnesses.length} keys cannot be asked for`);
  }
  return ok({ witnesses, needed });
}

/**
 * Verifies that a checkpoint is of this chain and that enough of the witnesses vouched for it within
 * the trust period (spec L-16). It says nothing of validators: their set is not known here.
 */
export function verifyWitnessed(
  bytes: Uint8Array,
  origin: string,
  { policy, nowMs }: { readonly policy: WitnessPolicy; readonly nowMs: TimestampMs },
): Result<WitnessedCheckpoint, CheckpointFailure> {
  const read = readCheckpointNote(bytes);
  if (!read.ok) return read;
  const { head, note } = read.value;
  if (head.origin !== origin) {
    return fail({ code: 'CORE_CHECKPOINT_FOREIGN', expected: origin, found: head.origin });
  }
  const cosigned = verifyNote(note, policy.witnesses);
  if (!cosigned.ok) return cosigned;
  const { needed } = policy;
  const cosigners = cosigned.value.length;
  if (cosigners < needed) return fail({ code: 'CORE_CHECKPOINT_WITNESSES', cosigners, needed });
  const fresh = cosigned.value.filter((line) => isFresh(line, nowMs));
  const times = fresh.map(({ timeS = 0 }) => timeS * 1000).sort((a, b) => b - a);
  const vouchedMs = times[needed - 1];
  if (vouchedMs === undefined) {
    return fail({ code: 'CORE_CHECKPOINT_STALE', recent: fresh.length, needed });
  }
  return ok({ head, witnesses: fresh, vouchedMs });
}

/** A line from the future proves that a clock is wrong, and not how old the tree is. */
function isFresh({ timeS = 0 }: VerifiedLine, nowMs: TimestampMs): boolean {
  const ageMs = nowMs - timeS * 1000;
  return ageMs <= TRUST_PERIOD_MS && ageMs >= -WITNESS_AHEAD_MS;
}
