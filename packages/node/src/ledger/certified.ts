/** Whether what was stored with a final block is a certificate of the validators that decide it. */
import { decodeCertificate, verifyCertificate } from '@daybook/core';
import type { Finalisation } from '@daybook/state';
import type { NextHeight } from './tip.ts';

/** Who decides a height: its validators, and what their signatures bind. */
export type Signing = Pick<NextHeight, 'validators' | 'era'>;

export function isCertified(
  { height, blockHash, certificate }: Pick<Finalisation, 'height' | 'blockHash' | 'certificate'>,
  { validators, era: chain }: Signing,
): boolean {
  const decoded = decodeCertificate(certificate);
  if (!decoded.ok) return false;
  const expected = { kind: 'commit', chain, height, blockHash, validators } as const;
  return verifyCertificate(decoded.value, expected).ok;
}
