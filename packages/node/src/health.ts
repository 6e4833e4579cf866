/**
 * Judges whether a node does what it should: blocks advance, or there is nothing to do. Pure: facts
 * in, words out, each with what the operator can do, so that health checks, `why` and alarms agree.
 */
import type { ChainParameters } from '@daybook/core';
import { quorumOf, roundDurationMs } from '@daybook/core';
import type { NodeReport, VoterReport, WaitingReport } from './api/ports.ts';

/** One thing that is not as it should be. */
export interface HealthReason {
  /** fault: the node or the chain does not do its work; warning: it soon may not. */
  readonly severity: 'fault' | 'warning';
  /** Closed set; the label of the metric, and the heading in docs/operations/runbook.md. */
  readonly kind: HealthKind;
  /** What is wrong, with figures. */
  readonly words: string;
  /** What the operator can do. */
  readonly advice: string;
}

export const HEALTH_KINDS = [
  'halted',
  'stalled',
  'sync-stalled',
  'quorum-unreachable',
  'not-signing',
  'disk',
  'clock',
  'mempool',
  'round',
] as const;
export type HealthKind = (typeof HEALTH_KINDS)[number];

export interface Health {
  /** No fault; warnings may stand. */
  readonly healthy: boolean;
  readonly reasons: readonly HealthReason[];
}

export interface HealthFacts {
  readonly report: NodeReport;
  readonly waiting: WaitingReport | undefined;
  readonly parameters: ChainParameters;
}

/** Free disk space at which the guard stops signing (protocol G4), and at which we warn. */
const DISK_FAULT = 0.02;
const DISK_WARNING = 0.1;
/** Sync that brings no block for this long is stuck. */
const SYNC_STALL_MS = 60_000;
const MEMPOOL_WARNING = 0.9;
/** Rounds beyond this do not happen by one dead proposer. */
const ROUND_WARNING = 3;

/** Judges one moment. */
export function judgeHealth(facts: HealthFacts): Health {
  const reasons = [
    judgeActivity(facts),
    judgeProgress(facts),
    judgeReach(facts),
    judgeDisk(facts.report),
    judgeClock(facts),
    judgeMempool(facts.report),
    judgeRound(facts.waiting),
  ].filter((reason) => reason !== undefined);
  return { healthy: reasons.every(({ severity }) => severity !== 'fault'), reasons };
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

function fault(kind: HealthKind, words: string, advice: string): HealthReason {
  return { severity: 'fault', kind, words, advice };
}

function warning(kind: HealthKind, words: string, advice: string): HealthReason {
  return { severity: 'warning', kind, words, advice };
}

function judgeActivity({ report }: HealthFacts): HealthReason | undefined {
  const why = report.hindrance ?? 'The log names the reason.';
  if (report.activity === 'halted') {
    const advice = 'Keep the data directory as it is and follow the runbook for this code.';
    return fault('halted', `The node has stopped taking part. ${why}`, advice);
  }
  if (report.hindrance !== undefined) {
    const words = `This validator does not sign. ${why}`;
    return fault('not-signing', words, 'Follow the runbook; the node goes on as an observer.');
  }
  return undefined;
}

function judgeProgress({ report, waiting, parameters }: HealthFacts): HealthReason | undefined {
  const { activity, headAgeMs, bestKnownHeight } = report;
  if (activity === 'syncing') {
    if (headAgeMs < SYNC_STALL_MS) return undefined;
    const target = bestKnownHeight === undefined ? 'unknown' : String(bestKnownHeight);
    const words = `Catching up brought no block for ${seconds(headAgeMs)} (target height ${target}).`;
    return fault('sync-stalled', words, 'Check that peers are connected and the line is not cut.');
  }
  if (activity !== 'following' && activity !== 'voting') return undefined;
  const patience = patienceMs(parameters, report.reachable.of);
  const overdue = (report.blockWantedMs ?? 0) > patience;
  if (!overdue && headAgeMs <= parameters.emptyIntervalMs + patience) return undefined;
  const words = `No block has become final for ${seconds(headAgeMs)}. ${blame(waiting)}`.trim();
  return fault('stalled', words, 'GET /v1/why names who is silent; call their operators first.');
}

/** Who keeps the quorum from forming, as far as this node can see. */
function blame(waiting: WaitingReport | undefined): string {
  if (waiting === undefined) return '';
  const silent = silentVoters(waiting);
  const parts = [`Height ${waiting.height} is in round ${waiting.round}.`];
  if (waiting.waitsFor.length > 0) parts.push(`Waits for: ${waiting.waitsFor.join(', ')}.`);
  if (silent.length > 0) {
    const names = silent.map(({ organisation }) => organisation);
    parts.push(`Silent: ${names.join(', ')} (quorum ${waiting.quorum}).`);
  }
  return parts.join(' ');
}

/** Voters that are not connected or, while something is waited for, have not voted in our round. */
export function silentVoters(waiting: WaitingReport): readonly VoterReport[] {
  const isDue = waiting.waitsFor.length > 0;
  return waiting.voters.filter(({ connected, prepared, committed, self }) => {
    const hasVoted = prepared || committed;
    return !self && (!connected || (isDue && !hasVoted));
  });
}

function judgeReach({ report }: HealthFacts): HealthReason | undefined {
  const { count, of } = report.reachable;
  if (of === 0) return undefined;
  const { quorum } = quorumOf(of);
  // An observer is no voter, but it too sees the chain stand still when it reaches fewer.
  if (count >= quorum) return undefined;
  const words = `Only ${count} of ${of} validators are reachable; ${quorum} are needed.`;
  const advice = 'Check the own line and firewall; if others are down, call their operators.';
  return report.role === 'validator'
    ? fault('quorum-unreachable', words, advice)
    : warning('quorum-unreachable', words, advice);
}

function judgeDisk({ diskFree }: NodeReport): HealthReason | undefined {
  const percent = `${(diskFree * 100).toFixed(1)} %`;
  const advice = 'Free space or enlarge the disk; signing resumes by itself above 5 %.';
  if (diskFree < DISK_FAULT) {
    return fault('disk', `${percent} of the disk is free: signing stops.`, advice);
  }
  if (diskFree < DISK_WARNING) return warning('disk', `${percent} of the disk is free.`, advice);
  return undefined;
}

function judgeClock({ report, parameters }: HealthFacts): HealthReason | undefined {
  const { clockOffsetMs } = report;
  if (clockOffsetMs === undefined) return undefined;
  const off = Math.abs(clockOffsetMs);
  const words = `The clock differs by ${Math.round(clockOffsetMs)} ms from the other validators.`;
  const advice = 'Check time synchronisation (chronyc tracking); at least four sources.';
  if (off > parameters.precisionMs && report.role === 'validator') {
    return fault('clock', words, advice);
  }
  return off > parameters.precisionMs / 2 ? warning('clock', words, advice) : undefined;
}

function judgeMempool({ mempool }: NodeReport): HealthReason | undefined {
  if (mempool.bytes < mempool.bytesMax * MEMPOOL_WARNING) return undefined;
  const words = `${mempool.transactions} waiting transactions fill the mempool.`;
  return warning(
    'mempool',
    words,
    'See which organisation submits so much; raise mempool.bytesMax.',
  );
}

function judgeRound(waiting: WaitingReport | undefined): HealthReason | undefined {
  if (waiting === undefined || waiting.round < ROUND_WARNING) return undefined;
  const words = `Height ${waiting.height} has needed ${waiting.round} round changes.`;
  return warning('round', words, 'GET /v1/why names who is silent; call their operators.');
}

function seconds(milliseconds: number): string {
  return `${Math.round(milliseconds / 1000)} s`;
}
