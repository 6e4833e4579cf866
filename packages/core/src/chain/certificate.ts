/**
 * Certificates: what a quorum signed (protocol §5). A PREPARE certificate locks a block in a round,
 * a COMMIT certificate finalises it. All seals are from one round; different nodes may hold
 * different valid certificates for one block, which is not a fork.
 */
import type { BinaryReader } from '../codec/binary.ts';
import { createWriter, decodeBinary } from '../codec/binary.ts';
import { equalBytes } from '../codec/bytes.ts';
import type { DecodeFailure } from '../codec/failure.ts';
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { verifyStrict } from '../crypto/ed25519.ts';
import type { Hash, Height, Round, Signature } from './ids.ts';
import { asHash, asSignature, SIGNATURE_SIZE } from './ids.ts';
import { LIMITS } from './limits.ts';
import { signBytes } from './sign-bytes.ts';
import type { ValidatorSet } from './validators.ts';
import { quorumOf } from './validators.ts';

export type CertificateKind = 'prepare' | 'commit';

export interface Certificate {
  readonly kind: CertificateKind;
  readonly height: Height;
  readonly round: Round;
  readonly blockHash: Hash;
  /** Size of the validator set that the signer indices refer to. */
  readonly validatorCount: number;
  /** Indices of the signers, ascending. */
  readonly signers: readonly number[];
  /** One seal per signer, in the same order. */
  readonly signatures: readonly Signature[];
}

export type CertificateFailure =
  | { code: 'CORE_CERTIFICATE_MISMATCH'; field: 'kind' | 'height' | 'blockHash' | 'validators' }
  | { code: 'CORE_CERTIFICATE_QUORUM'; found: number; quorum: number }
  | { code: 'CORE_CERTIFICATE_SIGNERS' }
  | { code: 'CORE_CERTIFICATE_SIGNATURE'; signer: number };

/** What a certificate is checked against. */
export interface CertificateExpectation {
  readonly kind: CertificateKind;
  readonly chain: Hash;
  readonly height: Height;
  readonly blockHash: Hash;
  readonly validators: ValidatorSet;
}

const KIND_CODES = { prepare: 1, commit: 2 } as const;

function bitmapOf(count: number, signers: readonly number[]): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(count / 8));
  for (const index of signers) {
    const byte = index >> 3;
    bitmap[byte] = (bitmap[byte] ?? 0) | (1 << (index & 7));
  }
  return bitmap;
}

/** Layout: kind u8, height u64, round u32, hash 32, n u16, bitmap (LSB first), seals ascending. */
export function encodeCertificate(certificate: Certificate): Uint8Array {
  const writer = createWriter();
  writer.u8(KIND_CODES[certificate.kind]);
  writer.u64(certificate.height);
  writer.u32(certificate.round);
  writer.raw(certificate.blockHash);
  writer.u16(certificate.validatorCount);
  writer.raw(bitmapOf(certificate.validatorCount, certificate.signers));
  for (const signature of certificate.signatures) writer.raw(signature);
  return writer.finish();
}

function readSigners(reader: BinaryReader, count: number): readonly number[] {
  const bitmap = reader.raw(Math.ceil(count / 8));
  const signers: number[] = [];
  for (let index = 0; index < bitmap.length * 8; index++) {
    if (((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) === 0) continue;
    if (index >= count) reader.refuse('a padding bit is set');
    signers.push(index);
  }
  return signers;
}

/** Reads a certificate inside a longer layout. */
export function readCertificate(reader: BinaryReader): Certificate {
  const kindCode = reader.u8();
  if (kindCode !== 1 && kindCode !== 2) reader.refuse('unknown certificate kind');
  const kind: CertificateKind = kindCode === 1 ? 'prepare' : 'commit';
  const height = reader.u64();
  const round = reader.u32();
  if (round > LIMITS.roundMax) reader.refuse('round out of range');
  const blockHash = asHash(reader.raw(32));
  const validatorCount = reader.u16();
  if (validatorCount < 1 || validatorCount > LIMITS.validatorsMax) {
    reader.refuse('validator count out of range');
  }
  const signers = readSigners(reader, validatorCount);
  const signatures = signers.map(() => asSignature(reader.raw(SIGNATURE_SIZE)));
  return { kind, height, round, blockHash, validatorCount, signers, signatures };
}

export function decodeCertificate(bytes: Uint8Array): Result<Certificate, DecodeFailure> {
  return decodeBinary(bytes, 'certificate', readCertificate);
}

function mismatchOf(
  certificate: Certificate,
  expected: CertificateExpectation,
): CertificateFailure | undefined {
  const mismatch = (field: 'kind' | 'height' | 'blockHash' | 'validators'): CertificateFailure => ({
    code: 'CORE_CERTIFICATE_MISMATCH',
    field,
  });
  if (certificate.kind !== expected.kind) return mismatch('kind');
  if (certificate.height !== expected.height) return mismatch('height');
  if (!equalBytes(certificate.blockHash, expected.blockHash)) return mismatch('blockHash');
  if (certificate.validatorCount !== expected.validators.length) return mismatch('validators');
  return undefined;
}

function shapeFault(certificate: Certificate, count: number): CertificateFailure | undefined {
  const { signers, signatures, kind } = certificate;
  const ascending = signers.every(
    (signer, position) =>
      signer < count && (position === 0 || signer > (signers[position - 1] ?? -1)),
  );
  if (!ascending || signers.length !== signatures.length)
    return { code: 'CORE_CERTIFICATE_SIGNERS' };
  const { quorum } = quorumOf(count);
  const enough = kind === 'prepare' ? signers.length === quorum : signers.length >= quorum;
  if (!enough) return { code: 'CORE_CERTIFICATE_QUORUM', found: signers.length, quorum };
  return undefined;
}

/**
 * `validCert` of protocol §5: fields equal, a quorum of distinct signers, and EVERY seal correct.
 * A PREPARE certificate has exactly Q seals, a COMMIT certificate Q to n.
 * @returns ok, or the first fault found in the order of the rule
 */
export function verifyCertificate(
  certificate: Certificate,
  expected: CertificateExpectation,
): Result<void, CertificateFailure> {
  const fault =
    mismatchOf(certificate, expected) ?? shapeFault(certificate, expected.validators.length);
  if (fault !== undefined) return fail(fault);

  const { kind, height, round, blockHash } = certificate;
  const message = signBytes(expected.chain, { type: kind, height, round, blockHash });
  for (const [position, signer] of certificate.signers.entries()) {
    const validator = expected.validators[signer];
    const signature = certificate.signatures[position];
    const correct =
      validator !== undefined &&
      signature !== undefined &&
      verifyStrict(validator.publicKey, message, signature);
    if (!correct) return fail({ code: 'CORE_CERTIFICATE_SIGNATURE', signer });
  }
  return ok(undefined);
}
