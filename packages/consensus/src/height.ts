/** R1: entering a height, after a decision, by sync or at start. */
import type { ValidatorSet } from '@daybook/core';
import { assert, equalBytes } from '@daybook/core';
import { cancelHeightTimers, proofOf } from './commit.ts';
import { votesOf } from './contradiction.ts';
import type { Draft, Work } from './draft.ts';
import { isScheduled, schedule, workOn } from './draft.ts';
import type { HeightContext, HeightEntered } from './event.ts';
import { uponMessage } from './ingest.ts';
import { recover } from './recovery.ts';
import { resend } from './resend.ts';
import type { HeightState, NextHeight } from './state.ts';
import { createHeight, emptyNextHeight } from './state.ts';
import { stop } from './stop.ts';
import { roundsOf } from './votes.ts';

function isSameSet(a: ValidatorSet, b: ValidatorSet): boolean {
  if (a.length !== b.length) return false;
  return b.every(({ id, publicKey }, index) => {
    const other = a[index];
    return (
      other !== undefined && equalBytes(other.id, id) && equalBytes(other.publicKey, publicKey)
    );
  });
}

/** Forgets what belonged to another height or another set. */
function carryOver(draft: Draft, before: HeightState | undefined, context: HeightContext): void {
  const { state } = draft;
  const count = context.validators.length;
  const follows = before !== undefined && before.context.height === context.height - 1;
  state.past = follows ? { height: before.context.height, ...votesOf(before) } : undefined;
  state.headCertificate = follows ? before.decision?.certificate : undefined;
  if (before === undefined || !isSameSet(before.context.validators, context.validators)) {
    state.peers = context.validators.map(() => undefined);
    state.heardMonoMs = context.validators.map(() => undefined);
    state.links = state.links.filter((index) => index < count);
  } else {
    state.peers = state.peers.map((view) => view && { ...view, supplies: 0 });
  }
  state.next = emptyNextHeight(count);
  state.carried = state.carried.filter(({ signed }) => signed.content.height > context.height);
  state.reported = state.reported.filter((key) => Number.parseInt(key, 10) >= context.height - 1);
}

/** Buffered messages count only if they were verified against the set that now applies. */
function replayable(
  before: HeightState | undefined,
  next: NextHeight,
  context: HeightContext,
): NextHeight {
  const fits =
    before !== undefined &&
    before.context.height === context.height - 1 &&
    isSameSet(before.context.validators, context.validators);
  return fits ? next : emptyNextHeight(context.validators.length);
}

function replay(work: Work, next: NextHeight): void {
  for (const round of roundsOf(next.proposals)) {
    const proposal = next.proposals[round];
    if (proposal !== undefined) uponMessage(work, proposal.message, proposal);
  }
  const reception = { receivedWallMs: work.now.wallMs, sound: true };
  for (const held of [...next.prepares, ...next.commits, ...next.roundChanges]) {
    if (held !== undefined) uponMessage(work, held.message, reception);
  }
}

/** R15: the head came by sync, and is not the block that was decided here meanwhile. */
function stopIfForked(draft: Draft, before: HeightState | undefined, context: HeightContext): void {
  const decision = before?.decision;
  if (before === undefined || decision === undefined) return;
  const { height } = before.context;
  if (height !== context.height - 1) return;
  if (equalBytes(decision.blockHash, context.parent.hash)) return;
  const second = proofOf(before, decision);
  stop(draft, { code: 'CONSENSUS_FORK', height, first: undefined, second });
}

/** R1: round 0, nothing wanted, buffered messages replayed; or the interrupted height resumed. */
export function uponHeightEntered(draft: Draft, { context, recovered }: HeightEntered): Work {
  const { state, now } = draft;
  const before = state.current;
  assert(
    before === undefined || context.height > before.context.height,
    'a height is entered once, and heights grow',
  );
  const next = replayable(before, state.next, context);
  carryOver(draft, before, context);
  state.phase = 'running';
  const work = workOn(draft, createHeight(context, now.monoMs));
  stopIfForked(work, before, context);
  if (work.state.phase !== 'running') return work;
  cancelHeightTimers(work);
  schedule(work, 'empty', now.monoMs + context.parameters.emptyIntervalMs);
  if (recovered !== undefined) recover(work, recovered);
  replay(work, next);
  // §12, recovery 7: R11 starts at once, and its timer runs across heights.
  if (!isScheduled(work, 'resend')) resend(work);
  return work;
}
