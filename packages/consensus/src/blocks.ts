/**
 * Blocks by hash: which are here, which are asked for, which are valid. The driver holds the bytes;
 * this table decides which it must hold, at most one per round of the window and one more.
 */
import type { Hash } from '@daybook/core';
import { toHex } from '@daybook/core';
import type { Work } from './draft.ts';
import { emit } from './draft.ts';
import type { BlockRef, Verdict } from './event.ts';
import { comingLock } from './sign.ts';
import type { BlockEntry } from './state.ts';
import { stop } from './stop.ts';
import { keepRounds, roundsOf } from './votes.ts';

export function blockOf(work: Work, hash: Hash): BlockEntry | undefined {
  return work.height.blocks[toHex(hash)];
}

function setBlock(work: Work, entry: BlockEntry): void {
  work.height.blocks = { ...work.height.blocks, [toHex(entry.block.hash)]: entry };
}

/** Blocks that something still points at, as hex. */
function neededBlocks(work: Work): ReadonlySet<string> {
  const { height } = work;
  const hashes = [
    height.accepted,
    height.decision?.blockHash,
    height.lock?.blockHash,
    comingLock(work)?.blockHash,
    height.proposing?.blockHash,
    ...Object.values(height.proposals)
      .filter(({ stage }) => stage !== 'rejected' && stage !== 'refused')
      .map(({ message }) => message.signed.content.blockHash),
  ];
  return new Set(hashes.filter((hash) => hash !== undefined).map(toHex));
}

/** Drops the proposal of the most distant round, so that its block is needed no more. */
function dropFarthestProposal(work: Work): boolean {
  const rounds = roundsOf(work.height.proposals);
  const farthest = rounds.at(-1);
  if (farthest === undefined || farthest === work.height.round) return false;
  work.height.proposals = keepRounds(work.height.proposals, (round) => round !== farthest);
  return true;
}

/** §11: forgets the oldest unneeded block, else first the proposal of the most distant round. */
function enforceBound(work: Work): void {
  const { height } = work;
  const blocksMax = height.context.parameters.roundWindow + 1;
  while (Object.keys(height.blocks).length > blocksMax) {
    const needed = neededBlocks(work);
    const victim = Object.keys(height.blocks).find((hex) => !needed.has(hex));
    if (victim === undefined) {
      if (!dropFarthestProposal(work)) return;
      continue;
    }
    const { [victim]: entry, ...rest } = height.blocks;
    height.blocks = rest;
    if (entry !== undefined) emit(work, { type: 'release', hashes: [entry.block.hash] });
  }
}

/** Takes a block into the table, unless it is there; it is no longer missing. */
export function addBlock(
  work: Work,
  block: BlockRef,
  verdict: 'unjudged' | 'valid' = 'unjudged',
): void {
  const hex = toHex(block.hash);
  const { [hex]: _found, ...stillMissing } = work.height.missing;
  work.height.missing = stillMissing;
  if (work.height.blocks[hex] !== undefined) return;
  setBlock(work, { block, verdict, judgedAgain: false, stored: false });
  enforceBound(work);
}

/** A fetched body arrived. One that nobody asked for takes no place. */
export function uponBlock(work: Work, block: BlockRef): void {
  if (work.height.missing[toHex(block.hash)] !== undefined) addBlock(work, block);
}

/** Asks for a body, once more whenever somebody new may have it. */
export function fetchBlock(work: Work, hash: Hash, from: readonly number[]): void {
  const hex = toHex(hash);
  const { missing, context } = work.height;
  const known = missing[hex]?.from ?? [];
  const fresh = [...new Set(from)].filter(
    (index) => index !== context.selfIndex && !known.includes(index),
  );
  const full = Object.keys(missing).length > context.parameters.roundWindow;
  if (missing[hex] === undefined ? full : fresh.length === 0) return;
  const sources = [...known, ...fresh].sort((a, b) => a - b);
  work.height.missing = { ...missing, [hex]: { hash, from: sources } };
  emit(work, { type: 'fetch', hash, from: sources });
}

/** Hands an accepted block to the block log as a candidate, once. */
export function storeBlock(work: Work, hash: Hash): void {
  const entry = blockOf(work, hash);
  if (entry === undefined || entry.stored) return;
  setBlock(work, { ...entry, stored: true });
  emit(work, { type: 'store', hash });
}

/** Asks for a verdict on a block that has none yet. */
export function judgeBlock(work: Work, entry: BlockEntry): void {
  if (entry.verdict !== 'unjudged') return;
  setBlock(work, { ...entry, verdict: 'judging' });
  emit(work, { type: 'judge', hash: entry.block.hash, again: false });
}

/**
 * A block that a quorum vouches for: asks for a verdict if there is none, once again if it is
 * against the quorum, and stops after the second (R15).
 * @returns whether the block is valid by now
 */
export function judgeVouched(
  work: Work,
  entry: BlockEntry,
  vouched: 'decided' | 'prepared',
): boolean {
  if (entry.verdict === 'valid') return true;
  judgeBlock(work, entry);
  if (entry.verdict !== 'invalid') return false;
  const { hash } = entry.block;
  if (!entry.judgedAgain) {
    setBlock(work, { ...entry, verdict: 'judging', judgedAgain: true });
    emit(work, { type: 'judge', hash, again: true });
    return false;
  }
  const reason = entry.reason ?? { code: 'CONSENSUS_BLOCK_INVALID' };
  const { height } = work.height.context;
  stop(work, { code: 'CONSENSUS_BLOCK_INVALID', height, blockHash: hash, vouched, reason });
  return false;
}

/** The verdict on a block of this height; others are of the past. */
export function uponJudged(work: Work, hash: Hash, verdict: Verdict): void {
  const entry = blockOf(work, hash);
  if (entry === undefined) return;
  if (!verdict.valid) {
    setBlock(work, { ...entry, verdict: 'invalid', reason: verdict.reason });
    return;
  }
  const { reason: _cleared, ...rest } = entry;
  setBlock(work, { ...rest, verdict: 'valid' });
  if (!entry.judgedAgain) return;
  const { height } = work.height.context;
  emit(work, {
    type: 'notice',
    notice: { code: 'CONSENSUS_RECHECK_PASSED', height, blockHash: hash },
  });
}
