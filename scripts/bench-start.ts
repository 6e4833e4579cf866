/**
 * `npm run bench:start`: how long a whole `daybookd` takes from the start of its process to its first
 * answer on the API, with a long chain behind it. The chain is generated: genesis, blocks of two
 * transactions that nobody signed, and at the end 200 empty blocks that hang together and of which
 * the head carries a true certificate; what a start looks at is as it would be.
 *
 *   npm run bench:start                       1,000,000 blocks, 1.7 GB
 *   npm run bench:start -- --blocks 100000    fewer
 *
 * `npm run bench:restart` measures the storage parts of it one by one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Frontier, Hash, Header, RecordKey } from '@daybook/core';
import {
  appendFrontier,
  asHash,
  assert,
  asValidatorId,
  blockHash,
  emptyFrontier,
  encodeBlock,
  encodeCertificate,
  equalBytes,
  frontierRoot,
  HEADER_VERSION,
  LIMITS,
  leafHash,
  publicKeyOf,
  quorumOf,
  resultRoot,
  sign,
  signBytes,
  transactionRoot,
  treeKeyOf,
  validatorsHash,
} from '@daybook/core';
import type { FinalBlock } from '@daybook/state';
import {
  createNodeDisk,
  openBlockLog,
  openDataDirectory,
  openLevel,
  openStateImport,
  openStateStore,
} from '@daybook/state';
import type { Cluster, ClusterNode, NodeProcess } from '@daybook/testkit';
import { createCluster, createNodeProcess } from '@daybook/testkit';
import { fillerBlock } from './bench/filler-block.ts';
import { describeMachine } from './bench/machine.ts';
import { cpuSecondsOf } from './bench/process-cpu.ts';
import { numberOf, parseOptions } from './options.ts';
import { DEPARTMENTS } from './start/departments.ts';

const { values: options } = parseOptions(import.meta.filename, {
  options: {
    blocks: { type: 'string', default: '1000000' },
    runs: { type: 'string', default: '3' },
  },
});
const HEAD = numberOf(options.blocks, 'blocks') - 1;
const RUNS = numberOf(options.runs, 'runs');
/** More than a start looks at. */
const TRUE_BLOCKS = 200;
const RANGE = 512;
const BLOCK_MS = 100;
const PAGE = 1000;
const POLL_MS = 5;
const WITHIN_MS = 120_000;
const parts = { disk: createNodeDisk(), openKeyValue: openLevel };
const startedMs = Date.now();
const timeOf = (height: number): number => startedMs - (HEAD - height) * BLOCK_MS;

/** What an empty block follows. */
interface Place {
  readonly parentHash: Hash;
  readonly stateRoot: Hash;
  readonly frontier: Frontier;
}

function emptyBlockAt(height: number, cluster: Cluster, place: Place): FinalBlock {
  const { chain, validators } = cluster.genesis;
  const set = validatorsHash(validators);
  const header: Header = {
    version: HEADER_VERSION,
    chain,
    height,
    parentHash: place.parentHash,
    timestampMs: timeOf(height),
    proposer: validators[0]?.id ?? asValidatorId(place.parentHash),
    txRoot: transactionRoot([]),
    stateRoot: place.stateRoot,
    resultRoot: resultRoot([]),
    historyRoot: frontierRoot(place.frontier),
    validatorsHash: set,
    nextValidatorsHash: set,
  };
  const hash = blockHash(header);
  return {
    height,
    blockHash: hash,
    timestampMs: header.timestampMs,
    certificate: certificateOf(height, hash, cluster),
    results: [],
    transactions: [],
    bytes: encodeBlock({ header, body: [] }),
  };
}

function certificateOf(height: number, hash: Hash, cluster: Cluster): Uint8Array {
  const { chain, validators } = cluster.genesis;
  const signers = validators.slice(0, quorumOf(validators.length).quorum);
  const content = { type: 'commit', height, round: 0, blockHash: hash } as const;
  const signatures = signers.map(({ publicKey }) => {
    const keys = cluster.consortium.organisations.find(({ consensus }) =>
      equalBytes(publicKeyOf(consensus), publicKey),
    );
    assert(keys !== undefined, 'the keys of all validators are here');
    return sign(keys.consensus, signBytes(chain, content));
  });
  return encodeCertificate({
    kind: 'commit',
    height,
    round: 0,
    blockHash: hash,
    validatorCount: validators.length,
    signers: signers.map((_, index) => index),
    signatures,
  });
}

/** The state of genesis as that of the newest heights; returns its root. */
async function moveState(directory: string): Promise<Hash> {
  const genesis = await openStateStore({ directory }, parts);
  const records: { readonly key: RecordKey; readonly value: Uint8Array }[] = [];
  for (let from: Uint8Array | undefined = new Uint8Array(); from !== undefined; ) {
    const page = genesis.proveRange('all', { from, limit: PAGE, bytesMax: 2 ** 24 });
    records.push(...page.records);
    from = page.next;
  }
  const root = genesis.rootAt(0);
  assert(root !== undefined, 'the node laid genesis');
  await genesis.close();
  await rm(directory, { recursive: true });
  const first = HEAD - LIMITS.retainedHeights;
  const keptSets = new Set(records.map(({ key }) => key.set));
  const filling = await openStateImport({ directory, height: first, keptSets }, parts);
  const moved = records.map(({ key, value }) => {
    return { recordKey: key, treeKey: treeKeyOf(key), value, writtenAt: 0 };
  });
  await filling.add(moved, undefined);
  await filling.close();
  const store = await openStateStore({ directory }, parts);
  for (let height = first + 1; height <= HEAD; height++) {
    await store.commit(store.stage({ height, writes: [] }));
  }
  assert(equalBytes(store.rootAt(HEAD) ?? new Uint8Array(), root), 'the state is that of genesis');
  await store.close();
  return root;
}

/** Makes the chain of a node that has only genesis a long one. */
async function lengthen(node: ClusterNode, cluster: Cluster): Promise<void> {
  const directory = await openDataDirectory(node.dataDirectory);
  const { paths } = directory;
  const stateRoot = await moveState(paths.state);
  const log = await openBlockLog({ directory: paths.blocks }, parts);
  let parentHash = asHash(log.blockHashAt(0) ?? new Uint8Array());
  let frontier = appendFrontier(emptyFrontier(), leafHash(parentHash));
  for (let from = 1; from <= HEAD; from += RANGE) {
    const blocks: FinalBlock[] = [];
    for (let height = from; height < from + RANGE && height <= HEAD; height++) {
      const block =
        height <= HEAD - TRUE_BLOCKS
          ? fillerBlock(height, timeOf(height))
          : emptyBlockAt(height, cluster, { parentHash, stateRoot, frontier });
      parentHash = block.blockHash;
      frontier = appendFrontier(frontier, leafHash(parentHash));
      blocks.push(block);
    }
    await log.appendRange(blocks);
  }
  await log.close();
  await directory.close();
}

async function headOf(apiUrl: string): Promise<number | undefined> {
  try {
    const response = await fetch(`${apiUrl}/v1/status`);
    const { head } = (await response.json()) as { readonly head: { readonly height: number } };
    return head.height;
  } catch {
    return undefined;
  }
}

/** Starts the node and prints what it took to its first answer. @returns seconds of CPU */
async function measureStart(title: string, apiUrl: string, daemon: NodeProcess): Promise<number> {
  const beganMs = performance.now();
  const starting = daemon.start();
  // Its failure is told below, when it has ended.
  starting.catch(() => undefined);
  let height = await headOf(apiUrl);
  while (height === undefined && performance.now() - beganMs < WITHIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    height = await headOf(apiUrl);
  }
  const seconds = (performance.now() - beganMs) / 1000;
  const cpu = cpuSecondsOf(daemon.pid());
  await starting;
  if (height !== HEAD) throw new Error(`the node is at ${height} instead of ${HEAD}`);
  tell(`${title.padEnd(22)} ${seconds.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU (aim 3)`);
  await daemon.stop();
  return cpu;
}

/** Starts in turns without and with what an earlier start has compiled, as the service keeps it. */
async function measureStarts(node: ClusterNode, compiled: string): Promise<void> {
  const { slug: name, configFile, logFile, apiUrl } = node;
  const environment = { NODE_COMPILE_CACHE: compiled };
  const keeping = createNodeProcess({ name, configFile, logFile, environment });
  await measureStart('first start', apiUrl, keeping);
  for (let run = 0; run < RUNS; run++) {
    const plain = await measureStart('start, compiling', apiUrl, node.process);
    const kept = await measureStart('start', apiUrl, keeping);
    tell(`${'ratio'.padEnd(22)} ${(kept / plain).toFixed(2)} of the CPU`);
  }
}

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

const { cpu, cores, runtime, commit, load } = describeMachine();
tell(`${cpu}, ${cores} cores, load ${load.toFixed(1)}, Node.js ${runtime}, commit ${commit}`);
const directory = await mkdtemp(path.join(tmpdir(), 'daybook-bench-start-'));
try {
  // The genesis is older than the first block.
  const timeMs = timeOf(0) - BLOCK_MS;
  const cluster = await createCluster({ members: DEPARTMENTS, name: 'start', directory, timeMs });
  const node = cluster.nodes.find(({ role }) => role === 'observer');
  assert(node !== undefined, 'one of the members observes');
  try {
    await node.process.start();
    await node.process.stop();
    await lengthen(node, cluster);
    await measureStarts(node, path.join(directory, 'compiled'));
  } finally {
    await cluster.remove();
  }
} finally {
  await rm(directory, { recursive: true, force: true });
}
// Sockets kept alive for more requests would hold the process for some seconds.
process.exit();
