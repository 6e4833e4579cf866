/**
 * What committing a block costs: staging, hashing, values, index, sync, pruning and sweeping, all
 * included, over the real disk and LevelDB. Half of the writes change random records, half add new
 * ones; hashes of values come with the writes, as the engine provides them.
 *
 *   node --conditions=source bench/state-tree.ts [--records 1000000] [--keys 2000] [--blocks 300]
 *        [--retained 100] [--cache 32] [--directory /tmp/daybook-bench]
 */
import * as fs from 'node:fs';
import * as os from 'node:os';
import { parseArgs } from 'node:util';
import type { RecordKey } from '@daybook/core';
import { encodeStateProof, sha256, treeKeyOf, valueHashOf } from '@daybook/core';
import type { StateWrite } from '../src/index.ts';
import { createNodeDisk, openLevel, openStateStore } from '../src/index.ts';
import { hashPairs } from '../src/tree/pair-hashes.ts';

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    keys: { type: 'string', default: '2000' },
    blocks: { type: 'string', default: '300' },
    retained: { type: 'string', default: '100' },
    cache: { type: 'string', default: '32' },
    directory: { type: 'string', default: '/tmp/daybook-bench' },
  },
});
const records = Number(options.records);
const keys = Number(options.keys);
const blocks = Number(options.blocks);
const LOAD_KEYS = 10_000;
const VALUE_SIZE = 150;

let seed = 1;
const random = (below: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

function keyOf(id: number): RecordKey {
  const key = new Uint8Array(20);
  new DataView(key.buffer).setUint32(0, id);
  key.set(sha256(key.subarray(0, 4)).subarray(0, 12), 8);
  return { set: 0x0002_0001, key };
}

function write(id: number, height: number): StateWrite {
  const value = new Uint8Array(VALUE_SIZE).fill(height & 255);
  new DataView(value.buffer).setUint32(0, id);
  new DataView(value.buffer).setUint32(4, height);
  const recordKey = keyOf(id);
  return { recordKey, treeKey: treeKeyOf(recordKey), value, valueHash: valueHashOf(value) };
}

function directorySize(path: string, part: string): number {
  return fs
    .readdirSync(path)
    .filter((name) => name.startsWith(part))
    .reduce((sum, name) => sum + fs.statSync(`${path}/${name}`).size, 0);
}

const quantile = (sorted: readonly number[], part: number): number =>
  sorted[Math.floor((sorted.length - 1) * part)] ?? 0;

function show(title: string, figures: readonly number[]): void {
  const sorted = figures.toSorted((a, b) => a - b);
  const mean = figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
  const parts = [`mean ${mean.toFixed(1)}`, `p50 ${quantile(sorted, 0.5).toFixed(1)}`];
  parts.push(`p95 ${quantile(sorted, 0.95).toFixed(1)}`, `max ${quantile(sorted, 1).toFixed(1)}`);
  console.log(`${title.padEnd(24)} ${parts.join('  ')}`);
}

fs.rmSync(options.directory, { recursive: true, force: true });
const store = await openStateStore(
  {
    directory: options.directory,
    cacheBytes: Number(options.cache) * 1024 * 1024,
    retainedHeights: Number(options.retained),
  },
  { disk: createNodeDisk(), openKeyValue: openLevel },
);

let known = 0;
let height = 0;
while (known < records) {
  const count = Math.min(LOAD_KEYS, records - known);
  const writes = Array.from({ length: count }, (_, index) => write(known + index, height));
  known += count;
  await store.commit(store.stage({ height, writes }));
  height += 1;
}

const cpu: number[] = [];
const staging: number[] = [];
const committing: number[] = [];
const before = { nodes: 0, values: 0 };
for (let block = 0; block < blocks; block++) {
  const half = keys / 2;
  const picked = new Set<number>();
  while (picked.size < half) picked.add(random(known));
  const ids = [...picked, ...Array.from({ length: half }, (_, index) => known + index)];
  known += half;
  const writes = ids.map((id) => write(id, height));
  if (block === 20) {
    before.nodes = store.figures().treeBytesWritten;
    before.values = store.figures().valueBytes;
  }
  const cpuStart = process.cpuUsage();
  const start = performance.now();
  const staged = store.stage({ height, writes });
  const middle = performance.now();
  await store.commit(staged);
  const used = process.cpuUsage(cpuStart);
  height += 1;
  if (block < 20) continue;
  cpu.push((used.user + used.system) / 1000);
  staging.push(middle - start);
  committing.push(performance.now() - middle);
}

const measured = keys * (blocks - 20);
const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
console.log(`${os.cpus()[0]?.model}, ${os.cpus().length} CPUs, Node ${process.version}`);
console.log(`${known} records, ${keys} keys a block, ${blocks - 20} blocks measured`);
show('CPU ms, all threads', cpu);
show('stage ms, wall', staging);
show('commit ms, wall', committing);
const figures = store.figures();
const perKey = (bytes: number): string => (bytes / measured).toFixed(0);
console.log(`tree bytes a key         ${perKey(figures.treeBytesWritten - before.nodes)}`);
console.log(`value bytes a key        ${perKey(figures.valueBytes - before.values)}`);
console.log(`held tree                ${mib(figures.treeBytes)} in ${figures.segments} segments`);
console.log(`files of the tree        ${mib(directorySize(options.directory, 'nodes'))}`);
console.log(`files of the values      ${mib(directorySize(options.directory, 'values'))}`);
console.log(`files of the index       ${mib(directorySize(`${options.directory}/index`, ''))}`);
console.log(`memory                   ${mib(rss)} (heap ${mib(heapUsed)}, ${mib(arrayBuffers)})`);
const proofStart = performance.now();
const proofs = Array.from({ length: 200 }, () => store.prove(keyOf(random(known))).proof);
console.log(`proof ms                 ${((performance.now() - proofStart) / 200).toFixed(2)}`);
const proofSizes = proofs.map((proof) => encodeStateProof(proof).length);
show('proof bytes', proofSizes);
// A machine that does other work at the same time shows here: 0.60 ms when it is idle.
const pairs = new Uint8Array(64 * 16_000);
const pairsStart = process.cpuUsage();
for (let round = 0; round < 50; round++) hashPairs(pairs, new Uint8Array(pairs.length / 2));
const pairsUsed = process.cpuUsage(pairsStart);
console.log(
  `16,000 pair hashes, ms   ${((pairsUsed.user + pairsUsed.system) / 50_000).toFixed(2)}`,
);
const readStart = performance.now();
const view = store.view();
for (let index = 0; index < 20_000; index++) view.get(keyOf(random(known)));
console.log(`read us (key included)   ${((performance.now() - readStart) / 20).toFixed(1)}`);
await store.close();
const openStart = performance.now();
const again = await openStateStore(
  { directory: options.directory },
  { disk: createNodeDisk(), openKeyValue: openLevel },
);
console.log(`open ms                  ${(performance.now() - openStart).toFixed(0)}`);
await again.close();
fs.rmSync(options.directory, { recursive: true, force: true });
