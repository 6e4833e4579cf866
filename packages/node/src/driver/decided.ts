/** DECIDED, encoded: for a final height from the block log, and for gossip of a block just decided. */
import type { Certificate, Height } from '@daybook/core';
import {
  decodeBlock,
  decodeCertificate,
  encodeHeader,
  encodeMessage,
  entryBytes,
} from '@daybook/core';
import type { BlockLog } from '@daybook/state';
import type { ExecutedBlock } from '../ledger/tip.ts';

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

/** Gossip carries the body up to this size; larger ones are pulled by hash (protocol §20). */
const GOSSIP_BODY_BYTES_MAX = 64 * 1024;

/** DECIDED for gossip, of a block that has just become final. */
export function encodeDecided(block: ExecutedBlock, certificate: Certificate): Uint8Array {
  const body = block.entries.map(entryBytes);
  const size = block.bytes.length - encodeHeader(block.header).length;
  const whole = size <= GOSSIP_BODY_BYTES_MAX;
  const message = { type: 'decided', header: block.header, certificate } as const;
  return encodeMessage(whole ? { ...message, body } : message);
}
