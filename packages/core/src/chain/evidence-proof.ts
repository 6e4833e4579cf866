/**
 * Evidence as it travels and stands in a block (protocol §16): the key that signed, the height, and
 * two messages that no correct validator signs both. It is judged by itself: the only thing it needs
 * from outside is which key signed for which validator at that height.
 */
import { compareBytes } from '../codec/bytes.ts';
import type { CborValue } from '../codec/cbor.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { verifyStrict } from '../crypto/ed25519.ts';
import { isPlanted } from '../crypto/simulation/simulation.ts';
import type { Evidence, EvidenceKind } from './evidence.ts';
import { conflictOf } from './evidence.ts';
import type { Hash, Height, PublicKey, Signature } from './ids.ts';
import { asHash, asPublicKey, asSignature, SIGNATURE_SIZE } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { Unsigned } from './sign-bytes.ts';
import { signBytes } from './sign-bytes.ts';

/** One message of a proof: what was signed, and the signature. */
export interface SignedContent {
  readonly content: Unsigned;
  readonly signature: Signature;
}

/** Two messages under one key at one height, in the one order that is accepted. */
export interface EvidenceProof {
  readonly publicKey: PublicKey;
  readonly height: Height;
  readonly first: SignedContent;
  readonly second: SignedContent;
}

export type EvidenceFailure =
  | { readonly code: 'CORE_EVIDENCE_MALFORMED'; readonly fact: string }
  /** Nothing that a correct validator could not have signed. */
  | { readonly code: 'CORE_EVIDENCE_HARMLESS' }
  | { readonly code: 'CORE_EVIDENCE_SIGNATURE'; readonly message: 'first' | 'second' };

const TYPE_CODES = { 'pre-prepare': 1, prepare: 2, commit: 3, 'round-change': 4 } as const;

/** Lower rounds first; of one round, by the bytes that were signed. */
function orderOf(a: SignedContent, b: SignedContent): number {
  const byRound = a.content.round - b.content.round;
  // The chain is the same in both, so any stands in for it.
  return byRound !== 0 ? byRound : compareBytes(bytesOf(a), bytesOf(b));
}

function bytesOf({ content }: SignedContent): Uint8Array {
  return signBytes(asHash(new Uint8Array(32)), content);
}

/** What the machine found, as a proof. @param publicKey  key of the sender at that height */
export function proveEvidence({ first, second }: Evidence, publicKey: PublicKey): EvidenceProof {
  const messages = [first, second].map(({ content, signature }) => ({ content, signature }));
  const [lower = first, upper = second] = messages.sort(orderOf);
  return { publicKey, height: first.content.height, first: lower, second: upper };
}

function encodeMessageOf({ content, signature }: SignedContent): CborValue {
  const head = [TYPE_CODES[content.type], content.round];
  switch (content.type) {
    case 'pre-prepare':
      return [...head, content.blockHash, content.justificationHash, signature];
    case 'round-change': {
      const { prepared } = content;
      return [...head, prepared?.blockHash ?? null, prepared?.round ?? null, signature];
    }
    default:
      return [...head, content.blockHash, null, signature];
  }
}

/** Payload of the system transaction `evidence`. */
export function encodeEvidence({ publicKey, height, first, second }: EvidenceProof): CborValue {
  return [publicKey, height, encodeMessageOf(first), encodeMessageOf(second)];
}

function malformed(fact: string): Result<never, EvidenceFailure> {
  return fail({ code: 'CORE_EVIDENCE_MALFORMED', fact });
}

function isBytes(value: CborValue | undefined, size: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === size;
}

function isRound(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= LIMITS.roundMax;
}

function readRoundChange(
  slot: { readonly height: Height; readonly round: number },
  hash: CborValue | undefined,
  round: CborValue | undefined,
): Unsigned | undefined {
  // A ROUND-CHANGE asks for a round above 0, and its lock is from a lower one (spec D-14).
  if (slot.round === 0) return undefined;
  if (hash === null && round === null) return { type: 'round-change', ...slot };
  if (!isBytes(hash, 32) || !isRound(round) || round >= slot.round) return undefined;
  return { type: 'round-change', ...slot, prepared: { round, blockHash: asHash(hash) } };
}

function readContent(height: Height, fields: readonly CborValue[]): Unsigned | undefined {
  const [type, round, hash, extra] = fields;
  if (!isRound(round)) return undefined;
  const slot = { height, round };
  if (type === TYPE_CODES['round-change']) return readRoundChange(slot, hash, extra);
  if (!isBytes(hash, 32)) return undefined;
  const cited = { ...slot, blockHash: asHash(hash) };
  if (type === TYPE_CODES['pre-prepare']) {
    if (!isBytes(extra, 32)) return undefined;
    return { type: 'pre-prepare', ...cited, justificationHash: asHash(extra) };
  }
  if (extra !== null) return undefined;
  if (type === TYPE_CODES.prepare) return { type: 'prepare', ...cited };
  return type === TYPE_CODES.commit ? { type: 'commit', ...cited } : undefined;
}

function readMessageOf(height: Height, value: CborValue | undefined): SignedContent | undefined {
  if (!Array.isArray(value) || value.length !== 5) return undefined;
  const fields = value as readonly CborValue[];
  const content = readContent(height, fields);
  const signature = fields[4];
  if (content === undefined || !isBytes(signature, SIGNATURE_SIZE)) return undefined;
  return { content, signature: asSignature(signature) };
}

/** Reads a payload; its form only. Two messages in any other order are refused. */
export function readEvidence(payload: CborValue): Result<EvidenceProof, EvidenceFailure> {
  if (!Array.isArray(payload) || payload.length !== 4) return malformed('it has not four fields');
  const [publicKey, height, one, other] = payload as readonly CborValue[];
  if (!isBytes(publicKey, 32)) return malformed('its key is not 32 bytes');
  if (typeof height !== 'number' || height < 1) return malformed('its height is no height');
  const first = readMessageOf(height, one);
  const second = readMessageOf(height, other);
  if (first === undefined || second === undefined) return malformed('a message is not a vote');
  if (orderOf(first, second) >= 0) return malformed('its messages are not in order');
  return ok({ publicKey: asPublicKey(publicKey), height, first, second });
}

/**
 * Whether the holder of the key is proven faulty. Whether that key signed for a validator at that
 * height is known to the state alone.
 * @param chain  what signatures of that height bind: G, or the era after a recovery
 */
export function verifyEvidence(
  { publicKey, first, second }: EvidenceProof,
  chain: Hash,
): Result<EvidenceKind, EvidenceFailure> {
  const kind = conflictOf(first.content, second.content);
  if (kind === undefined) return fail({ code: 'CORE_EVIDENCE_HARMLESS' });
  for (const [message, { content, signature }] of Object.entries({ first, second })) {
    if (isPlanted('evidence-unsigned')) continue;
    if (verifyStrict(publicKey, signBytes(chain, content), signature)) continue;
    const which = message === 'first' ? 'first' : 'second';
    return fail({ code: 'CORE_EVIDENCE_SIGNATURE', message: which });
  }
  return ok(kind);
}
