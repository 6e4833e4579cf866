/**
 * The newest block with transactions, as the event feed tells it: what somebody waits for who looks
 * at the ledger again whenever there is something new. Holds a few numbers, however long it lasts.
 */
import type { Client, Clock } from '@daybook/client';

export interface NewBlocks {
  /** Height of the newest block with transactions, or of the head where the watch began. */
  readonly newest: number;
  /** Tells that all up to a height was looked at. */
  mark(height: number): void;
  /** For how long the oldest block above the mark has waited; 0 if there is none. */
  waitingMs(): number;
  /** Waits until a block comes, the feed breaks, or the time is over. @returns whether one came */
  next(ms: number): Promise<boolean>;
  /** @throws what broke the feed, if anything did */
  refuseIfBroken(): void;
  /** Idempotent; also wakes whoever waits. */
  stop(): void;
}

/** Told as broken by then, and not after the minutes that a reader of events would wait. */
const OFFLINE_MS_MAX = 10_000;

/** @param after  height of a block that is known */
export function watchBlocks(client: Client, after: number, clock: Clock): NewBlocks {
  const ending = new AbortController();
  let waking = new AbortController();
  let newest = after;
  let marked = -1;
  let sinceMs = clock.nowMs();
  let broken: { readonly error: unknown } | undefined;
  const wake = (): void => {
    waking.abort();
    waking = new AbortController();
  };
  const read = async (): Promise<void> => {
    // Only blocks are wanted: of all contracts, the events of this one are few.
    const asked = { after: String(after), contract: 'audit', blocks: true } as const;
    const limits = { signal: ending.signal, offlineMsMax: OFFLINE_MS_MAX };
    for await (const entry of client.events({ ...asked, ...limits })) {
      if (entry.kind !== 'block' || entry.transactionCount === 0) continue;
      if (newest <= marked) sinceMs = clock.nowMs();
      newest = entry.height;
      wake();
    }
  };
  void read().catch((error: unknown) => {
    broken = { error };
    wake();
  });
  const refuseIfBroken = (): void => {
    if (broken !== undefined) throw broken.error;
  };
  return {
    get newest() {
      return newest;
    },
    mark: (height) => {
      marked = height;
    },
    waitingMs: () => (newest <= marked ? 0 : Math.max(0, clock.nowMs() - sinceMs)),
    next: async (ms) => {
      const { signal } = waking;
      refuseIfBroken();
      await clock.wait(ms, signal);
      refuseIfBroken();
      return signal.aborted;
    },
    refuseIfBroken,
    stop: () => {
      ending.abort();
      waking.abort();
    },
  };
}
