/**
 * One step in the making. A draft holds shallow copies of the two state objects; functions assign
 * whole new values to their fields and append effects. Nothing reachable from the state before the
 * step is ever changed, so `step` is pure to its callers.
 */
import type { Height, Round } from '@daybook/core';
import { assert, proposerOf } from '@daybook/core';
import type { Effect } from './effect.ts';
import type { HeightContext, Instant, TimerId } from './event.ts';
import { RESEND_JITTER_PERCENT } from './limits.ts';
import type { HeightState, State } from './state.ts';

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What every event works on. */
export interface Draft {
  readonly now: Instant;
  readonly state: Mutable<State>;
  readonly effects: Effect[];
}

/** What events of a running height work on; `height` becomes `state.current` at the end. */
export interface Work extends Draft {
  readonly height: Mutable<HeightState>;
}

export function createDraft(state: State, now: Instant): Draft {
  return { now, state: { ...state }, effects: [] };
}

export function workOn(draft: Draft, height: HeightState): Work {
  return { ...draft, height: { ...height } };
}

export function emit(draft: Draft, effect: Effect): void {
  draft.effects.push(effect);
}

export function schedule(draft: Draft, timer: TimerId, atMonoMs: number): void {
  if (draft.state.timers[timer] === atMonoMs) return;
  draft.state.timers = { ...draft.state.timers, [timer]: atMonoMs };
  emit(draft, { type: 'schedule', timer, atMonoMs });
}

export function isScheduled(draft: Draft, timer: TimerId): boolean {
  return draft.state.timers[timer] !== undefined;
}

/** Takes a timer out of the books without telling the driver: it has fired. */
export function forgetTimer(draft: Draft, timer: TimerId): void {
  const { [timer]: _fired, ...rest } = draft.state.timers;
  draft.state.timers = rest;
}

export function cancel(draft: Draft, timer: TimerId): void {
  if (!isScheduled(draft, timer)) return;
  forgetTimer(draft, timer);
  emit(draft, { type: 'cancel', timer });
}

/** `periodMs` with the seeded jitter of R11 (xorshift32: speed and independence, no secrecy). */
export function jittered(draft: Draft, periodMs: number): number {
  let x = draft.state.jitter;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  draft.state.jitter = x >>> 0;
  const swing = Math.floor((periodMs * RESEND_JITTER_PERCENT) / 100);
  return periodMs - swing + (draft.state.jitter % (2 * swing + 1));
}

/** Place of a round in the cycle of proposers: they repeat every n - 1 rounds from round 1 on. */
function cyclePlace(context: HeightContext, round: Round): number {
  const others = context.validators.length - 1;
  return round === 0 || others === 0 ? 0 : 1 + ((round - 1) % others);
}

/** The proposer of a round of any height under this context, by rotation and permutation (§6). */
export function proposerUnder(context: HeightContext, height: Height, round: Round): number {
  const { chain, validators, rotation, parameters } = context;
  const { epochBlocks } = parameters;
  return proposerOf({ chain, height, epochBlocks, validators, rotation }, round);
}

/** proposer(h, round), from the cache if it was asked for before. */
export function proposerAt(height: HeightState, round: Round): number {
  const { context, proposers } = height;
  const known = proposers[cyclePlace(context, round)];
  return known ?? proposerUnder(context, context.height, round);
}

/** As `proposerAt`, and remembers the answer: it costs a hash per validator. */
export function proposerOfRound(work: Work, round: Round): number {
  const { height } = work;
  const proposer = proposerAt(height, round);
  const place = cyclePlace(height.context, round);
  if (height.proposers[place] === undefined) {
    height.proposers = { ...height.proposers, [place]: proposer };
  }
  assert(proposer < height.context.validators.length, 'a proposer is in the set');
  return proposer;
}

/** The own place in V_h, absent for an observer. */
export function selfOf(work: Work): number | undefined {
  return work.height.context.selfIndex;
}

/** Remembers that a validator has just been heard of. */
export function noteHeard(work: Work, sender: number): void {
  const { heardMonoMs } = work.state;
  if (heardMonoMs[sender] === work.now.monoMs) return;
  work.state.heardMonoMs = heardMonoMs.with(sender, work.now.monoMs);
}
