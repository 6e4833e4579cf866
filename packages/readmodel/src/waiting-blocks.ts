/** Final blocks that wait for the tables, oldest first, in bounded memory. */
import type { Manifest } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import type { RecordChange } from './rows.ts';

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

/** Blocks that wait hold at most this much; beyond it they are dropped, and read again later. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Changes in one transaction, about; a block is never parted. */
const BATCH_CHANGES = 10_000;

export class WaitingBlocks {
  readonly #blocks: FinalBlock[] = [];
  #bytes = 0;

  get first(): FinalBlock | undefined {
    return this.#blocks[0];
  }

  push(block: FinalBlock): void {
    this.#blocks.push(block);
    this.#bytes += sizeOf(block);
    // The newest block stays: it shows that those before it are missing.
    if (this.#bytes > WAITING_BYTES_MAX) this.dropUntil(block.height - 1);
  }

  dropUntil(height: number): void {
    const kept = this.#blocks.findIndex((block) => block.height > height);
    const dropped = this.#blocks.splice(0, kept < 0 ? this.#blocks.length : kept);
    for (const block of dropped) this.#bytes -= sizeOf(block);
  }

  /** Consecutive blocks of one manifest from the front; they stay until they are dropped. */
  nextBatch(): readonly FinalBlock[] {
    const { first } = this;
    let changes = 0;
    const end = this.#blocks.findIndex((block, index) => {
      const isNext = block.height === (first?.height ?? 0) + index;
      if (!isNext || block.manifest !== first?.manifest || isBatch(changes)) return true;
      changes += block.changes.length;
      return false;
    });
    return this.#blocks.slice(0, end < 0 ? this.#blocks.length : end);
  }
}

/** Whether so many changes are enough for a transaction. */
export function isBatch(changes: number): boolean {
  return changes >= BATCH_CHANGES;
}

/** The last change of each record. */
export function foldChanges(
  blocks: readonly Pick<FinalBlock, 'changes'>[],
): readonly RecordChange[] {
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
