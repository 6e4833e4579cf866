/**
 * What the storage parts of a start take with a long chain, on generated blocks of two transactions:
 * opening the block log (sealed segments by the heads of their indexes, the last one scanned), the
 * frontier of the history as a start takes it up and as it does without the kept one, the replay
 * set, and the state store with 1,000 versions.
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
import type { Frontier } from '@daybook/core';
import { appendFrontier, asHash, emptyFrontier, leafHash, sha256, treeKeyOf } from '@daybook/core';
import type { BlockLog, StateStore } from '@daybook/state';
import { createNodeDisk, openBlockLog, openLevel, openStateStore } from '@daybook/state';
import { fillerBlock } from './bench/filler-block.ts';
import { numberOf, parseOptions } from './options.ts';

const { values: options } = parseOptions(import.meta.filename, {
  options: {
    blocks: { type: 'string', default: '1000000' },
    directory: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
const blocks = numberOf(options.blocks, 'blocks');
const directory = options.directory ?? fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-restart-'));
const disk = createNodeDisk();
const RANGE = 512;
const BLOCK_MS = 100;
const WINDOW_MS = 24 * 3_600_000;
const VERSIONS = 1200;
/** A start hashes so many blocks at most: twice the interval in which the node keeps a frontier. */
const HASHED_MAX = 8192;

const timeOf = (height: number): number => 1_800_000_000_000 + height * BLOCK_MS;

const openLog = (): Promise<BlockLog> =>
  openBlockLog({ directory: path.join(directory, 'blocks') }, { disk });
const openStore = (): Promise<StateStore> =>
  openStateStore({ directory: path.join(directory, 'state') }, { disk, openKeyValue: openLevel });

async function generate(): Promise<void> {
  const log = await openLog();
  for (let height = (log.head()?.height ?? -1) + 1; height < blocks; height += RANGE) {
    const count = Math.min(RANGE, blocks - height);
    const heights = Array.from({ length: count }, (_, index) => height + index);
    await log.appendRange(heights.map((one) => fillerBlock(one, timeOf(one))));
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

/** Hashes blocks until the history has so many. */
function grow(log: BlockLog, start: Frontier, size: number): Frontier {
  let frontier = start;
  while (frontier.size < size) {
    const hash = asHash(log.blockHashAt(frontier.size) ?? new Uint8Array());
    frontier = appendFrontier(frontier, leafHash(hash));
  }
  return frontier;
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

await generate();
console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} CPUs, Node ${process.version}`);

const before = await openLog();
const keptSize = Math.max(0, blocks - HASHED_MAX);
const kept = await measure('frontier when none is kept', () =>
  grow(before, emptyFrontier(), keptSize),
);
await before.close();

const used = process.cpuUsage();
const start = performance.now();
const log = await measure(`block log of ${blocks} blocks`, openLog);
await measure(`frontier, last ${blocks - keptSize} blocks`, () => grow(log, kept, blocks));
const { timestampMs = 0 } = log.head() ?? {};
await measure('replay set', () => log.recentTransactions(timestampMs, WINDOW_MS));
const store = await measure('state store of 1,000 versions', openStore);
printTimes('all of it', used, start);
console.log(`memory ${process.memoryUsage.rss() >> 20} MiB`);
await log.close();
await store.close();
if (!options.keep) fs.rmSync(directory, { recursive: true, force: true });
