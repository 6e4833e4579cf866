/**
 * The part of a node that keeps the chain: ledger, mempool, submissions, consensus and sync, built
 * top to bottom over ports. `node.ts` puts an API in front of it; the simulator of the test kit runs
 * many of them in one process, on a clock, a network and disks of its own. What decides anything
 * about the chain is therefore the same code in both.
 */
import { readRecoveries } from '@daybook/applications';
import type { Engine } from '@daybook/contracts';
import { ContractsError } from '@daybook/contracts';
import type {
  Genesis,
  RecoveryFile,
  TransactionId,
  ValidatorId,
  ValidatorSet,
} from '@daybook/core';
import { equalBytes, eraOf, indexOfKey, toHex } from '@daybook/core';
import type { Admission, Network } from '@daybook/network';
import type { BlockLog, VoteSigner } from '@daybook/state';
import type { AheadVerifier } from './ahead/ahead-verifier.ts';
import type { Placement } from './api/ports.ts';
import type { ArchiveSource } from './archive/archive-source.ts';
import type { BlockReader } from './archive/block-reader.ts';
import { createBlockReader } from './archive/block-reader.ts';
import type { Clock } from './clock.ts';
import { readDirectoryNodes, recordSetNamed, setOf } from './directory-nodes.ts';
import type { Consensus, ConsensusParts } from './driver/consensus.ts';
import { createConsensus } from './driver/consensus.ts';
import { NodeError } from './errors.ts';
import { createExclusive } from './exclusive.ts';
import type { FoundDamage } from './found-damage.ts';
import { organisationOfValidator, readKnownSets } from './governance-reads.ts';
import type { AnchoredChain } from './ledger/anchored.ts';
import type { Executor } from './ledger/executor.ts';
import { createExecutor } from './ledger/executor.ts';
import type { Ledger } from './ledger/ledger.ts';
import { openLedger } from './ledger/open-ledger.ts';
import type { Logger } from './log.ts';
import type { Manifests } from './manifests.ts';
import { createManifests } from './manifests.ts';
import type { Mempool } from './mempool.ts';
import { createMempool } from './mempool.ts';
import type { MetricsSink } from './metrics.ts';
import type { PeerTable } from './peers.ts';
import { buildPeerTable } from './peers.ts';
import type { KnownSet } from './reads/proofs.ts';
import { createReadySender } from './ready.ts';
import type { SignatureVerifier } from './signatures.ts';
import { createSignatureVerifier } from './signatures.ts';
import { followSets } from './snapshot/set-chain.ts';
import type { Storage } from './storage.ts';
import type { SubmissionDesk } from './submissions.ts';
import { createSubmissionDesk } from './submissions.ts';
import type { SystemDesk } from './system-desk.ts';
import { createSystemDesk } from './system-desk.ts';
import { createTransactionJudge } from './transaction-judge.ts';
import { createTurningSigner } from './turning-signer.ts';
import type { ValidatorHistory } from './validator-history.ts';
import { createValidatorHistory } from './validator-history.ts';

export interface ReplicaOptions {
  readonly genesis: Genesis;
  /** Peer id of the own PEER key. */
  readonly peerId: string;
  /** Configured addresses of peers. */
  readonly bootstrap: readonly string[];
  /** Recovery files that the operator installed. */
  readonly recoveries?: readonly RecoveryFile[];
  /** What the chain must go through beside genesis. */
  readonly anchored?: AnchoredChain;
  /** Bytes of all waiting transactions. */
  readonly mempoolBytesMax: number;
}

/** What a network is made for. */
export interface NetworkPlan {
  readonly admission: Admission;
  /** Consensus messages per second that a peer may send. */
  readonly consensusRate: number;
}

export interface ReplicaParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  /** Uniform in [0, 1): jitter only. */
  readonly random: () => number;
  /** Of the contracts of this release; it remembers nothing between blocks and may be shared. */
  readonly engine: Engine;
  /** Stays open when the replica stops: it belongs to the caller. */
  readonly storage: Storage;
  readonly createNetwork: (plan: NetworkPlan) => Network;
  /** Verifies beside the chain what sync has fetched; without it the chain does so itself. */
  readonly createAhead?: (signatures: Pick<SignatureVerifier, 'remember'>) => AheadVerifier;
  /** Where segments of the block log were moved to. */
  readonly archive?: ArchiveSource | undefined;
  /** A proof of more than f faults, a disk error or a defect: the process must end. */
  readonly onFatal: (error: unknown) => void;
  /** As for `createConsensus`: only liars of the simulator go on then. */
  readonly onKeyElsewhere?: ConsensusParts['onKeyElsewhere'];
}

export interface Replica {
  readonly ledger: Ledger;
  readonly mempool: Mempool;
  readonly desk: SubmissionDesk;
  readonly systems: SystemDesk;
  readonly network: Network;
  readonly consensus: Consensus;
  readonly manifests: Manifests;
  readonly history: ValidatorHistory;
  /** Of any height, here or in the archive. */
  readonly blocks: BlockReader;
  /** What serving others has found damaged. */
  readonly damage: FoundDamage;
  peers(): PeerTable;
  /** Absent on an observer. */
  readonly signer: VoteSigner | undefined;
  /** Position of the own key in the set that signs the next height. */
  selfIndex(): number | undefined;
  /** Whether no more than the next block is missing here, by the word of more peers than may lie. */
  isInStep(): boolean;
  /** Joins the network. @throws NetworkError; what runs is to be stopped then */
  connect(): Promise<void>;
  /** Follows the chain and votes, once connected. */
  takePart(): void;
  /** Waits for what is being signed or written. */
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

/** Votes per second that a peer may send: about a dozen messages a block, and the default at least. */
function consensusRateOf(blockIntervalMs: number): number {
  return Math.max(200, Math.ceil((1000 / blockIntervalMs) * 20));
}

/** Every set after genesis's: of the time before a snapshot, then as the state recorded them. */
async function recordedSets(
  { genesis, recoveries = [] }: ReplicaOptions,
  { beginning, stateStore }: Storage,
  manifests: Manifests,
): Promise<readonly KnownSet[]> {
  const begun = followSets(genesis, beginning, recoveries);
  if (!begun.ok) throw new NodeError('NODE_BEGINNING_DAMAGED', { detail: `${begun.reason}.` });
  const { later } = begun.value;
  const known = await readKnownSets(stateStore, manifests.now());
  return [...later, ...known.filter(({ from }) => from > (later.at(-1)?.from ?? 0))];
}

/** Says at the start what an installed recovery does to the next height. */
function tellRecoveries(ledger: Ledger, executor: Executor, logger: Logger): void {
  const { reader, header, hash } = ledger.head();
  for (const { file, judged } of executor.recoveriesAt(reader, { height: header.height, hash })) {
    const facts = { height: header.height, era: toHex(eraOf(file.plan)) };
    if (judged.ok) logger.warn('chain goes on by recovery', facts);
    else logger.error('recovery refused', { ...facts, code: judged.reason.code });
  }
}

/**
 * Opens the chain on its storage and connects the parts; nothing runs before `start`.
 * @throws NodeError or StateError when what is stored is broken or of another chain
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: every part of the chain meets here, in plain order, which pieces would only hide.
export async function openReplica(options: ReplicaOptions, parts: ReplicaParts): Promise<Replica> {
  const { genesis } = options;
  const { clock, logger, metrics, random, engine } = parts;
  const { blockLog, stateStore } = parts.storage;

  const { recoveries = [] } = options;
  const executor = createExecutor(engine, genesis, recoveries);
  const mempool = createMempool({ bytesMax: options.mempoolBytesMax });
  const signatures = createSignatureVerifier(clock);
  const known = mempool.byHash.bind(mempool);
  const keepsakes = parts.storage.history;
  const stores = { blockLog, stateStore, keepsakes, anchored: options.anchored };
  const opening = await openLedger(genesis, { ...stores, executor, signatures, known });
  const { ledger } = opening;
  const { header } = ledger.head();
  const { reexecuted, lost } = opening;
  logger.info('ledger open', { height: header.height, reexecuted });
  if (lost > 0) {
    const { blocks: path } = parts.storage.directory.paths;
    logger.warn('block log has lost blocks', { path, height: header.height, lost });
  }
  const differing = engine.verify(ledger.head().reader);
  if (differing !== undefined) throw new ContractsError(differing);

  const manifests = createManifests(engine, ledger, stateStore);
  const nodeSet = recordSetNamed(manifests.now(), 'directory', 'node');
  const history = createValidatorHistory(
    ledger,
    await recordedSets(options, parts.storage, manifests),
    readRecoveries(ledger.head().reader),
  );
  const { damage } = parts.storage;
  const blocks = createBlockReader({
    blockLog,
    genesis,
    archive: parts.archive,
    signingAt: (height) => ({
      validators: history.at(height) ?? genesis.validators,
      era: history.chainAt(height),
    }),
    logger: logger.child('archive'),
    metrics,
    damage,
  });
  tellRecoveries(ledger, executor, logger);
  const validators = (): ValidatorSet => ledger.head().next.validators;
  const signers = [parts.storage.signer, parts.storage.nextSigner];
  const signer = createTurningSigner(
    signers.filter((one) => one !== undefined),
    validators,
  );
  const selfIndex = (): number | undefined => signer && indexOfKey(validators(), signer.publicKey);
  const tableNow = async (self: string): Promise<PeerTable> => {
    const { reader, next } = ledger.head();
    return buildPeerTable({
      self,
      nodes: await readDirectoryNodes(stateStore, nodeSet),
      validators: next.validators,
      organisations: organisationsOf(next.validators, (id) => {
        const planned = next.recovery?.plan.validators.find((one) => equalBytes(one.id, id));
        return planned?.organisation ?? organisationOfValidator(reader, id);
      }),
      bootstrap: options.bootstrap,
    });
  };
  let peers = await tableNow(options.peerId);
  const network = parts.createNetwork({
    admission: peers.admission,
    consensusRate: consensusRateOf(ledger.head().next.parameters.blockIntervalMs),
  });

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
  const systems: SystemDesk = createSystemDesk({
    clock,
    keepsakes: parts.storage.evidence,
    logger: logger.child('system'),
    metrics,
    network,
    ledger,
    validatorsAt: (height) => history.at(height),
    onEvidence: (proof) => consensus.ownKey?.onEvidence(proof),
    onWork: () => consensus.onWork(),
  });
  const consensus: Consensus = createConsensus({
    clock,
    logger: logger.child('consensus'),
    metrics,
    network,
    ledger,
    blockLog,
    blocks,
    damage,
    mempool,
    desk,
    systems,
    signer,
    exclusive: createExclusive(),
    ahead: parts.createAhead?.(signatures),
    peers: () => peers.validators,
    validatorsAt: (height) => history.at(height),
    chainAt: (height) => history.chainAt(height),
    seed: Math.floor(random() * 0xffff_ffff),
    onFatal: parts.onFatal,
    onKeyElsewhere: parts.onKeyElsewhere,
  });

  const fail = (error: unknown): void => consensus.fail(error);

  const ready = createReadySender({
    logger: logger.child('ready'),
    metrics,
    ledger,
    blockLog,
    signers: parts.storage.readySigners,
    isInStep: () => consensus.syncer.isInStep(),
    submit: (kind, payload) => systems.submit(kind, payload),
    onFatal: fail,
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
      .catch(fail);
  };
  ledger.onCommit(({ block }) => {
    const changed = block.outcomes.some(({ result }) =>
      result.writes.some(({ treeKey }) => setOf(treeKey) === nodeSet.set),
    );
    const { validatorsHash, nextValidatorsHash } = block.header;
    const setChanged = !equalBytes(validatorsHash, nextValidatorsHash);
    if (changed || setChanged) refreshPeers();
  });
  network.onPeer((event) => {
    if (event.kind === 'opened' && event.channel === 'sync') consensus.onPeer(event.peerId);
    // Of the channels of a link only that of consensus makes a difference to the others.
    if ('channel' in event && event.channel !== 'consensus') return;
    consensus.onLinks();
  });

  return {
    ledger,
    mempool,
    desk,
    systems,
    network,
    consensus,
    manifests,
    history,
    blocks,
    damage,
    signer,
    peers: () => peers,
    selfIndex,
    isInStep: () => consensus.syncer.isInStep(),
    connect: async () => {
      await network.start();
    },
    takePart: () => {
      consensus.start();
      ready.look();
    },
    stop: async () => {
      desk.stop();
      ready.stop();
      systems.stop();
      await consensus.stop();
      await network.stop();
      await refreshing;
    },
  };
}
