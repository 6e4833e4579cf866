/**
 * Validators with fake signatures: bytes that anybody could compute, but nobody in these tests does
 * for another. They are deterministic, differ for different contents, and are cheap to check.
 */
import type { Certificate, Hash, Signature, Unsigned, ValidatorSet } from '@daybook/core';
import { asHash, asPublicKey, asSignature, asValidatorId, quorumOf, toHex } from '@daybook/core';

export const CHAIN: Hash = asHash(new Uint8Array(32).fill(0xda));

/** `count` validators whose index is their place in the set. */
export function fakeValidators(count: number): ValidatorSet {
  return Array.from({ length: count }, (_, index) => ({
    id: asValidatorId(new Uint8Array(32).fill(index + 1)),
    publicKey: asPublicKey(new Uint8Array(32).fill(index + 101)),
  }));
}

function describe(content: Unsigned): string {
  const slot = `${content.type}/${content.height}/${content.round}`;
  if (content.type === 'round-change') {
    const { prepared } = content;
    return prepared ? `${slot}/${prepared.round}/${toHex(prepared.blockHash)}` : slot;
  }
  const just = content.type === 'pre-prepare' ? toHex(content.justificationHash) : '';
  return `${slot}/${toHex(content.blockHash)}/${just}`;
}

/** 64 bytes from validator and content (FNV-1a, spread). */
export function fakeSign(validator: number, content: Unsigned): Signature {
  const text = `${validator}/${describe(content)}`;
  const bytes = new Uint8Array(64);
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
    const place = index & 63;
    bytes[place] = (bytes[place] ?? 0) ^ (hash & 255);
  }
  for (let index = 0; index < 4; index++) bytes[index] = (hash >>> (8 * index)) & 255;
  return asSignature(bytes);
}

export function isSignedBy(validator: number, content: Unsigned, signature: Signature): boolean {
  return toHex(fakeSign(validator, content)) === toHex(signature);
}

/** validCert for fake seals: kind, set size, quorum, and every seal. */
export function isValidCertificate(certificate: Certificate, count: number): boolean {
  const { kind, height, round, blockHash, signers, signatures, validatorCount } = certificate;
  const { quorum } = quorumOf(count);
  const enough = kind === 'prepare' ? signers.length === quorum : signers.length >= quorum;
  if (validatorCount !== count || !enough || signers.length !== signatures.length) return false;
  if (new Set(signers).size !== signers.length) return false;
  return signers.every((signer, index) => {
    const signature = signatures[index];
    const content = { type: kind, height, round, blockHash };
    return signature !== undefined && signer < count && isSignedBy(signer, content, signature);
  });
}
