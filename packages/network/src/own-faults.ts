/**
 * Faults of our own listeners: what threw while it took something from a peer. The peer is not to
 * blame, and whoever sends on could fill the log of a damaged node, so each place writes one line
 * per period and the counter has them all.
 */
import type { LogData, NetworkParts } from './network.ts';

/** Where a listener of the node threw. */
export type FaultPlace = 'gossip' | 'message' | 'peer' | 'request';

export interface OwnFaults {
  /** Counts the fault, and logs it with `facts` unless its place logged one lately. Never throws. */
  report(place: FaultPlace, error: unknown, facts?: LogData): void;
}

/** Milliseconds between two lines of one place. */
export const FAULT_LINE_MS = 10_000;

interface Spoken {
  readonly atMs: number;
  /** Faults since then that got no line. */
  readonly silent: number;
}

export function createOwnFaults({
  clock,
  logger,
  metrics,
}: Pick<NetworkParts, 'clock' | 'logger' | 'metrics'>): OwnFaults {
  const spoken = new Map<FaultPlace, Spoken>();
  return {
    report(place, error, facts = {}) {
      metrics.add('daybook_network_own_faults_total', 1, { place });
      const nowMs = clock.now();
      const last = spoken.get(place);
      if (last !== undefined && nowMs - last.atMs < FAULT_LINE_MS) {
        spoken.set(place, { ...last, silent: last.silent + 1 });
        return;
      }
      const silent = last?.silent ?? 0;
      logger.error('listener failed', { place, error: String(error), silent, ...facts });
      spoken.set(place, { atMs: nowMs, silent: 0 });
    },
  };
}
