/**
 * Verifies every signature of a range of blocks, by the rules and the code that execution uses. Only
 * what holds is told: whatever is not told is verified again when the block is applied, which then
 * finds the reason, too.
 */
import type { CertificateExpectation, Hash } from '@daybook/core';
import {
  blockHash,
  concatBytes,
  decodeBlock,
  decodeBodyEntry,
  decodeCertificate,
  sha256,
  toHex,
  validatorsHash,
  verifyCertificate,
} from '@daybook/core';
import type { Signing } from '../ledger/certified.ts';
import type { ServedBlock } from '../ranges.ts';
import { firstUnsigned } from '../signatures.ts';

/** What was found valid. */
export interface VerifiedRange {
  /** Hashes of transactions of which every signature holds. */
  readonly transactions: readonly Hash[];
  /** Keys of certificates, see `certificateKey`. */
  readonly certificates: readonly string[];
}

/**
 * A name for "this certificate is valid for what is expected": one that holds for another block,
 * height, era or set has another one. For the memory of one process only.
 */
export function certificateKey(
  certificate: Uint8Array,
  { chain, height, blockHash: hash, validators }: CertificateExpectation,
): string {
  const facts = [certificate, hash, chain, validatorsHash(validators)];
  return `${height}:${toHex(sha256(concatBytes(...facts)))}`;
}

/** @param signing  who is expected to have decided the blocks; the set may change within a range */
export function verifyRange(
  served: readonly ServedBlock[],
  { validators, era: chain }: Signing,
): VerifiedRange {
  const transactions: Hash[] = [];
  const certificates: string[] = [];
  for (const { block: bytes, certificate: certificateBytes } of served) {
    const block = decodeBlock(bytes);
    const certificate = decodeCertificate(certificateBytes);
    if (!block.ok || !certificate.ok) continue;
    const { header, body } = block.value;
    const { height } = header;
    const expected = {
      kind: 'commit',
      chain,
      height,
      blockHash: blockHash(header),
      validators,
    } as const;
    // Transactions of a block that nobody decided are not worth the work.
    if (!verifyCertificate(certificate.value, expected).ok) continue;
    certificates.push(certificateKey(certificateBytes, expected));
    transactions.push(...body.flatMap(signedHash));
  }
  return { transactions, certificates };
}

/** The hash of a transaction of which every signature holds. */
function signedHash(bytes: Uint8Array): readonly Hash[] {
  const entry = decodeBodyEntry(bytes);
  if (!entry.ok || entry.value.type === 'system') return [];
  const { transaction } = entry.value;
  return firstUnsigned(transaction) === undefined ? [transaction.hash] : [];
}
