/**
 * Makes a proposal whole (protocol §5): transactions come inlined, from the mempool, or by their
 * hash from the peer that sent the proposal. What is returned matches the header's `txRoot`.
 */
import type { Block, Hash, PrePrepare, Result } from '@daybook/core';
import {
  createWriter,
  decodeBinary,
  equalBytes,
  LIMITS,
  toHex,
  transactionHashOf,
} from '@daybook/core';
import type { Network } from '@daybook/network';
import { isBodyOf } from '../ledger/validity.ts';
import type { Mempool } from '../mempool.ts';

type Fetching = Pick<Network, 'request' | 'penalise'>;

export interface AssemblyParts {
  readonly mempool: Pick<Mempool, 'byHash'>;
  readonly network: Fetching;
}

/** Hashes asked for in one request: their answer stays within its limit in the usual case. */
const HASHES_PER_REQUEST_MAX = 1000;
/** Leaves room for the envelope of the answer. */
export const TRANSACTIONS_ANSWER_BYTES_MAX = 900 * 1024;
/** An honest answer has all that was asked for, or no room for one transaction more. */
const REQUESTS_MAX =
  Math.ceil(LIMITS.blockTransactionsMax / HASHES_PER_REQUEST_MAX) +
  Math.ceil(
    LIMITS.blockBytesHardMax / (TRANSACTIONS_ANSWER_BYTES_MAX - LIMITS.transactionBytesMax),
  );

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

/** Bytes of transactions, by their hash in hex. */
type Found = Map<string, Uint8Array>;

/**
 * Fetches transactions by hash from one peer, as far as it has them. Of what it answers only what it
 * was asked for is kept, and no more than a block may hold.
 */
async function fetchMissing(
  peerId: string,
  missing: readonly Hash[],
  network: Fetching,
): Promise<Found> {
  const found: Found = new Map();
  // A traitor may name one twice, and whoever passes that on answers once.
  let open = [...new Map(missing.map((hash) => [toHex(hash), hash] as const)).values()];
  let room: number = LIMITS.blockBytesHardMax;
  for (let requests = 0; open.length > 0 && requests < REQUESTS_MAX; requests++) {
    const asked = open.slice(0, HASHES_PER_REQUEST_MAX);
    const answer = await network.request(peerId, 'transactions', encodeHashes(asked));
    const wires = answer.ok ? decodeWires(answer.value) : answer;
    if (!wires.ok || wires.value.length === 0) return found;
    const bytes = takeAsked(found, asked, wires.value);
    if (bytes === undefined) {
      network.penalise(peerId, 'lie');
      return found;
    }
    room -= bytes;
    if (room < 0) return found;
    open = open.filter((hash) => !found.has(toHex(hash)));
  }
  return found;
}

/** @returns bytes that came in; undefined when there is anything among it that was not asked for */
function takeAsked(
  found: Found,
  asked: readonly Hash[],
  wires: readonly Uint8Array[],
): number | undefined {
  const wanted = new Set(asked.map(toHex));
  let bytes = 0;
  for (const wire of wires) {
    const name = toHex(transactionHashOf(wire));
    // Twice the same is no answer either.
    if (!wanted.delete(name)) return undefined;
    found.set(name, wire);
    bytes += wire.length;
  }
  return bytes;
}

/** @returns the whole block, or undefined when a part cannot be had or contradicts the header */
export async function assembleProposal(
  peerId: string,
  message: PrePrepare,
  { mempool, network }: AssemblyParts,
): Promise<Block | undefined> {
  const { transactionHashes, header } = message;
  const inlined = new Map(message.inlined.map(({ index, bytes }) => [index, bytes] as const));
  // Under a wrong hash nobody could be given it by those who pass this proposal on.
  for (const [index, bytes] of inlined) {
    const hash = transactionHashes[index];
    if (hash === undefined || !equalBytes(transactionHashOf(bytes), hash)) return undefined;
  }
  const present = transactionHashes.map((hash, index) => {
    return inlined.get(index) ?? mempool.byHash(hash)?.bytes;
  });
  const missing = transactionHashes.filter((_hash, index) => present[index] === undefined);
  const fetched = await fetchMissing(peerId, missing, network);
  const body: Uint8Array[] = [];
  let room: number = LIMITS.blockBytesHardMax;
  for (const [index, hash] of transactionHashes.entries()) {
    const bytes = present[index] ?? fetched.get(toHex(hash));
    if (bytes === undefined) return undefined;
    room -= bytes.length;
    // One transaction named ten thousand times is a block that nobody should even hash.
    if (room < 0) return undefined;
    body.push(bytes);
  }
  const block = { header, body };
  return isBodyOf(block, (hash) => mempool.byHash(hash)) ? block : undefined;
}
