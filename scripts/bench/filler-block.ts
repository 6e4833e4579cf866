/** Blocks that only fill a log: what a start does not decode need not be true. */
import { asTransactionId, sha256 } from '@daybook/core';
import type { FinalBlock } from '@daybook/state';

const VALIDITY_MS = 600_000;

/** A block as long as one of two payments: about 1.6 KB with certificate and results. */
export function fillerBlock(height: number, timestampMs: number): FinalBlock {
  const name = new TextEncoder().encode(`block ${height}`);
  const transactions = [0, 1].map((index) => ({
    id: asTransactionId(sha256(Uint8Array.of(index, ...name))),
    validUntilMs: timestampMs + VALIDITY_MS,
  }));
  const bytes = new Uint8Array(900);
  bytes.set(name);
  return {
    height,
    blockHash: sha256(name),
    timestampMs,
    certificate: new Uint8Array(250),
    results: transactions.map(() => new Uint8Array(150)),
    transactions,
    bytes,
  };
}
