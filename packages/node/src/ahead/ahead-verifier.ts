/**
 * Verifies the signatures of ranges that wait for their execution, in a thread of its own (ADR 16):
 * a node that catches up executes on one core while another verifies. What the thread finds valid is
 * remembered and looked up; everything else is verified where it is applied, so that a thread that is
 * late, fails or is absent costs time and changes no outcome.
 */
import { Worker } from 'node:worker_threads';
import type { CertificateExpectation } from '@daybook/core';
import type { Signing } from '../ledger/certified.ts';
import type { Logger } from '../log.ts';
import type { ServedBlock } from '../ranges.ts';
import { createRecentSet } from '../recent-set.ts';
import type { SignatureVerifier } from '../signatures.ts';
import type { RangeAnswer, RangeTask } from './ahead-thread.ts';
import { certificateKey } from './verify-range.ts';

export interface AheadVerifier {
  /**
   * Resolves when what holds of a range is remembered, or when there is no thread any more; never
   * rejects.
   * @param signing  who decided the blocks, as far as that is known yet
   */
  verify(served: readonly ServedBlock[], signing: Signing): Promise<void>;
  /** Whether the thread has begun: a new one loads for a while, in which nobody should wait for it. */
  isRunning(): boolean;
  /** Whether this certificate was verified for just this; false says nothing. */
  isCertified(certificate: Uint8Array, expected: CertificateExpectation): boolean;
  /** Gives the thread and its memory back; the next range starts another one. Never rejects. */
  rest(): Promise<void>;
}

export interface AheadParts {
  /** Learns which transactions are signed. */
  readonly signatures: Pick<SignatureVerifier, 'remember'>;
  readonly logger: Pick<Logger, 'warn'>;
}

/** More than the ranges on their way can have. */
const CERTIFICATES_MAX = 1024;

class ThreadVerifier implements AheadVerifier {
  readonly #parts: AheadParts;
  readonly #certified = createRecentSet(CERTIFICATES_MAX);
  readonly #waiting = new Map<number, () => void>();
  #thread: Worker | undefined;
  /** A thread that failed once is not tried again: everything goes on without. */
  #hasFailed = false;
  #isRunning = false;
  #lastId = 0;

  constructor(parts: AheadParts) {
    this.#parts = parts;
  }

  verify(served: readonly ServedBlock[], { validators, era }: Signing): Promise<void> {
    if (this.#hasFailed) return Promise.resolve();
    this.#thread ??= this.#start();
    this.#lastId += 1;
    const task: RangeTask = { id: this.#lastId, served, signing: { validators, era } };
    this.#thread.postMessage(task);
    return new Promise((resolve) => this.#waiting.set(task.id, resolve));
  }

  isRunning(): boolean {
    return this.#isRunning;
  }

  isCertified(certificate: Uint8Array, expected: CertificateExpectation): boolean {
    return this.#certified.has(certificateKey(certificate, expected));
  }

  async rest(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    this.#release();
    await thread?.terminate();
  }

  #start(): Worker {
    const program = new URL(import.meta.resolve('#ahead-thread'));
    const thread = new Worker(program, { name: 'daybook-ahead' });
    thread.unref();
    thread.on('message', (answer: RangeAnswer) => this.#take(answer));
    thread.on('error', (error) => {
      this.#hasFailed = true;
      this.#parts.logger.warn('verifying thread failed', { reason: String(error) });
    });
    // Follows every failure, and the end of a thread that rests.
    thread.on('exit', () => {
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      this.#release();
    });
    return thread;
  }

  #take({ id, transactions, certificates }: RangeAnswer): void {
    this.#isRunning = true;
    for (const hash of transactions) this.#parts.signatures.remember(hash);
    for (const key of certificates) this.#certified.add(key);
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }

  /** Nobody waits for a thread that answers no more. */
  #release(): void {
    this.#isRunning = false;
    for (const resolve of this.#waiting.values()) resolve();
    this.#waiting.clear();
  }
}

/** No thread runs before the first range. */
export function createAheadVerifier(parts: AheadParts): AheadVerifier {
  return new ThreadVerifier(parts);
}
