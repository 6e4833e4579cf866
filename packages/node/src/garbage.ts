/**
 * When a node collects garbage: young objects after a block, when nothing of the block is in use any
 * more, and all of it once the node has come to rest. V8 keeps what it needed under load (measured:
 * 400 MiB held, 40 MiB of it alive) until the system asks, which a machine with free memory never
 * does. A full collection costs a pause of a few hundred milliseconds when nobody waits, and happens
 * once per burst of work.
 */
import { collectAll, createYoungCollector } from '@daybook/state';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';

/** Rest after the last transaction; the longest round of a short outage is over by then. */
export const REST_MS = 20_000;

interface CollectParts {
  readonly clock: Clock;
  readonly collect: () => void;
}

type Commits = Pick<Ledger, 'onCommit'>;

/** Runs `collect` once each time the ledger has had transactions and then none for `REST_MS`. */
export function collectAtRest(ledger: Commits, { clock, collect }: CollectParts): () => void {
  // Starting is work, too: modules were loaded, blocks executed.
  let cancel = clock.schedule(REST_MS, collect);
  const forget = ledger.onCommit(({ block }) => {
    if (block.entries.length === 0) return;
    cancel();
    cancel = clock.schedule(REST_MS, collect);
  });
  return () => {
    forget();
    cancel();
  };
}

/** Runs `collect` after each block with transactions, when whoever waited for the block has gone on. */
export function collectAfterBlocks(ledger: Commits, { clock, collect }: CollectParts): () => void {
  return ledger.onCommit(({ block }) => {
    if (block.entries.length > 0) clock.soon(collect);
  });
}

/** Collects garbage by both rules. @returns how to stop it */
export function collectGarbage(
  ledger: Commits,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): () => void {
  const giveBack = (): void => logger.info('memory given back', { ...giveMemoryBack() });
  const stopAtRest = collectAtRest(ledger, { clock, collect: giveBack });
  const stopAfterBlocks = collectAfterBlocks(ledger, { clock, collect: createYoungCollector() });
  return () => {
    stopAtRest();
    stopAfterBlocks();
  };
}

/** Resident memory before and after, in MiB. */
export interface MemoryGivenBack {
  readonly beforeMib: number;
  readonly afterMib: number;
}

export function giveMemoryBack(): MemoryGivenBack {
  const beforeMib = residentMib();
  collectAll();
  return { beforeMib, afterMib: residentMib() };
}

function residentMib(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}
