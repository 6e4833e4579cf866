/**
 * What this node is doing, for people, health checks and metrics: gathered from the parts that know,
 * cheap enough to be asked at any time, and decided by nobody here.
 */
import type { WaitingReport as MachineReport } from '@daybook/consensus';
import type { TimestampMs } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Network } from '@daybook/network';
import type { BlockLog, RemoteSigner, StateStore, VoteSigner } from '@daybook/state';
import { explainState } from '@daybook/state';
import type {
  Activity,
  JoinReport,
  NodeReport,
  NodeStatus,
  SigningReport,
  SigningWaitReport,
  SyncReport,
  VoterReport,
  WaitingReport,
} from './api/ports.ts';
import type { Clock } from './clock.ts';
import type { Consensus } from './driver/consensus.ts';
import type { FoundDamage } from './found-damage.ts';
import type { FreeSpace } from './free-space.ts';
import { isHanging } from './health.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { Mempool } from './mempool.ts';
import type { PeerTable } from './peers.ts';

export interface StatusParts {
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly blockLog: BlockLog;
  readonly network: Network;
  readonly mempool: Mempool;
  readonly mempoolBytesMax: number;
  readonly consensus: Consensus;
  readonly damage: Pick<FoundDamage, 'report'>;
  readonly freeSpace: FreeSpace;
  readonly peers: () => PeerTable;
  readonly version: string;
  /** Position of the own key in the present set. */
  readonly selfIndex: () => number | undefined;
  /** Absent on an observer. */
  readonly signer: Pick<VoteSigner, 'quarantine'> | undefined;
  /** Where the key lives in another process. */
  readonly remoteSigner: Pick<RemoteSigner, 'isConnected'> | undefined;
  readonly stateStore: Pick<StateStore, 'oldestHeight' | 'pins'>;
  /** While the node joins by a snapshot. */
  readonly join?: () => JoinReport | undefined;
}

export interface StatusBoard extends NodeStatus {
  /** The node is being stopped. */
  stopping(): void;
  /** Voting ended for a reason that only an operator can mend; the first one stays. */
  halted(sentence: string): void;
}

class Board implements StatusBoard {
  readonly #parts: StatusParts;
  readonly #startedAtMs: TimestampMs;
  readonly #startedMonoMs: number;
  #headSinceMs: number;
  #wantedSinceMs: number | undefined;
  #state: 'running' | 'stopping' | { readonly halted: string } = 'running';

  constructor(parts: StatusParts) {
    this.#parts = parts;
    this.#startedAtMs = parts.clock.wall();
    this.#startedMonoMs = parts.clock.now();
    this.#headSinceMs = parts.clock.now();
    parts.ledger.onCommit(() => {
      this.#headSinceMs = parts.clock.now();
      this.#wantedSinceMs = undefined;
    });
  }

  stopping(): void {
    if (this.#state === 'running') this.#state = 'stopping';
  }

  halted(sentence: string): void {
    // What fails later may only follow from what failed first.
    if (typeof this.#state !== 'object') this.#state = { halted: sentence };
  }

  report(): NodeReport {
    const { ledger, blockLog, network, mempool, clock, consensus, peers } = this.#parts;
    const links = network.links();
    const validators = links.filter(({ role }) => role === 'validator').length;
    const self = this.#parts.selfIndex();
    const set = ledger.head().next.validators;
    const machine = consensus.driver.explain();
    const id = self === undefined ? undefined : set[self]?.id;
    const join = this.#parts.join?.();
    const { syncer } = consensus;
    const damage = this.#parts.damage.report();
    const sync = this.#sync();
    const signingWait = this.#signingWait();
    return {
      version: this.#parts.version,
      role: self === undefined ? 'observer' : 'validator',
      organisation: peers().organisations.get(network.peerId),
      peerId: network.peerId,
      validator: id && toHex(id),
      activity: this.#activity(machine, self),
      hindrance: this.#hindrance(),
      signing: this.#signing(),
      ...(signingWait && { signingWait }),
      upMs: clock.now() - this.#startedMonoMs,
      ...(join && { join }),
      ...(sync && { sync }),
      ...(damage && { damage }),
      bestKnownHeight: syncer.bestKnown(),
      headAgeMs: clock.now() - this.#headSinceMs,
      blockWantedMs: this.#wantedMs(machine),
      peers: { validators, observers: links.length - validators },
      reachable: { count: validators + (self === undefined ? 0 : 1), of: set.length },
      mempool: {
        transactions: mempool.count(),
        bytes: mempool.bytes(),
        bytesMax: this.#parts.mempoolBytesMax,
      },
      diskFree: this.#parts.freeSpace.fraction(),
      diskLimits: this.#parts.freeSpace.limits,
      clockOffsetMs: this.#clockOffsetMs(),
      oldestStateHeight: this.#parts.stateStore.oldestHeight() ?? 0,
      snapshots: this.#parts.stateStore.pins('snapshots'),
      oldestBlockHeight: blockLog.firstHeight() ?? 0,
      startedAtMs: this.#startedAtMs,
    };
  }

  /** Median of own clock minus the validators', as their last STATUS messages showed it. */
  #clockOffsetMs(): number | undefined {
    const { clock, consensus } = this.#parts;
    const [wallMs, monoMs] = [clock.wall(), clock.now()];
    const offsets = consensus.driver
      .state()
      .peers.filter((peer) => peer !== undefined)
      .map(({ status, atMonoMs }) => Math.round(wallMs - (status.wallMs + (monoMs - atMonoMs))))
      .sort((a, b) => a - b);
    return offsets[Math.floor(offsets.length / 2)];
  }

  #hindrance(): string | undefined {
    if (typeof this.#state === 'object') return this.#state.halted;
    const reason = this.#parts.signer?.quarantine();
    return reason && `${reason.code}: ${explainState(reason)}`;
  }

  #signing(): SigningReport {
    const { signer, remoteSigner, consensus } = this.#parts;
    if (signer === undefined) return { state: 'none' };
    const trust = consensus.trust?.report();
    if (trust?.phase === 'quarantine') {
      const { startMs, resumeAbove } = trust;
      return {
        state: 'quarantine',
        ...(startMs !== undefined && { startMs }),
        ...(resumeAbove !== undefined && { resumeAbove }),
      };
    }
    if (remoteSigner?.isConnected() === false) return { state: 'away' };
    if (trust?.phase === 'asking') {
      return { state: 'asking', answers: trust.answers, needed: trust.needed };
    }
    const paused = consensus.driver.state().current?.paused ?? [];
    return paused.length > 0 ? { state: 'paused' } : { state: 'open' };
  }

  #signingWait(): SigningWaitReport | undefined {
    const { consensus, clock } = this.#parts;
    const wait = consensus.driver.signing();
    return wait && { log: wait.log, forMs: clock.now() - wait.sinceMs };
  }

  #sync(): SyncReport | undefined {
    const { consensus, peers } = this.#parts;
    const sight = consensus.syncer.progress();
    if (sight === undefined) return undefined;
    const { peerId, ...report } = sight;
    const peer = peerId === undefined ? undefined : (peers().organisations.get(peerId) ?? peerId);
    return { ...report, ...(peer !== undefined && { peer }) };
  }

  #activity(machine: MachineReport, self: number | undefined): Activity {
    if (this.#state === 'stopping') return 'stopping';
    if (typeof this.#state === 'object' || machine.phase === 'stopped') return 'halted';
    if (this.#parts.join?.() !== undefined) return 'joining';
    if (machine.phase === 'waiting') return 'starting';
    if (this.#parts.consensus.syncer.isBehind()) return 'syncing';
    return self === undefined || machine.quarantined ? 'following' : 'voting';
  }

  /** Since when a block has been due: work waits, or the machine waits for more than work. */
  #wantedMs(machine: MachineReport): number | undefined {
    const wanted = this.#parts.mempool.count() > 0 || machine.awaited !== 'work';
    if (!wanted) {
      this.#wantedSinceMs = undefined;
      return undefined;
    }
    const now = this.#parts.clock.now();
    this.#wantedSinceMs ??= now;
    return now - this.#wantedSinceMs;
  }

  waiting(): WaitingReport | undefined {
    const machine = this.#parts.consensus.driver.explain();
    const { height, round, quorum, selfIndex } = machine;
    if (height === undefined || round === undefined || quorum === undefined) return undefined;
    return {
      height,
      round,
      quorum,
      inHeightMs: machine.inHeightMs ?? 0,
      awaited: isHanging(this.#signingWait()) ? 'signature' : machine.awaited,
      votes: machine.votes,
      roundEndsMs: machine.roundEndsMs,
      proposer: machine.proposer === undefined ? undefined : this.#organisation(machine.proposer),
      voters: machine.validators.map((seen) => this.#voter(seen, selfIndex)),
    };
  }

  #organisation(index: number): string {
    return this.#parts.peers().validators.organisationOf(index) ?? `validator ${index}`;
  }

  #voter(seen: MachineReport['validators'][number], self: number | undefined): VoterReport {
    const id = this.#parts.ledger.head().next.validators[seen.index]?.id;
    return {
      validator: id === undefined ? '' : toHex(id),
      organisation: this.#organisation(seen.index),
      self: seen.index === self,
      connected: seen.linked || seen.index === self,
      round: seen.askedRound,
      prepared: seen.prepared,
      committed: seen.committed,
      silentMs: seen.silentMs,
    };
  }
}

export function createStatusBoard(parts: StatusParts): StatusBoard {
  return new Board(parts);
}
