/**
 * The situation that every unsafe rule needs: of four validators one has decided a block and is cut
 * off, two have not, and the fourth is a traitor whose turn it is next.
 */
import type { JustificationEntry, RoundChange } from '@daybook/core';
import { assert } from '@daybook/core';
import type { Foundry } from '../../../src/sim/foundry.ts';
import type { Machine } from '../../../src/sim/node/machine.ts';
import { reach } from './goals.ts';
import { loseFrames, watchRoundChanges } from './sightings.ts';
import type { Betrayed } from './traitor.ts';
import { openBetrayed } from './traitor.ts';
import { roundOf, toHeightWhere } from './turns.ts';

export const TRAITOR = 3;
/** Rounds are left only when the scenario says so, and no block is wanted by itself. */
export const PATIENT = { emptyIntervalMs: 60_000, blockIntervalMs: 500 };

export interface Division extends Betrayed {
  /** The height that one has decided. */
  readonly height: number;
  readonly decider: Machine;
  /** Has the lock of the decided block. */
  readonly locked: Machine;
  /** As `locked`, or without a lock. */
  readonly other: Machine;
  roundChanges(round: number): ReadonlyMap<number, RoundChange>;
  /** Ends all that the scenario did to the network and to the traitor's tongue. */
  mend(): void;
}

/**
 * @param options.isOtherLocked  whether the third correct validator has seen the PREPAREs
 * @returns when the two others have asked for round 1, in which the traitor proposes
 */
export async function divide(
  foundry: Foundry,
  { isOtherLocked }: { readonly isOtherLocked: boolean },
): Promise<Division> {
  const betrayed = await openBetrayed({ validators: 4, parameters: PATIENT }, TRAITOR, foundry);
  const { scenario, traitor, reins } = betrayed;
  const roundChanges = watchRoundChanges(scenario);
  const height = await toHeightWhere(scenario, (turn) => turn(1) === traitor.machine);
  const [decider, locked, other] = traitor.honest();
  assert(decider !== undefined && locked !== undefined, 'three of four are correct');
  assert(other !== undefined, 'and the third of them');
  const restore = loseFrames(scenario, ({ kind, to }) => {
    if (kind === 'commit') {
      return to === TRAITOR || (to !== decider.index && decider.height() < height);
    }
    return kind === 'prepare' && to === other.index && !isOtherLocked && roundOf(other) === 0;
  });
  scenario.world.events.on('committed', ({ machine, block }) => {
    if (machine !== decider || block.header.height !== height) return;
    // Before it can tell anybody.
    reins.isMute = true;
    scenario.partition([locked.index, other.index, TRAITOR], [decider.index]);
  });
  scenario.submit(decider.index);
  await scenario.until('one decides alone', () => decider.height() === height, 5000);
  const waiting = [locked, other];
  const hasAsked = (): boolean => {
    return waiting.every(({ index }) => roundChanges(height, 1).has(index));
  };
  await reach(scenario, hasAsked, { what: 'two ask for round 1', withinMs: 10_000 });
  return {
    ...betrayed,
    height,
    decider,
    locked,
    other,
    roundChanges: (round) => roundChanges(height, round),
    mend: () => {
      restore();
      reins.isMute = false;
      scenario.heal();
    },
  };
}

/** The entry of a justification for what a validator asked for. */
export function entryOf({ signed }: Pick<RoundChange, 'signed'>): JustificationEntry {
  const { sender, signature, content } = signed;
  return { sender, signature, ...(content.prepared && { prepared: content.prepared }) };
}

export function bySender(entries: readonly JustificationEntry[]): readonly JustificationEntry[] {
  return [...entries].sort((a, b) => a.sender - b.sender);
}
