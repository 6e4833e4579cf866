/**
 * What the machine is doing and what it waits for, as plain facts for `daybook why`, health checks
 * and metrics. Sentences are made by whoever shows them.
 */
import type { Height, Round } from '@daybook/core';
import { proposerAt } from './draft.ts';
import type { Instant } from './event.ts';
import { countReached } from './round.ts';
import { isQuarantinedAt } from './sign.ts';
import type { HeightState, Phase, State } from './state.ts';
import { votesFor } from './votes.ts';

/**
 * - `start`: the first height has not been entered
 * - `work`: the chain is idle, no block is wanted
 * - `pacing`: BLOCK_INTERVAL has not passed yet
 * - `build`: this node proposes and its block is being built
 * - `proposal`: the proposer's PRE-PREPARE
 * - `clock`: the proposal is from the future by this node's clock
 * - `judgement`: the block is being checked and executed
 * - `prepares`, `commits`, `round-changes`: votes of a quorum
 * - `block`: the body of a decided or prepared block, being fetched
 * - `finality`: the block is decided and being written
 * - `operator`: the node stopped by R15
 */
export type Awaited =
  | 'start'
  | 'work'
  | 'pacing'
  | 'build'
  | 'proposal'
  | 'clock'
  | 'judgement'
  | 'prepares'
  | 'commits'
  | 'round-changes'
  | 'block'
  | 'finality'
  | 'operator';

export interface ValidatorReport {
  readonly index: number;
  readonly prepared: boolean;
  readonly committed: boolean;
  /** Highest round it has asked for. */
  readonly askedRound: Round;
  readonly linked: boolean;
  /**
   * Since when nothing was heard of it, in ms; absent if it was never heard since this set began.
   */
  readonly silentMs?: number;
}

export interface WaitingReport {
  readonly phase: Phase;
  readonly awaited: Awaited;
  readonly quarantined: boolean;
  /** Absent before the first height. */
  readonly height?: Height;
  readonly round?: Round;
  readonly inHeightMs?: number;
  readonly quorum?: number;
  /** Index of who is to propose in this round. */
  readonly proposer?: number;
  readonly selfIndex?: number;
  /** How many of the awaited votes are there; the rest to `quorum` is missing. */
  readonly votes?: number;
  /** When the round ends by its timer, in ms from now; absent while the timer does not run (R9). */
  readonly roundEndsMs?: number;
  readonly validators: readonly ValidatorReport[];
}

interface Waiting {
  readonly awaited: Awaited;
  readonly votes?: number;
}

function awaitedVotes(height: HeightState): Waiting {
  const { accepted, round, prepares, commits, quorum, context } = height;
  if (accepted === undefined) return { awaited: 'proposal' };
  const prepared = votesFor(prepares[round], accepted).length;
  const committed = votesFor(commits[round], accepted);
  const own = committed.some(({ signed }) => signed.sender === context.selfIndex);
  if (prepared < quorum.quorum && !own) return { awaited: 'prepares', votes: prepared };
  return { awaited: 'commits', votes: committed.length };
}

function awaitedRound(height: HeightState, armed: boolean): Waiting {
  const { round, roundChanges, proposing } = height;
  if (proposing?.round === round) return { awaited: 'build' };
  const stage = height.proposals[round]?.stage;
  if (stage === 'held') return { awaited: 'clock' };
  if (stage === 'judging') return { awaited: 'judgement' };
  if (round > 0 && !armed) {
    return { awaited: 'round-changes', votes: countReached(height) };
  }
  const self = height.context.selfIndex;
  if (round > 0 && self !== undefined && proposerAt(height, round) === self) {
    const exact = (roundChanges[round] ?? []).filter((held) => held !== undefined).length;
    return { awaited: 'round-changes', votes: exact };
  }
  return { awaited: 'proposal' };
}

function waitingOf(state: State, height: HeightState): Waiting {
  if (state.phase === 'stopped') return { awaited: 'operator' };
  if (state.phase === 'finalising') return { awaited: 'finality' };
  if (Object.keys(height.missing).length > 0) return { awaited: 'block' };
  if (height.decision !== undefined) return { awaited: 'judgement' };
  if (height.accepted !== undefined) return awaitedVotes(height);
  const armed = state.timers.round !== undefined;
  if (height.round === 0 && !armed) return { awaited: height.want ? 'pacing' : 'work' };
  return awaitedRound(height, armed);
}

function reportValidators(state: State, height: HeightState, now: Instant): ValidatorReport[] {
  return height.context.validators.map((_, index) => {
    const heard = state.heardMonoMs[index];
    return {
      index,
      prepared: height.prepares[height.round]?.[index] !== undefined,
      committed: height.commits[height.round]?.[index] !== undefined,
      askedRound: height.maxRoundChange[index] ?? 0,
      linked: state.links.includes(index),
      ...(heard !== undefined && { silentMs: Math.max(0, now.monoMs - heard) }),
    };
  });
}

/** A pure summary of where the node stands at `now`. */
export function explainWaiting(state: State, now: Instant): WaitingReport {
  const { phase, current: height, timers } = state;
  if (height === undefined) {
    return { phase, awaited: 'start', quarantined: isQuarantinedAt(state, 0), validators: [] };
  }
  const { context, round, quorum } = height;
  return {
    phase,
    ...waitingOf(state, height),
    quarantined: isQuarantinedAt(state, context.height),
    height: context.height,
    round,
    inHeightMs: now.monoMs - height.enteredMonoMs,
    quorum: quorum.quorum,
    proposer: proposerAt(height, round),
    ...(context.selfIndex !== undefined && { selfIndex: context.selfIndex }),
    ...(timers.round !== undefined && { roundEndsMs: Math.max(0, timers.round - now.monoMs) }),
    validators: reportValidators(state, height, now),
  };
}
