/** DECIDED for a final height, made from the block log: header, certificate and body. */
import type { Height } from '@daybook/core';
import { decodeBlock, decodeCertificate, encodeMessage } from '@daybook/core';
import type { BlockLog } from '@daybook/state';

/** @returns encoded message, or undefined for a height that is not here or has no certificate */
export function decidedAt(height: Height, blockLog: BlockLog): Uint8Array | undefined {
  const stored = blockLog.readBlock(height);
  if (stored === undefined) return undefined;
  const block = decodeBlock(stored.bytes);
  const certificate = decodeCertificate(stored.certificate);
  if (!block.ok || !certificate.ok) return undefined;
  const { header, body } = block.value;
  return encodeMessage({ type: 'decided', header, body, certificate: certificate.value });
}
