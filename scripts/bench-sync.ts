/**
 * `npm run bench:sync`: how much faster than it was made a chain is executed again. Four validators
 * take in real payments as fast as they can; then an empty observer starts, fetches every block from
 * them and executes it from genesis on, while they go on.
 *
 *   npm run bench:sync                   the large data set, 6 files
 *   npm run bench:sync -- --files 20     a longer chain
 *
 * All of it runs on this machine: the live chain shares its cores among four validators and the
 * importer, the sync among one node and the four that serve it. The time of the sync counts from when
 * the node is ready.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { describeMachine } from './bench/machine.ts';
import { cpuSecondsOf } from './bench/process-cpu.ts';
import { numberOf, parseOptions } from './options.ts';
import { DEPARTMENTS } from './start/departments.ts';
import { openLedger } from './start/ledger.ts';
import { readSample } from './start/samples.ts';

const PARAMETERS = { blockIntervalMs: 50, roundBaseMs: 1000 };
/** The aim of the project: a node that was away for a day is back within eight hours. */
const RATIO_MIN = 3;
/** Each question takes a millisecond or two of the thread that is measured. */
const POLL_MS = 100;
const WITHIN_MS = 30 * 60_000;
/** In a chain that is not so many times as long as what came first, little else is left. */
const BEGINNINGS_MIN = 4;

const { values: options } = parseOptions(import.meta.filename, {
  options: { files: { type: 'string', default: '6' } },
});

interface Measured {
  readonly payments: number;
  readonly seconds: number;
  /** Of every process that the work takes, in seconds of CPU; NaN where there is no /proc. */
  readonly cpu: number;
}

/** What a sync took, and when it had its first blocks: links and the first range come before. */
interface Caught extends Measured {
  readonly first: { readonly height: number; readonly seconds: number };
}

interface Head {
  readonly height: number;
  readonly blockHash: string;
}

async function headOf({ apiUrl }: ClusterNode): Promise<Head> {
  const response = await fetch(`${apiUrl}/v1/status`);
  const { head } = (await response.json()) as { readonly head: Head };
  return head;
}

const cpuOf = (node: ClusterNode): number => cpuSecondsOf(node.process.pid());

/** Imports the payments: four validators and whoever signs for the officers, this process. */
async function makeChain(cluster: Cluster, validators: readonly ClusterNode[]): Promise<Measured> {
  const { genesis, consortium } = cluster;
  const ledger = openLedger({ genesis, consortium, nodes: validators });
  const used = (): number => {
    const { user, system } = process.cpuUsage();
    return validators.reduce((sum, node) => sum + cpuOf(node), (user + system) / 1e6);
  };
  const before = used();
  const sample = readSample('uk-cabinet-office-spend', numberOf(options.files, 'files'));
  const report = await ledger.importSample(sample, { batchCount: 128, inFlight: 6 });
  const seconds = report.added / report.perSecond;
  return { payments: report.added, seconds, cpu: used() - before };
}

/** Starts an empty node and waits until it has executed the block, from when it is ready. */
async function catchUp(node: ClusterNode, head: Head, payments: number): Promise<Caught> {
  await node.process.start();
  const before = cpuOf(node);
  const startedMs = performance.now();
  const secondsSoFar = (): number => (performance.now() - startedMs) / 1000;
  let first: Caught['first'] | undefined;
  for (let height = 0; height < head.height; ) {
    if (secondsSoFar() * 1000 > WITHIN_MS) throw new Error('the node does not catch up');
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    ({ height } = await headOf(node));
    if (height > 0) first ??= { height, seconds: secondsSoFar() };
  }
  const seconds = secondsSoFar();
  const response = await fetch(`${node.apiUrl}/v1/blocks/${head.height}`);
  const block = (await response.json()) as { readonly blockHash?: string };
  if (block.blockHash !== head.blockHash) throw new Error('the node has another chain');
  if (first === undefined) throw new Error('there is nothing to catch up with');
  return { payments, seconds, cpu: cpuOf(node) - before, first };
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
  const [first] = validators;
  const joiner = cluster.nodes.find(({ role }) => role === 'observer');
  if (first === undefined || joiner === undefined) throw new Error('a node is missing');
  await Promise.all(validators.map((node) => node.process.start()));
  const live = await makeChain(cluster, validators);
  const head = await headOf(first);
  tell(`${head.height} blocks, ${live.payments} payments of two signatures each`);
  show('live, four validators', live);
  const synced = await catchUp(joiner, head, live.payments);
  show('executed again, one node', synced);
  const { first: begun } = synced;
  tell(`${'its first blocks'.padEnd(26)} after ${begun.seconds.toFixed(1)} s`);
  // Beside other work a chain of five processes gets five shares of a machine, a sync one: what
  // would be with nothing beside it is in the time of the processor.
  const ratios = {
    'ratio of the rates': live.seconds / synced.seconds,
    // Of blocks, and without what a chain of any length takes once: links, and the first range.
    ...(head.height > BEGINNINGS_MIN * begun.height && {
      'ratio once under way':
        (live.seconds / head.height) *
        ((head.height - begun.height) / (synced.seconds - begun.seconds)),
    }),
    'ratio were all cores free': live.cpu / cores / synced.cpu,
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
