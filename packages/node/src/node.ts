/**
 * The composition root: one function builds a node out of its parts, the chain (`replica.ts`) and
 * the API in front of it, and starts it; what it returns stops it. Nothing else in the project knows
 * all of them. `daemon.ts` runs it as a process; the test kit also runs it inside one.
 */
import { createEngine } from '@daybook/contracts';
import type { Genesis } from '@daybook/core';
import { peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import { createNetwork, NETWORK_METRICS } from '@daybook/network';
import { createAheadVerifier } from './ahead/ahead-verifier.ts';
import type { Api } from './api/api.ts';
import { startApi } from './api/api.ts';
import type { Heads, NodeReport } from './api/ports.ts';
import { createFolderSource } from './archive/archive-source.ts';
import { openNamedArchive } from './archive/own-folders.ts';
import { startTrimmer } from './archive/trim.ts';
import { createCheckpointDesk } from './checkpoints/checkpoint-desk.ts';
import { openCheckpointFile } from './checkpoints/checkpoint-file.ts';
import { createHistoryTree } from './checkpoints/history-tree.ts';
import { followWitnesses } from './checkpoints/witnesses.ts';
import type { Clock } from './clock.ts';
import type { Settings } from './config.ts';
import { describe, explainStop, isSafetyStop } from './exit-codes.ts';
import { isFork, refuseAfterFork } from './fork-proof.ts';
import { diskLimitsOf } from './free-space.ts';
import { allAtOnce, allInTurn } from './in-turn.ts';
import { giveInsight } from './insight.ts';
import { keepForkProof } from './keep-fork-proof.ts';
import { createExecutor } from './ledger/executor.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';
import { NODE_METRICS } from './metrics-table.ts';
import { stateKeepingOf } from './open-state.ts';
import { createChain, headOf } from './reads/chain.ts';
import { createFoundingState } from './reads/founding-state.ts';
import { explainOutcome } from './reads/outcomes.ts';
import { createRecords } from './reads/records.ts';
import { refuseDamage } from './reads/refuse-damage.ts';
import { schemaSourceOf } from './reads/schema.ts';
import { installedRecoveries, signingChainOf } from './recovery-files.ts';
import type { ConnectedSigners } from './remote-signers.ts';
import { connectSigners } from './remote-signers.ts';
import { openReplica } from './replica.ts';
import { prepareJoin, readAnchored, serveSnapshots } from './snapshot/wiring.ts';
import { startSqlTables } from './sql-tables.ts';
import type { StatusBoard } from './status.ts';
import { createStatusBoard } from './status.ts';
import type { Places, Storage } from './storage.ts';
import { closeStorage, openStorage, systemPlaces } from './storage.ts';
import { createTimedDisk } from './timed-disk.ts';
import { VERSION } from './version.ts';
import { walkLists } from './walk-lists.ts';

/** Secrets of a node, opened by the caller. */
export interface NodeKeys {
  /** 32-byte seed of the PEER key. */
  readonly peer: Uint8Array;
  /** 32-byte seed of the CONSENSUS key; absent on an observer. */
  readonly consensus?: Uint8Array;
  /** Seed of the key that takes its place when governance says so; see keys.nextConsensusFile. */
  readonly nextConsensus?: Uint8Array;
}

export interface NodeOptions {
  readonly settings: Settings;
  readonly genesis: Genesis;
  readonly keys: NodeKeys;
  /** A validator begins in quarantine, whatever its vote log says. */
  readonly quarantine?: boolean;
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
  /** A snapshot lies ready in the data directory: the node is to be stopped and started on it. */
  readonly onJoined: () => void;
}

export interface Node {
  readonly peerId: string;
  /** Base URL of the HTTP API, with the port that was bound. */
  readonly apiUrl: string;
  readonly ledger: Ledger;
  report(): NodeReport;
  /** Takes over what a reload may change. */
  reload(settings: Settings): void;
  /**
   * Something outside the node's parts failed, such as an uncaught defect: voting ends at once, the
   * node says why, and `onFatal` is told.
   */
  fail(error: unknown): void;
  /** Stops serving, finishes what is being written, closes everything. Idempotent. */
  stop(): Promise<void>;
}

function urlOf({ address: { host, port } }: Api): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Builds a node on its data directory and starts it.
 * @throws NodeError, StateError or NetworkError when something it needs is missing or broken;
 *   nothing is left open then
 */
export async function startNode(options: NodeOptions, parts: NodeParts): Promise<Node> {
  const { settings, genesis, keys } = options;
  const { metrics } = parts;
  metrics.register(NODE_METRICS);
  metrics.register(NETWORK_METRICS);
  const limits = diskLimitsOf(settings.disk);
  const { clock, logger } = parts;
  let node: Node | undefined;
  const onGone = (error: unknown): void => {
    if (node === undefined) parts.onFatal(error);
    else node.fail(error);
  };
  const places = systemPlaces(limits, { clock, logger, onGone });
  const { dataDirectory } = settings.node;
  refuseAfterFork(dataDirectory);
  const recoveries = installedRecoveries(dataDirectory, genesis);
  const chain = signingChainOf(genesis, recoveries);
  const remote = await connectSigners({ settings, keys, chain }, parts);
  const opening = openStorage(
    {
      genesis,
      signingChain: chain,
      remoteSigners: remote,
      quarantine: options.quarantine,
      consensusKey: keys.consensus,
      nextConsensusKey: keys.nextConsensus,
      dataDirectory: settings.node.dataDirectory,
      voteMirrorDirectory: settings.state.voteMirrorDirectory,
      keeping: stateKeepingOf(settings),
      segmentBytes: settings.archive.segmentBytesMax,
    },
    {
      logger: parts.logger,
      ...places,
      votesDisk: createTimedDisk(places.disk, {
        now: () => parts.clock.now(),
        onSync: (seconds) => metrics.observe('daybook_node_vote_sync_seconds', seconds),
      }),
    },
  );
  const storage = await opening.catch(async (error: unknown) => {
    await remote?.close();
    throw error;
  });
  try {
    node = await runNode(options, { ...parts, places, remote }, storage);
    return node;
  } catch (error) {
    await closeStorage(storage);
    throw error;
  }
}

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the one place where chain and API meet, in plain order, which pieces would only hide.
async function runNode(
  options: NodeOptions,
  parts: NodeParts & {
    readonly places: Places;
    readonly remote: ConnectedSigners | undefined;
  },
  storage: Storage,
): Promise<Node> {
  const { settings, genesis, keys } = options;
  const { clock, logger, metrics, random } = parts;
  const { blockLog, stateStore, freeSpace } = storage;
  const archive = openNamedArchive(settings);
  const engine = createEngine(parts.contracts);
  const replica = await openReplica(
    {
      genesis,
      recoveries: installedRecoveries(settings.node.dataDirectory, genesis),
      anchored: readAnchored(settings, genesis, clock.wall()),
      peerId: peerIdFromPublicKey(publicKeyOf(keys.peer)),
      bootstrap: settings.network.bootstrap,
      mempoolBytesMax: settings.mempool.bytesMax,
    },
    {
      clock,
      logger,
      metrics,
      random,
      storage,
      archive,
      engine,
      createNetwork: ({ admission, consensusRate }) =>
        createNetwork(
          {
            listen: settings.network.listen,
            secretKey: keys.peer,
            chain: genesis.chain,
            admission,
            consensusRate,
          },
          { clock, random, logger: logger.child('network'), metrics },
        ),
      createAhead: (signatures) =>
        createAheadVerifier({ signatures, logger: logger.child('ahead') }),
      onFatal: (error) => {
        if (isFork(error)) {
          keepForkProof(settings.node.dataDirectory, error, { genesis, blockLog, replica, logger });
        }
        status.halted(isSafetyStop(error) ? explainStop(error) : describe(error));
        parts.onFatal(error);
      },
    },
  );
  const { ledger, mempool, network, consensus, manifests, history, blocks, damage } = replica;
  // Whatever part fails: voting ends with it, and the node says why, while the rest is being closed.
  const fail = (error: unknown): void => consensus.fail(error);
  const status: StatusBoard = createStatusBoard({
    clock,
    ledger,
    blockLog,
    network,
    mempool,
    mempoolBytesMax: settings.mempool.bytesMax,
    consensus,
    damage,
    freeSpace,
    peers: replica.peers,
    version: VERSION,
    selfIndex: replica.selfIndex,
    signer: replica.signer,
    remoteSigner: parts.remote?.signer,
    stateStore,
    join: () => joining.report(),
  });
  const stopInsight = giveInsight({
    clock,
    logger,
    metrics,
    ledger,
    stateStore,
    systems: replica.systems,
    state: () => consensus.driver.state(),
    facts: () => ({
      report: status.report(),
      waiting: status.waiting(),
      parameters: ledger.head().next.parameters,
      head: ledger.head().header.height,
    }),
  });
  parts.remote?.onChange(() => consensus.onSigner());

  const sql = startSqlTables(settings, {
    ledger,
    blockLog,
    stateStore,
    manifests,
    executor: createExecutor(engine, genesis),
    clock,
    logger: logger.child('readmodel'),
    metrics,
  });
  const heads: Heads = {
    onHead: (listener) => ledger.onCommit(() => listener(headOf(ledger.head()))),
  };
  const tree = createHistoryTree({
    hashAt: (height) => blockLog.blockHashAt(height),
    soon: (task) => clock.soon(task),
  });
  const snapshots = serveSnapshots(settings, {
    ...{ clock, ledger, blockLog, blocks, stateStore, network, history, tree, damage },
    onFatal: fail,
  });
  const joining = prepareJoin(
    { settings, genesis },
    {
      ...{ clock, logger: logger.child('join'), metrics, replica },
      places: parts.places,
      onJoined: parts.onJoined,
      onFatal: fail,
    },
  );
  const witnesses = await followWitnesses({ ledger, stateStore, manifest: () => manifests.now() });
  const checkpoints = createCheckpointDesk({
    clock,
    logger: logger.child('checkpoints'),
    metrics,
    network,
    ledger,
    tree,
    store: openCheckpointFile(settings.node.dataDirectory),
    validatorsAt: (height) => history.at(height),
    signer: replica.signer,
    witnesses: () => witnesses.now(),
    isInStep: () => replica.isInStep(),
  });
  const records = createRecords({
    ...{ genesis, ledger, blockLog, blocks, stateStore, history: tree },
    schemaOf: (set, height) => schemaSourceOf(manifests.at(height), set),
    laterSets: async () => history.laterSets(),
    founding: createFoundingState(() => createExecutor(engine, genesis).genesis(genesis)),
    explainResult: (stored) => explainOutcome(manifests.now(), stored),
  });
  const api: Api = await startApi(settings.api, {
    chain: createChain({
      ...{ ledger, blockLog, blocks },
      validatorsAt: async (height) => history.at(height),
    }),
    heads,
    submissions: replica.desk,
    records: refuseDamage(records, damage),
    contracts: { manifest: () => manifests.now() },
    sql,
    history: tree,
    checkpoints,
    status,
    clock,
    logger: logger.child('api'),
    metrics,
  }).catch(async (error: unknown) => {
    await sql?.stop();
    throw error;
  });

  const trimmer = startTrimmer(settings.archive.keepBlocks, {
    clock,
    logger: logger.child('archive'),
    metrics,
    ledger,
    blockLog,
    stateStore,
    laterSets: () => history.laterSets(),
    own: createFolderSource(storage.directory.paths.blocks),
    archive,
  });
  const stopWalk = walkLists({
    clock,
    stateStore,
    manifest: () => manifests.now(),
    damage,
    onFatal: fail,
  });
  const leave = async (): Promise<void> => {
    status.stopping();
    stopInsight();
    // Requests are still answered by the parts that stop after the first.
    const first = [trimmer.stop(), stopWalk(), joining.stop(), snapshots.stop(), api.stop()];
    await allInTurn([
      () => allAtOnce(first),
      () => replica.stop(),
      async () => sql?.stop(),
      () => checkpoints.stop(),
      () => witnesses.stop(),
    ]);
  };
  try {
    await checkpoints.start();
    await replica.connect();
    joining.start();
  } catch (error) {
    // It is the beginning of what goes wrong in the end.
    await leave().catch(() => undefined);
    throw error;
  }
  logger.info('api listening', { url: urlOf(api) });

  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => allInTurn([leave, () => closeStorage(storage)]);
  return {
    peerId: network.peerId,
    apiUrl: urlOf(api),
    ledger,
    report: () => status.report(),
    reload: (next) => api.reload(next.api),
    fail,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
