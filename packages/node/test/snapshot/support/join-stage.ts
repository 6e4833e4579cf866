/** A chain that serves a snapshot, and nodes that join by it, on real disks. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import type { Hash, Height } from '@daybook/core';
import { asHash } from '@daybook/core';
import type { Offence } from '@daybook/network';
import type { Disk, KeyValue } from '@daybook/state';
import {
  createNodeDisk,
  openBlockLog,
  openDataDirectory,
  openLevel,
  openStateStore,
} from '@daybook/state';
import { createHistoryTree } from '../../../src/checkpoints/history-tree.ts';
import type { Clock } from '../../../src/clock.ts';
import { createFoundDamage } from '../../../src/found-damage.ts';
import { createExecutor } from '../../../src/ledger/executor.ts';
import { openLedger } from '../../../src/ledger/open-ledger.ts';
import { SILENT_LOGGER } from '../../../src/log.ts';
import { readBeginning } from '../../../src/snapshot/beginning.ts';
import type { Join } from '../../../src/snapshot/join.ts';
import { createJoin } from '../../../src/snapshot/join.ts';
import { createSnapshotService } from '../../../src/snapshot/serve.ts';
import type { Anchors } from '../../../src/snapshot/snapshot.ts';
import type { SnapshotQuestion } from '../../../src/snapshot/wire.ts';
import { decodeQuestion } from '../../../src/snapshot/wire.ts';
import { notebook } from '../../api/support/notebook.ts';
import { answeringPeers } from '../../support/answering-peers.ts';
import type { OpenChain } from '../../support/chain.ts';
import {
  certify,
  freshDisks,
  GENESIS_MS,
  makeGenesis,
  noteOf,
  openChain,
  PLAIN_VERIFIER,
} from '../../support/chain.ts';

export const genesis = makeGenesis();
export const CONTRACTS = [...applications, notebook];
const HEIGHT = 140;
/** Height of the snapshot that is served. */
export const SNAPSHOT_AT: Height = HEIGHT - 3;
/** So far apart that the window of transactions holds ten of them. */
export const BLOCK_MS = 60_000;
const RECORDS_IN_A_RANGE = 40;

/** A clock that does not wait: timers fire in turn, and the time they were to take has passed. */
function hurriedClock(wallMs: number): Clock {
  let now = 0;
  return {
    now: () => now,
    wall: () => wallMs,
    schedule: (delayMs, task) => {
      const handle = setImmediate(() => {
        now += delayMs;
        task();
      });
      return () => clearImmediate(handle);
    },
    soon: (task) => setImmediate(task),
  };
}

async function growSlowly(chain: OpenChain, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { ledger } = chain;
    const { header, next } = ledger.head();
    const timestampMs = header.timestampMs + BLOCK_MS;
    const note = noteOf(genesis, header.height + 1, { validUntilMs: timestampMs + 300_000 });
    const [proposer] = next.validators;
    if (proposer === undefined) throw new Error('a chain has a validator');
    const entries = [{ type: 'transaction' as const, transaction: note }];
    const block = ledger.build({ timestampMs, proposer: proposer.id, entries });
    await ledger.commit(block, certify(ledger, block));
  }
}

export type Mangle = (question: SnapshotQuestion, answer: Uint8Array) => Uint8Array | undefined;

export interface Scene {
  readonly join: Join;
  readonly asked: readonly (readonly [peerId: string, kind: string])[];
  readonly penalties: readonly (readonly [peerId: string, offence: Offence])[];
  /** How it ended. */
  readonly outcome: Promise<'joined' | 'nothing' | { readonly fatal: unknown }>;
}

export interface SceneOptions {
  readonly anchors?: Anchors;
  /** Peers by id, each with what it makes of a true answer. */
  readonly peers: Readonly<Record<string, Mangle>>;
  /** What peers answer where a true answer is that they have nothing. */
  readonly besides?: (peerId: string, question: SnapshotQuestion) => Uint8Array | undefined;
  readonly wallMs?: number;
  readonly disk?: Disk;
  readonly openKeyValue?: (path: string) => Promise<KeyValue>;
}

export const honest: Mangle = (_question, answer) => answer;
/** Changes one bit in the middle of answers of a kind. */
export const forging =
  (kind: string): Mangle =>
  (question, answer) => {
    if (question.kind !== kind) return answer;
    const forged = answer.slice();
    const at = forged.length >> 1;
    forged[at] = (forged[at] ?? 0) ^ 1;
    return forged;
  };

/** What the joining node may find, and where it puts it. */
export interface JoinStage {
  readonly source: OpenChain;
  /** Data directory of the joining node; another one for each test. */
  directory(): string;
  /** Where more may be kept; it is removed after each test. */
  root(): string;
  begin(options: SceneOptions): Scene;
  hashAt(height: Height): Hash;
}

type Serve = (request: Uint8Array) => Promise<Uint8Array | undefined>;

async function serviceOf(source: OpenChain): Promise<Serve> {
  const { blockLog, stateStore } = source;
  await stateStore.pin(SNAPSHOT_AT, 'snapshots');
  const inSmallRanges: typeof stateStore = Object.create(stateStore, {
    proveRange: {
      value: (place: 'all', options: Parameters<typeof stateStore.proveRange>[1]) =>
        stateStore.proveRange(place, { ...options, limit: RECORDS_IN_A_RANGE }),
    },
    figures: { value: () => stateStore.figures() },
  });
  const history = createHistoryTree({
    hashAt: (height) => blockLog.blockHashAt(height),
    soon: (task) => setImmediate(task),
  });
  return createSnapshotService({
    blockLog,
    blocks: { readBlock: async (height) => blockLog.readBlock(height) },
    stateStore: inSmallRanges,
    history,
    laterSets: () => [],
    heights: () => [SNAPSHOT_AT],
    damage: createFoundDamage(SILENT_LOGGER),
    onUse: () => undefined,
  });
}

/** Sets the hooks of the suite it is called in. */
export function useJoinStage(): JoinStage {
  let source: OpenChain;
  let serve: Serve;
  let root: string;
  const directory = (): string => path.join(root, 'data');

  before(async () => {
    source = await openChain(genesis, freshDisks());
    await growSlowly(source, HEIGHT);
    serve = await serviceOf(source);
  });
  after(async () => await source.close());
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'daybook-join-'));
    await mkdir(directory());
  });
  afterEach(async () => await rm(root, { recursive: true, force: true }));

  return {
    get source() {
      return source;
    },
    directory,
    root: () => root,
    hashAt: (height) => source.blockLog.blockHashAt(height) ?? asHash(new Uint8Array(32)),
    begin: (options) => beginJoin(options, { directory: directory(), serve }),
  };
}

function beginJoin(
  { anchors = {}, peers, besides, wallMs, disk, openKeyValue }: SceneOptions,
  { directory, serve }: { readonly directory: string; readonly serve: Serve },
): Scene {
  const asked: [string, string][] = [];
  const penalties: [string, Offence][] = [];
  const network = answeringPeers({
    validators: Object.keys(peers),
    answer: async (peerId, request) => {
      const question = decodeQuestion(request);
      if (!question.ok) throw new Error(question.reason.code);
      asked.push([peerId, question.value.kind]);
      const truth = await serve(request);
      return truth === undefined
        ? besides?.(peerId, question.value)
        : peers[peerId]?.(question.value, truth);
    },
    onPenalty: (peerId, offence) => penalties.push([peerId, offence]),
  });
  const { promise: outcome, resolve } = Promise.withResolvers<Awaited<Scene['outcome']>>();
  const join = createJoin(
    { genesis, recoveries: [], anchors, dataDirectory: directory },
    {
      clock: hurriedClock(wallMs ?? GENESIS_MS + (HEIGHT + 1) * BLOCK_MS),
      logger: SILENT_LOGGER,
      metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
      network,
      disk: disk ?? createNodeDisk(),
      openKeyValue: openKeyValue ?? openLevel,
      onJoined: () => resolve('joined'),
      onNothing: () => resolve('nothing'),
      onFatal: (fatal) => resolve({ fatal }),
    },
  );
  join.start();
  return { join, asked, penalties, outcome };
}

/** Opens what a join has left, as a node does at its start. */
export async function openJoined(directory: string) {
  const disk = createNodeDisk();
  const locked = await openDataDirectory(directory);
  const { blocks, state } = locked.paths;
  const blockLog = await openBlockLog({ directory: blocks }, { disk });
  const stateStore = await openStateStore({ directory: state }, { disk, openKeyValue: openLevel });
  const executor = createExecutor(createEngine(CONTRACTS), genesis);
  const known = (): undefined => undefined;
  const parts = { blockLog, stateStore, executor, signatures: PLAIN_VERIFIER, known };
  const opening = await openLedger(genesis, parts);
  return {
    ...opening,
    blockLog,
    stateStore,
    changes: readBeginning(blocks, disk),
    close: async () => {
      await blockLog.close();
      await stateStore.close();
      await locked.close();
    },
  };
}
