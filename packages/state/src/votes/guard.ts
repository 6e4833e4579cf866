/**
 * The signing guard (protocol §9, G1 to G3): a pure judgement whether a vote may be signed, given
 * everything that was signed before. What is asked for is read from the sign bytes themselves, so
 * that no caller can have one thing judged and another signed.
 */
import type { BinaryReader, Hash, PreparedRef, Result, Unsigned } from '@daybook/core';
import {
  asHash,
  concatBytes,
  decodeBinary,
  decodeCertificate,
  equalBytes,
  fail,
  isPlanted,
  isTreeHead,
  LIMITS,
  MESSAGE_BYTES_MAX,
  ok,
  TAGS,
  ZERO_HASH,
} from '@daybook/core';
import type { SigningRefusal, SigningRequest } from './signer.ts';
import type { Guard, Lock, Step, VoteState } from './vote-log.ts';

/** A request with what its bytes say. */
export interface ParsedRequest {
  readonly chain: Hash;
  readonly content: Unsigned;
}

/** Order of the steps within a round. */
const STEP_ORDER: Readonly<Record<Step, number>> = {
  'round-change': 0,
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
};

const STEPS = Object.keys(STEP_ORDER) as readonly Step[];
const STEP_TAGS: Readonly<Record<Step, Uint8Array>> = {
  'round-change': TAGS.ROUNDCHG,
  'pre-prepare': TAGS.PREPREPARE,
  prepare: TAGS.PREPARE,
  commit: TAGS.COMMIT,
};

/** Reads sign bytes back into what they say (layouts of protocol §4). */
export function parseSignBytes(bytes: Uint8Array): Result<ParsedRequest, SigningRefusal> {
  const parsed = decodeBinary(bytes, 'sign bytes', (reader): ParsedRequest => {
    const tag = reader.raw(16);
    const type = STEPS.find((step) => equalBytes(STEP_TAGS[step], tag));
    if (type === undefined) return reader.refuse('has no tag of a vote');
    const chain = asHash(reader.raw(32));
    const slot = { height: reader.u64(), round: reader.u32() };
    if (slot.round > LIMITS.roundMax) reader.refuse('has a round out of range');
    if (type === 'round-change') {
      const prepared = readPrepared(reader);
      return { chain, content: { type, ...slot, ...(prepared && { prepared }) } };
    }
    const blockHash = asHash(reader.raw(32));
    if (type !== 'pre-prepare') return { chain, content: { type, ...slot, blockHash } };
    const justificationHash = asHash(reader.raw(32));
    return { chain, content: { type, ...slot, blockHash, justificationHash } };
  });
  if (parsed.ok) return parsed;
  return fail({ code: 'STATE_SIGNING_MALFORMED', fact: parsed.reason.code });
}

/** Sign bytes have one form: without a lock, its fields are zero. */
function readPrepared(reader: BinaryReader): PreparedRef | undefined {
  const flag = reader.u8();
  const prepared = { round: reader.u32(), blockHash: asHash(reader.raw(32)) };
  if (flag > 1) reader.refuse('has a flag that is neither 0 nor 1');
  if (flag === 1) return prepared;
  const isEmpty = prepared.round === 0 && equalBytes(prepared.blockHash, ZERO_HASH);
  return isEmpty ? undefined : reader.refuse('has a lock that it says it has not');
}

/**
 * Whether these bytes state something and are no vote: a READY of this chain (protocol §15), or the
 * text of a checkpoint (§17), whose origin names its chain in every era.
 */
export function isStatementOf(chain: Hash, bytes: Uint8Array): boolean {
  const head = concatBytes(TAGS.READY, chain);
  const isReady =
    bytes.length === head.length + 8 + 32 && equalBytes(bytes.subarray(0, head.length), head);
  return isReady || isTreeHead(bytes);
}

/** Where a slot lies against the last signature: below 0 before it, 0 in its slot (G1). */
function compareToGuard({ height, round, type }: Unsigned, guard: Guard): number {
  if (height !== guard.height) return height - guard.height;
  if (round !== guard.round) return round - guard.round;
  return guard.step === undefined ? 1 : STEP_ORDER[type] - STEP_ORDER[guard.step];
}

/** The lock names this block and round, and carries a certificate that does. */
function isLockOf(
  lock: Lock | undefined,
  content: Unsigned & { readonly blockHash: Hash },
): boolean {
  if (lock === undefined) return false;
  const { height, round, blockHash } = content;
  return lock.height === height && lock.round === round && equalBytes(lock.blockHash, blockHash);
}

/** Every lock in the log has a certificate that says the same: a restart reads it back. */
function isProven({ height, round, blockHash, certificate }: Lock): boolean {
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok) return false;
  const { value } = decoded;
  const isSameSlot = value.height === height && value.round === round;
  return value.kind === 'prepare' && isSameSlot && equalBytes(value.blockHash, blockHash);
}

/** What is not judged by the rules but would not survive a restart, or overrun the log. */
function formFault({ attachment, lock }: SigningRequest, content: Unsigned): string | undefined {
  if (attachment.length > MESSAGE_BYTES_MAX['pre-prepare']) return 'its attachment is too large';
  if (lock === undefined) return undefined;
  if (content.type !== 'commit') return 'a lock comes with another vote than a COMMIT';
  return isProven(lock) ? undefined : 'its lock has no fitting certificate';
}

/** G3: a round change of a height reports the lock of that height, and none if there is none. */
function reportsLock(
  content: Extract<Unsigned, { readonly type: 'round-change' }>,
  state: VoteState,
): boolean {
  if (isPlanted('round-change-forgets-lock')) return true;
  const lock = state.lock?.height === content.height ? state.lock : undefined;
  const { prepared } = content;
  if (lock === undefined || prepared === undefined)
    return lock === undefined && prepared === undefined;
  return prepared.round === lock.round && equalBytes(prepared.blockHash, lock.blockHash);
}

/**
 * May this be signed? `repeat` means that exactly these bytes were signed last: the logged vote is
 * given out again.
 * @param state    what was signed so far
 * @param request  content and, for a COMMIT, the lock that goes into the same write
 */
export function judgeSigning(
  state: VoteState,
  request: SigningRequest,
): Result<'sign' | 'repeat', SigningRefusal> {
  const parsed = parseSignBytes(request.signBytes);
  if (!parsed.ok) return parsed;
  const { content } = parsed.value;
  if (isPlanted('no-guard')) return ok('sign');
  const fact = formFault(request, content);
  if (fact !== undefined) return fail({ code: 'STATE_SIGNING_MALFORMED', fact });
  const order = compareToGuard(content, state.guard);
  const last = state.own.at(-1);
  if (order === 0 && last !== undefined && equalBytes(last.signBytes, request.signBytes)) {
    return ok('repeat');
  }
  if (order <= 0) {
    const { height: guardHeight, round: guardRound } = state.guard;
    return fail({ code: 'STATE_SIGNING_BEHIND_GUARD', guardHeight, guardRound });
  }
  if (content.type === 'commit' && !isLockOf(request.lock ?? state.lock, content)) {
    return fail({ code: 'STATE_SIGNING_WITHOUT_LOCK' });
  }
  if (content.type === 'round-change' && !reportsLock(content, state)) {
    return fail({ code: 'STATE_SIGNING_LOCK_HIDDEN' });
  }
  return ok('sign');
}
