/**
 * The diagnosis: do blocks advance when they should, and if not, why? One pure function from facts to
 * causes of the table in `health-causes.ts`; health checks, `daybook why`, metrics and the log agree
 * because they all ask it.
 */
import type { ChainParameters } from '@daybook/core';
import { quorumOf, roundDurationMs } from '@daybook/core';
import type {
  JoinReport,
  NodeReport,
  SigningWaitReport,
  VoterReport,
  WaitingReport,
} from './api/ports.ts';
import type { Facts, HealthKind, StateKind, Words } from './health-causes.ts';
import {
  AWAITED,
  CAUSES,
  fill,
  HEALTH_KINDS,
  JOIN_PHASES,
  SIGNING_LOGS,
  STATES,
} from './health-causes.ts';

/** One thing that is not as it should be. */
export interface HealthReason {
  readonly severity: 'fault' | 'warning';
  /** Closed set; the label of the metric. */
  readonly kind: HealthKind;
  readonly words: Words;
  readonly advice: Words;
}

export interface Health {
  /** No fault; warnings may stand. */
  readonly healthy: boolean;
  readonly state: { readonly kind: StateKind; readonly words: Words };
  /** In the order of blame: the first explains those that follow. */
  readonly reasons: readonly HealthReason[];
}

export interface HealthFacts {
  readonly report: NodeReport;
  readonly waiting: WaitingReport | undefined;
  readonly parameters: ChainParameters;
  /** Height of the newest final block. */
  readonly head: number;
}

/** Sync that brings no block for this long is stuck. */
const SYNC_STALL_MS = 60_000;
const MEMPOOL_WARNING = 0.9;
/** More rounds than one dead proposer costs. */
const ROUND_WARNING = 3;
/** An idle validator shows its STATUS every ten seconds; who misses three of them is silent. */
const SILENT_MS = 30_000;

/**
 * A signature that its disk holds up for longer hangs: longer than a sync takes on any disk that
 * still works, and as long as a signer process may take to answer.
 */
const SIGNING_HANG_MS = 10_000;

/** Judges one moment. */
export function diagnose(facts: HealthFacts): Health {
  const found = new Map<HealthKind, Facts>();
  for (const judge of JUDGES) {
    for (const [kind, details] of judge(facts)) found.set(kind, details);
  }
  const reasons = HEALTH_KINDS.flatMap((kind): HealthReason[] => {
    const details = found.get(kind);
    return details === undefined ? [] : [reasonOf(kind, details, facts)];
  });
  const healthy = reasons.every(({ severity }) => severity !== 'fault');
  return { healthy, state: stateOf(facts), reasons };
}

function reasonOf(kind: HealthKind, details: Facts, { report }: HealthFacts): HealthReason {
  const { severity, words, advice } = CAUSES[kind];
  // An observer is no voter: what it cannot reach hinders nobody but its readers.
  const isOwnWorry = report.role === 'validator' || !OF_VALIDATORS.includes(kind);
  return {
    severity: isOwnWorry ? severity : 'warning',
    kind,
    words: fill(words, details),
    advice: fill(advice, details),
  };
}

const OF_VALIDATORS: readonly HealthKind[] = ['no-links', 'quorum-unreachable', 'clock-off'];

/** Whether the disk keeps an own signature back. */
export function isHanging(wait: SigningWaitReport | undefined): boolean {
  return wait !== undefined && wait.forMs > SIGNING_HANG_MS;
}

/** Whether the node may be sent clients: it has caught up and is not on its way out. */
export function isReady(report: NodeReport): boolean {
  return report.activity === 'following' || report.activity === 'voting';
}

/**
 * The longest time from a block being due to its being final that needs no explanation: f dead
 * proposers in a row, then the round that succeeds, and one for good measure.
 */
export function patienceMs(parameters: ChainParameters, validatorCount: number): number {
  const { faultyMax } = quorumOf(Math.max(1, validatorCount));
  let patience = 0;
  for (let round = 0; round <= faultyMax + 1; round++) {
    patience += roundDurationMs(parameters, round);
  }
  return patience;
}

/** Whether blocks should have advanced by now. */
export function isOverdue({ report, parameters }: HealthFacts): boolean {
  const patience = patienceMs(parameters, report.reachable.of);
  if ((report.blockWantedMs ?? 0) > patience) return true;
  return report.headAgeMs > parameters.emptyIntervalMs + patience;
}

// --- what the node is doing --------------------------------------------------------------------

function stateOf(facts: HealthFacts): Health['state'] {
  const { report, waiting, parameters, head } = facts;
  const state = (kind: StateKind, details: Facts = {}): Health['state'] => ({
    kind,
    words: fill(STATES[kind], details),
  });
  const { activity, signing } = report;
  if (activity === 'starting' || activity === 'stopping' || activity === 'halted') {
    return state(activity);
  }
  if (activity === 'joining' && report.join !== undefined) {
    return state('joining', joinFacts(report.join));
  }
  const catchingUp = { head, target: '?', ...syncFacts(report) };
  if (activity === 'syncing') return state('catching-up', catchingUp);
  if (signing.state === 'asking') {
    return state('asking', { answers: signing.answers, needed: signing.needed });
  }
  if (report.sync?.credible === true) return state('catching-up', catchingUp);
  const isIdle = waiting === undefined || waiting.awaited === 'work';
  if (isIdle) {
    const interval = duration(parameters.emptyIntervalMs);
    return state('idle', { head, age: duration(report.headAgeMs), interval });
  }
  return state('working', placeOf(waiting));
}

// --- who is silent -----------------------------------------------------------------------------

/**
 * Validators that keep a quorum from forming as far as this node can see: not connected, not heard
 * of, or, when a block is overdue, without a vote in this round.
 */
export function silentVoters(facts: HealthFacts): readonly VoterReport[] {
  const { waiting, report } = facts;
  if (waiting === undefined) return [];
  const overdue = isOverdue(facts);
  return waiting.voters.filter((voter) => {
    if (voter.self) return false;
    const unheardMs = voter.silentMs ?? report.upMs;
    if (!voter.connected || unheardMs > SILENT_MS) return true;
    return overdue && !hasVoted(voter, waiting);
  });
}

function hasVoted({ prepared, committed, round }: VoterReport, waiting: WaitingReport): boolean {
  if (prepared || committed) return true;
  return waiting.round > 0 && (round ?? 0) >= waiting.round;
}

/** Names with the time of their silence. */
function namesOf(voters: readonly VoterReport[]): Facts {
  const since = (voter: VoterReport): Words => {
    if (voter.silentMs === undefined)
      return { en: 'not heard since the start', zh: '启动后未收到' };
    const time = duration(voter.silentMs);
    return { en: `last heard ${time} ago`, zh: `${time}前收到` };
  };
  const list = (language: keyof Words): string =>
    voters.map((voter) => `${voter.organisation} (${since(voter)[language]})`).join(', ');
  return { silent: list('en') || 'none', silentZh: list('zh') || '无' };
}

function placeOf(waiting: WaitingReport): Facts {
  const { height, round, quorum, votes = 0, proposer = '?' } = waiting;
  const details = { height, round, quorum, votes, proposer };
  const { en, zh } = fill(AWAITED[waiting.awaited], details);
  return { ...details, awaited: en, awaitedZh: zh };
}

/** What consensus waits for, in a sentence part; nothing while it waits for work only. */
export function awaitedOf(waiting: WaitingReport): Words | undefined {
  return waiting.awaited === 'work' ? undefined : fill(AWAITED[waiting.awaited], placeOf(waiting));
}

// --- causes ------------------------------------------------------------------------------------

type Judge = (facts: HealthFacts) => readonly (readonly [HealthKind, Facts])[];

const judgeSigning: Judge = ({ report }) => {
  const { signing } = report;
  const detail = report.hindrance ?? '';
  if (report.activity === 'halted') return [['halted', { detail }]];
  if (signing.state === 'away') return [['signer-away', {}]];
  if (signing.state !== 'quarantine') return [];
  return [['quarantined', { detail, ...progressOf(signing) }]];
};

function progressOf({
  startMs,
  resumeAbove,
}: Extract<NodeReport['signing'], { state: 'quarantine' }>): Facts {
  if (resumeAbove !== undefined) {
    return {
      progress: `Everything signed before lies at or below height ${resumeAbove}; the others are asked once more.`,
      progressZh: `此前签名均不高于高度 ${resumeAbove};正在再次向其他节点核对。`,
    };
  }
  if (startMs === undefined) {
    return {
      progress: 'It begins when the clocks of a quorum are known.',
      progressZh: '待获知法定数量节点的时钟后开始计时。',
    };
  }
  const time = new Date(startMs).toISOString();
  return {
    progress: `It ends above a block that is clearly later than ${time}.`,
    progressZh: `在出现明显晚于 ${time} 的区块之后结束。`,
  };
}

const judgeHang: Judge = ({ report: { signingWait } }) => {
  if (signingWait === undefined || !isHanging(signingWait)) return [];
  const { name, place } = SIGNING_LOGS[signingWait.log];
  const age = duration(signingWait.forMs);
  const ofLog = { log: name.en, logZh: name.zh, place: place.en, placeZh: place.zh };
  return [['signature-hangs', { age, ...ofLog }]];
};

const judgeDisk: Judge = ({ report: { diskFree, diskLimits, signing } }) => {
  const { stop, resume, low } = diskLimits;
  const shares = { percent: `${(diskFree * 100).toFixed(1)} %`, ...percentsOf({ stop, resume }) };
  const isPaused = signing.state === 'paused' && diskFree < resume;
  if (diskFree < stop || isPaused) return [['disk-full', shares]];
  return diskFree < low ? [['disk-low', shares]] : [];
};

function percentsOf(shares: Readonly<Record<string, number>>): Facts {
  const percents = Object.entries(shares).map(([name, share]) => [
    name,
    `${Math.round(share * 100)} %`,
  ]);
  return Object.fromEntries(percents);
}

const judgeClock: Judge = ({ report: { clockOffsetMs }, parameters: { precisionMs } }) => {
  if (clockOffsetMs === undefined) return [];
  const offset = `${Math.round(clockOffsetMs)} ms`;
  const off = Math.abs(clockOffsetMs);
  if (off > precisionMs) return [['clock-off', { offset }]];
  return off > precisionMs / 2 ? [['clock-drifting', { offset }]] : [];
};

const judgeReach: Judge = (facts) => {
  const { report, waiting } = facts;
  const { count, of } = report.reachable;
  if (of === 0) return [];
  const { quorum } = quorumOf(of);
  if (count >= quorum) return [];
  const away = (waiting?.voters ?? []).filter(({ connected, self }) => !connected && !self);
  const others = report.role === 'validator' ? count - 1 : count;
  const details = { count, of, quorum, ...namesOf(away) };
  return [[others === 0 ? 'no-links' : 'quorum-unreachable', details]];
};

const judgeSync: Judge = ({ report }) => {
  // Whether anything is being fetched at this moment says nothing: an attempt that fails is over at once.
  // What no more peers say than may lie makes nobody ill.
  const isBehind = report.activity === 'syncing' || report.sync?.credible === true;
  if (!isBehind || report.headAgeMs < SYNC_STALL_MS) return [];
  return [['sync-stalled', { age: duration(report.headAgeMs), target: '?', ...syncFacts(report) }]];
};

/** Target, pace and hindrance, each with what stands around it in a sentence. */
function syncFacts({ sync }: NodeReport): Facts {
  if (sync === undefined) return {};
  const { target, blocksPerSecond, leftMs, reason, peer } = sync;
  const left = leftMs === undefined ? '?' : duration(leftMs);
  return {
    target,
    ...(blocksPerSecond !== undefined && {
      pace: `, ${blocksPerSecond} blocks per second, about ${left} left`,
      paceZh: `,每秒 ${blocksPerSecond} 个区块,约剩 ${left}`,
    }),
    ...(reason !== undefined && {
      reason: `The next blocks were not given by ${peer ?? '?'}: ${reason}.`,
      reasonZh: `${peer ?? '?'} 没有提供后续区块:${reason}。`,
    }),
  };
}

const judgeJoin: Judge = ({ report: { join } }) => {
  if (join === undefined || join.idleMs < SYNC_STALL_MS) return [];
  return [['join-stalled', { ...joinFacts(join), age: duration(join.idleMs) }]];
};

function joinFacts({ phase, height, done, total, reason }: JoinReport): Facts {
  const { en, zh } = JOIN_PHASES[phase];
  return {
    phase: en,
    phaseZh: zh,
    place: height === undefined ? '' : ` ${height}`,
    percent: total === 0 ? 0 : Math.floor((100 * done) / total),
    ...(reason !== undefined && { reason: `${reason}.` }),
  };
}

const judgeDamage: Judge = ({ report: { damage } }) => {
  if (damage === undefined) return [];
  return [['data-damaged', { detail: damage.first, places: damage.places }]];
};

/** Blocks are overdue though a quorum is connected: then it is what the votes say. */
const judgeProgress: Judge = (facts) => {
  const { report, waiting } = facts;
  if (!isReady(report) || !isOverdue(facts)) return [];
  const age = duration(report.headAgeMs);
  const place = waiting === undefined ? {} : placeOf(waiting);
  if (waiting?.awaited === 'block') return [['block-missing', { age, ...place }]];
  const silent = silentVoters(facts);
  const voted = report.reachable.of - silent.length;
  const { quorum } = quorumOf(Math.max(1, report.reachable.of));
  const isReached = report.reachable.count >= quorum;
  if (isReached && waiting !== undefined && voted < quorum) {
    const connected = silent.filter((voter) => voter.connected);
    return [['quorum-silent', { age, ...place, voted, ...namesOf(connected) }]];
  }
  return [['stalled', { age, ...place, ...namesOf(silent) }]];
};

const judgeSilence: Judge = (facts) => {
  const { report } = facts;
  const { of } = report.reachable;
  const silent = silentVoters(facts);
  const spare = of === 0 ? 0 : of - quorumOf(of).quorum - silent.length;
  if (silent.length === 0 || spare < 0 || isOverdue(facts)) return [];
  return [['validator-silent', { ...namesOf(silent), spare }]];
};

const judgeRound: Judge = ({ waiting }) => {
  if (waiting === undefined || waiting.round < ROUND_WARNING) return [];
  return [['rounds', { height: waiting.height, round: waiting.round }]];
};

const judgeMempool: Judge = ({ report: { mempool } }) => {
  if (mempool.bytes < mempool.bytesMax * MEMPOOL_WARNING) return [];
  return [['mempool-full', { transactions: mempool.transactions }]];
};

const JUDGES: readonly Judge[] = [
  judgeSigning,
  judgeHang,
  judgeDisk,
  judgeClock,
  judgeReach,
  judgeJoin,
  judgeSync,
  judgeProgress,
  judgeSilence,
  judgeRound,
  judgeMempool,
  judgeDamage,
];

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
