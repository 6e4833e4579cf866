/**
 * Verifies transaction signatures and remembers what held, by the hash of the complete bytes: each
 * signature is verified once per node, whether it came from a client, a peer or a proposal. The work
 * is done in slices of a few milliseconds between which votes, timers and requests get their turn;
 * the few consensus signatures are verified in place, elsewhere. Ranges of blocks that wait for a
 * node that catches up are the exception: a thread verifies them (`ahead/`), and tells what held.
 *
 * Slices and not threads, by measurement (ADR 0007): libsodium takes half the CPU of `node:crypto`,
 * whose asynchronous form also spends a quarter of its time on handing over.
 */
import type { Hash, Transaction } from '@daybook/core';
import { toHex, transactionSignBytes, verifyStrict } from '@daybook/core';
import type { Clock } from './clock.ts';
import { createRecentSet } from './recent-set.ts';

export interface SignatureVerifier {
  /**
   * Whether every signature of the transaction holds. Those of a block that is being judged go
   * before those that wait for admission: a flood of transactions must not delay a vote.
   */
  verify(transaction: Transaction, purpose: 'block' | 'admission'): Promise<boolean>;
  /** Whether these exact bytes were verified before. */
  isKnown(hash: Hash): boolean;
  /** Takes over that every signature of a transaction was found valid elsewhere, by the same rule. */
  remember(hash: Hash): void;
}

/** A vote waits at most this long for signatures that are being verified. */
const SLICE_MS = 4;
/** Remembered transactions per generation; two generations are kept, about 10 MiB in all. */
const REMEMBERED_MAX = 50_000;

interface Waiting {
  readonly transaction: Transaction;
  readonly key: string;
  readonly done: (valid: boolean) => void;
}

/** Index of the first signer whose signature does not hold; undefined if all do. */
export function firstUnsigned({ body, bodyBytes, signatures }: Transaction): number | undefined {
  const message = transactionSignBytes(bodyBytes);
  const index = body.signers.findIndex(({ publicKey }, position) => {
    const signature = signatures[position];
    return signature === undefined || !verifyStrict(publicKey, message, signature);
  });
  return index < 0 ? undefined : index;
}

class SlicedVerifier implements SignatureVerifier {
  readonly #known = createRecentSet(REMEMBERED_MAX);
  readonly #clock: Pick<Clock, 'now' | 'soon'>;
  readonly #waiting: Record<'block' | 'admission', Waiting[]> = { block: [], admission: [] };
  #isScheduled = false;

  constructor(clock: Pick<Clock, 'now' | 'soon'>) {
    this.#clock = clock;
  }

  isKnown(hash: Hash): boolean {
    return this.#known.has(toHex(hash));
  }

  remember(hash: Hash): void {
    this.#known.add(toHex(hash));
  }

  verify(transaction: Transaction, purpose: 'block' | 'admission'): Promise<boolean> {
    const key = toHex(transaction.hash);
    if (this.#known.has(key)) return Promise.resolve(true);
    return new Promise((done) => {
      this.#waiting[purpose].push({ transaction, key, done });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.soon(() => {
      this.#isScheduled = false;
      this.#verifySlice();
    });
  }

  #verifySlice(): void {
    const endMs = this.#clock.now() + SLICE_MS;
    this.#verifyUntil(endMs, 'block');
    this.#verifyUntil(endMs, 'admission');
    if (this.#waiting.block.length + this.#waiting.admission.length > 0) this.#schedule();
  }

  #verifyUntil(endMs: number, purpose: 'block' | 'admission'): void {
    const waiting = this.#waiting[purpose];
    let count = 0;
    for (const { transaction, key, done } of waiting) {
      if (this.#clock.now() >= endMs) break;
      count += 1;
      const valid = this.#known.has(key) || firstUnsigned(transaction) === undefined;
      if (valid) this.#known.add(key);
      done(valid);
    }
    this.#waiting[purpose] = waiting.slice(count);
  }
}

/** @param clock  ends slices and lets others go between them; decides nothing */
export function createSignatureVerifier(clock: Pick<Clock, 'now' | 'soon'>): SignatureVerifier {
  return new SlicedVerifier(clock);
}
