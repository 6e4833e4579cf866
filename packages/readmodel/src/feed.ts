/**
 * Keeps the tables at the chain's head: takes each final block once, in order, several at a time
 * when they come fast. The height of the tables is its cursor: blocks that it missed are read again
 * from there. Where that cannot be, since they are gone, definitions have changed or the file is of
 * another chain, the tables are built anew from the state of the head while queries see the old
 * ones. Nothing here waits for the database on the way of a block.
 */
import type { Manifest } from '@daybook/contracts';
import { assert } from '@daybook/core';
import type { MetricsSink } from './metrics.ts';
import type { ReadModel, Written } from './read-model.ts';
import { schemaOfManifest } from './read-model.ts';
import type { RecordChange } from './rows.ts';
import type { Progress } from './sql-store.ts';
import type { FinalBlock, FinalPlace } from './waiting-blocks.ts';
import { foldChanges, isBatch, WaitingBlocks } from './waiting-blocks.ts';

/** A block that became final some time ago, with what it changed. */
export type PastBlock = Omit<FinalBlock, 'manifest'>;

export interface FeedParts {
  readonly model: ReadModel;
  readonly metrics: MetricsSink;
  /** G in lower-case hex. */
  readonly chain: string;
  /** The newest final block. Every later one is handed to `push`. */
  readonly head: () => FinalPlace;
  /** Undefined where the chain has no such block. */
  readonly blockHashAt: (height: number) => string | undefined;
  /**
   * Final blocks of these heights, both included, in order and without a hole. Ends early where
   * what one changed can no longer be told.
   */
  readonly readBlocks: (from: number, to: number) => AsyncIterable<PastBlock>;
  /** Every record of the state after the head's block, in pages; readable until it returns. */
  readonly readState: (place: FinalPlace) => AsyncIterable<readonly RecordChange[]>;
  /** Runs a task once after a time; the result cancels it. */
  readonly schedule: (delayMs: number, task: () => void) => () => void;
  /** Writing failed, a gap was closed, or tables are built anew; the feed goes on by itself. */
  readonly report: (event: FeedEvent) => void;
}

export type FeedEvent =
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'closed'; readonly from: number; readonly to: number }
  | { readonly kind: 'rebuilding'; readonly height: number; readonly reason: RebuildReason }
  | { readonly kind: 'rebuilt'; readonly height: number; readonly rows: number };

/** A `gap` is one whose blocks could not be read again. */
export type RebuildReason = 'empty' | 'definitions' | 'chain' | 'gap';

export interface Feed {
  /** Takes the block after the last one. Returns at once. */
  push(block: FinalBlock): void;
  /** Waits for the batch that is being written; what waits behind it comes at the next start. */
  stop(): Promise<void>;
}

/** Heights of blocks, both included. */
interface Heights {
  readonly from: number;
  readonly to: number;
}

const RETRY_MS = 1000;

export function startFeed(parts: FeedParts): Feed {
  const feed = new TableFeed(parts);
  feed.start();
  return feed;
}

class TableFeed implements Feed {
  readonly #parts: FeedParts;
  readonly #waiting = new WaitingBlocks();
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

  /** Finds out where the tables are, and brings them to where they can follow. */
  async #align(): Promise<void> {
    const { model, head } = this.#parts;
    const { manifest } = head();
    const progress = await model.open(manifest);
    // No block comes between here and the choice of what to do.
    const place = head();
    if (place.manifest !== manifest) return;
    this.#waiting.dropUntil(progress?.height ?? -1);
    const reason = this.#hindrance(progress, place);
    if (reason !== undefined) return await this.#rebuild(place, reason);
    assert(progress !== undefined, 'tables that are not empty have a place');
    this.#reached(progress, manifest);
    const missing = { from: progress.height + 1, to: this.#nextHeight() - 1 };
    if (missing.from > missing.to || (await this.#closeGap(missing, manifest))) return;
    if (!this.#isStopped) await this.#rebuild(head(), 'gap');
  }

  /** Height of the first block that will be handed over, or has been. */
  #nextHeight(): number {
    return this.#waiting.first?.height ?? this.#parts.head().height + 1;
  }

  #hindrance(progress: Progress | undefined, place: FinalPlace): RebuildReason | undefined {
    const { chain, blockHashAt } = this.#parts;
    if (progress === undefined) return 'empty';
    const isOurs = progress.chain === chain && blockHashAt(progress.height) === progress.blockHash;
    if (!isOurs || progress.height > place.height) return 'chain';
    if (progress.schema !== schemaOfManifest(place.manifest)) return 'definitions';
    return undefined;
  }

  /** @returns false where blocks are gone, or the feed stops */
  async #closeGap({ from, to }: Heights, manifest: Manifest): Promise<boolean> {
    const { metrics, report } = this.#parts;
    const batches = this.#missedBatches({ from, to }, manifest);
    let next = await batches.next();
    while (next.done !== true) {
      const { value: batch } = next;
      // The next blocks are executed again while the database writes these. Both have ended before a
      // failure of either is told, so that nothing goes on behind it.
      const [written, read] = await Promise.allSettled([this.#apply(batch), batches.next()]);
      if (written.status === 'rejected') throw written.reason;
      metrics.add('daybook_readmodel_reread_blocks_total', batch.length);
      if (read.status === 'rejected') throw read.reason;
      next = read.value;
    }
    if (this.#at?.height !== to) return false;
    metrics.add('daybook_readmodel_gaps_closed_total', 1);
    report({ kind: 'closed', from, to });
    return true;
  }

  /** Missed blocks, as many together as one transaction takes; ends early where some are gone. */
  async *#missedBatches(
    { from, to }: Heights,
    manifest: Manifest,
  ): AsyncGenerator<readonly FinalBlock[]> {
    let batch: FinalBlock[] = [];
    let height = from;
    let changes = 0;
    for await (const past of this.#parts.readBlocks(from, to)) {
      if (this.#isStopped) return;
      assert(past.height === height, 'blocks are read in order');
      batch.push({ ...past, manifest });
      changes += past.changes.length;
      height += 1;
      if (!isBatch(changes) && height <= to) continue;
      yield batch;
      batch = [];
      changes = 0;
    }
  }

  async #rebuild(place: FinalPlace, reason: RebuildReason): Promise<void> {
    const { model, metrics, report, readState, chain } = this.#parts;
    report({ kind: 'rebuilding', height: place.height, reason });
    metrics.add('daybook_readmodel_rebuilds_total', 1);
    this.#waiting.dropUntil(place.height);
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
      const { first } = this.#waiting;
      if (first === undefined) {
        await this.#sleep();
        continue;
      }
      if (first.height !== height + 1 || first.manifest !== manifest) return;
      await this.#apply(this.#waiting.nextBatch());
    }
  }

  /** Writes consecutive blocks of one manifest that follow what the tables show. */
  async #apply(blocks: readonly FinalBlock[]): Promise<void> {
    const last = blocks.at(-1);
    assert(this.#at !== undefined && last !== undefined, 'blocks follow a place');
    const progress = progressOf(last, this.#parts.chain);
    const changes = foldChanges(blocks);
    this.#count(await this.#parts.model.apply({ after: this.#at.height, progress, changes }));
    // Only now: after a failure it is the tables that say which blocks they have.
    this.#waiting.dropUntil(progress.height);
    this.#reached(progress, last.manifest);
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
