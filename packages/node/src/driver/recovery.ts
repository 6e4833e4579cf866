/**
 * What the vote log remembers, in the form the consensus machine takes it (protocol §12, recovery 4
 * to 6): own messages of the interrupted height come back exactly as they were signed.
 */
import type { BlockRef, Lock, Position, Recovered } from '@daybook/consensus';
import type { Block, Hash, Height, VoteMessage } from '@daybook/core';
import {
  assert,
  blockHash,
  decodeBlock,
  decodeCertificate,
  decodeMessage,
  equalBytes,
  isPlanted,
} from '@daybook/core';
import type { BlockLog, SignedVote, VoteSigner, VoteState } from '@daybook/state';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Bodies } from './bodies.ts';
import { withSignature } from './own-votes.ts';

export interface RecoveredVotes {
  readonly guard: Position | undefined;
  /** For the height the guard stands at, when that is the next one. */
  readonly recovered: Recovered | undefined;
  /** Bodies the recovered messages name, for the driver's hands. */
  readonly blocks: readonly Block[];
  /** Own COMMITs for heights that the block log has lost. */
  readonly carried: readonly VoteMessage[];
}

/** A logged vote as the message it was. The log is checksummed: anything else is our bug. */
function messageOf(vote: SignedVote): VoteMessage {
  const decoded = decodeMessage(vote.attachment);
  assert(decoded.ok, 'a logged vote decodes');
  const message = decoded.value;
  const isVote =
    message.type === 'pre-prepare' ||
    message.type === 'prepare' ||
    message.type === 'commit' ||
    message.type === 'round-change';
  assert(isVote, 'a logged message is a vote');
  return withSignature(message, vote.signature);
}

function lockOf(state: VoteState): Lock | undefined {
  if (state.lock === undefined) return undefined;
  const certificate = decodeCertificate(state.lock.certificate);
  assert(certificate.ok, 'a logged certificate decodes');
  const { round, blockHash: hash } = state.lock;
  return { round, blockHash: hash, certificate: certificate.value };
}

function citedHashes(messages: readonly VoteMessage[], lock: Lock | undefined): readonly Hash[] {
  const cited = messages.flatMap(({ signed: { content } }) =>
    content.type === 'round-change' ? [] : [content.blockHash],
  );
  return lock === undefined ? cited : [...cited, lock.blockHash];
}

function candidatesOf(hashes: readonly Hash[], blockLog: BlockLog): readonly Block[] {
  const unique = hashes.filter((hash, index) => {
    return hashes.findIndex((other) => equalBytes(other, hash)) === index;
  });
  return unique.flatMap((hash) => {
    const bytes = blockLog.readCandidate(hash);
    const block = bytes && decodeBlock(bytes);
    return block?.ok === true ? [block.value] : [];
  });
}

/** @param head  height of the newest final block */
export function recoverVotes(state: VoteState, head: Height, blockLog: BlockLog): RecoveredVotes {
  const nothing = { guard: undefined, recovered: undefined, blocks: [], carried: [] };
  if (isPlanted('no-guard')) return nothing;
  const { height, round, step } = state.guard;
  const guard = step === undefined ? undefined : { height, round, step };
  const messages = state.own.map(messageOf);
  if (height !== head + 1) {
    const ahead = height > head + 1 ? [...state.earlier.map(messageOf), ...messages] : [];
    const carried = ahead.filter(
      ({ type, signed }) => type === 'commit' && signed.content.height > head,
    );
    return { guard, recovered: undefined, blocks: [], carried };
  }
  const lock = lockOf(state);
  const blocks = candidatesOf(citedHashes(messages, lock), blockLog);
  const refs: readonly BlockRef[] = blocks.map(({ header }) => ({
    hash: blockHash(header),
    header,
  }));
  const recovered = { messages, blocks: refs, ...(lock && { lock }) };
  return { guard, recovered, blocks, carried: [] };
}

export interface OwnVotesParts {
  readonly clock: Pick<Clock, 'wall'>;
  readonly ledger: Pick<Ledger, 'head'>;
  readonly blockLog: BlockLog;
  readonly bodies: Bodies;
  /** Absent on an observer. */
  readonly signer: VoteSigner | undefined;
}

/**
 * Own votes logged for the height being decided, with the bodies they name in the driver's hands;
 * undefined if there are none.
 */
export function takeOwnVotes(parts: OwnVotesParts): Recovered | undefined {
  const { signer, ledger, blockLog, bodies, clock } = parts;
  const head = ledger.head().header.height;
  const state = signer?.state();
  if (state?.guard.height !== head + 1 || state.own.length === 0) return undefined;
  const { recovered, blocks } = recoverVotes(state, head, blockLog);
  for (const block of blocks) {
    const hash = blockHash(block.header);
    bodies.hold({ block, hash, receivedWallMs: clock.wall(), stored: Promise.resolve() });
  }
  return recovered;
}
