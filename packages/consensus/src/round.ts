/**
 * Rounds and their timer (R7, R9, `moveTo`). The timer of a round above 0 runs only when a quorum
 * has reached the round or its proposal was accepted: without this gate capped timers can leave
 * one validator a round ahead of the others for ever (protocol §10).
 */
import type { Round } from '@daybook/core';
import { isPlanted, roundDurationMs } from '@daybook/core';
import type { Work } from './draft.ts';
import { cancel, emit, isScheduled, proposerOfRound, schedule, selfOf } from './draft.ts';
import type { HeightState } from './state.ts';
import { keepRounds, roundsOf } from './votes.ts';

/** Sends own pending transactions to whoever is to propose (R2). */
export function handOver(work: Work): void {
  const to = proposerOfRound(work, work.height.round);
  if (to !== selfOf(work)) emit(work, { type: 'hand-over', to });
}

/** Starts timer(round), unless it runs. */
export function armRound(work: Work): void {
  if (isScheduled(work, 'round')) return;
  const { round, context } = work.height;
  schedule(work, 'round', work.now.monoMs + roundDurationMs(context.parameters, round));
  if (round === 0) handOver(work);
}

/** Forgets what §11 allows no place for in the new round. */
function prune(work: Work): void {
  const { height } = work;
  const { roundWindow } = height.context.parameters;
  const inWindow = (round: Round): boolean =>
    round >= height.round - roundWindow && round <= height.round + roundWindow;
  height.proposals = keepRounds(height.proposals, (round) => round >= height.round);
  height.prepares = keepRounds(height.prepares, inWindow);
  // A decision keeps its seals however long its block takes to arrive.
  const decided = height.decision?.round;
  height.commits = keepRounds(height.commits, (round) => inWindow(round) || round === decided);
}

/** Makes `round` the current one, with nothing accepted and no timer. */
export function enterRound(work: Work, round: Round): void {
  const { height } = work;
  height.round = round;
  height.accepted = undefined;
  height.proposing = undefined;
  height.paused = [];
  cancel(work, 'round');
  cancel(work, 'hold');
  cancel(work, 'pacing');
  prune(work);
  handOver(work);
}

/** `moveTo(r)`: enter the round and ask for it; the ROUND-CHANGE is requested by its rule. */
export function moveTo(work: Work, round: Round): void {
  enterRound(work, round);
  work.height.asking = true;
}

/** R7: the round has lasted long enough. */
export function uponRoundTimeout(work: Work): void {
  moveTo(work, work.height.round + 1);
}

/**
 * How many validators are known to be in the present round or above: they asked for it, or voted
 * there. Who followed a proposal into a round and was started anew has no ROUND-CHANGE for it, and
 * nobody may have the proposal any more.
 */
export function countReached({ round, maxRoundChange, prepares, commits }: HeightState): number {
  const rows = [prepares, commits].flatMap((table) =>
    roundsOf(table).flatMap((one) => (one >= round ? [table[one]] : [])),
  );
  return maxRoundChange.filter((asked, index) => {
    return asked >= round || rows.some((row) => row?.[index] !== undefined);
  }).length;
}

/** R9: arm the timer of a round above 0 when a quorum is in it or in a later one. */
export function armIfQuorum(work: Work): void {
  const { round, quorum } = work.height;
  if (round === 0 || isScheduled(work, 'round')) return;
  const reached = countReached(work.height);
  if (reached >= quorum.quorum || isPlanted('no-timer-gate')) armRound(work);
}
