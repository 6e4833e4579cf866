/**
 * The frames of the transactions channel: what is spread, and which of it the receiver holds.
 */
import type { Result, Transaction, TransactionId } from '@daybook/core';
import { createWriter, decodeBinary, LIMITS } from '@daybook/core';

/** Entries of one frame. */
const BATCH_MAX = 4096;
const FRAME_BATCH = 1;
const FRAME_HELD = 2;

export type TransactionFrame =
  | { readonly kind: 'batch'; readonly wires: readonly Uint8Array[] }
  | { readonly kind: 'held'; readonly ids: readonly Uint8Array[] };

/** Transactions for the receiver to hold. */
export function encodeBatch(transactions: readonly Transaction[]): Uint8Array {
  const writer = createWriter();
  writer.u8(FRAME_BATCH);
  writer.u32(transactions.length);
  for (const { bytes } of transactions) writer.sized(bytes);
  return writer.finish();
}

/** Ids of what this node holds now. */
export function encodeHeld(ids: readonly TransactionId[]): Uint8Array {
  const writer = createWriter();
  writer.u8(FRAME_HELD);
  writer.u32(ids.length);
  for (const id of ids) writer.raw(id);
  return writer.finish();
}

/** Decodes a peer's frame; its transactions are judged by the caller. */
export function decodeTransactionFrame(bytes: Uint8Array): Result<TransactionFrame, unknown> {
  return decodeBinary(bytes, 'transactions frame', (reader): TransactionFrame => {
    const kind = reader.u8();
    const count = reader.u32();
    if (count > BATCH_MAX) reader.refuse('too many entries');
    if (kind === FRAME_BATCH) {
      const wire = (): Uint8Array => reader.sized(LIMITS.transactionBytesMax);
      return { kind: 'batch', wires: Array.from({ length: count }, wire) };
    }
    if (kind !== FRAME_HELD) reader.refuse('unknown kind of frame');
    return { kind: 'held', ids: Array.from({ length: count }, () => reader.raw(32)) };
  });
}
