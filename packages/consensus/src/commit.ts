/**
 * R6 and R12: COMMITs and DECIDED. A quorum of COMMITs of ANY round decides, even after the node
 * has left that round; so does a certificate. The block is executed before it is final here.
 */
import type { Certificate, Commit, Hash, Round } from '@daybook/core';
import { equalBytes, isPlanted } from '@daybook/core';
import { addBlock, blockOf, fetchBlock, judgeVouched } from './blocks.ts';
import { reportContradictions, votesOf } from './contradiction.ts';
import type { Work } from './draft.ts';
import { cancel, emit } from './draft.ts';
import type { DecidedReceived, TimerId } from './event.ts';
import { isInWindow } from './prepare.ts';
import { relayHeld } from './relay.ts';
import type { Decision, HeightState } from './state.ts';
import { stop } from './stop.ts';
import { certificateOf, heldAt, roundsOf, votesFor, withVote } from './votes.ts';

/**
 * The certificate a DECIDED brought, or all seals held for the block in the round of the decision;
 * COMMITs of other rounds are never merged in.
 */
export function proofOf(height: HeightState, decision: Decision): Certificate {
  const { certificate, round, blockHash } = decision;
  if (certificate !== undefined) return certificate;
  const seals = sealsOf(height, round, blockHash);
  return certificateOf('commit', seals, height.context.validators.length);
}

function sealsOf({ commits }: HeightState, round: Round, blockHash: Hash): readonly Commit[] {
  const rounds = isPlanted('mixed-rounds') ? roundsOf(commits) : [round];
  const seals = rounds.flatMap((one) => votesFor(commits[one], blockHash));
  return rounds.length === 1 ? seals : onePerSender(seals);
}

/** Only the planted bug has seals of more than one round. */
function onePerSender(seals: readonly Commit[]): readonly Commit[] {
  const bySender = new Map(seals.map((seal) => [seal.signed.sender, seal]));
  return [...bySender.values()].sort((a, b) => a.signed.sender - b.signed.sender);
}

/** Notes a decision; a second one for another block is a fork (R15). */
export function decide(work: Work, decision: Decision): void {
  const known = work.height.decision;
  if (known === undefined) {
    work.height.decision = decision;
    return;
  }
  if (equalBytes(known.blockHash, decision.blockHash)) return;
  const { height } = work.height.context;
  const first = proofOf(work.height, known);
  stop(work, { code: 'CONSENSUS_FORK', height, first, second: proofOf(work.height, decision) });
}

/** Stores a COMMIT of the present height, and notes when a quorum of its round agrees. */
export function uponCommit(work: Work, message: Commit): void {
  const { height, now } = work;
  const { content, sender, signature } = message.signed;
  const { round, blockHash } = content;
  if (!isInWindow(work, round)) return;
  reportContradictions(work, votesOf(height), message.signed);
  const held = heldAt(height.commits, round, sender);
  if (held !== undefined && !equalBytes(held.message.signed.signature, signature)) return;
  const place = { round, sender, count: height.context.validators.length };
  const kept = relayHeld(work, held ?? { message, sinceMonoMs: now.monoMs });
  if (kept !== held) height.commits = withVote(height.commits, place, kept);
  if (isPlanted('decide-in-current-round') && round !== height.round) return;
  const seals = sealsOf(height, round, blockHash);
  if (seals.length >= height.quorum.quorum) decide(work, { round, blockHash });
}

/** R12: a proven decision of the present height. */
export function uponDecided(work: Work, { message, blockHash, ...source }: DecidedReceived): void {
  const { certificate, header } = message;
  decide(work, { round: certificate.round, blockHash, certificate });
  if (work.state.phase !== 'running') return;
  if (source.bodyHeld) addBlock(work, { hash: blockHash, header });
  else if (source.from !== undefined && blockOf(work, blockHash) === undefined) {
    fetchBlock(work, blockHash, [source.from, ...certificate.signers]);
  }
}

const HEIGHT_TIMERS: readonly TimerId[] = ['round', 'pacing', 'patience', 'empty', 'hold'];

/** The timers of a height end with it. */
export function cancelHeightTimers(work: Work): void {
  for (const timer of HEIGHT_TIMERS) cancel(work, timer);
}

/** R6: obtain the decided block, judge it, and make it final. */
export function finaliseDecision(work: Work): void {
  const { decision, context } = work.height;
  if (decision === undefined) return;
  const { round, blockHash } = decision;
  const certificate = proofOf(work.height, decision);
  const entry = blockOf(work, blockHash);
  if (entry === undefined) {
    fetchBlock(work, blockHash, certificate.signers);
    return;
  }
  if (!judgeVouched(work, entry, 'decided')) return;
  work.height.decision = { round, blockHash, certificate };
  work.state.phase = 'finalising';
  cancelHeightTimers(work);
  emit(work, { type: 'commit', height: context.height, round, blockHash, certificate });
}
