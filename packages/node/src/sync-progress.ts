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
  /** Highest height spoken of; undefined before any peer spoke. */
  best(): Height | undefined;
  /** A peer, where one is known, spoke of a height. */
  claimed(height: Height, peerId: string | undefined): void;
  /** Blocks up to this height were applied. */
  reached(height: Height): void;
  hindered(hindrance: SyncHindrance): void;
  /** How many of these peers spoke of more than the head. */
  aheadOf(head: Height, peerIds: readonly string[]): number;
  /** Undefined when nobody spoke of more than the head. */
  report(head: Height): SyncSight | undefined;
}

/** The pace is that of the last minute. */
const PACE_MS = 60_000;
const CLAIMS_MAX = 1024;

export function createSyncProgress({ now }: Pick<Clock, 'now'>): SyncProgress {
  const claims = new Map<string, Height>();
  let best: Height | undefined;
  let hindrance: SyncHindrance | undefined;
  let steps: readonly { readonly atMs: number; readonly height: Height }[] = [];

  /** Undefined where no block has come within the minute. */
  const pace = (): number | undefined => {
    const recent = steps.filter(({ atMs }) => now() - atMs <= PACE_MS);
    const [first, last] = [recent[0], recent.at(-1)];
    if (first === undefined || last === undefined || last.height === first.height) return undefined;
    return (last.height - first.height) / Math.max(1, now() - first.atMs);
  };

  return {
    best: () => best,
    claimed: (height, peerId) => {
      best = Math.max(best ?? 0, height);
      if (peerId === undefined) return;
      if (claims.size >= CLAIMS_MAX && !claims.has(peerId)) claims.clear();
      claims.set(peerId, height);
    },
    reached: (height) => {
      if (height > (steps.at(-1)?.height ?? -1)) hindrance = undefined;
      const kept = steps.filter(({ atMs }) => now() - atMs <= PACE_MS);
      steps = [...kept, { atMs: now(), height }];
    },
    hindered: (found) => {
      hindrance = found;
    },
    aheadOf: (head, peerIds) => peerIds.filter((peerId) => (claims.get(peerId) ?? 0) > head).length,
    report: (head) => {
      if (best === undefined || best <= head) return undefined;
      const perMs = pace();
      return {
        target: best,
        ...(perMs !== undefined && {
          blocksPerSecond: Math.round(perMs * 10_000) / 10,
          leftMs: Math.round((best - head) / perMs),
        }),
        ...(hindrance && { reason: hindrance.code, peerId: hindrance.peerId }),
      };
    },
  };
}
