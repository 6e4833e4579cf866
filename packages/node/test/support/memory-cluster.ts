/**
 * Whole nodes without an API, in one process on a clock that stands still: real ledgers, machines,
 * vote logs and sync over memory disks and a memory hub. Tests bring them into any state there is
 * and ask for the diagnosis.
 */
import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import type { Genesis } from '@daybook/core';
import { asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { MemoryHub } from '@daybook/network';
import { createMemoryHub, createMemoryNetwork } from '@daybook/network';
import type { Disk, MemoryDisk, MemoryKeyValue, VoteSigner } from '@daybook/state';
import {
  createMemoryDisk,
  createMemoryKeyValue,
  createVoteLog,
  createWrappedDisk,
} from '@daybook/state';
import type { Clock } from '../../src/clock.ts';
import { DISK_LIMITS } from '../../src/free-space.ts';
import type { Health, HealthFacts } from '../../src/health.ts';
import { diagnose } from '../../src/health.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import type { Replica } from '../../src/replica.ts';
import { openReplica } from '../../src/replica.ts';
import type { StatusBoard } from '../../src/status.ts';
import { createStatusBoard } from '../../src/status.ts';
import type { Storage } from '../../src/storage.ts';
import { closeStorage, openStorage } from '../../src/storage.ts';
import { notebook } from '../api/support/notebook.ts';
import { consensusSeed, GENESIS_MS, noteOf, peerIdOf } from './chain.ts';
import type { ManualClock } from './manual-clock.ts';
import { createManualClock } from './manual-clock.ts';

const MEMPOOL_BYTES = 1024 * 1024;
const DATA = '/data';
const STEP_MS = 20;

const DIRECTORY = {
  paths: {
    blocks: `${DATA}/blocks`,
    votes: `${DATA}/votes`,
    state: `${DATA}/state`,
    evidence: `${DATA}/evidence`,
  },
  close: async () => undefined,
};

export interface MemoryNode {
  readonly index: number;
  readonly disk: MemoryDisk;
  readonly replica: () => Replica;
  readonly board: () => StatusBoard;
  /** Errors that would have ended the process. */
  readonly fatal: readonly unknown[];
  /** Free part of the disk. */
  free: number;
  /** Own wall clock minus the true one. */
  clockOffsetMs: number;
  /** A process that is stopped with SIGSTOP: connected, and doing nothing. */
  isFrozen: boolean;
  start(): Promise<void>;
  /** Ends it; its disks stay. */
  kill(): Promise<void>;
  facts(): HealthFacts;
  health(): Health;
}

export interface MemoryCluster {
  readonly clock: ManualClock;
  readonly hub: MemoryHub;
  readonly nodes: readonly MemoryNode[];
  node(index: number): MemoryNode;
  /** Hands a transaction to these nodes. */
  submit(number: number, to: readonly number[]): Promise<void>;
  /** Lets time pass, with everything that happens in it. */
  run(ms: number): Promise<void>;
  /** Runs until the condition holds; fails after this much time. */
  until(what: string, holds: () => boolean, withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** Promises that are due now, reads and writes of memory disks included. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export interface MemoryClusterOptions {
  /** Validators without a vote log: as after a loss. */
  readonly logless?: readonly number[];
  /** Replaces the signer of a node, for one that is in another process. */
  readonly signerOf?: (index: number, signer: VoteSigner) => VoteSigner;
  /** Until when a sync of this file does not return; undefined where the disk is well. */
  readonly hangs?: (index: number, path: string) => Promise<void> | undefined;
}

/** A disk whose syncs wait for `hangs` of their file first. */
function hangingDisk(disk: Disk, hangs: (path: string) => Promise<void> | undefined): Disk {
  return createWrappedDisk(disk, (file) => ({
    sync: async () => {
      await hangs(file.path);
      await file.sync();
    },
  }));
}

class ClusterNode implements MemoryNode {
  readonly index: number;
  readonly disk: MemoryDisk;
  readonly fatal: unknown[] = [];
  free = 0.5;
  clockOffsetMs = 0;
  isFrozen = false;
  /** Set by tests that let the disk fail. */
  readonly #keyValues = new Map<string, MemoryKeyValue>();
  readonly #genesis: Genesis;
  readonly #clock: ManualClock;
  readonly #hub: MemoryHub;
  readonly #options: MemoryClusterOptions;
  #life = 0;
  #running:
    | { readonly replica: Replica; readonly board: StatusBoard; storage: Storage }
    | undefined;

  constructor(
    index: number,
    parts: { genesis: Genesis; clock: ManualClock; hub: MemoryHub; options: MemoryClusterOptions },
  ) {
    this.index = index;
    this.#genesis = parts.genesis;
    this.#clock = parts.clock;
    this.#hub = parts.hub;
    this.#options = parts.options;
    this.disk = createMemoryDisk();
  }

  replica = (): Replica => {
    if (this.#running === undefined) throw new Error(`node ${this.index} is down`);
    return this.#running.replica;
  };

  board = (): StatusBoard => {
    if (this.#running === undefined) throw new Error(`node ${this.index} is down`);
    return this.#running.board;
  };

  /** The clock as this node sees it; a node that is down or frozen runs no timers. */
  #ownClock(): Clock {
    const life = this.#life;
    const clock = this.#clock;
    const alive = (task: () => void) => (): void => {
      if (life !== this.#life) return;
      if (this.isFrozen) clock.schedule(STEP_MS, alive(task));
      else task();
    };
    return {
      now: () => clock.now(),
      wall: () => clock.wall() + this.clockOffsetMs,
      schedule: (delayMs, task) => clock.schedule(delayMs, alive(task)),
      soon: (task) => clock.soon(alive(task)),
    };
  }

  async createVotes(): Promise<void> {
    const publicKey = asPublicKey(publicKeyOf(consensusSeed(this.index)));
    await createVoteLog(
      {
        directory: DIRECTORY.paths.votes,
        chain: this.#genesis.chain,
        validatorId: validatorIdOf(publicKey),
      },
      { disk: this.disk },
    );
  }

  async start(): Promise<void> {
    this.#life += 1;
    const clock = this.#ownClock();
    const { hangs } = this.#options;
    const opened = await openStorage(
      { genesis: this.#genesis, consensusKey: consensusSeed(this.index), dataDirectory: DATA },
      {
        logger: SILENT_LOGGER,
        disk: hangs ? hangingDisk(this.disk, (path) => hangs(this.index, path)) : this.disk,
        openKeyValue: async (path) => {
          const found = this.#keyValues.get(path) ?? createMemoryKeyValue();
          this.#keyValues.set(path, found);
          return { ...found, close: async () => undefined };
        },
        openDirectory: async () => DIRECTORY,
        watchFreeSpace: async () => ({
          limits: DISK_LIMITS,
          fraction: () => this.free,
          stop: () => undefined,
        }),
      },
    );
    const { signerOf = (_index, signer) => signer } = this.#options;
    const storage = { ...opened, signer: opened.signer && signerOf(this.index, opened.signer) };
    const life = this.#life;
    const onFatal = (error: unknown): void => {
      if (life !== this.#life) return;
      this.fatal.push(error);
      this.#running?.board.halted(error instanceof Error ? error.message : String(error));
    };
    const replica = await openReplica(
      {
        genesis: this.#genesis,
        peerId: peerIdOf(this.index),
        bootstrap: [],
        mempoolBytesMax: MEMPOOL_BYTES,
      },
      {
        clock,
        logger: SILENT_LOGGER,
        storage,
        metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
        random: () => 0.5,
        engine: createEngine([...applications, notebook]),
        createNetwork: ({ admission, consensusRate }) =>
          this.#join(clock, admission, consensusRate),
        onFatal,
      },
    );
    const board = createStatusBoard({
      clock,
      ledger: replica.ledger,
      blockLog: storage.blockLog,
      network: replica.network,
      mempool: replica.mempool,
      mempoolBytesMax: MEMPOOL_BYTES,
      consensus: replica.consensus,
      damage: replica.damage,
      freeSpace: storage.freeSpace,
      peers: replica.peers,
      version: '0',
      selfIndex: replica.selfIndex,
      signer: replica.signer,
      remoteSigner: undefined,
      stateStore: storage.stateStore,
    });
    this.#running = { replica, board, storage };
    await replica.connect();
    replica.takePart();
  }

  #join(
    clock: Clock,
    admission: Parameters<typeof createMemoryNetwork>[0]['admission'],
    consensusRate: number,
  ) {
    const options = { peerId: peerIdOf(this.index), chain: this.#genesis.chain };
    const network = createMemoryNetwork(
      { ...options, admission, consensusRate },
      {
        clock,
        hub: this.#hub,
        logger: SILENT_LOGGER,
        metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
      },
    );
    return {
      ...network,
      // A process that stands still reads nothing.
      onMessage: (channel: 'consensus' | 'transactions' | 'sync', listener: Listener) =>
        network.onMessage(channel, (peerId, bytes) => {
          if (!this.isFrozen) return listener(peerId, bytes);
          return undefined;
        }),
      onGossip: (topic: 'blocks' | 'checkpoints' | 'system', listener: GossipListener) =>
        network.onGossip(topic, (peerId, bytes) =>
          this.isFrozen ? 'ignore' : listener(peerId, bytes),
        ),
    };
  }

  async kill(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    this.isFrozen = false;
    let isOver = false;
    const stopping = running.replica.stop().finally(() => {
      isOver = true;
    });
    while (!isOver) {
      this.#clock.advance(STEP_MS);
      await settle();
    }
    await stopping;
    this.#life += 1;
    await closeStorage(running.storage);
  }

  facts(): HealthFacts {
    const { ledger } = this.replica();
    return {
      report: this.board().report(),
      waiting: this.board().waiting(),
      parameters: ledger.head().next.parameters,
      head: ledger.head().header.height,
    };
  }

  health(): Health {
    return diagnose(this.facts());
  }
}

type Listener = Parameters<ReturnType<typeof createMemoryNetwork>['onMessage']>[1];
type GossipListener = Parameters<ReturnType<typeof createMemoryNetwork>['onGossip']>[1];

/** Every validator of a genesis, started and connected. */
export async function startMemoryCluster(
  genesis: Genesis,
  options: MemoryClusterOptions = {},
): Promise<MemoryCluster> {
  const clock = createManualClock(GENESIS_MS + 1000);
  const hub = createMemoryHub({ clock, fate: () => [1] });
  const nodes = genesis.validators.map(
    (_, index) => new ClusterNode(index, { genesis, clock, hub, options }),
  );
  for (const node of nodes) {
    if (options.logless?.includes(node.index) !== true) await node.createVotes();
    await node.start();
  }
  const node = (index: number): ClusterNode => {
    const found = nodes[index];
    if (found === undefined) throw new Error(`there is no node ${index}`);
    return found;
  };
  const run = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(Math.min(STEP_MS, ms - passed));
      await settle();
    }
  };
  return {
    clock,
    hub,
    nodes,
    node,
    run,
    submit: async (number, to) => {
      const validUntilMs = clock.wall() + 500_000;
      const { bytes } = noteOf(genesis, number, { validUntilMs });
      const submitted = to.map((index) => node(index).replica().desk.submit([bytes]));
      await run(2 * STEP_MS);
      for (const [outcome] of await Promise.all(submitted)) {
        if (outcome?.ok !== true) throw new Error(JSON.stringify(outcome));
      }
    },
    until: async (what, holds, withinMs = 120_000) => {
      for (let passed = 0; passed < withinMs; passed += STEP_MS) {
        if (holds()) return;
        await run(STEP_MS);
      }
      throw new Error(`not within ${withinMs} ms: ${what}`);
    },
    stop: async () => {
      for (const each of nodes) await each.kill();
    },
  };
}
