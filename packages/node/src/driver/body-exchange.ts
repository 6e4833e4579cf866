/**
 * Bodies between nodes: looked for by hash at those who should have them, and served to those who
 * ask. What is returned matches its header; who sends another body under a hash is penalised.
 */
import type { Block, Hash } from '@daybook/core';
import {
  asHash,
  blockHash,
  decodeBlock,
  encodeBlock,
  equalBytes,
  HASH_SIZE,
  toHex,
  transactionHashOf,
} from '@daybook/core';
import type { Network } from '@daybook/network';
import type { BlockLog } from '@daybook/state';
import type { FoundDamage } from '../found-damage.ts';
import { unlessDamaged } from '../found-damage.ts';
import { isBodyOf } from '../ledger/validity.ts';
import type { Mempool } from '../mempool.ts';
import { decodeHashes, encodeWires, TRANSACTIONS_ANSWER_BYTES_MAX } from './assembly.ts';
import type { Bodies } from './bodies.ts';
import type { ValidatorPeers } from './validators.ts';

export interface BodyExchangeParts {
  readonly network: Pick<Network, 'links' | 'request' | 'penalise'>;
  readonly blockLog: BlockLog;
  readonly damage: FoundDamage;
  readonly mempool: Mempool;
  readonly bodies: Bodies;
  readonly peers: () => ValidatorPeers;
}

export interface BodyExchange {
  /** Looks at these validators first, then elsewhere; undefined when nobody asked has it. */
  fetch(hash: Hash, from: readonly number[]): Promise<Block | undefined>;
  /** Answers the request `bodies`. */
  serveBody(request: Uint8Array): Uint8Array | undefined;
  /** Answers the request `transactions`. */
  serveTransactions(request: Uint8Array): Uint8Array | undefined;
}

/** One attempt asks so many peers; the machine repeats it while the body is missing. */
const FETCH_PEERS_MAX = 4;
/** Hashes whose attempts are counted; the machine looks for fewer at a time. */
const SOUGHT_MAX = 64;

/** @param attempt  how many were in vain: those that were asked then come last */
async function fetchBody(
  hash: Hash,
  { from, attempt }: { readonly from: readonly number[]; readonly attempt: number },
  { network, mempool, peers }: BodyExchangeParts,
): Promise<Block | undefined> {
  const first = from.map((index) => peers().peerOf(index)).filter((id) => id !== undefined);
  const others = network.links().map(({ peerId }) => peerId);
  const known = [...new Set([...first, ...others])];
  const begin = known.length === 0 ? 0 : (attempt * FETCH_PEERS_MAX) % known.length;
  const inTurn = [...known.slice(begin), ...known.slice(0, begin)];
  const asked = inTurn.slice(0, FETCH_PEERS_MAX);
  for (const peerId of asked) {
    const answer = await network.request(peerId, 'bodies', hash);
    const block = answer.ok ? decodeBlock(answer.value) : answer;
    if (!block.ok) continue;
    const isGenuine = equalBytes(blockHash(block.value.header), hash);
    if (isGenuine && isBodyOf(block.value, (known) => mempool.byHash(known))) return block.value;
    network.penalise(peerId, 'lie');
  }
  return undefined;
}

export function createBodyExchange(parts: BodyExchangeParts): BodyExchange {
  const { blockLog, mempool, bodies, damage } = parts;
  /** By hash in hex, the oldest first. */
  const attempts = new Map<string, number>();
  return {
    fetch: async (hash, from) => {
      const held = bodies.get(hash)?.block;
      if (held !== undefined) return held;
      const key = toHex(hash);
      const attempt = attempts.get(key) ?? 0;
      const found = await fetchBody(hash, { from, attempt }, parts);
      attempts.delete(key);
      if (found === undefined) attempts.set(key, attempt + 1);
      const [oldest] = attempts.keys();
      if (attempts.size > SOUGHT_MAX && oldest !== undefined) attempts.delete(oldest);
      return found;
    },
    serveBody: (request) => {
      if (request.length !== HASH_SIZE) return undefined;
      const hash = asHash(request);
      const held = bodies.get(hash);
      if (held !== undefined) return encodeBlock(held.block);
      const height = blockLog.heightOf(hash);
      if (height === undefined) return blockLog.readCandidate(hash);
      return unlessDamaged(() => blockLog.readBlock(height)?.bytes, damage);
    },
    serveTransactions: (request) => {
      const hashes = decodeHashes(request);
      if (!hashes.ok) return undefined;
      let room = TRANSACTIONS_ANSWER_BYTES_MAX;
      const found: Uint8Array[] = [];
      for (const bytes of hashes.value) {
        const hash = asHash(bytes);
        const wire = mempool.byHash(hash)?.bytes ?? bodies.findTransaction(hash, transactionHashOf);
        if (wire === undefined) continue;
        room -= wire.length + 4;
        if (room < 0) break;
        found.push(wire);
      }
      return encodeWires(found);
    },
  };
}
