/**
 * Makes a proposal whole (protocol §5): transactions come inlined, from the mempool, or by their
 * hash from the peer that sent the proposal. What is returned matches the header's `txRoot`.
 */
import type { Block, Hash, PrePrepare, Result } from '@daybook/core';
import { createWriter, decodeBinary, LIMITS, toHex, transactionHashOf } from '@daybook/core';
import type { Network } from '@daybook/network';
import { isBodyOf } from '../ledger/validity.ts';
import type { Mempool } from '../mempool.ts';

export interface AssemblyParts {
  readonly mempool: Pick<Mempool, 'byHash'>;
  readonly network: Pick<Network, 'request'>;
}

/** Hashes asked for in one request: their answer stays within its limit in the usual case. */
const HASHES_PER_REQUEST_MAX = 1000;

export function encodeHashes(hashes: readonly Hash[]): Uint8Array {
  const writer = createWriter();
  writer.u32(hashes.length);
  for (const hash of hashes) writer.raw(hash);
  return writer.finish();
}

export function decodeHashes(bytes: Uint8Array): Result<readonly Uint8Array[], unknown> {
  return decodeBinary(bytes, 'hashes', (reader) => {
    const count = reader.u32();
    if (count > HASHES_PER_REQUEST_MAX) reader.refuse('too many hashes');
    return Array.from({ length: count }, () => reader.raw(32));
  });
}

export function encodeWires(wires: readonly Uint8Array[]): Uint8Array {
  const writer = createWriter();
  writer.u32(wires.length);
  for (const wire of wires) writer.sized(wire);
  return writer.finish();
}

export function decodeWires(bytes: Uint8Array): Result<readonly Uint8Array[], unknown> {
  return decodeBinary(bytes, 'transactions', (reader) => {
    const count = reader.u32();
    if (count > LIMITS.blockTransactionsMax) reader.refuse('too many transactions');
    return Array.from({ length: count }, () => reader.sized(LIMITS.transactionBytesMax));
  });
}

/** Fetches transactions by hash from one peer, as far as it has them. */
async function fetchMissing(
  peerId: string,
  missing: readonly Hash[],
  network: Pick<Network, 'request'>,
): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (let open = missing; open.length > 0; ) {
    const asked = open.slice(0, HASHES_PER_REQUEST_MAX);
    const answer = await network.request(peerId, 'transactions', encodeHashes(asked));
    const wires = answer.ok ? decodeWires(answer.value) : answer;
    if (!wires.ok || wires.value.length === 0) return found;
    for (const wire of wires.value) found.set(toHex(transactionHashOf(wire)), wire);
    const still = open.filter((hash) => !found.has(toHex(hash)));
    if (still.length === open.length) return found;
    open = still;
  }
  return found;
}

/** @returns the whole block, or undefined when a part cannot be had or contradicts the header */
export async function assembleProposal(
  peerId: string,
  message: PrePrepare,
  { mempool, network }: AssemblyParts,
): Promise<Block | undefined> {
  const { transactionHashes, header } = message;
  const inlined = new Map(message.inlined.map(({ index, bytes }) => [index, bytes] as const));
  const present = transactionHashes.map((hash, index) => {
    return inlined.get(index) ?? mempool.byHash(hash)?.bytes;
  });
  const missing = transactionHashes.filter((_hash, index) => present[index] === undefined);
  const fetched = await fetchMissing(peerId, missing, network);
  const body: Uint8Array[] = [];
  for (const [index, hash] of transactionHashes.entries()) {
    const bytes = present[index] ?? fetched.get(toHex(hash));
    if (bytes === undefined) return undefined;
    body.push(bytes);
  }
  const block = { header, body };
  return isBodyOf(block, (hash) => mempool.byHash(hash)) ? block : undefined;
}
