/**
 * How far behind others this node is by their word, how fast it catches up, and what kept the blocks
 * that are next from coming. It remembers a failed attempt until a later one succeeds, because
 * nothing runs in between that could tell.
 */
import type { Height } from '@daybook/core';
import type { SyncReport } from './api/ports.ts';
import type { Clock } from './clock.ts';

/** Why the next range did not come. */
export interface SyncHindrance {
  /** Of an error table. */
  readonly code: string;
  /** Whom it was asked of. */
  readonly peerId: string;
}

/** What the syncer knows; the status board adds names. */
export type SyncSight = Omit<SyncReport, 'peer'> & { readonly peerId?: string };

export interface SyncProgress {
  /** Highest height that one of these peers spoke of, or that is proven; undefined if none is. */
  best(peerIds: readonly string[]): Height | undefined;
  /** A peer spoke of a height; without a peer a certificate has proven it. */
  claimed(height: Height, peerId: string | undefined): void;
  /** Blocks up to this height were applied. */
  reached(height: Height): void;
  /** Whoever did not give the next blocks is named if it spoke of them; others need not have them. */
  hindered(hindrance: SyncHindrance): void;
  /** Whether so many of these peers spoke of more than a height, or it is proven that there is more. */
  isPast(height: Height, peerIds: readonly string[], countMin: number): boolean;
  /** Undefined when none of these peers spoke of more than the head. */
  report(head: Height, peerIds: readonly string[]): Omit<SyncSight, 'credible'> | undefined;
}

/** The pace is that of the last minute. */
const PACE_MS = 60_000;
const CLAIMS_MAX = 1024;

export function createSyncProgress({ now }: Pick<Clock, 'now'>): SyncProgress {
  const claims = new Map<string, Height>();
  let proven: Height | undefined;
  let hindrance: SyncHindrance | undefined;
  let steps: readonly { readonly atMs: number; readonly height: Height }[] = [];

  /** Undefined where no block has come within the minute. */
  const pace = (): number | undefined => {
    const recent = steps.filter(({ atMs }) => now() - atMs <= PACE_MS);
    const [first, last] = [recent[0], recent.at(-1)];
    if (first === undefined || last === undefined || last.height === first.height) return undefined;
    return (last.height - first.height) / Math.max(1, now() - first.atMs);
  };

  const best = (peerIds: readonly string[]): Height | undefined => {
    const heights = peerIds.map((peerId) => claims.get(peerId)).filter((one) => one !== undefined);
    if (proven !== undefined) heights.push(proven);
    return heights.length === 0 ? undefined : Math.max(...heights);
  };

  return {
    best,
    claimed: (height, peerId) => {
      if (peerId === undefined) {
        proven = Math.max(proven ?? 0, height);
        return;
      }
      if (claims.size >= CLAIMS_MAX && !claims.has(peerId)) claims.clear();
      // The newest word counts: another one, also of a lower height, takes the place of the last.
      claims.set(peerId, height);
    },
    reached: (height) => {
      if (height > (steps.at(-1)?.height ?? -1)) hindrance = undefined;
      const kept = steps.filter(({ atMs }) => now() - atMs <= PACE_MS);
      steps = [...kept, { atMs: now(), height }];
    },
    hindered: (found) => {
      if (hindrance === undefined || claims.has(found.peerId)) hindrance = found;
    },
    isPast: (height, peerIds, countMin) => {
      if ((proven ?? 0) > height) return true;
      return peerIds.filter((peerId) => (claims.get(peerId) ?? 0) > height).length >= countMin;
    },
    report: (head, peerIds) => {
      const target = best(peerIds);
      if (target === undefined || target <= head) return undefined;
      const perMs = pace();
      return {
        target,
        ...(perMs !== undefined && {
          blocksPerSecond: Math.round(perMs * 10_000) / 10,
          leftMs: Math.round((target - head) / perMs),
        }),
        ...(hindrance && { reason: hindrance.code, peerId: hindrance.peerId }),
      };
    },
  };
}
