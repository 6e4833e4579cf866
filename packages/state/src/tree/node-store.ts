/**
 * Stored nodes by reference: the node log, the pool, and a cache. Inner nodes take most of it; of
 * the buckets, of which there are too many, only those used lately are kept: a block reads a bucket
 * when it executes and again when it writes.
 */
import { RECORD_KINDS, readInner } from './inner.ts';
import { NodeTable } from './node-table.ts';
import type { InnerNode } from './nodes.ts';
import { INNER_MEMORY_BYTES, InnerPool } from './nodes.ts';
import { RecentBytes } from './recent-bytes.ts';
import type { RecordBody, Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';

/** Where the bytes of a body are. */
type StoredBody = Omit<RecordBody, 'kind'>;

export class NodeStore {
  readonly log: RecordLog;
  /** Nodes of the cache. */
  readonly pool = new InnerPool();
  /** Nodes of stages: few, used again at once, and so near together in memory. */
  readonly stagePool = new InnerPool();
  /** Chunks of memory that finished stages have given back. */
  readonly freeChunks: Uint8Array[] = [];
  readonly #cache = new NodeTable();
  readonly #buckets: RecentBytes<Ref>;
  readonly #nodesMax: number;
  readonly #cacheBytes: number;

  /**
   * @param cacheBytes  bound of all that stays in memory: cached nodes and buckets, and what is kept
   *   free to be used again. What is staged, or in use by one operation, comes on top meanwhile.
   */
  constructor(log: RecordLog, cacheBytes: number) {
    this.log = log;
    this.#cacheBytes = cacheBytes;
    this.#buckets = new RecentBytes(cacheBytes * SHARES.buckets);
    this.#nodesMax = Math.max(16, this.#countOf(SHARES.nodes));
  }

  /** The node of a reference; valid until the next `trim`. @throws StateError STATE_DAMAGED */
  inner(ref: Ref): InnerNode {
    const cached = this.#cache.get(ref);
    if (cached !== undefined) {
      cached.wasUsed = true;
      return cached;
    }
    const node = this.pool.take();
    readInner(this.log, node, ref);
    this.#cache.set(ref, node);
    return node;
  }

  /** The body of a stored bucket of `count` keys, to be read only. @throws StateError STATE_DAMAGED */
  bucketBody(ref: Ref, count: number): StoredBody {
    const cached = this.#buckets.get(ref);
    if (cached !== undefined) return { bytes: cached, at: 0, size: cached.length };
    const { bytes, at, size } = this.#readBucket(ref, count);
    const body = bytes.slice(at, at + size);
    this.#buckets.put(ref, body);
    return { bytes: body, at: 0, size };
  }

  /**
   * The same for whoever puts another bucket in its place: it is not kept, for nobody will look for
   * it again. Valid until the next read, to be read only. @throws StateError STATE_DAMAGED
   */
  replacedBody(ref: Ref, count: number): StoredBody {
    const cached = this.#buckets.get(ref);
    if (cached === undefined) return this.#readBucket(ref, count);
    this.#buckets.delete(ref);
    return { bytes: cached, at: 0, size: cached.length };
  }

  #readBucket(ref: Ref, count: number): StoredBody {
    return this.log.readInPlace(ref, RECORD_KINDS.bucket, 32 + 72 * count);
  }

  /** Caches a staged node that has just been written, in place of the version it replaces. */
  replace(oldRef: Ref, staged: InnerNode): void {
    const old = this.#cachedAt(oldRef, staged.origin);
    const node = old ?? this.pool.take();
    if (old === undefined) {
      node.copyFrom(staged);
    } else {
      this.#cache.take(oldRef);
      node.takeChanges(staged);
    }
    node.wasUsed = true;
    this.#cache.set(node.ref, node);
  }

  /** @param likely  the node that was read there; a node that is free or used again has another place */
  #cachedAt(ref: Ref, likely: InnerNode | undefined): InnerNode | undefined {
    if (ref === 0) return undefined;
    return likely?.ref === ref ? likely : this.#cache.get(ref);
  }

  /** Gives up a node that the newest version no longer uses. */
  drop(ref: Ref): void {
    const node = this.#cache.take(ref);
    if (node !== undefined) this.pool.give(node);
  }

  /**
   * Brings the cache back under its bound. Called between operations only: within one, callers hold
   * nodes that would be taken from under them.
   */
  trim(): void {
    while (this.#cache.size > this.#nodesMax) {
      const unused = this.#cache.takeUnused();
      if (unused !== undefined) this.pool.give(unused);
    }
    this.limitFree();
  }

  /** Lets go of free memory beyond its share. */
  limitFree(): void {
    this.pool.limit(this.#countOf(SHARES.freeNodes));
    this.stagePool.limit(Math.min(FREE_NODES_MAX, this.#countOf(SHARES.freeStaged)));
    let bytes = chunkBytesOf(this.freeChunks);
    while (bytes > this.#cacheBytes * SHARES.freeChunks) {
      bytes -= this.freeChunks.pop()?.length ?? bytes;
    }
  }

  clear(): void {
    this.#buckets.clear();
    for (const node of this.#cache.takeAll()) this.pool.give(node);
  }

  /** Memory of all that stays: what the bound is for. */
  cacheBytes(): number {
    const nodes = this.#cache.size + this.pool.count() + this.stagePool.count();
    return nodes * INNER_MEMORY_BYTES + this.#buckets.bytes() + chunkBytesOf(this.freeChunks);
  }

  #countOf(share: number): number {
    return Math.floor((this.#cacheBytes * share) / INNER_MEMORY_BYTES);
  }
}

/**
 * Parts of the bound. Buckets: some thousands of them. Free ones: what a block of 2,000 keys stages
 * at the default, so that it takes no new memory.
 */
const SHARES = {
  nodes: 0.73,
  buckets: 0.125,
  freeStaged: 0.07,
  freeChunks: 0.045,
  freeNodes: 0.03,
} as const;
/** What one or two blocks of 2,000 keys need. */
const FREE_NODES_MAX = 8192;

function chunkBytesOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((bytes, { length }) => bytes + length, 0);
}
