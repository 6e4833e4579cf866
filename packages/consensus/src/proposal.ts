/**
 * R4: proposals. A PRE-PREPARE takes its slot once, is examined cheapest rule first, judged at most
 * once, and when valid moves the node into its round and makes it PREPARE.
 */
import type { Round } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import { addBlock, blockOf, judgeBlock, judgeVouched, storeBlock } from './blocks.ts';
import { reportContradictions, votesOf } from './contradiction.ts';
import type { Work } from './draft.ts';
import { emit, proposerOfRound, schedule, selfOf } from './draft.ts';
import type { ConsensusNotice } from './errors.ts';
import type { ProposalReceived } from './event.ts';
import { checkJustification } from './justification.ts';
import { relayHeld } from './relay.ts';
import { armRound, enterRound } from './round.ts';
import { isSigner, maySign, requestSignature } from './sign.ts';
import { comparePositions } from './slot.ts';
import type { Proposal } from './state.ts';
import { timeliness } from './timeliness.ts';
import { heldAt, roundsOf } from './votes.ts';

function setProposal(work: Work, round: Round, proposal: Proposal): void {
  work.height.proposals = { ...work.height.proposals, [round]: proposal };
}

/** Stores a PRE-PREPARE of the present height within bounds (§11); the rules come afterwards. */
export function uponProposal(work: Work, received: Omit<ProposalReceived, 'type'>): void {
  const { height, now } = work;
  const { message, receivedWallMs, sound } = received;
  const { signed } = message;
  const { round, blockHash } = signed.content;
  if (round < height.round || round > height.round + height.context.parameters.roundWindow) return;
  if (signed.sender !== proposerOfRound(work, round)) return;
  height.want = true;

  const held = height.proposals[round];
  if (held === undefined) {
    const proposal = { message, receivedWallMs, sound, sinceMonoMs: now.monoMs };
    setProposal(work, round, relayHeld(work, proposal));
    addBlock(work, { hash: blockHash, header: message.header });
    return;
  }
  reportContradictions(work, votesOf(height), signed);
  if (equalBytes(held.message.signed.signature, signed.signature)) {
    setProposal(work, round, relayHeld(work, held));
  }
}

type ProposalNotice = Extract<ConsensusNotice, { readonly sender: number }>;
type Reason = ProposalNotice extends infer One
  ? One extends ProposalNotice
    ? Omit<One, 'height' | 'round' | 'sender' | 'blockHash'>
    : never
  : never;

function reject(work: Work, round: Round, proposal: Proposal, reason: Reason): void {
  setProposal(work, round, { ...proposal, stage: 'rejected' });
  const { content, sender } = proposal.message.signed;
  const { height, blockHash } = content;
  emit(work, { type: 'notice', notice: { height, round, sender, blockHash, ...reason } });
}

/** Justification and authorship: what does not change as time passes. */
function examine(work: Work, round: Round, proposal: Proposal): Proposal | undefined {
  const { context, quorum } = work.height;
  const { message, sound } = proposal;
  const sizes = { quorum: quorum.quorum, count: context.validators.length };
  const justified = checkJustification(message, sound, sizes);
  if (!justified.ok) {
    const fault = justified.reason;
    reject(work, round, proposal, { code: 'CONSENSUS_PROPOSAL_UNJUSTIFIED', fault });
    return undefined;
  }
  const origin = justified.value;
  const proposerId = context.validators[message.signed.sender]?.id;
  const ownHeader = proposerId !== undefined && equalBytes(message.header.proposer, proposerId);
  if (origin === 'fresh' && !ownHeader) {
    reject(work, round, proposal, { code: 'CONSENSUS_PROPOSAL_AUTHOR' });
    return undefined;
  }
  return { ...proposal, origin };
}

/**
 * §14, for fresh proposals of others: those from the future are held until the clock reaches them.
 */
function awaitTime(work: Work, round: Round, proposal: Proposal): Proposal | undefined {
  const { message, receivedWallMs, origin } = proposal;
  if (origin === 'repeat' || message.signed.sender === selfOf(work)) return proposal;
  const { context } = work.height;
  const { timestampMs } = message.header;
  const { wallMs } = work.now;
  const clocks = { receivedWallMs, wallMs, parentMs: context.parent.timestampMs };
  const verdict = timeliness(timestampMs, round, clocks, context.parameters);
  if (verdict === 'timely') return proposal;
  if (verdict === 'early') {
    setProposal(work, round, { ...proposal, stage: 'held' });
    return undefined;
  }
  const facts = { timestampMs, receivedWallMs };
  reject(work, round, proposal, { code: 'CONSENSUS_PROPOSAL_UNTIMELY', ...facts });
  return undefined;
}

/** Wakes the node when the earliest held proposal is due, at the latest after T_MAX. */
function scheduleHold(work: Work): void {
  const { precisionMs, roundMaxMs } = work.height.context.parameters;
  const waitsMs = Object.values(work.height.proposals)
    .filter(({ stage }) => stage === 'held')
    .map(({ message }) => message.header.timestampMs - precisionMs - work.now.wallMs);
  if (waitsMs.length === 0) return;
  const soonestMs = Math.max(1, Math.min(...waitsMs, roundMaxMs));
  schedule(work, 'hold', work.now.monoMs + soonestMs);
}

/** The verdict on the block: asked for, against it, or for it. */
function isBlockValid(work: Work, round: Round, proposal: Proposal): boolean {
  const entry = blockOf(work, proposal.message.signed.content.blockHash);
  if (entry === undefined) return false;
  if (proposal.origin === 'repeat') return judgeVouched(work, entry, 'prepared');
  judgeBlock(work, entry);
  if (entry.verdict === 'invalid') {
    const reason = entry.reason ?? { code: 'CONSENSUS_PROPOSAL_INVALID' };
    reject(work, round, proposal, { code: 'CONSENSUS_PROPOSAL_INVALID', reason });
  }
  return entry.verdict === 'valid';
}

/** Whether an own PREPARE of this round, perhaps from before a restart, forbids another (G1). */
function contradictsOwn(work: Work, round: Round, proposal: Proposal): boolean {
  const self = selfOf(work);
  if (self === undefined || !isSigner(work)) return false;
  const own = heldAt(work.height.prepares, round, self);
  const { blockHash } = proposal.message.signed.content;
  if (own !== undefined) return !equalBytes(own.message.signed.content.blockHash, blockHash);
  const { guard } = work.state;
  const position = { height: work.height.context.height, round, step: 'prepare' } as const;
  return guard !== undefined && comparePositions(guard, position) >= 0;
}

/** R4: the proposal is valid; enter its round, accept it, store the block. */
function accept(work: Work, round: Round, proposal: Proposal): void {
  const { height } = work;
  if (contradictsOwn(work, round, proposal)) {
    setProposal(work, round, { ...proposal, stage: 'refused' });
    return;
  }
  if (round > height.round) enterRound(work, round);
  height.asking = false;
  height.accepted = proposal.message.signed.content.blockHash;
  setProposal(work, round, { ...proposal, stage: 'accepted' });
  storeBlock(work, height.accepted);
  armRound(work);
}

function considerProposal(work: Work, round: Round): void {
  const slot = work.height.proposals[round];
  if (slot === undefined || work.state.phase !== 'running') return;
  if (slot.stage !== undefined && slot.stage !== 'held' && slot.stage !== 'judging') return;
  const examined = slot.stage === undefined ? examine(work, round, slot) : slot;
  if (examined === undefined) return;
  const timely = examined.stage === 'judging' ? examined : awaitTime(work, round, examined);
  if (timely === undefined) return;
  if (timely.stage !== 'judging') setProposal(work, round, { ...timely, stage: 'judging' });
  if (isBlockValid(work, round, timely)) accept(work, round, timely);
}

/** R4 over every proposal held, lowest round first. */
export function considerProposals(work: Work): void {
  for (const round of roundsOf(work.height.proposals)) {
    if (round >= work.height.round) considerProposal(work, round);
  }
  scheduleHold(work);
}

/** R4, the vote: PREPARE what was accepted, unless it was signed, asked for, or refused before. */
export function votePrepare(work: Work): void {
  const { accepted, round, context } = work.height;
  if (accepted === undefined || !maySign(work, round, 'prepare')) return;
  requestSignature(work, {
    type: 'prepare',
    content: { type: 'prepare', height: context.height, round, blockHash: accepted },
  });
}
