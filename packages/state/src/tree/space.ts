/**
 * Which segments of a log are still needed. A record is *current* while the newest version uses it.
 * A segment without current records can go as soon as no version from before it became so can be
 * read; one with few is swept: what is current in it is written again at the end of the log. The
 * figures belong to a version: they are stored with its root and rolled back with it.
 */
import type { Height } from '@daybook/core';
import { assert } from '@daybook/core';
import type { Ref, SegmentRecords } from './record-form.ts';
import type { RecordLog } from './record-log.ts';

/** How much of a segment is in use. */
export interface SegmentUse {
  readonly segment: number;
  /** Records ever written to it. */
  readonly written: number;
  /** Records that the newest version uses. */
  readonly current: number;
  /** The first height that used none of them; undefined while there are some. */
  readonly emptySince: Height | undefined;
}

export class Space {
  readonly #uses = new Map<number, SegmentUse>();

  /** Takes over the figures of a version. */
  restore(table: readonly SegmentUse[]): void {
    this.#uses.clear();
    for (const use of table) this.#uses.set(use.segment, use);
  }

  /** The figures to be stored with a version; later changes do not show in them. */
  table(): readonly SegmentUse[] {
    return [...this.#uses.values()];
  }

  /** Records that the block at `height` wrote, and those that it made superfluous. */
  change(
    appended: readonly SegmentRecords[],
    retired: readonly Ref[],
    { log, height }: { readonly log: RecordLog; readonly height: Height },
  ): void {
    for (const { segment, count } of appended) {
      const { written, current } = this.#uses.get(segment) ?? UNUSED;
      const use = { segment, written: written + count, current: current + count };
      this.#uses.set(segment, { ...use, emptySince: undefined });
    }
    for (const [segment, count] of countBySegment(retired, log)) {
      const use = this.#uses.get(segment) ?? UNUSED;
      const current = use.current - count;
      assert(current >= 0, 'a segment never has fewer than no records in use');
      this.#uses.set(segment, { ...use, current, emptySince: current > 0 ? undefined : height });
    }
  }

  /** Forgets and returns the segments before the last one that nobody reads any more. */
  takeUnread(tail: number, isRead: (use: SegmentUse) => boolean): readonly SegmentUse[] {
    const unread = this.table().filter((use) => {
      return use.emptySince !== undefined && use.segment !== tail && !isRead(use);
    });
    for (const { segment } of unread) this.#uses.delete(segment);
    return unread;
  }

  /** The segment most worth sweeping: the one of which the smallest part is current. */
  sweepable(tail: number, partMax: number, swept: ReadonlySet<number>): number | undefined {
    let best: number | undefined;
    let least = partMax;
    for (const { segment, written, current } of this.#uses.values()) {
      if (segment === tail || swept.has(segment) || current === 0) continue;
      if (current / written >= least) continue;
      best = segment;
      least = current / written;
    }
    return best;
  }

  has(segment: number): boolean {
    return this.#uses.has(segment);
  }

  /** undefined of a segment that was taken or never written to. */
  useOf(segment: number): SegmentUse | undefined {
    return this.#uses.get(segment);
  }

  count(): number {
    return this.#uses.size;
  }
}

const UNUSED = { segment: 0, written: 0, current: 0 } as const;

function countBySegment(refs: readonly Ref[], log: RecordLog): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  // biome-ignore lint/style/useForOf: an iterator makes an object for each of thousands.
  for (let index = 0; index < refs.length; index++) {
    const segment = log.segmentOf(refs[index] ?? 0);
    counts.set(segment, (counts.get(segment) ?? 0) + 1);
  }
  return counts;
}
