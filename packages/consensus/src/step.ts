/**
 * The machine: one event in, a new state and effects out. Events only record facts; then every rule
 * looks at what is known and acts if it can, in an order in which no rule waits for a later one.
 */
import { assertNever, equalBytes } from '@daybook/core';
import { uponBlock, uponJudged } from './blocks.ts';
import { finaliseDecision, uponDecided } from './commit.ts';
import type { Draft, Work } from './draft.ts';
import { createDraft, emit, forgetTimer, workOn } from './draft.ts';
import type { Effect } from './effect.ts';
import type { DecidedReceived, Event, TimerFired } from './event.ts';
import { uponHeightEntered } from './height.ts';
import { uponMessage } from './ingest.ts';
import { uponSigned, uponStranger } from './own.ts';
import { pace } from './pacing.ts';
import { voteCommit } from './prepare.ts';
import { considerProposals, votePrepare } from './proposal.ts';
import { propose, uponBuilt } from './propose.ts';
import { uponRecalled } from './recovery.ts';
import { uponResendTimeout } from './resend.ts';
import { armIfQuorum, uponRoundTimeout } from './round.ts';
import { jumpIfAsked, voteRoundChange } from './round-change.ts';
import { uponRefused } from './sign.ts';
import type { State } from './state.ts';
import { sendStatus, showStatus, uponStatus } from './status.ts';
import { stop } from './stop.ts';

/** The outcome of one event; both parts are read-only. */
export interface Step {
  readonly state: State;
  /** In the order in which the driver starts them, see `effect.ts`. */
  readonly effects: readonly Effect[];
}

/** The rules of a running height; each asks again only for what was not asked for yet. */
const RULES: readonly ((work: Work) => void)[] = [
  finaliseDecision, // R6, R12
  jumpIfAsked, // R8
  considerProposals, // R4
  voteRoundChange, // moveTo
  votePrepare, // R4
  voteCommit, // R5
  pace, // R2
  armIfQuorum, // R9
  propose, // R3, R10
];

function applyRules(work: Work): void {
  for (const rule of RULES) {
    if (work.state.phase !== 'running') return;
    rule(work);
  }
}

/** A stale timer is ignored; one that fires early is set again. */
function uponTimer(work: Work, { timer }: TimerFired): void {
  const dueMonoMs = work.state.timers[timer];
  if (dueMonoMs === undefined) return;
  if (work.now.monoMs < dueMonoMs) {
    emit(work, { type: 'schedule', timer, atMonoMs: dueMonoMs });
    return;
  }
  forgetTimer(work, timer);
  if (timer === 'round') uponRoundTimeout(work);
  else if (timer === 'resend') uponResendTimeout(work);
  // The others only wake the rules: `pacing`, `patience` and `empty` R2, `hold` R4.
}

/**
 * A certificate of this height decides it, of a later one is a hint. Of the head it proves a fork
 * if the block differs; of lower heights the driver only hands over what differs.
 */
function uponProof(work: Work, event: DecidedReceived): void {
  const { context } = work.height;
  const { certificate } = event.message;
  const { height } = certificate;
  if (height === context.height) uponDecided(work, event);
  if (height > context.height) emit(work, { type: 'sync', height });
  if (height >= context.height) return;
  const isHead = height === context.height - 1;
  if (isHead && equalBytes(event.blockHash, context.parent.hash)) return;
  const first = isHead ? work.state.headCertificate : undefined;
  stop(work, { code: 'CONSENSUS_FORK', height, first, second: certificate });
}

/** Events that make sense before the first height, too. */
function uponSetting(draft: Draft, event: Event): void {
  const { state } = draft;
  switch (event.type) {
    case 'work':
      state.workPending = event.pending;
      return;
    case 'links':
      state.links = [...event.validators].sort((a, b) => a - b);
      return;
    case 'quarantine':
      state.quarantine = { resumeAbove: event.resumeAbove };
      return;
    default:
      return;
  }
}

function isSameList(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

function uponHeightEvent(work: Work, event: Event): void {
  switch (event.type) {
    case 'proposal':
      uponMessage(work, event.message, event);
      break;
    case 'vote':
      uponMessage(work, event.message, { receivedWallMs: event.wallMs, sound: true });
      break;
    case 'signed':
      uponSigned(work, event.message);
      break;
    case 'refused':
      uponRefused(work, event);
      break;
    case 'recalled':
      uponRecalled(work, event);
      break;
    case 'stranger':
      uponStranger(work, event.message);
      break;
    case 'decided':
      uponProof(work, event);
      break;
    case 'block':
      uponBlock(work, event.block);
      break;
    case 'judged':
      uponJudged(work, event.hash, event.verdict);
      break;
    case 'built':
      uponBuilt(work, event);
      break;
    case 'timer':
      uponTimer(work, event);
      break;
    case 'status':
      uponStatus(work, event);
      break;
    case 'peer-linked':
      showStatus(work, event.peer);
      break;
    case 'links':
    case 'work':
    case 'quarantine':
    case 'height-entered':
      break;
    default:
      assertNever(event);
  }
}

/**
 * Takes one event. Deterministic and pure: equal arguments give equal results, the given state
 * stays as it was, and nothing is read but the arguments. Foreign input never throws; an
 * AssertionError is a bug of ours or of the driver.
 */
export function step(state: State, event: Event): Step {
  if (state.phase === 'stopped') return { state, effects: [] };
  const draft = createDraft(state, event);
  uponSetting(draft, event);
  const work = workFor(draft, event);
  if (work === undefined) return { state: draft.state, effects: draft.effects };
  uponHeightEvent(work, event);
  // Others relay for this node (R14) as soon as they know which links it lacks.
  if (event.type === 'links' && !isSameList(state.links, draft.state.links)) sendStatus(work);
  applyRules(work);
  return { state: { ...work.state, current: work.height }, effects: work.effects };
}

function workFor(draft: Draft, event: Event): Work | undefined {
  if (event.type === 'height-entered') return uponHeightEntered(draft, event);
  const { current } = draft.state;
  return current === undefined ? undefined : workOn(draft, current);
}
