/**
 * `npm run bench:join`: how long an empty node takes to join a large state by a snapshot. One real
 * `daybookd` serves it, another one with an empty data directory and `sync.mode: snapshot` joins over
 * libp2p on loopback; the time runs from the start of its process until it says that it follows at
 * the head of the other. The chain is generated: real blocks of 256 time-stamps each, signed and
 * certified, made by the ledger of a node without consensus.
 *
 *   npm run bench:join                        a million records
 *   npm run bench:join -- --records 20000     fewer
 *   npm run bench:join -- --profile DIR       and a CPU profile of the node that joins
 *
 * Both nodes run on this machine and share its cores; on two machines each has its own.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { assert } from '@daybook/core';
import type { Cluster, ClusterNode, MemberPlan, NodeProcess } from '@daybook/testkit';
import { createCluster, createNodeProcess } from '@daybook/testkit';
import { describeMachine } from './bench/machine.ts';
import { cpuSecondsOf } from './bench/process-cpu.ts';
import type { ChainPlan } from './bench/stamped-chain.ts';
import { timeAt, writeStampedChain } from './bench/stamped-chain.ts';
import { numberOf, parseOptions } from './options.ts';

const { values: options } = parseOptions(import.meta.filename, {
  options: {
    records: { type: 'string', default: '1000000' },
    profile: { type: 'string' },
  },
});
const RECORDS = numberOf(options.records, 'records');
const AIM_SECONDS = 60;
const SNAPSHOT_SECONDS = 3600;
/** Made since the snapshot: they come as blocks and are executed. */
const BLOCKS_AFTER = 25;
/** Room for them before now, and for the clock of the joiner. */
const AFTER_MS = 120_000;
const POLL_MS = 50;
const TELL_MS = 20_000;
const WITHIN_MS = 30 * 60_000;

const OFFICERS = [{ name: 'registrar', roles: ['directory.administrator'] }] as const;
const MEMBERS: readonly MemberPlan[] = [
  {
    slug: 'national-archive',
    title: { en: 'National Archive', zh: '国家档案馆' },
    officers: OFFICERS,
    node: 'validator',
  },
  {
    slug: 'city-archive',
    title: { en: 'City Archive', zh: '市档案馆' },
    officers: OFFICERS,
    node: 'observer',
  },
];

/** What a status is read for. */
interface Status {
  readonly activity: string;
  readonly head: { readonly height: number; readonly blockHash: string };
  readonly join?: { readonly phase: string; readonly done: number };
  readonly oldestBlockHeight: number;
  readonly oldestStateHeight: number;
}

/** What had been used when the joiner was first seen at something. */
interface Mark {
  readonly phase: string;
  readonly seconds: number;
  readonly joiner: number;
  readonly server: number;
}

interface Pair {
  readonly server: ClusterNode;
  readonly joiner: ClusterNode;
  readonly joining: NodeProcess;
}

/** Undefined while the node does not answer: before it listens, and where it starts anew. */
async function statusOf({ apiUrl }: ClusterNode): Promise<Status | undefined> {
  try {
    const response = await fetch(`${apiUrl}/v1/status`);
    return (await response.json()) as Status;
  } catch {
    return undefined;
  }
}

async function blockHashAt({ apiUrl }: ClusterNode, height: number): Promise<string | undefined> {
  const response = await fetch(`${apiUrl}/v1/blocks/${height}`);
  return ((await response.json()) as { readonly blockHash?: string }).blockHash;
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Names what the joiner is at, as its status shows it. */
function phaseOf(status: Status | undefined, hasJoined: boolean): string {
  if (status === undefined) return hasJoined ? 'starting anew' : 'starting';
  return status.join?.phase ?? status.activity;
}

/** Waits until the joiner follows at the head of the server. @returns when each phase began */
async function watch({ server, joiner, joining }: Pair, startedMs: number): Promise<Mark[]> {
  const marks: Mark[] = [];
  const mark = (phase: string): void => {
    if (marks.at(-1)?.phase === phase) return;
    marks.push({
      phase,
      seconds: (performance.now() - startedMs) / 1000,
      joiner: cpuSecondsOf(joining.pid()),
      server: cpuSecondsOf(server.process.pid()),
    });
  };
  mark('starting');
  for (let hasJoined = false; ; ) {
    if (performance.now() - startedMs > WITHIN_MS) throw new Error('the node does not join');
    const status = await statusOf(joiner);
    hasJoined ||= status?.join !== undefined;
    if (status?.activity === 'following') {
      const other = await statusOf(server);
      if (other !== undefined && status.head.height >= other.head.height) break;
    }
    mark(phaseOf(status, hasJoined));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  mark('at the head');
  return marks;
}

/** What the joiner has must be what the server has, and not have come as blocks from genesis. */
async function check({ server, joiner }: Pair, snapshot: number): Promise<void> {
  const status = await statusOf(joiner);
  assert(status !== undefined, 'a node that follows answers');
  const { head, oldestStateHeight, oldestBlockHeight } = status;
  const isSame = (await blockHashAt(server, head.height)) === head.blockHash;
  if (!isSame) throw new Error('the node has another chain');
  if (oldestStateHeight < snapshot) throw new Error('the node did not join by the snapshot');
  const window = snapshot - oldestBlockHeight + 1;
  tell(`snapshot ${snapshot}, ${window} blocks up to it, executed ${head.height - snapshot} more`);
}

function show(marks: readonly Mark[]): void {
  const [first, last] = [marks[0], marks.at(-1)];
  assert(first !== undefined && last !== undefined, 'a start and an end were seen');
  const row = (title: string, from: Mark, to: Mark): void => {
    const seconds = (to.seconds - from.seconds).toFixed(1).padStart(6);
    const cpu = (to.joiner - from.joiner).toFixed(1).padStart(6);
    const serving = (to.server - from.server).toFixed(1).padStart(6);
    tell(`${title.padEnd(16)} ${seconds} s, CPU of joiner ${cpu} s, of server ${serving} s`);
  };
  for (const [index, mark] of marks.slice(0, -1).entries()) {
    row(mark.phase, mark, marks[index + 1] ?? last);
  }
  // The process was not there when it was started.
  row('all', { ...first, joiner: 0 }, last);
  tell(`${'aim'.padEnd(16)} ${AIM_SECONDS.toFixed(1).padStart(6)} s for a million records`);
}

/** Starts the server on its chain, then the empty node. */
async function measure(pair: Pair, snapshot: number): Promise<void> {
  const { server, joining } = pair;
  await server.process.start();
  const startedMs = performance.now();
  const starting = joining.start();
  starting.catch(() => undefined);
  const marks = await watch(pair, startedMs);
  await starting;
  await check(pair, snapshot);
  show(marks);
  await joining.stop();
}

/** The last slot of snapshots that the newest blocks of a chain can lie in. */
function newestSlotMs(): number {
  const slot = SNAPSHOT_SECONDS * 1000;
  return Math.floor((Date.now() - AFTER_MS) / slot) * slot;
}

/** Makes the chain of the server. @returns height of the snapshot that it offers */
async function generate(cluster: Cluster, server: ClusterNode, plan: ChainPlan): Promise<number> {
  const startedMs = performance.now();
  let toldMs = startedMs;
  const onProgress = (height: number, head: number): void => {
    const isEnd = height === head;
    if (performance.now() - toldMs < TELL_MS && !isEnd) return;
    toldMs = performance.now();
    const seconds = ((toldMs - startedMs) / 1000).toFixed(0);
    tell(`generated ${height} of ${head} blocks in ${seconds} s`);
  };
  const snapshots = await writeStampedChain(cluster, server, { ...plan, onProgress });
  const snapshot = snapshots.at(-1);
  if (snapshot === undefined) throw new Error('the chain has no snapshot: take more records');
  return snapshot;
}

const { cpu, cores, runtime, commit, load } = describeMachine();
tell(`${cpu}, ${cores} cores, load ${load.toFixed(1)}, Node.js ${runtime}, commit ${commit}`);
const directory = await mkdtemp(path.join(tmpdir(), 'daybook-bench-join-'));
try {
  const plan = { records: RECORDS, slotMs: newestSlotMs(), blocksAfter: BLOCKS_AFTER };
  const cluster = await createCluster({
    members: MEMBERS,
    name: 'bench-join',
    directory,
    timeMs: timeAt(0, plan),
    settings: { sync: { mode: 'snapshot', snapshotSeconds: SNAPSHOT_SECONDS } },
  });
  const [server, joiner] = cluster.nodes;
  assert(server !== undefined && joiner !== undefined, 'both members have nodes');
  const { slug: name, configFile, logFile } = joiner;
  const flags =
    options.profile === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${path.resolve(options.profile)}`];
  const joining = createNodeProcess({ name, configFile, logFile, flags });
  try {
    const snapshot = await generate(cluster, server, plan);
    tell(`load ${describeMachine().load.toFixed(1)} as the join begins`);
    await measure({ server, joiner, joining }, snapshot);
  } finally {
    await joining.stop();
    await cluster.remove();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
// Sockets kept alive for more requests would hold the process for some seconds.
process.exit();
