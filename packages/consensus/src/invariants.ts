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

type Check = readonly [holds: boolean, fault: string];

function boundChecks(height: HeightState, state: State): readonly Check[] {
  const { round, context, decision } = height;
  const { roundWindow } = context.parameters;
  const near = (voted: number): boolean => Math.abs(voted - round) <= roundWindow;
  const blocksMax = Math.max(roundWindow + 1, BLOCKS_NEEDED_MAX);
  const asked = context.validators.map(
    (_, sender) =>
      roundsOf(height.roundChanges).filter((at) => heldAt(height.roundChanges, at, sender)).length,
  );
  return [
    [roundsOf(height.prepares).every(near), 'I23: PREPAREs are of the window'],
    [
      roundsOf(height.commits).every((at) => near(at) || at === decision?.round),
      'I23: COMMITs are of the window or of the decision',
    ],
    [
      roundsOf(height.proposals).every((at) => near(at) && at >= round),
      'I23: proposals are of the rounds from the present one on',
    ],
    [
      asked.every((count) => count <= ROUND_CHANGES_PER_VALIDATOR),
      'I23: at most four ROUND-CHANGEs per validator',
    ],
    [Object.keys(height.blocks).length <= blocksMax, 'I23: blocks in memory are bounded'],
    [Object.keys(height.missing).length <= roundWindow + 1, 'I23: fetches are bounded'],
    [
      roundsOf(state.next.proposals).every((at) => at <= NEXT_HEIGHT_ROUND_MAX),
      'I23: proposals for the next height are of rounds 0 and 1',
    ],
    [Object.keys(state.helped).length <= HELPED_PEERS_MAX, 'I23: helped peers are bounded'],
  ];
}

/** I4: a COMMIT has its lock, and no later ROUND-CHANGE of one's own forgets it. */
function lockChecks(height: HeightState): readonly Check[] {
  const self = height.context.selfIndex;
  if (self === undefined) return [];
  return roundsOf(height.commits).flatMap((round): readonly Check[] => {
    const commit = heldAt(height.commits, round, self)?.message.signed.content;
    if (commit === undefined) return [];
    const { lock } = height;
    const locked =
      lock !== undefined &&
      (lock.round > round ||
        (lock.round === round && equalBytes(lock.blockHash, commit.blockHash)));
    const later = roundsOf(height.roundChanges)
      .filter((asked) => asked > round)
      .map((asked) => heldAt(height.roundChanges, asked, self)?.message.signed.content)
      .filter((content) => content !== undefined);
    return [
      [locked, 'I4: an own COMMIT has its lock'],
      [
        later.every(({ prepared }) => prepared !== undefined && prepared.round >= round),
        'I4: an own ROUND-CHANGE after a COMMIT reports a lock at least as high',
      ],
    ];
  });
}

function acceptedChecks(height: HeightState): readonly Check[] {
  const { accepted, round } = height;
  if (accepted === undefined) return [];
  const proposal = height.proposals[round];
  const isItsBlock =
    proposal?.stage === 'accepted' &&
    equalBytes(proposal.message.signed.content.blockHash, accepted);
  return [
    [isItsBlock, 'R4: the accepted block is that of the proposal of the round'],
    [height.blocks[toHex(accepted)]?.verdict === 'valid', 'R4: an accepted block is valid'],
  ];
}

/** I7 within one height. */
function growthChecks(before: HeightState, after: HeightState): readonly Check[] {
  const lockBefore = before.lock?.round ?? -1;
  const lockAfter = after.lock?.round ?? -1;
  return [
    [after.round >= before.round, 'I7: the round never falls within a height'],
    [lockAfter >= lockBefore, 'I7: the lock never falls within a height'],
    [
      after.maxRoundChange.every((round, index) => round >= (before.maxRoundChange[index] ?? 0)),
      'I7: what a validator asked for never falls',
    ],
    [before.want ? after.want : true, 'R2: a wanted block stays wanted'],
  ];
}

function heightChecks(before: State, after: State): readonly Check[] {
  const from = before.current;
  const to = after.current;
  if (from === undefined || to === undefined) return [[from === undefined, 'a height stays']];
  const same = from.context.height === to.context.height;
  return [
    [to.context.height >= from.context.height, 'I7: the height never falls'],
    ...(same ? growthChecks(from, to) : []),
  ];
}

/**
 * The invariants that a step from `before` to `after` breaks, in words; empty if all is well.
 * Work in proportion to what is held, some microseconds for four validators.
 */
export function brokenInvariants(before: State, after: State): readonly string[] {
  const guardHolds =
    before.guard === undefined ||
    (after.guard !== undefined && comparePositions(after.guard, before.guard) >= 0);
  const checks: Check[] = [
    [guardHolds, 'I3: the guard never falls'],
    [before.phase !== 'stopped' || after.phase === 'stopped', 'R15: a stopped machine stays so'],
    ...heightChecks(before, after),
  ];
  const height = after.current;
  if (height !== undefined) {
    checks.push(...boundChecks(height, after), ...lockChecks(height), ...acceptedChecks(height));
  }
  return checks.filter(([holds]) => !holds).map(([, fault]) => fault);
}
