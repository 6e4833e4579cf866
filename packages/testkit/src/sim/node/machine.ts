/**
 * One simulated machine with its node: clock, disk and database outlive the process, which is the
 * production replica over the ports of this simulation. It can be started, killed at any point of
 * its work, paused and started again, and says everything it does to the bus of the world.
 */
import type { Engine } from '@daybook/contracts';
import type { Genesis, Hash, RecoveryFile } from '@daybook/core';
import { asPublicKey, equalBytes, eraOf, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { Logger, Replica, Storage } from '@daybook/node';
import { closeStorage, openReplica, openStorage } from '@daybook/node';
import type { SigningRequest } from '@daybook/state';
import type { Member } from '../foundry.ts';
import type { MachineClock } from '../world/clock.ts';
import { createMachineClock } from '../world/clock.ts';
import type { DiskFault, DiskMoment } from '../world/disk.ts';
import { SimulatedDisk } from '../world/disk.ts';
import type { EventBus } from '../world/events.ts';
import { SimulatedKeyValue } from '../world/key-value.ts';
import type { Life } from '../world/life.ts';
import { createLife } from '../world/life.ts';
import type { Prng } from '../world/prng.ts';
import { createRefusals } from '../world/refusals.ts';
import type { Station, Tap } from '../world/station.ts';
import type { Timeline } from '../world/timeline.ts';
import type { Wire } from '../world/wire.ts';
import { codeOf } from './failure.ts';
import { createVotes } from './new-votes.ts';
import type { SignerDeath } from './signer-line.ts';
import { DATA, openSimDirectory } from './sim-directory.ts';
import { freeSpaceOf } from './sim-free-space.ts';
import { createSimLogger } from './sim-logger.ts';
import { createSimMetrics } from './sim-metrics.ts';
import { watchEngine } from './watched-engine.ts';
import { watchSigners } from './watched-signer.ts';
import { watchStation } from './watched-station.ts';

export interface MachineOptions {
  /** Number of the machine, its place in the world. */
  readonly index: number;
  readonly member: Member;
  readonly genesis: Genesis;
  readonly engine: Engine;
  readonly startMs: number;
  readonly driftPpm: number;
}

export interface MachineParts {
  readonly timeline: Timeline;
  readonly wire: Wire;
  readonly events: EventBus;
  readonly prng: Prng;
  /** Takes the node's log lines; absent when nobody reads them. */
  readonly log?: ((line: string) => void) | undefined;
}

/** `ending`: it must end, and works on until it has closed what it holds. */
export type MachineState = 'down' | 'starting' | 'up' | 'ending';

/** Why a process may die. */
export type DeathKind = 'kill' | 'power-loss';

const MEMPOOL_BYTES = 4 * 1024 * 1024;
/** Within so many ms a daemon that must end begins to close its parts. */
export const ENDING_MS_MAX = 1000;

export class Machine {
  readonly index: number;
  readonly member: Member;
  readonly clock: MachineClock;
  readonly disk: SimulatedDisk;
  readonly keyValue: SimulatedKeyValue;
  readonly prng: Prng;
  /** What faults have made its disk, its database or a part beside consensus throw. */
  readonly refusals = createRefusals();
  /** Set for a machine of the adversary: what it does to its traffic. */
  tap: Tap | undefined;
  /** Whether its own code is to be believed: false for machines of the adversary. */
  isHonest = true;
  /** Whether it stops when its key signs elsewhere; a liar knows that it does, and goes on. */
  givesWayToDouble: boolean | undefined;
  /** What it signs with; absent on an observer. Taken at the next start, as all of these. */
  consensusKey: Uint8Array | undefined;
  /** The key that is to take its place, while a rotation is under way. */
  nextConsensusKey: Uint8Array | undefined;
  /** The contracts of its release. */
  engine: Engine;
  /** Recovery files that its operator has installed. */
  recoveries: readonly RecoveryFile[] = [];
  /** Runs before every start, with the disk at hand. */
  beforeStart: (() => Promise<void>) | undefined;
  /** Storage was damaged: it may lack blocks, and need not go on. */
  wasDamaged = false;
  /** Up to here it may contradict itself, by no fault of its code: the checker of votes says so. */
  forgotUpTo = 0;
  /** Time of the next sync, in ms. */
  syncMs: () => number = () => 0;
  /** Asked at every moment of disk work. */
  strike: (moment: DiskMoment) => DiskFault | undefined = () => undefined;
  /** Asked at every request for a signature: whether the signer's process is killed, and when. */
  strikeSigner: (request: SigningRequest) => SignerDeath | undefined = () => undefined;
  /** Height of the newest block this node ever called final. */
  reportedHeight = 0;
  lives = 0;
  readonly #options: MachineOptions;
  readonly #parts: MachineParts;
  readonly #validatorId: Uint8Array;
  #life: Life | undefined;
  #signers: ReturnType<typeof watchSigners> | undefined;
  #storage: Storage | undefined;
  #replica: Replica | undefined;
  #station: Station | undefined;
  #state: MachineState = 'down';
  /** To be started when the process that is ending is gone. */
  #isAwaited = false;

  constructor(options: MachineOptions, parts: MachineParts) {
    this.#options = options;
    this.#parts = parts;
    this.index = options.index;
    this.member = options.member;
    const { keys, role } = options.member;
    this.engine = options.engine;
    this.consensusKey = role === 'validator' ? keys.consensus : undefined;
    this.#validatorId = validatorIdOf(asPublicKey(publicKeyOf(options.member.keys.consensus)));
    this.prng = parts.prng;
    const { timeline } = parts;
    const { startMs, driftPpm } = options;
    this.clock = createMachineClock({ timeline, startMs, driftPpm });
    const settings = {
      syncMs: () => this.syncMs(),
      strike: (moment: DiskMoment) => this.strike(moment),
      refusals: this.refusals,
    };
    this.disk = new SimulatedDisk(timeline, settings);
    this.keyValue = new SimulatedKeyValue(timeline, settings);
  }

  /** A validator whose key signs here; false for observers. */
  get isValidator(): boolean {
    return this.consensusKey !== undefined;
  }

  get name(): string {
    return `n${this.index}`;
  }

  state(): MachineState {
    return this.#state;
  }

  /** The running node, from the end of its recovery to its death. */
  replica(): Replica | undefined {
    return this.#replica;
  }

  storage(): Storage | undefined {
    return this.#storage;
  }

  station(): Station | undefined {
    return this.#station;
  }

  life(): Life | undefined {
    return this.#life;
  }

  /** Height of the head of the running node, or what it last reported. */
  height(): number {
    return this.replica()?.ledger.head().header.height ?? this.reportedHeight;
  }

  /** Creates the vote log as `daybook init` does. */
  async prepare(above?: number): Promise<void> {
    const { consensusKey: secretKey } = this;
    if (secretKey === undefined) return;
    await createVotes({ secretKey, chain: this.#options.genesis.chain, above }, this.#votesParts());
  }

  /**
   * Creates the log of the next key, if there is one, else that of the era after a recovery. As
   * `daybookd recover` does, it lets the era sign above the block of the plan only: own seals of
   * before are in another log.
   */
  async prepareNext(): Promise<void> {
    const secretKey = this.nextConsensusKey ?? this.consensusKey;
    if (secretKey === undefined) return;
    const above = this.recoveries.at(-1)?.plan.height;
    const log = { secretKey, chain: this.#signingChain(), above, isNamed: true };
    await createVotes(log, this.#votesParts());
  }

  #votesParts(): Parameters<typeof createVotes>[1] {
    return { disk: this.disk, timeline: this.#parts.timeline };
  }

  #signingChain(): Hash {
    const newest = this.recoveries.at(-1);
    return newest === undefined ? this.#options.genesis.chain : eraOf(newest.plan);
  }

  /** Whether this machine signs for the validator with this id. */
  hasValidatorId(id: Uint8Array): boolean {
    return this.isValidator && equalBytes(id, this.#validatorId);
  }

  // --- life and death --------------------------------------------------------------------------

  /** Starts it, or as a service manager does: once the process that is ending is gone. */
  start(): void {
    if (this.#state === 'ending') this.#isAwaited = true;
    if (this.#state !== 'down') return;
    this.#state = 'starting';
    this.lives += 1;
    const life = createLife(this.#parts.timeline);
    this.#life = life;
    this.#boot(life).catch((error: unknown) => this.#fail(life, error));
  }

  /** Ends the process at once, wherever it is. */
  crash(kind: DeathKind, why: string): void {
    if (this.#state === 'down') return;
    this.#die();
    this.#lose(kind);
    this.#parts.events.emit({ type: 'crashed', machine: this, why });
  }

  /** Ends the process as SIGTERM does: it closes its parts and is gone. */
  stop(): void {
    const life = this.#life;
    life?.enter(() => {
      if (this.#state !== 'up') return;
      this.#state = 'ending';
      this.#closeAll(life, () => {
        this.#parts.events.emit({ type: 'crashed', machine: this, why: 'stopped' });
      });
    });
  }

  /** @param onGone  when the process has closed what it holds and is gone */
  #closeAll(life: Life, onGone: () => void): void {
    const onFault = (error: unknown): void => {
      if (life.isAlive()) this.#parts.events.emit({ type: 'fault', machine: this, error });
    };
    const end = (): void => this.#gone(life, onGone);
    void this.#close().catch(onFault).then(end);
  }

  #gone(life: Life, onGone: () => void): void {
    if (!life.isAlive()) return;
    const isAwaited = this.#isAwaited;
    this.#die();
    onGone();
    if (isAwaited) this.start();
  }

  async #close(): Promise<void> {
    const storage = this.#storage;
    await this.#replica?.stop();
    if (storage !== undefined) await closeStorage(storage);
  }

  /** The process of the signer runs again, and the node is connected with it. */
  returnSigner(): void {
    const life = this.#life;
    if (life === undefined || !life.isAlive()) return;
    Promise.all([this.#signers?.signer?.mend(), this.#signers?.nextSigner?.mend()])
      .then(() => {
        if (life.isAlive()) this.replica()?.consensus.onSigner();
      })
      .catch((error: unknown) => this.#fail(life, error));
  }

  #lose(kind: DeathKind): void {
    // After kill -9 the system still holds what was written; only a power failure loses it.
    if (kind === 'kill') return;
    const losing = this.prng.fork(`loss ${this.lives}`);
    this.disk.crash(losing);
    this.keyValue.crash(losing);
  }

  #die(): void {
    this.#state = 'down';
    this.#isAwaited = false;
    this.#life?.end();
    if (this.#station !== undefined) this.#parts.wire.leave(this.#station);
    this.#station = undefined;
    this.#replica = undefined;
    this.#storage = undefined;
    this.#signers = undefined;
  }

  /** Ends the process: at once, or as a daemon does that still closes its parts. */
  #fail(life: Life, error: unknown): void {
    if (!life.isAlive() || this.#state === 'ending') return;
    const { events, timeline } = this.#parts;
    const cause = { machine: this, code: codeOf(error), error } as const;
    const onGone = (): void => events.emit({ type: 'fatal', ...cause });
    const prng = this.prng.fork(`end ${this.lives}`);
    const isAtOnce = this.#state !== 'up' || prng.chance(500);
    if (!isAtOnce) this.#state = 'ending';
    events.emit({ type: 'failed', ...cause });
    if (isAtOnce) {
      this.#gone(life, onGone);
      return;
    }
    timeline.at(timeline.now() + prng.between(0, ENDING_MS_MAX), () => {
      life.enter(() => this.#closeAll(life, onGone));
    });
  }

  // --- the production node over simulated ports --------------------------------------------------

  async #boot(life: Life): Promise<void> {
    await this.beforeStart?.();
    this.disk.harm.beginMending();
    const { genesis } = this.#options;
    const clock = this.clock.portFor(life);
    const logger = this.#logger();
    const { consensusKey, nextConsensusKey, recoveries, engine } = this;
    const storage = await openStorage(
      {
        genesis,
        consensusKey,
        nextConsensusKey,
        signingChain: this.#signingChain(),
        dataDirectory: DATA,
      },
      {
        logger,
        disk: this.disk.portFor(life),
        openKeyValue: async (path) => this.keyValue.portFor(life, path),
        openDirectory: openSimDirectory,
        watchFreeSpace: async () => freeSpaceOf(this.disk),
      },
    );
    this.#signers = watchSigners(storage, this, this.#parts.events);
    const watched = { ...storage, ...this.#signers };
    const random = this.prng.fork(`life ${this.lives}`);
    const replica = await openReplica(
      {
        genesis,
        peerId: this.member.peerId,
        bootstrap: [],
        mempoolBytesMax: MEMPOOL_BYTES,
        recoveries,
      },
      {
        clock,
        logger,
        engine: watchEngine(engine, this.#onExecute),
        storage: watched,
        metrics: createSimMetrics(this.#onNotice),
        random: () => random.fraction(),
        createNetwork: ({ admission }) => {
          this.#station = watchStation(this, admission, { life, clock, ...this.#parts });
          return this.#station;
        },
        onFatal: (error) => this.#fail(life, error),
        ...(!(this.givesWayToDouble ?? this.isHonest) && { onKeyElsewhere: () => undefined }),
      },
    );
    if (!life.isAlive()) return;
    this.#replica = replica;
    this.#storage = watched;
    this.#watchLedger(replica);
    await replica.connect();
    replica.takePart();
    if (!life.isAlive()) return;
    this.#state = 'up';
    const { height } = replica.ledger.head().header;
    this.#parts.events.emit({ type: 'booted', machine: this, height });
    this.disk.harm.endMending();
    this.reportedHeight = Math.max(this.reportedHeight, height);
  }

  #logger(): Logger {
    const { log, events } = this.#parts;
    const print = log && ((line: string) => log(`${this.name} ${line}`));
    return createSimLogger(print, (accusation) => {
      events.emit({ type: 'evidence', machine: this, ...accusation });
    });
  }

  readonly #onExecute = (height: number): void => {
    this.#parts.events.emit({ type: 'executed', machine: this, height });
  };

  readonly #onNotice = (code: string): void => {
    this.#parts.events.emit({ type: 'notice', machine: this, code });
  };

  #watchLedger(replica: Replica): void {
    replica.ledger.onCommit(({ block, certificate }) => {
      this.reportedHeight = Math.max(this.reportedHeight, block.header.height);
      this.#parts.events.emit({ type: 'committed', machine: this, block, certificate });
    });
  }
}
