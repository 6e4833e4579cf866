/**
 * What to do with a vote message before any signature is checked (§11): bounds come first,
 * identical bytes cost nothing, and a place is taken only by what was verified.
 */
import type { Signed, Unsigned, VoteMessage } from '@daybook/core';
import { conflictOf, equalBytes } from '@daybook/core';
import { newContradictions, votesOf } from './contradiction.ts';
import { proposerAt } from './draft.ts';
import { NEXT_HEIGHT_ROUND_MAX } from './limits.ts';
import { expectedProposer } from './next-height.ts';
import { hasRoundChangePlace } from './round-change.ts';
import type { HeightState, State, VotesOfHeight } from './state.ts';
import { heldAt } from './votes.ts';

/**
 * - `wanted`: verify it (a proposal: also assemble its body), then hand it over as an event
 * - `held`: byte-identical to what is held; hand it over without verifying, for relay
 * - `own`: claims the own key; if its signature holds and the vote log lacks it: `stranger`
 * - `ahead`: of a height this node cannot follow yet; a hint to sync, drop it
 * - `unwanted`: drop it
 */
export type Triage = 'wanted' | 'held' | 'own' | 'ahead' | 'unwanted';

/** The signed part held in the slot of the message, if any. */
function slotHolder(height: HeightState, { type, signed }: VoteMessage): VoteMessage | undefined {
  const { content, sender } = signed;
  switch (type) {
    case 'pre-prepare':
      return height.proposals[content.round]?.message;
    case 'prepare':
      return heldAt(height.prepares, content.round, sender)?.message;
    case 'commit':
      return heldAt(height.commits, content.round, sender)?.message;
    case 'round-change':
      return heldAt(height.roundChanges, content.round, sender)?.message;
  }
}

function hasPlace(height: HeightState, { type, signed }: VoteMessage): boolean {
  const { content, sender } = signed;
  const { roundWindow } = height.context.parameters;
  const distance = content.round - height.round;
  if (type === 'round-change') {
    return content.round > 0 && hasRoundChangePlace(height.roundChanges, sender, content.round);
  }
  if (type !== 'pre-prepare') return Math.abs(distance) <= roundWindow;
  const inWindow = distance >= 0 && distance <= roundWindow;
  return inWindow && sender === proposerAt(height, content.round);
}

/** Only a message that proves a fault not yet reported is worth verifying. */
function asEvidence(state: State, votes: VotesOfHeight, { signed }: VoteMessage): Triage {
  return newContradictions(state, votes, signed).length > 0 ? 'wanted' : 'unwanted';
}

/**
 * Signature and content: a genuine signature under another content would otherwise pass unverified,
 * and be taken for evidence against its signer.
 */
function isIdentical(held: Signed<Unsigned>, signed: Signed<Unsigned>): boolean {
  return (
    held.sender === signed.sender &&
    equalBytes(held.signature, signed.signature) &&
    conflictOf(held.content, signed.content) === undefined
  );
}

function triageHere(state: State, height: HeightState, message: VoteMessage): Triage {
  const holder = slotHolder(height, message);
  if (state.phase !== 'running') return asEvidence(state, votesOf(height), message);
  if (holder !== undefined) {
    const isHeld = isIdentical(holder.signed, message.signed);
    return isHeld ? 'held' : asEvidence(state, votesOf(height), message);
  }
  return hasPlace(height, message) ? 'wanted' : 'unwanted';
}

function triageNext(state: State, height: HeightState, message: VoteMessage): Triage {
  const { content, sender } = message.signed;
  const { next } = state;
  if (message.type === 'round-change') {
    const held = next.roundChanges[sender]?.message.signed.content.round ?? 0;
    return content.round > held ? 'wanted' : 'unwanted';
  }
  if (content.round > NEXT_HEIGHT_ROUND_MAX) return 'unwanted';
  if (message.type === 'pre-prepare') {
    const free = next.proposals[content.round] === undefined;
    return free && sender === expectedProposer(height, content.round) ? 'wanted' : 'unwanted';
  }
  const row = message.type === 'prepare' ? next.prepares : next.commits;
  const held = row[sender]?.message.signed.content.round;
  return held === undefined || content.round > held ? 'wanted' : 'unwanted';
}

/** A pure question: changes nothing. The message is well-formed; its sender may be anything. */
export function triage(state: State, message: VoteMessage): Triage {
  const height = state.current;
  if (height === undefined || state.phase === 'stopped') return 'unwanted';
  const { content, sender } = message.signed;
  const { context } = height;
  const ahead = content.height - context.height;
  if (ahead === -1 && state.past !== undefined) return asEvidence(state, state.past, message);
  if (ahead < 0 || sender >= context.validators.length) return 'unwanted';
  if (sender === context.selfIndex) return 'own';
  if (ahead > 1) return 'ahead';
  return ahead === 1 ? triageNext(state, height, message) : triageHere(state, height, message);
}
