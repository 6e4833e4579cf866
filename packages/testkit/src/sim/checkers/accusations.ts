/** I14 and I18: no correct validator is accused, and no correct node gives up by itself. */
import { fromHex } from '@daybook/core';
import { codeOf, describeError, isDiskRefusal } from '../node/failure.ts';
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
    // I18 speaks of sound disks; how a node ends over a damaged one is of I22.
    world.events.on('fault', ({ machine, error }) => {
      if (!machine.isHonest || machine.wasDamaged || isDiskRefusal(codeOf(error))) return;
      world.violate('I18', `a listener of ${machine.name} throws: ${describeError(error)}`);
    });
    world.events.on('fatal', ({ machine, code, error }) => {
      world.coverage.add(`fatal ${code}`);
      if (!machine.isHonest || machine.wasDamaged || isDiskRefusal(code)) return;
      world.violate('I18', `${machine.name} stops with ${code}: ${describeError(error)}`);
    });
  },
};
