/**
 * The composition root: one function builds a node out of its parts, top to bottom, and starts it;
 * what it returns stops it. Nothing else in the project knows all of them. `daemon.ts` runs it as a
 * process; the test kit also runs it inside one.
 */
import { createEngine } from '@daybook/contracts';
import type { Genesis, TransactionId, ValidatorId, ValidatorSet } from '@daybook/core';
import {
  asPublicKey,
  assert,
  indexOfKey,
  LIMITS,
  peerIdFromPublicKey,
  publicKeyOf,
  toHex,
} from '@daybook/core';
import { createNetwork, NETWORK_METRICS } from '@daybook/network';
import type { BlockLog } from '@daybook/state';
import type { Api } from './api/api.ts';
import { startApi } from './api/api.ts';
import type { Heads, NodeReport, Placement } from './api/ports.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config.ts';
import { readDirectoryNodes, recordSetNamed } from './directory-nodes.ts';
import type { Consensus } from './driver/consensus.ts';
import { createConsensus } from './driver/consensus.ts';
import { createExclusive } from './exclusive.ts';
import { organisationOfValidator, readKnownSets } from './governance-reads.ts';
import { createExecutor } from './ledger/executor.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import type { Logger } from './log.ts';
import { createManifests } from './manifests.ts';
import { createMempool } from './mempool.ts';
import type { Metrics } from './metrics.ts';
import { NODE_METRICS } from './metrics-table.ts';
import type { PeerTable } from './peers.ts';
import { buildPeerTable } from './peers.ts';
import { createChain, headOf } from './reads/chain.ts';
import { explainOutcome } from './reads/outcomes.ts';
import { createRecords } from './reads/records.ts';
import { schemaSourceOf } from './reads/schema.ts';
import { createSignatureVerifier } from './signatures.ts';
import type { StatusBoard } from './status.ts';
import { createStatusBoard } from './status.ts';
import type { Storage } from './storage.ts';
import { closeStorage, openStorage } from './storage.ts';
import { createSubmissionDesk } from './submissions.ts';
import { createTransactionJudge } from './transaction-judge.ts';
import { createValidatorHistory } from './validator-history.ts';
import { VERSION } from './version.ts';

/** Secrets of a node, opened by the caller. */
export interface NodeKeys {
  /** 32-byte seed of the PEER key. */
  readonly peer: Uint8Array;
  /** 32-byte seed of the CONSENSUS key; absent on an observer. */
  readonly consensus?: Uint8Array;
}

export interface NodeOptions {
  readonly settings: Settings;
  readonly genesis: Genesis;
  readonly keys: NodeKeys;
}

export interface NodeParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Uniform in [0, 1): jitter only. */
  readonly random: () => number;
  /** Contracts of this release; those of `@daybook/applications` in production. */
  readonly contracts: Parameters<typeof createEngine>[0];
  /** A proof of more than f faults, a disk error or a defect: the process must end. */
  readonly onFatal: (error: unknown) => void;
}

export interface Node {
  readonly peerId: string;
  /** Base URL of the HTTP API, with the port that was bound. */
  readonly apiUrl: string;
  readonly ledger: Ledger;
  report(): NodeReport;
  /** Takes over what a reload may change. */
  reload(settings: Settings): void;
  /** Stops serving, finishes what is being written, closes everything. Idempotent. */
  stop(): Promise<void>;
}

/** Where a transaction stands that may still be replayed; older ones have expired anyway. */
function placeOf(ledger: Ledger, blockLog: BlockLog, id: TransactionId): Placement | undefined {
  return ledger.replay.find(id) && blockLog.findTransaction(id);
}

/** Slugs behind the validators of a set, by hex of their ids. */
function organisationsOf(
  validators: ValidatorSet,
  organisationOf: (id: ValidatorId) => string | undefined,
): ReadonlyMap<string, string> {
  const named = validators.flatMap(({ id }) => {
    const organisation = organisationOf(id);
    return organisation === undefined ? [] : [[toHex(id), organisation] as const];
  });
  return new Map(named);
}

/** The record set at the head of a tree key. */
function setOf(treeKey: Uint8Array): number {
  return new DataView(treeKey.buffer, treeKey.byteOffset, 4).getUint32(0);
}

/** Votes per second that a peer may send: about a dozen messages a block, and the default at least. */
function consensusRateOf(blockIntervalMs: number): number {
  return Math.max(200, Math.ceil((1000 / blockIntervalMs) * 20));
}

function urlOf({ address: { host, port } }: Api): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Counters and gauges that follow the chain. */
function followChain(
  { ledger, metrics, clock }: { ledger: Ledger; metrics: Metrics; clock: Clock },
  status: StatusBoard,
): void {
  let lastMs = clock.now();
  ledger.onCommit(({ block }) => {
    const now = clock.now();
    metrics.add('daybook_node_blocks_total', 1);
    metrics.observe('daybook_node_block_seconds', (now - lastMs) / 1000);
    lastMs = now;
    const failed = block.outcomes.filter(({ result }) => result.code !== 0).length;
    const good = block.entries.length - failed;
    if (good > 0) metrics.add('daybook_node_transactions_total', good, { outcome: 'done' });
    if (failed > 0) metrics.add('daybook_node_transactions_total', failed, { outcome: 'refused' });
  });
  metrics.onRender(() => {
    const report = status.report();
    metrics.set('daybook_node_head_height', ledger.head().header.height);
    metrics.set('daybook_node_round', status.waiting()?.round ?? 0);
    metrics.set('daybook_node_mempool_transactions', report.mempool.transactions);
    metrics.set('daybook_node_mempool_bytes', report.mempool.bytes);
    metrics.set('daybook_node_links_count', report.peers.validators, { role: 'validator' });
    metrics.set('daybook_node_links_count', report.peers.observers, { role: 'observer' });
    metrics.set('daybook_node_disk_free_ratio', report.diskFree);
  });
}

/**
 * Builds a node on its data directory and starts it.
 * @throws NodeError, StateError or NetworkError when something it needs is missing or broken;
 *   nothing is left open then
 */
export async function startNode(options: NodeOptions, parts: NodeParts): Promise<Node> {
  const storage = await openStorage(options, parts);
  try {
    return await runNode(options, parts, storage);
  } catch (error) {
    await closeStorage(storage);
    throw error;
  }
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the one place where every part meets, in plain order, which pieces would only hide.
async function runNode(options: NodeOptions, parts: NodeParts, storage: Storage): Promise<Node> {
  const { settings, genesis, keys } = options;
  const { clock, logger, metrics, random, onFatal } = parts;
  const { blockLog, stateStore, signer, freeSpace } = storage;
  metrics.register(NODE_METRICS);
  metrics.register(NETWORK_METRICS);

  const engine = createEngine(parts.contracts);
  const executor = createExecutor(engine, genesis);
  const mempool = createMempool({ bytesMax: settings.mempool.bytesMax });
  const signatures = createSignatureVerifier(() => clock.now());
  const known = mempool.byHash.bind(mempool);
  const opening = await openLedger(genesis, { blockLog, stateStore, executor, signatures, known });
  const { ledger } = opening;
  const { header } = ledger.head();
  logger.info('ledger open', { height: header.height, reexecuted: opening.reexecuted });
  const differing = engine.verify(ledger.head().reader);
  assert(differing === undefined, `the contracts are those of the chain: ${differing?.code}`);

  const manifests = createManifests(engine, ledger, stateStore);
  const nodeSet = recordSetNamed(manifests.now(), 'directory', 'node');
  const history = createValidatorHistory(ledger, await readKnownSets(stateStore, manifests.now()));
  const selfKey = keys.consensus && asPublicKey(publicKeyOf(keys.consensus));
  const selfIndex = (): number | undefined =>
    selfKey && signer && indexOfKey(ledger.head().next.validators, selfKey);
  const tableNow = async (self: string): Promise<PeerTable> => {
    const { reader, next } = ledger.head();
    return buildPeerTable({
      self,
      nodes: await readDirectoryNodes(stateStore, nodeSet),
      validators: next.validators,
      organisations: organisationsOf(next.validators, (id) => organisationOfValidator(reader, id)),
      bootstrap: settings.network.bootstrap,
    });
  };
  const ownPeerId = peerIdFromPublicKey(publicKeyOf(keys.peer));
  let peers = await tableNow(ownPeerId);
  const network = await createNetwork(
    {
      listen: settings.network.listen,
      secretKey: keys.peer,
      chain: genesis.chain,
      admission: peers.admission,
      consensusRate: consensusRateOf(ledger.head().next.parameters.blockIntervalMs),
    },
    { clock, random, logger: logger.child('network'), metrics },
  );

  const desk = createSubmissionDesk({
    clock,
    mempool,
    network,
    signatures,
    judge: createTransactionJudge({
      genesis,
      ledger,
      engine,
      clock,
      locate: ({ id }) => placeOf(ledger, blockLog, id),
    }),
    validatorPeers: () => peers.validators.all().filter((peerId) => peerId !== network.peerId),
    isValidator: () => selfIndex() !== undefined,
    locate: (id) => placeOf(ledger, blockLog, id),
    onWork: () => consensus.onWork(),
  });
  const consensus: Consensus = createConsensus({
    clock,
    logger: logger.child('consensus'),
    metrics,
    network,
    ledger,
    blockLog,
    mempool,
    desk,
    signer,
    exclusive: createExclusive(),
    peers: () => peers.validators,
    validatorsAt: (height) => history.at(height),
    seed: Math.floor(random() * 0xffff_ffff),
    onFatal: (error) => {
      status.halted(error instanceof Error ? error.message : 'It protects the chain.');
      onFatal(error);
    },
  });
  const status: StatusBoard = createStatusBoard({
    clock,
    ledger,
    blockLog,
    network,
    mempool,
    mempoolBytesMax: settings.mempool.bytesMax,
    consensus,
    freeSpace,
    peers: () => peers,
    version: VERSION,
    selfIndex,
    quarantine: storage.quarantine,
    retainedHeights: LIMITS.retainedHeights,
  });
  followChain({ ledger, metrics, clock }, status);

  const heads: Heads = {
    onHead: (listener) => ledger.onCommit(() => listener(headOf(ledger.head()))),
  };
  const api: Api = await startApi(settings.api, {
    chain: createChain({ ledger, blockLog, validatorsAt: async (height) => history.at(height) }),
    heads,
    submissions: desk,
    records: createRecords({
      genesis,
      ledger,
      blockLog,
      stateStore,
      schemaOf: (set, height) => schemaSourceOf(manifests.at(height), set),
      laterSets: async () => history.laterSets(),
      explainResult: (stored) => explainOutcome(manifests.now(), stored),
    }),
    contracts: { manifest: () => manifests.now() },
    status,
    clock,
    logger: logger.child('api'),
    metrics,
  });

  let refreshing = Promise.resolve();
  const refreshPeers = (): void => {
    // One after the other: a table read earlier never replaces a later one.
    refreshing = refreshing
      .then(() => tableNow(network.peerId))
      .then((table) => {
        peers = table;
        network.updatePeers(table.admission);
        consensus.onLinks();
      })
      .catch(onFatal);
  };
  ledger.onCommit(({ block }) => {
    const changed = block.outcomes.some(({ result }) =>
      result.writes.some(({ treeKey }) => setOf(treeKey) === nodeSet.set),
    );
    const setChanged =
      toHex(block.header.validatorsHash) !== toHex(block.header.nextValidatorsHash);
    if (changed || setChanged) refreshPeers();
  });
  network.onPeer(() => consensus.onLinks());
  const leave = async (): Promise<void> => {
    status.stopping();
    await api.stop();
    desk.stop();
    await consensus.stop();
    await network.stop();
    await refreshing;
  };
  try {
    await network.start();
  } catch (error) {
    await leave();
    throw error;
  }
  consensus.start();
  logger.info('api listening', { url: urlOf(api) });

  let stopping: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    await leave();
    await closeStorage(storage);
  };
  return {
    peerId: network.peerId,
    apiUrl: urlOf(api),
    ledger,
    report: () => status.report(),
    reload: (next) => api.reload(next.api),
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
