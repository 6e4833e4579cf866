/**
 * I28: rounds wait. With at most f faulty, the highest round that a correct validator asks for grows
 * by one in T(r) at most, whoever is down or asks for more: a timer of round r runs only once a
 * quorum is in r (R9), which takes a correct validator that has asked for r, and to follow others
 * takes one of them that is correct (R8).
 */
import { quorumOf, roundDurationMs } from '@daybook/core';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** What a machine takes for a second is a little more or less. */
const DRIFT = 0.999;

export const ROUNDS: Checker = {
  invariants: ['I28'],
  watch: (world) => {
    /** When a correct validator first had `height/round`: round 0 as it enters the height. */
    const begun = new Map<string, number>();
    const begin = (height: number, round: number): boolean => {
      const slot = `${height}/${round}`;
      if (begun.has(slot)) return false;
      begun.set(slot, world.timeline.now());
      return true;
    };
    world.events.on('committed', ({ machine, block }) => {
      if (machine.isHonest) begin(block.header.height + 1, 0);
    });
    // A death between the write of a block or vote and its notice: the next life goes on from it.
    world.events.on('booted', ({ machine, height }) => {
      if (!machine.isHonest) return;
      begin(height + 1, 0);
      const current = machine.replica()?.consensus.driver.state().current;
      if (current !== undefined) begin(current.context.height, current.round);
    });
    world.events.on('signed', ({ machine, vote: { height, round, step } }) => {
      if (step !== 'round-change' || !machine.isHonest || height <= machine.forgotUpTo) return;
      if (!begin(height, round)) return;
      const next = machine.replica()?.ledger.head().next;
      const validators = next?.validators.length ?? 0;
      if (next === undefined || hasTooManyFaulty(world, { height, validators })) return;
      const sinceMs = world.timeline.now() - (begun.get(`${height}/${round - 1}`) ?? 0);
      if (sinceMs >= roundDurationMs(next.parameters, round - 1) * DRIFT) return;
      const words = `${machine.name} asks for ${height}/${round} ${sinceMs} ms after the round before`;
      world.violate('I28', words);
    });
  },
};

/** Machines that lie, or may contradict what they forgot: the bound speaks of f of them. */
function hasTooManyFaulty(
  { machines, genesis }: World,
  { height, validators }: { readonly height: number; readonly validators: number },
): boolean {
  const faulty = machines.filter((one) => !one.isHonest || height <= one.forgotUpTo);
  const least = Math.min(validators, genesis.validators.length);
  return faulty.length > quorumOf(least).faultyMax;
}
