/**
 * How long a start takes with a long chain: opening the block log (sealed segments by their index,
 * the last one scanned) and the state store, and making the replay set.
 *
 *   node --conditions=source bench/restart.ts [--blocks 100000] [--directory /tmp/daybook-restart]
 */
import * as fs from 'node:fs';
import { parseArgs } from 'node:util';
import { asTransactionId, sha256, treeKeyOf } from '@daybook/core';
import type { FinalBlock } from '../src/index.ts';
import { createNodeDisk, openBlockLog, openLevel, openStateStore } from '../src/index.ts';

const { values: options } = parseArgs({
  options: {
    blocks: { type: 'string', default: '100000' },
    directory: { type: 'string', default: '/tmp/daybook-restart' },
  },
});
const blocks = Number(options.blocks);
const RANGE = 64;
const BLOCK_MS = 100;
const VALIDITY_MS = 600_000;

/** A block with two transactions: about 1.5 KB with certificate and results. */
function blockAt(height: number): FinalBlock {
  const name = new TextEncoder().encode(`block ${height}`);
  const blockHash = sha256(name);
  const timestampMs = 1_800_000_000_000 + height * BLOCK_MS;
  const transactions = [0, 1].map((index) => ({
    id: asTransactionId(sha256(Uint8Array.of(index, ...name))),
    validUntilMs: timestampMs + VALIDITY_MS,
  }));
  const results = transactions.map(() => new Uint8Array(150));
  const certificate = new Uint8Array(250);
  const bytes = new Uint8Array(900);
  bytes.set(name);
  return { height, blockHash, timestampMs, certificate, results, transactions, bytes };
}

function open(): Promise<readonly [Awaited<ReturnType<typeof openBlockLog>>, number]> {
  const start = performance.now();
  return openBlockLog(
    { directory: `${options.directory}/blocks` },
    { disk: createNodeDisk() },
  ).then((log) => [log, performance.now() - start]);
}

const openStore = (): ReturnType<typeof openStateStore> =>
  openStateStore(
    { directory: `${options.directory}/state` },
    { disk: createNodeDisk(), openKeyValue: openLevel },
  );

fs.rmSync(options.directory, { recursive: true, force: true });
const [log] = await open();
for (let height = 0; height < blocks; height += RANGE) {
  const count = Math.min(RANGE, blocks - height);
  await log.appendRange(Array.from({ length: count }, (_, index) => blockAt(height + index)));
}
await log.close();
const store = await openStore();
for (let height = 0; height < 1200; height++) {
  const recordKey = { set: 1, key: sha256(Uint8Array.of(height >> 8, height & 255)) };
  const write = { recordKey, treeKey: treeKeyOf(recordKey), value: new Uint8Array(100) };
  await store.commit(store.stage({ height, writes: [write] }));
}
await store.close();

const [again, openMs] = await open();
console.log(`block log of ${blocks} blocks   ${openMs.toFixed(0)} ms`);
const replayStart = performance.now();
const head = again.head();
const replay = again.recentTransactions(head?.timestampMs ?? 0, 24 * 3600 * 1000);
const replayMs = performance.now() - replayStart;
console.log(`replay set of ${replay.length} ids   ${replayMs.toFixed(0)} ms`);
const storeStart = performance.now();
const reopened = await openStore();
console.log(`state store of 1,000 versions   ${(performance.now() - storeStart).toFixed(0)} ms`);
console.log(`memory   ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`);
await again.close();
await reopened.close();
fs.rmSync(options.directory, { recursive: true, force: true });
