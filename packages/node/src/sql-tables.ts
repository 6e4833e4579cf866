/**
 * The SQL tables of a node that keeps them (`readmodel.state: on`): the feed from the ledger, and
 * the door for queries. Nothing of the chain waits for them, and no failure of theirs stops a node.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Manifest } from '@daybook/contracts';
import type { Height } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { FeedEvent, FinalPlace, RecordChange } from '@daybook/readmodel';
import { READMODEL_METRICS, startFeed, startReadModel } from '@daybook/readmodel';
import type { BlockLog, StateStore } from '@daybook/state';
import { replaceFile } from '@daybook/state';
import type { SqlDoor } from './api/ports.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config.ts';
import { describe } from './exit-codes.ts';
import type { Executor } from './ledger/executor.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { Manifests } from './manifests.ts';
import type { Metrics } from './metrics.ts';
import { readPastBlocks } from './past-blocks.ts';

export interface SqlTablesParts {
  readonly ledger: Pick<Ledger, 'genesis' | 'head' | 'onCommit'>;
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  readonly manifests: Manifests;
  /** For blocks that the tables missed. */
  readonly executor: Pick<Executor, 'execute'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface SqlTables extends SqlDoor {
  /** Waits for the batch that is being written. */
  stop(): Promise<void>;
}

const FOLDER = 'readmodel';
/** Records read from the state at once: between pages the event loop has its turn. */
const PAGE = 100;
const PAGE_BYTES = 1024 * 1024;

/** @returns undefined where the settings say that the node keeps none */
export function startSqlTables(settings: Settings, parts: SqlTablesParts): SqlTables | undefined {
  const { state, memoryBytesMax, threads, queryRowsMax, queryTimeMs } = settings.readmodel;
  if (state === 'off') return undefined;
  const { ledger, blockLog, stateStore, manifests, executor, clock, logger, metrics } = parts;
  metrics.register(READMODEL_METRICS);
  const folder = path.join(settings.node.dataDirectory, FOLDER);
  mkdirSync(folder, { recursive: true });
  const model = startReadModel({
    path: path.join(folder, 'tables.duckdb'),
    memoryBytesMax,
    threads,
  });
  const head = (): FinalPlace => {
    const { header, hash } = ledger.head();
    const { height, timestampMs } = header;
    return { height, timestampMs, blockHash: toHex(hash), manifest: manifests.now() };
  };
  const feed = startFeed({
    model,
    metrics,
    chain: toHex(ledger.genesis.chain),
    head,
    blockHashAt: (height) => {
      const hash = blockLog.blockHashAt(height);
      return hash && toHex(hash);
    },
    readBlocks: (from, to) => readPastBlocks(from, to, { blockLog, stateStore, executor, clock }),
    readState: (place) => readState(place, stateStore, path.join(folder, 'pinned')),
    schedule: (delayMs, task) => clock.schedule(delayMs, task),
    report: (event) => tell(event, logger),
  });
  const unsubscribe = ledger.onCommit(({ block }) => {
    feed.push({ ...head(), changes: block.writes });
  });
  return {
    query: (sql) => model.query(sql, { rowsMax: queryRowsMax, timeMs: queryTimeMs }),
    stop: async () => {
      unsubscribe();
      await feed.stop();
      await model.close();
    },
  };
}

function tell(event: FeedEvent, logger: Logger): void {
  switch (event.kind) {
    case 'failed':
      logger.error('sql tables failed, trying again', { reason: describe(event.error) });
      break;
    case 'closed':
      logger.info('sql tables closed a gap', { from: event.from, to: event.to });
      break;
    case 'rebuilding':
      logger.info('sql tables rebuilding', { height: event.height, reason: event.reason });
      break;
    default:
      logger.info('sql tables rebuilt', { height: event.height, rows: event.rows });
  }
}

/**
 * Every record of the state after a block, by record set and key. The version is pinned meanwhile; a
 * file tells the next start which pin a killed process left behind.
 */
async function* readState(
  { height, manifest }: FinalPlace,
  stateStore: StateStore,
  pinFile: string,
): AsyncIterable<readonly RecordChange[]> {
  await dropPin(stateStore, pinFile);
  // Durable before the pin is: a pin that no file names would be kept for ever.
  replaceFile(pinFile, String(height), 0o600);
  await stateStore.pin(height, 'tables');
  try {
    for (const set of setsOf(manifest)) yield* readSet(set, height, stateStore);
  } finally {
    await dropPin(stateStore, pinFile);
  }
}

async function* readSet(
  set: number,
  height: Height,
  stateStore: StateStore,
): AsyncIterable<readonly RecordChange[]> {
  // In the order of the tree, which has every record of a pinned version; the index need not.
  for (let from: Uint8Array | undefined; ; ) {
    const options = { limit: PAGE, bytesMax: PAGE_BYTES, height, ...(from && { from }) };
    const { records, next } = stateStore.proveRange({ set }, options);
    if (records.length > 0) yield records.map(({ key, value }) => ({ recordKey: key, value }));
    if (next === undefined) return;
    from = next;
  }
}

function setsOf({ contracts }: Manifest): readonly number[] {
  return contracts.flatMap(({ records }) => Object.values(records).map(({ set }) => set));
}

async function dropPin(stateStore: StateStore, pinFile: string): Promise<void> {
  const height = readPin(pinFile);
  if (height === undefined) return;
  await stateStore.unpin(height, 'tables');
  rmSync(pinFile, { force: true });
}

function readPin(pinFile: string): Height | undefined {
  try {
    const text = readFileSync(pinFile, 'utf8');
    return /^[0-9]{1,15}$/.test(text) ? Number(text) : undefined;
  } catch {
    // There is no such file unless a rebuild is under way.
    return undefined;
  }
}
