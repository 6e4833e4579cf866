/**
 * Turns bytes of other validators into messages that the consensus machine may believe to be
 * authentic (protocol §7): signatures, certificates and hashes are checked here, rules are not.
 */
import type {
  Certificate,
  Decided,
  Hash,
  Justification,
  PrePrepare,
  Result,
  RoundChange,
  Signed,
  Unsigned,
  ValidatorSet,
} from '@daybook/core';
import {
  blockHash,
  equalBytes,
  fail,
  isPlanted,
  justificationHash,
  ok,
  signBytes,
  verifyCertificate,
  verifyStrict,
} from '@daybook/core';

/** What signatures of one height are checked against. */
export interface Authority {
  readonly chain: Hash;
  readonly validators: ValidatorSet;
}

/** Why a message was not believed; the forwarding peer is not always to blame. */
export type AuthenticationFailure =
  | { readonly code: 'NODE_MESSAGE_UNSIGNED'; readonly sender: number }
  | { readonly code: 'NODE_MESSAGE_UNBOUND'; readonly part: 'header' | 'justification' }
  | { readonly code: 'NODE_MESSAGE_UNCERTIFIED'; readonly reason: string };

/** Whether the sender, a member of the set, signed exactly this content. */
export function isSigned(signed: Signed<Unsigned>, { chain, validators }: Authority): boolean {
  const validator = validators[signed.sender];
  if (validator === undefined) return false;
  return verifyStrict(validator.publicKey, signBytes(chain, signed.content), signed.signature);
}

function certified(
  certificate: Certificate,
  expected: { readonly height: number; readonly blockHash: Hash },
  { chain, validators }: Authority,
): boolean {
  const { height, blockHash: hash } = expected;
  const kind = 'prepare';
  return verifyCertificate(certificate, { kind, chain, height, blockHash: hash, validators }).ok;
}

/**
 * Signature of the proposer and the bindings of header and justification. The body is assembled and
 * bound to the header elsewhere.
 */
export function authenticateProposal(
  message: PrePrepare,
  authority: Authority,
): Result<void, AuthenticationFailure> {
  const { content, sender } = message.signed;
  if (!isSigned(message.signed, authority)) return fail({ code: 'NODE_MESSAGE_UNSIGNED', sender });
  const isItsHeader = message.header.height === content.height;
  if (!isItsHeader || !equalBytes(blockHash(message.header), content.blockHash)) {
    return fail({ code: 'NODE_MESSAGE_UNBOUND', part: 'header' });
  }
  if (!equalBytes(justificationHash(message.justification), content.justificationHash)) {
    return fail({ code: 'NODE_MESSAGE_UNBOUND', part: 'justification' });
  }
  return ok(undefined);
}

/**
 * Whether every signature inside a justification holds, each of another validator; counts and choice
 * are the machine's.
 */
export function isJustificationSound(
  justification: Justification | undefined,
  { height, round }: { readonly height: number; readonly round: number },
  authority: Authority,
): boolean {
  if (justification === undefined) return true;
  const { entries, certificate } = justification;
  // One key may sign thirty entries, each of which would be verified, and counts once.
  const isRepeated = new Set(entries.map(({ sender }) => sender)).size < entries.length;
  if (isRepeated && !isPlanted('duplicate-signer')) return false;
  const signed = entries.every(({ sender, signature, prepared }) => {
    const content = { type: 'round-change', height, round, ...(prepared && { prepared }) } as const;
    return isSigned({ content, sender, signature }, authority);
  });
  if (!signed || certificate === undefined) return signed;
  const isCertified = (): boolean =>
    certified(certificate, { height, blockHash: certificate.blockHash }, authority);
  if (isPlanted('certificate-per-entry')) return entries.every(isCertified);
  return isCertified();
}

/** Signature of a round change, and that its certificate proves exactly what it claims. */
export function authenticateRoundChange(
  message: RoundChange,
  authority: Authority,
): Result<void, AuthenticationFailure> {
  const { content, sender } = message.signed;
  if (!isSigned(message.signed, authority)) return fail({ code: 'NODE_MESSAGE_UNSIGNED', sender });
  const { certificate } = message;
  const { prepared, height } = content;
  if (prepared === undefined || certificate === undefined) return ok(undefined);
  const expected = { height, blockHash: prepared.blockHash };
  if (certificate.round === prepared.round && certified(certificate, expected, authority)) {
    return ok(undefined);
  }
  return fail({ code: 'NODE_MESSAGE_UNCERTIFIED', reason: 'CORE_CERTIFICATE_MISMATCH' });
}

/** A finalised header proves itself: its certificate is valid for the set that signs its height. */
export function authenticateDecided(
  message: Decided,
  authority: Authority,
): Result<Hash, AuthenticationFailure> {
  const hash = blockHash(message.header);
  const { chain, validators } = authority;
  const { height } = message.header;
  const expected = { kind: 'commit', chain, height, blockHash: hash, validators } as const;
  const verified = verifyCertificate(message.certificate, expected);
  if (verified.ok) return ok(hash);
  return fail({ code: 'NODE_MESSAGE_UNCERTIFIED', reason: verified.reason.code });
}
