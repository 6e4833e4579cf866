/**
 * Which versions of the state this node keeps for others to join by: the first block of each slot of
 * block time, so that all nodes keep the same ones. The newest two stay, and one that is being
 * fetched for as long as that lasts.
 */
import type { Height, TimestampMs } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';

export interface OfferedHeights {
  /** Ascending. */
  now(): readonly Height[];
  /** A node fetches one of them. */
  used(height: Height): void;
  /** Waits for what is being written. */
  stop(): Promise<void>;
}

export interface OfferedHeightsParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly ledger: Ledger;
  readonly stateStore: Pick<StateStore, 'pin' | 'unpin' | 'pins'>;
  readonly onFatal: (error: unknown) => void;
}

const NEWEST_KEPT = 2;
/** More than that many are not kept, whoever fetches them. */
const KEPT_MAX = 4;
/** Who has asked for nothing in so long has what it wanted, or has given up. */
const USE_MS = 60_000;

/** Which heights may go. @param kept  ascending */
export function heightsToDrop(
  kept: readonly Height[],
  isUsed: (height: Height) => boolean,
): readonly Height[] {
  const older = kept.slice(0, -NEWEST_KEPT);
  const unused = older.filter((height) => !isUsed(height));
  const used = older.filter(isUsed);
  const room = KEPT_MAX - Math.min(kept.length, NEWEST_KEPT);
  return [...unused, ...used.slice(0, Math.max(0, used.length - room))];
}

/** @param intervalMs  length of a slot; 0 keeps none, and lets go of those from before */
export function keepOfferedHeights(
  intervalMs: number,
  { clock, ledger, stateStore, onFatal }: OfferedHeightsParts,
): OfferedHeights {
  const slotOf = (timeMs: TimestampMs): number => Math.floor(timeMs / Math.max(1, intervalMs));
  let kept = stateStore.pins('snapshots');
  const usedAt = new Map<Height, number>();
  const isUsed = (height: Height): boolean =>
    clock.now() - (usedAt.get(height) ?? Number.NEGATIVE_INFINITY) < USE_MS;
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): void => {
    last = last.then(work).catch(onFatal);
  };
  const drop = async (heights: readonly Height[]): Promise<void> => {
    kept = kept.filter((height) => !heights.includes(height));
    for (const height of heights) {
      usedAt.delete(height);
      await stateStore.unpin(height, 'snapshots');
    }
  };
  if (intervalMs === 0) inTurn(() => drop(kept));

  let parentMs = ledger.head().header.timestampMs;
  const stopListening = ledger.onCommit(({ block }) => {
    const { height, timestampMs } = block.header;
    const isFirst = slotOf(parentMs) < slotOf(timestampMs);
    parentMs = timestampMs;
    if (intervalMs === 0 || !isFirst) return;
    inTurn(async () => {
      await stateStore.pin(height, 'snapshots');
      kept = [...kept, height];
      await drop(heightsToDrop(kept, isUsed));
    });
  });
  return {
    now: () => kept,
    used: (height) => {
      usedAt.set(height, clock.now());
    },
    stop: async () => {
      stopListening();
      await last;
    },
  };
}
