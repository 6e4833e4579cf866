/** Positions of signing (protocol §9): names of slots, and their order (height, round, step). */
import type { Round, Unsigned } from '@daybook/core';
import type { Position, SigningStep } from './event.ts';

const STEP_ORDER: Readonly<Record<SigningStep, number>> = {
  'round-change': 0,
  'pre-prepare': 1,
  prepare: 2,
  commit: 3,
};

/** What the names of a slot need of a message. */
export type SlotOf = Pick<Unsigned, 'type' | 'height' | 'round'>;

export function positionOf({ type, height, round }: SlotOf): Position {
  return { height, round, step: type };
}

/** Negative, 0 or positive in the lexicographic order of G1. */
export function comparePositions(a: Position, b: Position): number {
  if (a.height !== b.height) return a.height - b.height;
  if (a.round !== b.round) return a.round - b.round;
  return STEP_ORDER[a.step] - STEP_ORDER[b.step];
}

/** Whether a message at `position` comes after the one at `guard` (G1). */
export function isAbove(position: Position, guard: Position): boolean {
  return comparePositions(position, guard) > 0;
}

/** Key of a slot within one height. */
export function slotKey(round: Round, step: SigningStep): string {
  return `${round}/${step}`;
}
