/** The certificate of a stored block, as a node shows it: checked by every rule, and what it binds. */
import type { Certificate, Hash, ValidatorSet } from '@daybook/core';
import { asHash, decodeCertificate, fromHex, verifyCertificate } from '@daybook/core';

export interface SealedBlock {
  readonly chain: Hash;
  readonly height: number;
  /** Hex, as all nodes tell it. */
  readonly blockHash: string;
  /** Of this height. */
  readonly validators: ValidatorSet;
}

/**
 * I2.
 * @param bytes  hex of the certificate
 * @throws Error unless a quorum of the set has sealed this very block
 */
export function sealsOf(
  bytes: string,
  { chain, height, blockHash, validators }: SealedBlock,
): Certificate {
  const certificate = decodeCertificate(fromHex(bytes) ?? new Uint8Array());
  if (!certificate.ok) throw new Error(`I2: ${height}: ${certificate.reason.code}`);
  const verified = verifyCertificate(certificate.value, {
    chain,
    kind: 'commit',
    height,
    blockHash: asHash(fromHex(blockHash) ?? new Uint8Array()),
    validators,
  });
  if (!verified.ok) throw new Error(`I2: ${height}: ${JSON.stringify(verified.reason)}`);
  return certificate.value;
}
