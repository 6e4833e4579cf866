/**
 * Evidence (protocol §16): proof that a validator signed what no correct one signs both. It is
 * judged by itself and recorded once per validator, height and kind; what follows, people decide.
 */
import type {
  CborValue,
  EvidenceFailure,
  EvidenceKind,
  EvidenceProof,
  Hash,
  Result,
} from '@daybook/core';
import {
  encodeCanonical,
  encodeEvidence,
  fail,
  LIMITS,
  ok,
  readEvidence,
  verifyEvidence,
} from '@daybook/core';
import type { Keeper } from './context.ts';
import { chainOfHeight } from './eras.ts';

/** What only the state knows about a proof. */
export interface EvidenceGround {
  /** Height of the block that would include it. */
  readonly height: number;
  /** What signatures of a height bind. */
  chainAt(height: number): Hash;
  /** Whose key it is or was, and for which heights. */
  keyHolder(publicKey: Uint8Array): KeyHolder | undefined;
  isRecorded(key: EvidenceKey): boolean;
}

export interface KeyHolder {
  readonly id: Uint8Array;
  readonly fromHeight: number;
  /** First height it does not sign any more. */
  readonly untilHeight?: number | undefined;
}

export interface EvidenceKey {
  readonly validator: Uint8Array;
  readonly height: number;
  readonly kind: EvidenceKind;
}

export type EvidenceRefusal =
  | EvidenceFailure
  | {
      readonly code:
        | 'CORE_EVIDENCE_STRANGER'
        | 'CORE_EVIDENCE_FUTURE'
        | 'CORE_EVIDENCE_EXPIRED'
        | 'CORE_EVIDENCE_RECORDED';
    };

export interface JudgedEvidence {
  readonly key: EvidenceKey;
  readonly proof: EvidenceProof;
}

/** Everything that makes evidence acceptable; the signatures last, since they cost most. */
export function judgeEvidence(
  payload: CborValue,
  ground: EvidenceGround,
): Result<JudgedEvidence, EvidenceRefusal> {
  const proof = readEvidence(payload);
  if (!proof.ok) return proof;
  const { publicKey, height } = proof.value;
  if (height > ground.height) return fail({ code: 'CORE_EVIDENCE_FUTURE' });
  if (height + LIMITS.evidenceBlocksMax < ground.height) {
    return fail({ code: 'CORE_EVIDENCE_EXPIRED' });
  }
  const holder = ground.keyHolder(publicKey);
  if (holder === undefined || !signs(holder, height)) {
    return fail({ code: 'CORE_EVIDENCE_STRANGER' });
  }
  const kind = verifyEvidence(proof.value, ground.chainAt(height));
  if (!kind.ok) return kind;
  const key = { validator: holder.id, height, kind: kind.value };
  if (ground.isRecorded(key)) return fail({ code: 'CORE_EVIDENCE_RECORDED' });
  return ok({ key, proof: proof.value });
}

function signs({ fromHeight, untilHeight }: KeyHolder, height: number): boolean {
  return height >= fromHeight && (untilHeight === undefined || height < untilHeight);
}

/** Takes evidence out of a block into the records. @returns the code of what is wrong with it */
export function recordEvidence(
  context: Keeper,
  payload: CborValue,
): { readonly refused: string } | undefined {
  const { records } = context;
  const judged = judgeEvidence(payload, {
    height: context.height,
    chainAt: (height) =>
      chainOfHeight({ chain: context.chain, eras: records.eras.get({})?.eras ?? [] }, height),
    keyHolder: (publicKey) => records.consensusKey.get({ publicKey }),
    isRecorded: (key) => records.evidence.has(key),
  });
  if (!judged.ok) return { refused: judged.reason.code };
  const { key, proof } = judged.value;
  const row = records.validator.get({ id: key.validator });
  const organisation = row?.organisation ?? '';
  const { publicKey, first, second } = proof;
  records.evidence.insert({
    ...key,
    organisation,
    publicKey,
    firstRound: first.content.round,
    secondRound: second.content.round,
    proof: encodeCanonical(encodeEvidence(proof)),
  });
  context.emit('evidenceRecorded', { ...key, organisation });
  return undefined;
}
