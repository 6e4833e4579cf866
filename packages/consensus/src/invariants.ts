/**
 * What must hold after every step (reliability I4, I7, I23): checked by tests and, always on, by
 * the driver. A broken one is a bug of ours, and the process stops.
 */
import { equalBytes, toHex } from '@daybook/core';
import { HELPED_PEERS_MAX, NEXT_HEIGHT_ROUND_MAX, ROUND_CHANGES_PER_VALIDATOR } from './limits.ts';
import { comparePositions } from './slot.ts';
import type { HeightState, State } from './state.ts';
import { heldAt, roundsOf } from './votes.ts';

/**
 * Blocks that can be needed at once whatever the window: accepted, locked, decided, in the making.
 */
const BLOCKS_NEEDED_MAX = 5;

/** Says what does not hold. */
type Report = (fault: string) => void;

/**
 * Bounds of §11. States share what they have in common, so a table that is the same object as before
 * in the same round was checked before: most steps change one.
 */
function checkBounds(from: HeightState | undefined, to: HeightState, report: Report): void {
  const isSameRound = from?.context === to.context && from.round === to.round;
  checkWindow(isSameRound ? from : undefined, to, report);
  if (from?.roundChanges !== to.roundChanges) checkRoundChanges(to, report);
  const { roundWindow } = to.context.parameters;
  if (from?.blocks !== to.blocks) {
    const blocksMax = Math.max(roundWindow + 1, BLOCKS_NEEDED_MAX);
    if (Object.keys(to.blocks).length > blocksMax) report('I23: blocks in memory are bounded');
  }
  if (from?.missing !== to.missing && Object.keys(to.missing).length > roundWindow + 1) {
    report('I23: fetches are bounded');
  }
}

/** @param from  the height before the step, if it was in the same round */
function checkWindow(from: HeightState | undefined, to: HeightState, report: Report): void {
  const { round, context, decision } = to;
  const { roundWindow } = context.parameters;
  const near = (voted: number): boolean => Math.abs(voted - round) <= roundWindow;
  if (from?.prepares !== to.prepares && !roundsOf(to.prepares).every(near)) {
    report('I23: PREPAREs are of the window');
  }
  if (from?.commits !== to.commits || from.decision !== decision) {
    const holds = roundsOf(to.commits).every((at) => near(at) || at === decision?.round);
    if (!holds) report('I23: COMMITs are of the window or of the decision');
  }
  if (from?.proposals !== to.proposals) {
    const holds = roundsOf(to.proposals).every((at) => near(at) && at >= round);
    if (!holds) report('I23: proposals are of the rounds from the present one on');
  }
}

function checkRoundChanges({ roundChanges, context }: HeightState, report: Report): void {
  const rounds = roundsOf(roundChanges);
  const holds = context.validators.every((_, sender) => {
    const asked = rounds.filter((at) => heldAt(roundChanges, at, sender) !== undefined);
    return asked.length <= ROUND_CHANGES_PER_VALIDATOR;
  });
  if (!holds) report('I23: at most four ROUND-CHANGEs per validator');
}

/** Bounds of what outlives a height. */
function checkKept(before: State, after: State, report: Report): void {
  if (before.next !== after.next) {
    const holds = roundsOf(after.next.proposals).every((at) => at <= NEXT_HEIGHT_ROUND_MAX);
    if (!holds) report('I23: proposals for the next height are of rounds 0 and 1');
  }
  if (before.helped !== after.helped && Object.keys(after.helped).length > HELPED_PEERS_MAX) {
    report('I23: helped peers are bounded');
  }
}

/** I4: a COMMIT has its lock, and no later ROUND-CHANGE of one's own forgets it. */
function checkLock(from: HeightState | undefined, to: HeightState, report: Report): void {
  const self = to.context.selfIndex;
  if (self === undefined) return;
  const isKnown =
    from?.commits === to.commits && from.roundChanges === to.roundChanges && from.lock === to.lock;
  if (isKnown) return;
  for (const round of roundsOf(to.commits)) {
    const commit = heldAt(to.commits, round, self)?.message.signed.content;
    if (commit === undefined) continue;
    const { lock } = to;
    const isLocked =
      lock !== undefined &&
      (lock.round > round ||
        (lock.round === round && equalBytes(lock.blockHash, commit.blockHash)));
    if (!isLocked) report('I4: an own COMMIT has its lock');
    const isReported = roundsOf(to.roundChanges)
      .filter((asked) => asked > round)
      .map((asked) => heldAt(to.roundChanges, asked, self)?.message.signed.content)
      .filter((content) => content !== undefined)
      .every(({ prepared }) => prepared !== undefined && prepared.round >= round);
    if (!isReported)
      report('I4: an own ROUND-CHANGE after a COMMIT reports a lock at least as high');
  }
}

function checkAccepted({ accepted, round, proposals, blocks }: HeightState, report: Report): void {
  if (accepted === undefined) return;
  const proposal = proposals[round];
  const isItsBlock =
    proposal?.stage === 'accepted' &&
    equalBytes(proposal.message.signed.content.blockHash, accepted);
  if (!isItsBlock) report('R4: the accepted block is that of the proposal of the round');
  if (blocks[toHex(accepted)]?.verdict !== 'valid') report('R4: an accepted block is valid');
}

/** I7 within one height. */
function checkGrowth(before: HeightState, after: HeightState, report: Report): void {
  if (after.round < before.round) report('I7: the round never falls within a height');
  if ((after.lock?.round ?? -1) < (before.lock?.round ?? -1)) {
    report('I7: the lock never falls within a height');
  }
  const isAsGreat = after.maxRoundChange.every(
    (round, index) => round >= (before.maxRoundChange[index] ?? 0),
  );
  if (!isAsGreat) report('I7: what a validator asked for never falls');
  if (before.want && !after.want) report('R2: a wanted block stays wanted');
}

function checkHeights(
  from: HeightState | undefined,
  to: HeightState | undefined,
  report: Report,
): void {
  if (from === undefined) return;
  if (to === undefined) {
    report('a height stays');
    return;
  }
  if (to.context.height < from.context.height) report('I7: the height never falls');
  if (to.context.height === from.context.height) checkGrowth(from, to, report);
}

/**
 * The invariants that a step from `before` to `after` breaks, in words; empty if all is well, given
 * that all was well before. Work in proportion to what the step changed.
 */
export function brokenInvariants(before: State, after: State): readonly string[] {
  const faults: string[] = [];
  const report = (fault: string): void => {
    faults.push(fault);
  };
  const isGuardKept =
    before.guard === undefined ||
    (after.guard !== undefined && comparePositions(after.guard, before.guard) >= 0);
  if (!isGuardKept) report('I3: the guard never falls');
  if (before.phase === 'stopped' && after.phase !== 'stopped') {
    report('R15: a stopped machine stays so');
  }
  const [from, to] = [before.current, after.current];
  checkHeights(from, to, report);
  checkKept(before, after, report);
  if (to === undefined) return faults;
  checkBounds(from, to, report);
  checkLock(from, to, report);
  checkAccepted(to, report);
  return faults;
}
