/**
 * Gives memory back once a node has come to rest. V8 keeps what it needed under load (measured: 400
 * MiB held, 40 MiB of it alive) until the system asks, which a machine with free memory never does.
 * One full collection some time after the last transaction takes it back; it costs a pause of a
 * few hundred milliseconds when nobody waits, and happens once per burst of work.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from './clock.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';

/** Rest after the last transaction; the longest round of a short outage is over by then. */
export const REST_MS = 20_000;

/** Runs `collect` once each time the ledger has had transactions and then none for `REST_MS`. */
export function collectAtRest(
  ledger: Pick<Ledger, 'onCommit'>,
  { clock, collect }: { readonly clock: Clock; readonly collect: () => void },
): () => void {
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

type Collector = (options: Readonly<Record<string, string>>) => void;

/** Gives memory back each time the ledger has come to rest, and says in the log how much. */
export function giveMemoryBackAtRest(
  ledger: Pick<Ledger, 'onCommit'>,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): () => void {
  const collect = (): void => logger.info('memory given back', { ...giveMemoryBack() });
  return collectAtRest(ledger, { clock, collect });
}

/** Resident memory before and after, in MiB. */
export interface MemoryGivenBack {
  readonly beforeMib: number;
  readonly afterMib: number;
}

/** A collection that also returns free pages to the system: V8's answer to lack of memory. */
export function giveMemoryBack(): MemoryGivenBack {
  const beforeMib = residentMib();
  collectGarbage();
  return { beforeMib, afterMib: residentMib() };
}

function residentMib(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  // The flag adds `gc` to contexts made after it, hence a new one.
  const collect: unknown = runInNewContext('gc');
  if (isCollector(collect)) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

function isCollector(value: unknown): value is Collector {
  return typeof value === 'function';
}
