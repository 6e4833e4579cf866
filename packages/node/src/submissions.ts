/**
 * The way of a transaction into the mempools (architecture: the way of a transaction). What a client
 * hands in is judged, spread to the validators in batches, and counted as accepted when f+1
 * validators hold it; what peers spread is judged in the same way and acknowledged.
 */
import type { Hash, Result, TimestampMs, Transaction, TransactionId } from '@daybook/core';
import { decodeTransaction, fail, LIMITS, ok, quorumOf, toHex } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { Placement, Refusal, Submissions } from './api/ports.ts';
import type { Clock } from './clock.ts';
import type { Mempool } from './mempool.ts';
import type { SignatureVerifier } from './signatures.ts';
import { firstUnsigned } from './signatures.ts';
import { decodeTransactionFrame, encodeBatch, encodeHeld } from './transaction-frames.ts';

export interface SubmissionParts {
  readonly clock: Clock;
  readonly mempool: Mempool;
  readonly network: Network;
  readonly signatures: SignatureVerifier;
  /**
   * Everything about a transaction but its signatures: chain, expiry, replay, schema, key.
   * @returns the lane it waits in, or why it is refused
   */
  readonly judge: (transaction: Transaction) => Result<string, Refusal>;
  /** Peers of the validators that sign the next height, self excluded. */
  readonly validatorPeers: () => readonly string[];
  /** Whether this node is one of them. */
  readonly isValidator: () => boolean;
  /** Where a transaction stands in the chain, if it is final. */
  readonly locate: (id: TransactionId) => Placement | undefined;
  /** Called when the mempool got its first transaction. */
  readonly onWork: () => void;
}

/** What the node's other parts use beside the API's port. */
export interface SubmissionDesk extends Submissions {
  /** Ends waiting for what a block included. */
  settle(ids: readonly TransactionId[], height: number): void;
  /** Ends waiting for what can no longer be included. */
  expire(ids: readonly TransactionId[]): void;
  /** Sends to a validator what was handed in here and it has not acknowledged (protocol R2). */
  handOver(peerId: string): void;
  /** Transactions so young that peers are unlikely to hold them. */
  isFresh(hash: Hash): boolean;
  stop(): void;
}

/** Spread so long after the last of what arrived together: groups it without being felt. */
const SPREAD_DELAY_MS = 2;
/** Spread at the latest so long after the first, while more of the same clients is being judged. */
const SPREAD_DELAY_MS_MAX = 20;
/** A frame of the transactions channel stays well under its limit. */
const SPREAD_BYTES_MAX = 256 * 1024;
/** Until this age a transaction travels inside the proposal, in case it is still on its way. */
const FRESH_MS = 60;
/** A hand-over repeats only what spreading should have delivered long ago. */
const HAND_OVER_AGE_MS = 3000;
/** Transactions of a batch that are decoded and judged between two turns of others. */
const JUDGED_AT_ONCE = 64;
/** Refusals that rest on the bytes alone, beside those of decoding. */
const FORGED: readonly string[] = ['NODE_TRANSACTION_SIGNATURE', 'NODE_TRANSACTION_KEY'];

type Admission = Result<{ readonly id: TransactionId; readonly known: boolean }, Refusal>;

interface Tracked {
  readonly transaction: Transaction;
  readonly sinceMs: number;
  /** Handed in here, hence ours to spread. */
  readonly own: boolean;
  readonly holders: Set<string>;
  readonly waiters: Set<Waiter>;
}

interface Waiter {
  readonly for: 'accepted' | 'committed';
  readonly done: (outcome: 'accepted' | Ending) => void;
}

/** How waiting for a transaction ends; `aborted` says nothing about the transaction. */
type Ending = 'expired' | 'aborted' | Placement;

const WHOLE_EXPECTED = `canonical CBOR [body, signatures] of at most ${LIMITS.transactionBytesMax} bytes`;

class Desk implements SubmissionDesk {
  readonly #parts: SubmissionParts;
  readonly #tracked = new Map<string, Tracked>();
  /** By hash of the bytes: when it came in. */
  readonly #arrivals = new Map<string, number>();
  #outgoing: Transaction[] = [];
  #outgoingBytes = 0;
  /** Batches to spread that are still being judged. */
  #judging = 0;
  #cancelSpread: (() => void) | undefined;
  readonly #unsubscribe: () => void;

  constructor(parts: SubmissionParts) {
    this.#parts = parts;
    this.#unsubscribe = parts.network.onMessage('transactions', (peerId, bytes) =>
      this.#receive(peerId, bytes),
    );
  }

  // --- from clients ------------------------------------------------------------------------

  async submit(wires: readonly Uint8Array[]): Promise<readonly Admission[]> {
    return await this.#admitAll(wires, true);
  }

  /**
   * Judges a batch a few at a time, so that votes get their turns.
   * @param own  to be spread by this node, all of them together
   * @param isEnough  told what became of each few; true ends it
   */
  async #admitAll(
    wires: readonly Uint8Array[],
    own: boolean,
    isEnough: (few: readonly Admission[]) => boolean = () => false,
  ): Promise<readonly Admission[]> {
    const outcomes: Admission[] = [];
    if (own) this.#judging += 1;
    try {
      for (let at = 0; at < wires.length; at += JUDGED_AT_ONCE) {
        if (at > 0) await new Promise<void>((resolve) => this.#parts.clock.soon(resolve));
        const wave = wires.slice(at, at + JUDGED_AT_ONCE);
        const few = await Promise.all(wave.map((wire) => this.#admit(wire, own)));
        outcomes.push(...few);
        if (isEnough(few)) break;
      }
    } finally {
      if (own) this.#endJudging();
    }
    return outcomes;
  }

  /** What others still judge goes along, if it does not take long. */
  #endJudging(): void {
    this.#judging -= 1;
    if (this.#judging === 0 && this.#outgoing.length > 0) this.#spreadIn(SPREAD_DELAY_MS);
  }

  async #admit(wire: Uint8Array, own: boolean): Promise<Admission> {
    const decoded = decodeTransaction(wire);
    if (!decoded.ok) return fail(refusalOfDecoding(decoded.reason));
    const transaction = decoded.value;
    const { id } = transaction;
    if (this.#parts.mempool.has(id)) return ok({ id, known: true });
    const judged = this.#parts.judge(transaction);
    if (!judged.ok) return judged;
    if (!(await this.#parts.signatures.verify(transaction, 'admission'))) {
      const detail = 'A signature does not match the body and its public key.';
      const expected = 'a signature over these body bytes by the key of the signer';
      const errors = [{ pointer: `/signatures/${firstUnsigned(transaction) ?? 0}`, expected }];
      return fail({ code: 'NODE_TRANSACTION_SIGNATURE', detail, errors });
    }
    // Signatures took a while: it may have become final or been admitted meanwhile.
    const place = this.#parts.locate(id);
    if (place !== undefined) return fail(replayed(place));
    if (this.#parts.mempool.has(id)) return ok({ id, known: true });
    const added = this.#parts.mempool.add(transaction, judged.value);
    if (!added.ok) return fail({ code: added.reason.code, detail: fullness(added.reason) });
    this.#track(transaction, own);
    this.#parts.onWork();
    return ok({ id, known: false });
  }

  #track(transaction: Transaction, own: boolean): void {
    const key = toHex(transaction.id);
    const sinceMs = this.#parts.clock.now();
    this.#arrivals.set(toHex(transaction.hash), sinceMs);
    const tracked = {
      transaction,
      sinceMs,
      own,
      holders: new Set<string>(),
      waiters: new Set<Waiter>(),
    };
    this.#tracked.set(key, tracked);
    if (!own) return;
    this.#outgoing.push(transaction);
    this.#outgoingBytes += transaction.bytes.length;
    if (this.#outgoingBytes >= SPREAD_BYTES_MAX) this.#spread();
    else if (this.#cancelSpread === undefined) this.#spreadIn(SPREAD_DELAY_MS_MAX);
  }

  #spreadIn(delayMs: number): void {
    this.#cancelSpread?.();
    this.#cancelSpread = this.#parts.clock.schedule(delayMs, () => this.#spread());
  }

  #spread(): void {
    this.#cancelSpread?.();
    this.#cancelSpread = undefined;
    const batch = this.#outgoing;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    if (batch.length === 0) return;
    const bytes = encodeBatch(batch);
    for (const peerId of this.#parts.validatorPeers()) {
      this.#parts.network.send(peerId, 'transactions', bytes);
    }
  }

  handOver(peerId: string): void {
    const before = this.#parts.clock.now() - HAND_OVER_AGE_MS;
    const batch: Transaction[] = [];
    let bytes = 0;
    for (const { transaction, own, sinceMs, holders } of this.#tracked.values()) {
      if (!own || sinceMs > before || holders.has(peerId)) continue;
      bytes += transaction.bytes.length;
      if (bytes > SPREAD_BYTES_MAX) break;
      batch.push(transaction);
    }
    if (batch.length > 0) this.#parts.network.send(peerId, 'transactions', encodeBatch(batch));
  }

  isFresh(hash: Hash): boolean {
    const arrival = this.#arrivals.get(toHex(hash));
    return arrival === undefined || this.#parts.clock.now() - arrival < FRESH_MS;
  }

  // --- from peers --------------------------------------------------------------------------

  async #receive(peerId: string, bytes: Uint8Array): Promise<void> {
    const frame = decodeTransactionFrame(bytes);
    if (!frame.ok) {
      this.#parts.network.penalise(peerId, 'malformed');
      return;
    }
    if (frame.value.kind === 'held') {
      for (const id of frame.value.ids) this.#noteHolder(peerId, id);
      return;
    }
    const held = await this.#admitFrom(peerId, frame.value.wires);
    if (held.length > 0 && this.#parts.isValidator()) {
      this.#parts.network.send(peerId, 'transactions', encodeHeld(held));
    }
  }

  /**
   * Judges a batch no further than to what an honest peer cannot have sent: it judged each of them
   * itself.
   * @returns ids of what is held now
   */
  async #admitFrom(
    peerId: string,
    wires: readonly Uint8Array[],
  ): Promise<readonly TransactionId[]> {
    const { network, isValidator } = this.#parts;
    // An observer spreads on what another observer handed it; validators reach each other.
    const outcomes = await this.#admitAll(wires, !isValidator(), isForged);
    if (isForged(outcomes)) network.penalise(peerId, 'malformed');
    return outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value.id] : []));
  }

  #noteHolder(peerId: string, id: Uint8Array): void {
    const tracked = this.#tracked.get(toHex(id));
    if (tracked === undefined || tracked.holders.has(peerId)) return;
    tracked.holders.add(peerId);
    if (this.#isAccepted(tracked)) this.#wake(tracked, 'accepted');
  }

  #isAccepted({ holders }: Tracked): boolean {
    const validators = this.#parts.validatorPeers();
    const self = this.#parts.isValidator() ? 1 : 0;
    const known = validators.filter((peerId) => holders.has(peerId)).length;
    return known + self >= quorumOf(Math.max(1, validators.length + self)).oneCorrect;
  }

  // --- waiting -----------------------------------------------------------------------------

  pending(id: TransactionId): 'received' | 'accepted' | undefined {
    const tracked = this.#tracked.get(toHex(id));
    if (tracked === undefined) return undefined;
    return this.#isAccepted(tracked) ? 'accepted' : 'received';
  }

  async accepted(
    id: TransactionId,
    signal: AbortSignal,
  ): Promise<'accepted' | 'expired' | 'aborted'> {
    const outcome = await this.#wait(id, 'accepted', signal);
    return typeof outcome === 'string' ? outcome : 'accepted';
  }

  async committed(
    id: TransactionId,
    signal: AbortSignal,
  ): Promise<Placement | 'expired' | 'aborted'> {
    const outcome = await this.#wait(id, 'committed', signal);
    return outcome === 'accepted' ? 'expired' : outcome;
  }

  #wait(id: TransactionId, kind: Waiter['for'], signal: AbortSignal): Promise<'accepted' | Ending> {
    const place = this.#parts.locate(id);
    if (place !== undefined) return Promise.resolve(place);
    const tracked = this.#tracked.get(toHex(id));
    if (tracked === undefined) return Promise.resolve('expired');
    if (kind === 'accepted' && this.#isAccepted(tracked)) return Promise.resolve('accepted');
    if (signal.aborted) return Promise.resolve('aborted');
    return new Promise((resolve) => {
      const abort = (): void => {
        tracked.waiters.delete(waiter);
        resolve('aborted');
      };
      const waiter: Waiter = {
        for: kind,
        done: (outcome) => {
          signal.removeEventListener('abort', abort);
          resolve(outcome);
        },
      };
      tracked.waiters.add(waiter);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  #wake(tracked: Tracked, outcome: 'accepted' | Ending): void {
    for (const waiter of tracked.waiters) {
      if (outcome === 'accepted' && waiter.for !== 'accepted') continue;
      tracked.waiters.delete(waiter);
      waiter.done(outcome);
    }
  }

  settle(ids: readonly TransactionId[], height: number): void {
    for (const [index, id] of ids.entries()) this.#forget(id, { height, index });
  }

  expire(ids: readonly TransactionId[]): void {
    for (const id of ids) this.#forget(id, 'expired');
  }

  #forget(id: TransactionId, outcome: 'expired' | Placement): void {
    const key = toHex(id);
    const tracked = this.#tracked.get(key);
    if (tracked === undefined) return;
    this.#tracked.delete(key);
    this.#arrivals.delete(toHex(tracked.transaction.hash));
    this.#wake(tracked, outcome);
  }

  stop(): void {
    // The network still sends what is queued when it stops: what has just come in is not for this node alone.
    this.#spread();
    this.#unsubscribe();
    // They may still become final at other nodes: nobody is told that they expired.
    for (const tracked of this.#tracked.values()) this.#wake(tracked, 'aborted');
  }
}

/** A transaction that the chain holds already. */
export function replayed({ height, index }: Placement): Refusal {
  return {
    code: 'NODE_TRANSACTION_REPLAYED',
    detail: `This transaction is final at height ${height}, position ${index}.`,
    errors: [{ pointer: '/nonce', expected: 'a nonce that no final transaction has' }],
  };
}

/** Whether a batch holds what rests on no state and no clock, so that whoever spread it knew. */
function isForged(outcomes: readonly Result<unknown, Refusal>[]): boolean {
  return outcomes.some(
    (outcome) =>
      !outcome.ok &&
      (FORGED.includes(outcome.reason.code) || outcome.reason.code.startsWith('CORE_')),
  );
}

function fullness(
  reason: { readonly code: string; readonly bytesMax: number } & { readonly lane?: string },
): string {
  const whose = reason.lane === undefined ? 'The pool' : `The lane of ${reason.lane}`;
  return `${whose} holds its limit of ${reason.bytesMax} bytes.`;
}

function refusalOfDecoding(reason: {
  readonly code: string;
  readonly pointer?: string;
  readonly expected?: string;
}): Refusal {
  const { code, pointer, expected } = reason;
  const detail = 'The bytes are not a transaction in canonical form.';
  const whole = { pointer: '', expected: WHOLE_EXPECTED };
  const isPlaced = pointer !== undefined && expected !== undefined;
  return { code, detail, errors: [isPlaced ? { pointer, expected } : whole] };
}

export function createSubmissionDesk(parts: SubmissionParts): SubmissionDesk {
  return new Desk(parts);
}

/** The block time by which admission judges expiry: the head's, or the clock when it is ahead. */
export function admissionTime(headMs: TimestampMs, clock: Clock): TimestampMs {
  return Math.max(headMs, clock.wall());
}
