/**
 * Keeps the tables at the chain's head: takes each final block once, in order, several at a time
 * when they come fast. Where the tables cannot go on, since blocks are missing, definitions have
 * changed or the file is of another chain, it builds them anew from the state of the head while
 * queries see the old ones. Nothing here waits for the database on the way of a block.
 */
import type { Manifest } from '@daybook/contracts';
import { assert, toHex } from '@daybook/core';
import type { MetricsSink } from './metrics.ts';
import type { ReadModel, Written } from './read-model.ts';
import { schemaOfManifest } from './read-model.ts';
import type { RecordChange } from './rows.ts';
import type { Progress } from './sql-store.ts';

/** A final block by its place. Hashes in lower-case hex. */
export interface FinalPlace {
  readonly height: number;
  readonly blockHash: string;
  readonly timestampMs: number;
  /** Of the contracts in force after the block; the same object until one changes. */
  readonly manifest: Manifest;
}

/** A final block with what it changed. */
export interface FinalBlock extends FinalPlace {
  readonly changes: readonly RecordChange[];
}

export interface FeedParts {
  readonly model: ReadModel;
  readonly metrics: MetricsSink;
  /** G in lower-case hex. */
  readonly chain: string;
  /** The newest final block. Every later one is handed to `push`. */
  readonly head: () => FinalPlace;
  /** Undefined where the chain has no such block. */
  readonly blockHashAt: (height: number) => string | undefined;
  /** Every record of the state after the head's block, in pages; readable until it returns. */
  readonly readState: (place: FinalPlace) => AsyncIterable<readonly RecordChange[]>;
  /** Runs a task once after a time; the result cancels it. */
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  /** Writing failed, or tables are built anew, and why; the feed goes on by itself. */
  readonly report: (event: FeedEvent) => void;
}

export type FeedEvent =
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'rebuilding'; readonly height: number; readonly reason: RebuildReason }
  | { readonly kind: 'rebuilt'; readonly height: number; readonly rows: number };

export type RebuildReason = 'empty' | 'definitions' | 'chain' | 'gap';

export interface Feed {
  /** Takes the block after the last one. Returns at once. */
  push(block: FinalBlock): void;
  /** Waits for the batch that is being written; what waits behind it comes at the next start. */
  stop(): Promise<void>;
}

/** Blocks that wait hold at most this much; beyond it they are dropped and read from the state. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Changes in one transaction, about; a block is never parted. */
const BATCH_CHANGES = 10_000;
const RETRY_MS = 1000;

export function startFeed(parts: FeedParts): Feed {
  const feed = new TableFeed(parts);
  feed.start();
  return feed;
}

class TableFeed implements Feed {
  readonly #parts: FeedParts;
  #waiting: FinalBlock[] = [];
  #waitingBytes = 0;
  /** Where the tables are; undefined while that is not known. */
  #at: (Progress & { readonly manifest: Manifest }) | undefined;
  #isStopped = false;
  #wake: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: FeedParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#running = this.#run();
  }

  push(block: FinalBlock): void {
    if (this.#isStopped) return;
    this.#waiting.push(block);
    this.#waitingBytes += sizeOf(block);
    if (this.#waitingBytes > WAITING_BYTES_MAX) this.#dropWaiting();
    this.#measure();
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#align();
        await this.#follow();
      } catch (error) {
        if (this.#isStopped) return;
        this.#at = undefined;
        this.#parts.metrics.add('daybook_readmodel_failures_total', 1);
        this.#parts.report({ kind: 'failed', error });
        await this.#sleep(RETRY_MS);
      }
    }
  }

  /** Finds out where the tables are, and builds them anew where they cannot go on. */
  async #align(): Promise<void> {
    const { model, head } = this.#parts;
    const { manifest } = head();
    const progress = await model.open(manifest);
    // No block comes between here and the choice of what to do.
    const place = head();
    if (place.manifest !== manifest) return;
    this.#dropUntil(progress?.height ?? -1);
    const reason = this.#hindrance(progress, place);
    if (reason !== undefined) await this.#rebuild(place, reason);
    else if (progress !== undefined) this.#reached(progress, manifest);
  }

  #hindrance(progress: Progress | undefined, place: FinalPlace): RebuildReason | undefined {
    const { chain, blockHashAt } = this.#parts;
    if (progress === undefined) return 'empty';
    const isOurs = progress.chain === chain && blockHashAt(progress.height) === progress.blockHash;
    if (!isOurs || progress.height > place.height) return 'chain';
    if (progress.schema !== schemaOfManifest(place.manifest)) return 'definitions';
    const next = this.#waiting[0]?.height ?? place.height + 1;
    return next === progress.height + 1 ? undefined : 'gap';
  }

  async #rebuild(place: FinalPlace, reason: RebuildReason): Promise<void> {
    const { model, metrics, report, readState, chain } = this.#parts;
    report({ kind: 'rebuilding', height: place.height, reason });
    metrics.add('daybook_readmodel_rebuilds_total', 1);
    this.#dropUntil(place.height);
    const progress = progressOf(place, chain);
    let rows = 0;
    try {
      await model.rebuild(place.manifest);
      for await (const records of readState(place)) {
        if (this.#isStopped) throw new Error('the node stops');
        rows += this.#count(await model.load(records));
      }
      await model.finish(progress);
    } catch (error) {
      // Where the process of the tables is gone, nothing of the attempt is left.
      await model.abandon().catch(() => undefined);
      throw error;
    }
    report({ kind: 'rebuilt', height: place.height, rows });
    this.#reached(progress, place.manifest);
  }

  /** Applies what comes, until something does not follow. */
  async #follow(): Promise<void> {
    while (!this.#isStopped && this.#at !== undefined) {
      const { height, manifest } = this.#at;
      const [first] = this.#waiting;
      if (first === undefined) {
        await this.#sleep();
        continue;
      }
      if (first.height !== height + 1 || first.manifest !== manifest) return;
      const blocks = this.#nextBatch(manifest);
      const last = blocks.at(-1);
      assert(last !== undefined, 'a batch has a block');
      const progress = progressOf(last, this.#parts.chain);
      const changes = foldChanges(blocks);
      this.#count(await this.#parts.model.apply({ after: height, progress, changes }));
      // Only now: after a failure it is the tables that say which blocks they have.
      this.#dropUntil(progress.height);
      this.#reached(progress, manifest);
    }
  }

  /** Consecutive blocks of one manifest from the front of what waits. */
  #nextBatch(manifest: Manifest): readonly FinalBlock[] {
    let count = 0;
    let changes = 0;
    for (const block of this.#waiting) {
      const isNext = block.height === (this.#waiting[0]?.height ?? 0) + count;
      if (!isNext || block.manifest !== manifest || changes >= BATCH_CHANGES) break;
      changes += block.changes.length;
      count += 1;
    }
    return this.#waiting.slice(0, count);
  }

  #dropUntil(height: number): void {
    while ((this.#waiting[0]?.height ?? Number.POSITIVE_INFINITY) <= height) {
      const [block] = this.#waiting.splice(0, 1);
      if (block !== undefined) this.#waitingBytes -= sizeOf(block);
    }
  }

  /** The newest block stays: it shows that those before it are missing. */
  #dropWaiting(): void {
    this.#waiting = this.#waiting.slice(-1);
    this.#waitingBytes = this.#waiting.reduce((sum, block) => sum + sizeOf(block), 0);
  }

  #reached(progress: Progress, manifest: Manifest): void {
    this.#at = { ...progress, manifest };
    this.#measure();
  }

  #measure(): void {
    const { metrics, head } = this.#parts;
    const height = this.#at?.height ?? 0;
    metrics.set('daybook_readmodel_height', height);
    metrics.set('daybook_readmodel_lag_blocks', Math.max(0, head().height - height));
  }

  #count(written: Written): number {
    const { metrics } = this.#parts;
    metrics.add('daybook_readmodel_rows_total', written.rows);
    metrics.add('daybook_readmodel_unreadable_total', written.unreadable);
    return written.rows;
  }

  /** Until a block comes or the feed stops, and no longer than the time given. */
  async #sleep(timeMs?: number): Promise<void> {
    if (this.#isStopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = timeMs === undefined ? undefined : this.#parts.schedule(timeMs, resolve);
    // A pause after a failure is not cut short by blocks: only by the end.
    this.#wake = () => {
      if (timeMs === undefined || this.#isStopped) resolve();
    };
    await promise;
    this.#wake = undefined;
    cancel?.();
  }
}

function progressOf(place: FinalPlace, chain: string): Progress {
  const { height, blockHash, timestampMs, manifest } = place;
  return { height, blockHash, timestampMs, chain, schema: schemaOfManifest(manifest) };
}

/** The last change of each record. */
function foldChanges(blocks: readonly FinalBlock[]): readonly RecordChange[] {
  const last = new Map<string, RecordChange>();
  for (const { changes } of blocks) {
    for (const change of changes) {
      const { set, key } = change.recordKey;
      last.set(`${set}:${toHex(key)}`, change);
    }
  }
  return [...last.values()];
}

function sizeOf({ changes }: FinalBlock): number {
  return changes.reduce((sum, { value }) => sum + 200 + (value?.length ?? 0), 200);
}
