/** I14 and I18: no correct validator is accused, and no correct node gives up by itself. */
import { fromHex } from '@daybook/core';
import { describeError } from '../node/failure.ts';
import type { Machine } from '../node/machine.ts';
import type { Checker } from './checker.ts';

export const ACCUSATIONS: Checker = {
  invariants: ['I14', 'I18'],
  watch: (world) => {
    world.events.on('evidence', ({ machine, kind, validator, height }) => {
      world.coverage.add(`evidence ${kind}`);
      if (!machine.isHonest) return;
      const id = fromHex(validator);
      const accused = id && world.machines.find((one) => one.hasValidatorId(id));
      // A damaged disk is no excuse: who has lost votes is silent about their heights.
      if (accused?.isHonest === true && height > accused.forgotUpTo) {
        const words = `${machine.name} accuses ${accused.name} of ${kind} at ${height}`;
        world.violate('I14', words);
      }
    });
    // I18 speaks of sound disks that take what they are given; how a node ends over a damaged one
    // is of I22.
    world.events.on('fault', ({ machine, error }) => {
      if (isExcused(machine, error)) return;
      world.violate('I18', `a part of ${machine.name} throws: ${describeError(error)}`);
    });
    world.events.on('failed', ({ machine, code, error }) => {
      world.coverage.add(`fatal ${code}`);
      if (isExcused(machine, error)) return;
      world.violate('I18', `${machine.name} stops with ${code}: ${describeError(error)}`);
    });
  },
};

/** A fault made the very error; its code alone says nothing, for a lost file has it, too. */
function isExcused(machine: Machine, error: unknown): boolean {
  return !machine.isHonest || machine.wasDamaged || machine.refusals.explain(error);
}
