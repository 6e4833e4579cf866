/**
 * What committing a block costs: staging, hashing, values, index, sync, pruning and sweeping, all
 * included, over the real disk and LevelDB. Half of the writes change random records, half add new
 * ones; hashes of values come with the writes, as the engine provides them. CPU time is that of all
 * threads of the process.
 *
 *   npm run bench:tree -- [--records 1000000] [--keys 2000] [--blocks 100] [--retained 50]
 *        [--cache 128] [--directory DIR [--keep]] [--profile FILE]
 *
 * --records is how many there are in the middle of the measure. With --keep the directory stays, and
 * the next run with it goes on from the records that are there: ten million of them take 4 GB and
 * some minutes to load. Loading is done by a process of its own, so that the memory shown is that of
 * a node which runs.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as inspector from 'node:inspector/promises';
import * as os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { encodeStateProof, treeKeyOf, verifyStateProof } from '@daybook/core';
import type { StateStore, StateWrite } from '../src/index.ts';
import { createNodeDisk, createYoungCollector, openLevel, openStateStore } from '../src/index.ts';
import { hashPairs } from '../src/tree/pair-hashes.ts';
import { cpuMs, directorySize, mib, show } from './figures.ts';
import { inTreeOrder, keyOf, randomOf, writeOf } from './records.ts';

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    keys: { type: 'string', default: '2000' },
    blocks: { type: 'string', default: '100' },
    retained: { type: 'string', default: '50' },
    cache: { type: 'string', default: '128' },
    directory: { type: 'string' },
    keep: { type: 'boolean', default: false },
    profile: { type: 'string' },
    'only-load': { type: 'boolean', default: false },
  },
});
const keys = Number(options.keys);
const blocks = Number(options.blocks);
const retained = Number(options.retained);
/** Pruning begins when the first version leaves the window. */
const unmeasured = retained + 10;
/** How many are there before the first block. */
const records = Math.max(
  keys,
  Number(options.records) - (keys / 2) * (unmeasured + Math.floor(blocks / 2)),
);
const directory =
  options.directory ?? fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-tree-bench-'));
const LOAD_KEYS = 50_000;
/** While records are loaded nobody reads old versions. */
const LOAD_RETAINED = 4;
const PROOFS = 200;
const random = randomOf(1);
const collectYoung = createYoungCollector();

function open(retainedHeights: number): Promise<StateStore> {
  return openStateStore(
    {
      directory,
      cacheBytes: Number(options.cache) * 2 ** 20,
      retainedHeights,
      history: 'retained',
    },
    { disk: createNodeDisk(), openKeyValue: openLevel },
  );
}

const nextHeight = (store: StateStore): number => (store.appliedHeight() ?? -1) + 1;

/** In the order of tree keys, as a node that joins by ranges does it: each bucket is made once. */
async function load(): Promise<void> {
  const store = await open(LOAD_RETAINED);
  const start = process.cpuUsage();
  const before = store.figures().records;
  const order = before < records ? inTreeOrder(records) : new Float64Array();
  for (let known = before; known < records; known += LOAD_KEYS) {
    const height = nextHeight(store);
    const ids = order.subarray(known, known + LOAD_KEYS);
    const writes = Array.from(ids, (id) => writeOf(id, height));
    await store.commit(store.stage({ height, writes }));
  }
  await store.close();
  const loaded = Math.max(1, records - before);
  console.log(`loading, CPU us a record  ${((1000 * cpuMs(start)) / loaded).toFixed(1)}`);
}

function loadApart(): void {
  const args = [...process.argv.slice(2), '--only-load', '--directory', directory];
  const command = [...process.execArgv, import.meta.filename, ...args];
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`loading ended with ${status}`);
}

interface Costs {
  readonly cpu: number[];
  readonly stage: number[];
  readonly commit: number[];
}

function drawWrites(store: StateStore): readonly StateWrite[] {
  const height = nextHeight(store);
  const known = store.figures().records;
  const changed = new Set<number>();
  while (changed.size < keys / 2) changed.add(random(known));
  const created = Array.from({ length: keys / 2 }, (_, index) => known + index);
  return [...changed, ...created].map((id) => writeOf(id, height));
}

/** Draws and stores a block. @returns CPU time when it began, and what its two steps took */
async function storeBlock(store: StateStore): Promise<Stored> {
  const height = nextHeight(store);
  const writes = drawWrites(store);
  const used = process.cpuUsage();
  const start = performance.now();
  const staged = store.stage({ height, writes });
  const middle = performance.now();
  await store.commit(staged);
  return { used, stageMs: middle - start, commitMs: performance.now() - middle };
}

interface Stored {
  readonly used: NodeJS.CpuUsage;
  readonly stageMs: number;
  readonly commitMs: number;
}

async function commitBlock(store: StateStore, costs?: Costs): Promise<void> {
  const { used, stageMs, commitMs } = await storeBlock(store);
  // As a node does it when nothing of the block is in use any more.
  collectYoung();
  costs?.stage.push(stageMs);
  costs?.commit.push(commitMs);
  costs?.cpu.push(cpuMs(used));
}

async function profiled<T>(run: () => Promise<T>): Promise<T> {
  if (options.profile === undefined) return run();
  const session = new inspector.Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const result = await run();
  const { profile } = await session.post('Profiler.stop');
  fs.writeFileSync(options.profile, JSON.stringify(profile));
  session.disconnect();
  return result;
}

async function measureBlocks(store: StateStore): Promise<void> {
  for (let block = 0; block < unmeasured; block++) await commitBlock(store);
  const before = store.figures();
  const costs: Costs = { cpu: [], stage: [], commit: [] };
  await profiled(async () => {
    for (let block = 0; block < blocks; block++) await commitBlock(store, costs);
  });
  const after = store.figures();
  console.log(
    `${before.records} to ${after.records} records, ${keys} keys a block, ${blocks} blocks measured`,
  );
  show('CPU ms a block', costs.cpu);
  show('stage ms, wall', costs.stage);
  show('commit ms, wall', costs.commit);
  const perKey = (bytes: number): string => (bytes / (keys * blocks)).toFixed(0);
  console.log(
    `tree bytes a key          ${perKey(after.treeBytesWritten - before.treeBytesWritten)}`,
  );
  console.log(
    `value bytes a key         ${perKey(after.valueBytesWritten - before.valueBytesWritten)}`,
  );
  console.log(
    `segments                  ${after.segments}, ${after.segmentsRemoved} removed meanwhile`,
  );
}

function measureProofs(store: StateStore): void {
  const known = store.figures().records;
  const sizes: number[] = [];
  const making: number[] = [];
  const checking: number[] = [];
  for (let index = 0; index < PROOFS; index++) {
    const key = keyOf(random(known));
    const start = performance.now();
    const { proof, root } = store.prove(key);
    making.push(performance.now() - start);
    sizes.push(encodeStateProof(proof).length);
    const checkStart = performance.now();
    const verdict = verifyStateProof(root, treeKeyOf(key), proof);
    checking.push(performance.now() - checkStart);
    if (!verdict.ok) throw new Error(verdict.reason.code);
  }
  show('proof bytes', sizes);
  show('proof ms, making', making);
  show('proof ms, checking', checking);
}

/** How fast the machine is at the moment: 0.60 ms when it does nothing else. */
function measureMachine(): void {
  const pairs = new Uint8Array(64 * 16_000);
  const start = process.cpuUsage();
  for (let round = 0; round < 50; round++) hashPairs(pairs, new Uint8Array(pairs.length / 2));
  console.log(`16,000 pair hashes, ms    ${(cpuMs(start) / 50).toFixed(2)}`);
}

if (options['only-load']) {
  await load();
  process.exit();
}
console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} CPUs, Node ${process.version}`);
loadApart();
const store = await open(retained);
await measureBlocks(store);
measureMachine();
measureProofs(store);
const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
console.log(`memory                    ${mib(rss)} (heap ${mib(heapUsed)}, ${mib(arrayBuffers)})`);
await store.close();
for (const part of ['nodes', 'values']) {
  console.log(`${`files of the ${part}`.padEnd(25)} ${mib(directorySize(directory, part))}`);
}
console.log(`files of the index        ${mib(directorySize(path.join(directory, 'index'), ''))}`);
const openStart = performance.now();
const again = await open(retained);
console.log(`open ms                   ${(performance.now() - openStart).toFixed(0)}`);
await again.close();
if (!options.keep) fs.rmSync(directory, { recursive: true, force: true });
