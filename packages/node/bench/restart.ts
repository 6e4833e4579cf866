/**
 * How long a start takes with a long chain, on generated blocks of two transactions: opening the
 * block log (sealed segments by the heads of their indexes, the last one scanned), the frontier of
 * the history, the replay set, and the state store with 1,000 versions.
 *
 * `npm run bench:start` starts a whole node on such a chain.
 *
 *   npm run bench:restart -- [--blocks 1000000] [--directory DIR [--keep]]
 *
 * A million blocks take 1.7 GB and some minutes to write; with --keep the next run measures again.
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import type { Hash } from '@daybook/core';
import {
  appendFrontier,
  asTransactionId,
  emptyFrontier,
  frontierRoot,
  leafHash,
  sha256,
  treeKeyOf,
  ZERO_HASH,
} from '@daybook/core';
import type { BlockLog, FinalBlock, StateStore } from '@daybook/state';
import {
  createNodeDisk,
  openBlockLog,
  openKeepsakes,
  openLevel,
  openStateStore,
} from '@daybook/state';
import { frontierBefore, keepFrontiers } from '../src/ledger/kept-frontier.ts';

const { values: options } = parseArgs({
  options: {
    blocks: { type: 'string', default: '1000000' },
    directory: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const blocks = Number(options.blocks);
const directory = options.directory ?? fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-restart-'));
const disk = createNodeDisk();
const RANGE = 512;
const BLOCK_MS = 100;
const VALIDITY_MS = 600_000;
const WINDOW_MS = 24 * 3_600_000;
const VERSIONS = 1200;

/** A block with two transactions: about 1.6 KB with certificate and results. */
function blockAt(height: number): FinalBlock {
  const name = new TextEncoder().encode(`block ${height}`);
  const timestampMs = 1_800_000_000_000 + height * BLOCK_MS;
  const transactions = [0, 1].map((index) => ({
    id: asTransactionId(sha256(Uint8Array.of(index, ...name))),
    validUntilMs: timestampMs + VALIDITY_MS,
  }));
  const bytes = new Uint8Array(900);
  bytes.set(name);
  return {
    height,
    blockHash: sha256(name),
    timestampMs,
    certificate: new Uint8Array(250),
    results: transactions.map(() => new Uint8Array(150)),
    transactions,
    bytes,
  };
}

const openLog = (): Promise<BlockLog> =>
  openBlockLog({ directory: path.join(directory, 'blocks') }, { disk });
const openStore = (): Promise<StateStore> =>
  openStateStore({ directory: path.join(directory, 'state') }, { disk, openKeyValue: openLevel });

async function generate(): Promise<void> {
  const log = await openLog();
  for (let height = (log.head()?.height ?? -1) + 1; height < blocks; height += RANGE) {
    const count = Math.min(RANGE, blocks - height);
    await log.appendRange(Array.from({ length: count }, (_, index) => blockAt(height + index)));
  }
  await log.close();
  const store = await openStore();
  for (let height = (store.appliedHeight() ?? -1) + 1; height < VERSIONS; height++) {
    const recordKey = { set: 1, key: sha256(Uint8Array.of(height >> 8, height & 255)) };
    const write = { recordKey, treeKey: treeKeyOf(recordKey), value: new Uint8Array(100) };
    await store.commit(store.stage({ height, writes: [write] }));
  }
  await store.close();
}

/** Runs one part of a start and prints what it took. */
async function measure<T>(title: string, part: () => T | Promise<T>): Promise<T> {
  const used = process.cpuUsage();
  const start = performance.now();
  const result = await part();
  printTimes(title, used, start);
  return result;
}

function printTimes(title: string, used: NodeJS.CpuUsage, start: number): void {
  const { user, system } = process.cpuUsage(used);
  const [cpuMs, wallMs] = [(user + system) / 1000, performance.now() - start];
  console.log(
    `${title.padEnd(32)} ${cpuMs.toFixed(0).padStart(6)} ms CPU  ${wallMs.toFixed(0)} ms`,
  );
}

/** Hashes every block, as the very first start does; returns the root that headers would name. */
async function keepFrontier(log: BlockLog, size: number): Promise<Hash> {
  let frontier = emptyFrontier();
  for (let at = 0; at < size; at++) {
    frontier = appendFrontier(frontier, leafHash(log.blockHashAt(at) ?? ZERO_HASH));
  }
  const kept = openKeepsakes(path.join(directory, 'blocks'), disk);
  await keepFrontiers({ frontier: () => frontier, onBlock: () => undefined }, kept);
  return frontierRoot(frontier);
}

await generate();
console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} CPUs, Node ${process.version}`);
const before = await openLog();
const { height = 0, timestampMs = 0 } = before.head() ?? {};
const historyRoot = await measure('all blocks hashed, once', () => keepFrontier(before, height));
await before.close();

const used = process.cpuUsage();
const start = performance.now();
const log = await measure(`block log of ${blocks} blocks`, openLog);
await measure('frontier of the history', () => {
  const kept = openKeepsakes(path.join(directory, 'blocks'), disk);
  const hashAt = (at: number): Hash => log.blockHashAt(at) ?? ZERO_HASH;
  if (frontierBefore({ height, historyRoot }, { kept, hashAt }) === undefined) {
    throw new Error('the frontier leads to another root');
  }
});
await measure('replay set', () => log.recentTransactions(timestampMs, WINDOW_MS));
const store = await measure('state store of 1,000 versions', openStore);
printTimes('all of it', used, start);
console.log(`memory ${process.memoryUsage.rss() >> 20} MiB`);
await log.close();
await store.close();
if (!options.keep) fs.rmSync(directory, { recursive: true, force: true });
