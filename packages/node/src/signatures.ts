/**
 * Verifies transaction signatures off the event loop and remembers what held, by the hash of the
 * complete bytes: each signature is verified once per node, whether it came from a client, a peer or
 * a proposal. The few consensus signatures are verified in place, elsewhere.
 */
import type { KeyObject } from 'node:crypto';
import { createPublicKey, verify } from 'node:crypto';
import type { Hash, Transaction } from '@daybook/core';
import { precheckSignature, toHex, transactionSignBytes } from '@daybook/core';

export interface SignatureVerifier {
  /** Whether every signature of the transaction holds. */
  verify(transaction: Transaction): Promise<boolean>;
  /** Whether these exact bytes were verified before. */
  isKnown(hash: Hash): boolean;
}

/**
 * Verifications that run at once. libuv has four threads, which file syncs share: more in flight
 * would only make a vote wait behind them.
 */
const IN_FLIGHT_MAX = 8;
/** Remembered transactions per generation; two generations are kept, about 10 MiB in all. */
const REMEMBERED_MAX = 50_000;
const KEYS_MAX = 4096;
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** A set that forgets its older half instead of growing. */
class RecentSet {
  #young = new Set<string>();
  #old = new Set<string>();

  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  add(key: string): void {
    this.#young.add(key);
    if (this.#young.size < REMEMBERED_MAX) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}

class PooledVerifier implements SignatureVerifier {
  readonly #known = new RecentSet();
  readonly #keys = new Map<string, KeyObject>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  isKnown(hash: Hash): boolean {
    return this.#known.has(toHex(hash));
  }

  async verify(transaction: Transaction): Promise<boolean> {
    const hash = toHex(transaction.hash);
    if (this.#known.has(hash)) return true;
    const message = transactionSignBytes(transaction.bodyBytes);
    const checks = transaction.body.signers.map(({ publicKey }, index) => {
      const signature = transaction.signatures[index];
      if (signature === undefined || !precheckSignature(publicKey, signature)) return false;
      return this.#verifyOne(this.#keyOf(publicKey), message, signature);
    });
    const valid = (await Promise.all(checks)).every(Boolean);
    if (valid) this.#known.add(hash);
    return valid;
  }

  #keyOf(publicKey: Uint8Array): KeyObject {
    const name = toHex(publicKey);
    const cached = this.#keys.get(name);
    if (cached !== undefined) return cached;
    const der = Buffer.concat([SPKI_PREFIX, publicKey]);
    const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
    if (this.#keys.size >= KEYS_MAX) this.#keys.clear();
    this.#keys.set(name, key);
    return key;
  }

  async #verifyOne(key: KeyObject, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    if (this.#running >= IN_FLIGHT_MAX) {
      await new Promise<void>((resume) => this.#waiting.push(resume));
    } else {
      this.#running += 1;
    }
    try {
      return await new Promise<boolean>((resolve, reject) => {
        verify(null, message, key, signature, (error, valid) => {
          if (error) reject(error);
          else resolve(valid);
        });
      });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

export function createSignatureVerifier(): SignatureVerifier {
  return new PooledVerifier();
}
