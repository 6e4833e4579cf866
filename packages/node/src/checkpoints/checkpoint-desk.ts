/**
 * The way of a checkpoint (protocol §17): with the first block of each slot every validator signs the
 * tree of its own final blocks, the lines are gossiped, and a tree is served once a quorum of its set
 * has signed and the note is on disk. Witnesses add their lines afterwards. Nothing here votes.
 */
import type {
  CheckpointFailure,
  Height,
  NoteKey,
  NoteSignature,
  PublicKey,
  ReadCheckpoint,
  Result,
  Signature,
  ValidatorSet,
} from '@daybook/core';
import {
  asSignature,
  checkpointOriginOf,
  createWriter,
  decodeBinary,
  encodeNote,
  encodeUtf8,
  equalBytes,
  explainCheckpoint,
  fail,
  frontierRoot,
  indexOfKey,
  isCheckpointDue,
  NOTE_BYTES_MAX,
  noteKeyIdOf,
  ok,
  readCheckpointNote,
  readNoteSignatures,
} from '@daybook/core';
import type { GossipVerdict, Network } from '@daybook/network';
import type { Checkpoints, History, Refusal } from '../api/ports.ts';
import type { Clock } from '../clock.ts';
import { describe } from '../exit-codes.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { LogData, Logger } from '../log.ts';
import type { MetricsSink } from '../metrics.ts';
import { createRecentSet } from '../recent-set.ts';
import type { CheckpointStore } from './checkpoint-file.ts';
import type { Collection } from './collection.ts';
import {
  addLines,
  isCosignedBy,
  isOf,
  isQuorate,
  newestCosigned,
  openCollection,
  renderCollection,
} from './collection.ts';

/** Who signs a checkpoint: the guard of votes has no part in it, since it is no vote. */
export interface StatementSigner {
  readonly publicKey: PublicKey;
  /** @returns undefined while the key may not sign */
  signStatement(bytes: Uint8Array): Promise<Signature | undefined>;
}

export interface CheckpointParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly network: Pick<Network, 'publish' | 'onGossip'>;
  readonly ledger: Pick<Ledger, 'head' | 'genesis' | 'onCommit'>;
  readonly tree: Pick<History, 'root'>;
  readonly store: CheckpointStore;
  readonly validatorsAt: (height: Height) => ValidatorSet | undefined;
  /** Absent on an observer. */
  readonly signer: StatementSigner | undefined;
  readonly witnesses: () => readonly NoteKey[];
  /** Whether this node has everything its peers have: old trees are not signed again. */
  readonly isInStep: () => boolean;
}

export interface CheckpointDesk extends Checkpoints {
  /** Takes up what was served before the last stop. */
  start(): Promise<void>;
  /** Waits for what is being written. */
  stop(): Promise<void>;
}

/** Trees that are kept in memory, the newest: two minutes of them, beside the cosigned ones. */
const KEPT_MAX = 64;
/** Notes of trees that this node has not reached yet. */
const EARLY_MAX = 64;
/** Validators and sizes of trees that contradict the own, more than there are of those kept. */
const CONTRADICTING_MAX = 4096;
/** An own line that waits for a quorum is gossiped again after this. */
const REPEAT_MS = 3000;

class Desk implements CheckpointDesk {
  readonly #parts: CheckpointParts;
  readonly #origin: string;
  /** By size; the ones with the largest sizes. */
  readonly #collections = new Map<number, Collection>();
  /** Notes of larger trees, the latest last. */
  readonly #early: ReadCheckpoint[] = [];
  /** Of whom the log tells that they signed another tree of some size. */
  readonly #contradicting = createRecentSet(CONTRADICTING_MAX);
  readonly #unsubscribe: readonly (() => void)[];
  #cancelRepeat: (() => void) | undefined;
  /** The newest note that is on disk. */
  #served: { readonly size: number; readonly note: Uint8Array } | undefined;
  #lastMs: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(parts: CheckpointParts) {
    this.#parts = parts;
    this.#origin = checkpointOriginOf(parts.ledger.genesis.chain);
    this.#lastMs = parts.ledger.head().header.timestampMs;
    this.#unsubscribe = [
      parts.network.onGossip('checkpoints', (_peer, bytes) => this.#receive(bytes)),
      parts.ledger.onCommit(({ block }) => {
        const { header, tip } = block;
        const isDue = isCheckpointDue(this.#lastMs, header.timestampMs);
        this.#lastMs = header.timestampMs;
        if (isDue) this.#open(header.height, frontierRoot(tip.frontier));
      }),
    ];
  }

  async start(): Promise<void> {
    const { store, ledger, tree, validatorsAt, logger } = this.#parts;
    const leaveAside = (facts: LogData): void =>
      logger.warn('stored checkpoint left aside', { path: store.path, ...facts });
    let bytes: Uint8Array | undefined;
    try {
      bytes = await store.read();
    } catch (error) {
      // Nothing rests on the file: the next checkpoint takes its place.
      return leaveAside({ reason: describe(error) });
    }
    if (bytes === undefined) return;
    const read = readCheckpointNote(bytes);
    if (!read.ok) return leaveAside({ reason: explainCheckpoint(read.reason) });
    const { head, note } = read.value;
    const isReached = head.size <= ledger.head().header.height + 1;
    const validators = validatorsAt(head.size - 1);
    const root = isReached ? await tree.root(head.size) : undefined;
    const isOurs = root !== undefined && equalBytes(root, head.root);
    if (!isOurs || validators === undefined || head.origin !== this.#origin) {
      return leaveAside({ size: head.size, reason: 'It is not of the own chain.' });
    }
    const added = addLines(openCollection(head, validators), note.signatures, this.#witnesses());
    if (!added.ok) return leaveAside({ reason: explainCheckpoint(added.reason) });
    if (!isQuorate(added.value.collection)) {
      return leaveAside({ size: head.size, reason: 'Fewer signed it than a quorum.' });
    }
    this.#keep(added.value.collection);
    this.#serve(added.value.collection);
  }

  newest(witnessesMin = 0): Uint8Array | undefined {
    if (witnessesMin === 0) return this.#served?.note;
    const found = this.#servable(witnessesMin).at(-1);
    return found && renderCollection(found);
  }

  covering(height: Height, witnessesMin = 0): Uint8Array | undefined {
    const found = this.#servable(witnessesMin).find(({ head }) => head.size > height);
    return found && renderCollection(found);
  }

  /** What may be served, the smallest tree first. */
  #servable(witnessesMin: number): readonly Collection[] {
    const served = this.#servedSize();
    return [...this.#collections.values()]
      .filter((one) => isQuorate(one) && isCosignedBy(one, witnessesMin) && one.head.size <= served)
      .sort((a, b) => a.head.size - b.head.size);
  }

  cosign(size: number, body: Uint8Array): Result<number, Refusal> {
    const collection = this.#collections.get(size);
    if (collection === undefined || !isQuorate(collection)) {
      const detail = `No checkpoint of size ${size} is kept here.`;
      return fail({ code: 'NODE_CHECKPOINT_UNKNOWN', detail });
    }
    const lines = readNoteSignatures(body);
    if (!lines.ok) return refusalOf(lines.reason);
    const added = addLines(collection, lines.value, this.#witnesses());
    if (!added.ok) return refusalOf(added.reason);
    if (added.value.known === 0) {
      const detail = 'No line is of a witness that the oversight contract registers.';
      return fail({ code: 'NODE_WITNESS_UNKNOWN', detail });
    }
    const { fresh } = added.value;
    if (fresh.length > 0) {
      this.#accept(added.value.collection, fresh);
      this.#publish(collection, fresh, 0);
    }
    return ok(fresh.length);
  }

  async stop(): Promise<void> {
    this.#cancelRepeat?.();
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    await this.#writing;
  }

  // --- own trees -----------------------------------------------------------------------------

  #open(height: Height, root: Collection['head']['root']): void {
    const validators = this.#parts.validatorsAt(height);
    if (validators === undefined) return;
    const head = { origin: this.#origin, size: height + 1, root };
    this.#keep(openCollection(head, validators));
    this.#takeEarly(head.size);
    const { signer, isInStep, logger } = this.#parts;
    if (signer === undefined || indexOfKey(validators, signer.publicKey) === undefined) return;
    if (!isInStep()) return;
    this.#sign(signer, head.size).catch((error: unknown) => {
      logger.error('checkpoint not signed', { size: head.size, reason: String(error) });
    });
  }

  async #sign(signer: StatementSigner, size: number): Promise<void> {
    const opened = this.#collections.get(size);
    if (opened === undefined) return;
    const { publicKey } = signer;
    const signature = await signer.signStatement(encodeUtf8(opened.text));
    // While it was being signed others came in, or the tree became too old to be kept.
    const collection = this.#collections.get(size);
    if (signature === undefined || collection === undefined) return;
    const keyId = noteKeyIdOf({ name: this.#origin, type: 'ed25519', publicKey });
    const line = { name: this.#origin, keyId, signature: asSignature(signature) };
    const added = addLines(collection, [line], []);
    if (!added.ok) return;
    this.#accept(added.value.collection, added.value.fresh);
    this.#repeat(size, [line], 0);
  }

  /** Gossips an own line, and again while it waits for a quorum and no newer one is there. */
  #repeat(size: number, lines: readonly NoteSignature[], attempt: number): void {
    this.#cancelRepeat?.();
    this.#cancelRepeat = undefined;
    const collection = this.#collections.get(size);
    if (collection === undefined || (attempt > 0 && isQuorate(collection))) return;
    this.#publish(collection, lines, attempt);
    this.#cancelRepeat = this.#parts.clock.schedule(REPEAT_MS, () =>
      this.#repeat(size, lines, attempt + 1),
    );
  }

  #publish({ text }: Collection, signatures: readonly NoteSignature[], attempt: number): void {
    const { network, logger } = this.#parts;
    const writer = createWriter();
    // Gossip drops bytes that it has seen, and would drop a repeat.
    writer.u32(attempt);
    writer.sized(encodeUtf8(encodeNote({ text, signatures })));
    network.publish('checkpoints', writer.finish()).catch((error: unknown) => {
      logger.debug('checkpoint not gossiped', { reason: String(error) });
    });
  }

  // --- lines of others -----------------------------------------------------------------------

  #receive(bytes: Uint8Array): GossipVerdict {
    const decoded = decodeBinary(bytes, 'checkpoint gossip', (reader) => {
      reader.u32();
      return reader.sized(NOTE_BYTES_MAX);
    });
    const read = decoded.ok ? readCheckpointNote(decoded.value) : decoded;
    if (!read.ok) return 'reject';
    const { head } = read.value;
    if (head.origin !== this.#origin) return 'reject';
    const collection = this.#collections.get(head.size);
    if (collection !== undefined) return this.#judge(collection, read.value);
    if (head.size <= this.#parts.ledger.head().header.height + 1) return 'ignore';
    return this.#keepEarly(read.value);
  }

  #judge(collection: Collection, { head, note }: ReadCheckpoint): GossipVerdict {
    const { metrics, logger } = this.#parts;
    if (!isOf(collection, head)) {
      const other = openCollection(head, collection.validators);
      const signed = addLines(other, note.signatures, []);
      if (!signed.ok || signed.value.known === 0) return 'reject';
      // A validator signed another history than the one that is final here.
      metrics.add('daybook_node_checkpoint_lines_total', 1, { outcome: 'contradicting' });
      // Whoever repeats it, or signs more of them, adds no line to the log.
      const keys = signed.value.fresh.map(({ keyId }) => keyId.toString(16));
      const news = keys.filter((keyId) => !this.#contradicting.has(`${head.size}/${keyId}`));
      for (const keyId of news) this.#contradicting.add(`${head.size}/${keyId}`);
      const keyIds = news.join(', ');
      if (news.length > 0) {
        logger.error('checkpoint contradicts the own chain', { size: head.size, keyIds });
      }
      return 'ignore';
    }
    const added = addLines(collection, note.signatures, this.#witnesses());
    if (!added.ok) return 'reject';
    if (added.value.fresh.length > 0) this.#accept(added.value.collection, added.value.fresh);
    // A witness may be registered by a block that is not here yet.
    return added.value.known > 0 ? 'accept' : 'ignore';
  }

  /** Keeps what is signed by the present set, until the tree is there. */
  #keepEarly(read: ReadCheckpoint): GossipVerdict {
    const { ledger, validatorsAt } = this.#parts;
    const validators = validatorsAt(ledger.head().header.height + 1);
    if (validators === undefined) return 'ignore';
    const added = addLines(openCollection(read.head, validators), read.note.signatures, []);
    if (!added.ok || added.value.known === 0) return 'ignore';
    this.#early.push(read);
    if (this.#early.length > EARLY_MAX) this.#early.shift();
    return 'accept';
  }

  #takeEarly(size: number): void {
    const early = this.#early.splice(0);
    this.#early.push(...early.filter(({ head }) => head.size > size));
    for (const read of early.filter(({ head }) => head.size === size)) {
      const collection = this.#collections.get(size);
      if (collection !== undefined) this.#judge(collection, read);
    }
  }

  // --- what is kept and served ---------------------------------------------------------------

  #accept(collection: Collection, fresh: readonly NoteSignature[]): void {
    const { metrics } = this.#parts;
    metrics.add('daybook_node_checkpoint_lines_total', fresh.length, { outcome: 'taken' });
    this.#keep(collection);
    if (!isQuorate(collection) || collection.head.size < this.#servedSize()) return;
    this.#writing = this.#writing.then(() => this.#write(collection.head.size));
  }

  /** Writes the tree as it is by now, and serves it when it is durable. */
  async #write(size: number): Promise<void> {
    const collection = this.#collections.get(size);
    if (collection === undefined || size < this.#servedSize()) return;
    try {
      await this.#parts.store.write(renderCollection(collection));
    } catch (error) {
      this.#parts.logger.error('checkpoint not written', { size, reason: String(error) });
      return;
    }
    this.#serve(collection);
  }

  #serve(collection: Collection): void {
    const { size } = collection.head;
    this.#served = { size, note: renderCollection(collection) };
    this.#parts.metrics.set('daybook_node_checkpoint_size', size);
  }

  #servedSize(): number {
    return this.#served?.size ?? 0;
  }

  #keep(collection: Collection): void {
    this.#collections.set(collection.head.size, collection);
    const cosigned = newestCosigned(this.#collections.values());
    const others = [...this.#collections.keys()].filter((size) => !cosigned.has(size));
    if (others.length > KEPT_MAX) this.#collections.delete(Math.min(...others));
  }

  #witnesses(): readonly NoteKey[] {
    return this.#parts.witnesses();
  }
}

function refusalOf(reason: CheckpointFailure): Result<never, Refusal> {
  return fail({ code: reason.code, detail: explainCheckpoint(reason) });
}

export function createCheckpointDesk(parts: CheckpointParts): CheckpointDesk {
  return new Desk(parts);
}
