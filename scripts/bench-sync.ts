/**
 * `npm run bench:sync`: how much faster than it was made a chain is executed again. Four validators
 * take in real payments as fast as they can and come to rest; then an empty observer starts, fetches
 * every block from them and executes it from genesis on.
 *
 *   npm run bench:sync                   the large data set, 16 files
 *   npm run bench:sync -- --files 60     a longer chain
 *
 * All of it runs on this machine: the live chain shares its cores among four validators and the
 * importer, the sync among one node and the four that serve it. Compared are the same blocks, those
 * that pay. What comes before them opens the budgets, one transaction after the other: live it waits
 * for the interval of blocks, and neither side is measured by it. When the clock of the sync starts,
 * up to three ranges of half a MiB are there and may be verified: take a chain of many more.
 *
 * The second ratio is what both would be by the time of the processors. Where each validator has a
 * machine of its own, a live chain can be up to four times as fast, and the ratio that much lower.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Height } from '@daybook/core';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { describeMachine } from './bench/machine.ts';
import { cpuSecondsOf } from './bench/process-cpu.ts';
import { numberOf, parseOptions } from './options.ts';
import { DEPARTMENTS } from './start/departments.ts';
import { openLedger } from './start/ledger.ts';
import { readSample } from './start/samples.ts';

const PARAMETERS = { blockIntervalMs: 50, roundBaseMs: 1000 };
/** The aim of the project, on one machine for all. */
const RATIO_MIN = 3;
/** Each question takes a millisecond or two of the thread that is measured. */
const POLL_MS = 100;
const WITHIN_MS = 30 * 60_000;

const { values: options } = parseOptions(import.meta.filename, {
  options: { files: { type: 'string', default: '16' } },
});

interface Measured {
  readonly payments: number;
  readonly seconds: number;
  /** Of every process that the work takes, in seconds of CPU; NaN where there is no /proc. */
  readonly cpu: number;
}

/** What was made live, and where the payments begin and end in the chain. */
interface Made extends Measured {
  readonly from: Height;
  readonly head: Head;
}

/** What a sync took, and when it came to the payments: links and budgets come before. */
interface Caught extends Measured {
  readonly beforeSeconds: number;
}

interface Head {
  readonly height: Height;
  readonly blockHash: string;
}

async function read<T>({ apiUrl }: ClusterNode, route: string): Promise<T> {
  const response = await fetch(`${apiUrl}${route}`);
  return (await response.json()) as T;
}

async function headOf(node: ClusterNode): Promise<Head> {
  const { head } = await read<{ readonly head: Head }>(node, '/v1/status');
  return head;
}

const cpuOf = (node: ClusterNode): number => cpuSecondsOf(node.process.pid());

/** Imports the payments: four validators and whoever signs for the officers, this process. */
async function makeChain(cluster: Cluster, validators: readonly ClusterNode[]): Promise<Made> {
  const { genesis, consortium } = cluster;
  const [first] = validators;
  if (first === undefined) throw new Error('a cluster has validators');
  const ledger = openLedger({ genesis, consortium, nodes: validators });
  const used = (): number => {
    const { user, system } = process.cpuUsage();
    return validators.reduce((sum, node) => sum + cpuOf(node), (user + system) / 1e6);
  };
  let before = Number.NaN;
  let opened: Promise<Head> | undefined;
  const sample = readSample('uk-cabinet-office-spend', numberOf(options.files, 'files'));
  const report = await ledger.importSample(sample, {
    batchCount: 128,
    inFlight: 6,
    onProgress: ({ phase }) => {
      if (phase !== 'lines' || opened !== undefined) return;
      opened = headOf(first);
      before = used();
    },
  });
  const cpu = used() - before;
  const seconds = report.added / report.perSecond;
  const head = await headOf(first);
  const from = ((await opened) ?? head).height + 1;
  return { payments: report.added, seconds, cpu, from, head };
}

/** Transactions of the blocks behind a height, up to the head. */
async function countBehind(node: ClusterNode, after: Height, head: Height): Promise<number> {
  let count = 0;
  for (let height = after + 1; height <= head; height++) {
    const route = `/v1/blocks/${height}`;
    count += (await read<{ readonly transactionCount: number }>(node, route)).transactionCount;
  }
  return count;
}

/** Starts an empty node and waits until it has executed the chain, from when it is ready. */
async function catchUp(node: ClusterNode, { from, head }: Made): Promise<Caught> {
  await node.process.start();
  const startedMs = performance.now();
  const secondsSoFar = (): number => (performance.now() - startedMs) / 1000;
  let begun:
    | { readonly height: Height; readonly seconds: number; readonly cpu: number }
    | undefined;
  for (let height = 0; height < head.height; ) {
    if (secondsSoFar() * 1000 > WITHIN_MS) throw new Error('the node does not catch up');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    ({ height } = await headOf(node));
    if (height >= from - 1) begun ??= { height, seconds: secondsSoFar(), cpu: cpuOf(node) };
  }
  const all = secondsSoFar();
  const cpu = cpuOf(node);
  const block = await read<{ readonly blockHash?: string }>(node, `/v1/blocks/${head.height}`);
  if (block.blockHash !== head.blockHash) throw new Error('the node has another chain');
  if (begun === undefined) throw new Error('there is nothing to catch up with');
  const payments = await countBehind(node, begun.height, head.height);
  if (payments === 0) throw new Error('the chain is too short to be measured: take more files');
  const { seconds } = begun;
  return { payments, seconds: all - seconds, cpu: cpu - begun.cpu, beforeSeconds: seconds };
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

function show(title: string, { payments, seconds, cpu }: Measured): void {
  const rate = (payments / seconds).toFixed(0).padStart(6);
  const each = ((1000 * cpu) / payments).toFixed(2);
  tell(`${title.padEnd(26)} ${rate} payments/s, ${seconds.toFixed(1)} s, ${each} ms CPU a payment`);
}

async function measure(cluster: Cluster): Promise<void> {
  const validators = cluster.nodes.filter(({ role }) => role === 'validator');
  const joiner = cluster.nodes.find(({ role }) => role === 'observer');
  if (joiner === undefined) throw new Error('a node is missing');
  await Promise.all(validators.map((node) => node.process.start()));
  const live = await makeChain(cluster, validators);
  const { from, head } = live;
  tell(`blocks ${from} to ${head.height}: ${live.payments} payments of two signatures each`);
  show('live, four validators', live);
  const synced = await catchUp(joiner, live);
  show('executed again, one node', synced);
  tell(`${'what comes before'.padEnd(26)} took it ${synced.beforeSeconds.toFixed(1)} s`);
  // Beside other work a chain of five processes gets five shares of a machine, a sync one: what
  // would be with nothing beside it is in the time of the processor.
  const ratios = {
    'ratio of the rates': live.seconds / live.payments / (synced.seconds / synced.payments),
    'ratio were all cores free': live.cpu / live.payments / cores / (synced.cpu / synced.payments),
  };
  for (const [name, ratio] of Object.entries(ratios)) {
    tell(`${name.padEnd(26)} ${ratio.toFixed(1).padStart(6)} (aim ${RATIO_MIN})`);
  }
}

const { cpu, cores, runtime, commit, load } = describeMachine();
tell(`${cpu}, ${cores} cores, load ${load.toFixed(1)}, Node.js ${runtime}, commit ${commit}`);
const directory = await mkdtemp(path.join(tmpdir(), 'daybook-bench-sync-'));
try {
  const cluster = await createCluster({
    members: DEPARTMENTS,
    name: 'bench-sync',
    directory,
    parameters: PARAMETERS,
  });
  try {
    await measure(cluster);
  } finally {
    await cluster.remove();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
// Sockets kept alive for more requests would hold the process for some seconds.
process.exit();
