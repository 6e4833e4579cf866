/** Bugs in what a block takes from its proposer as a transaction. */
import type { BodyEntry, ChainParameters } from '@daybook/core';
import { assert, decodeBodyEntry } from '@daybook/core';
import {
  ownTransaction,
  withWrongSignature,
} from '../../../src/sim/strategies/b11-wrong-bodies.ts';
import type { Traitor } from '../../../src/sim/strategies/traitor.ts';
import { PATIENT, TRAITOR } from '../support/division.ts';
import { gain } from '../support/goals.ts';
import { openBetrayed, proposeAndVote } from '../support/traitor.ts';
import { toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';

type Chosen = Pick<ChainParameters, 'validityMaxMs'> & { readonly timestampMs: number };

/** In its turn a traitor proposes one transaction, under a header that follows from it. */
function proposing(
  killer: Omit<Killer, 'play' | 'invariants'>,
  choose: (traitor: Traitor, at: Chosen) => Uint8Array,
): Killer {
  return {
    ...killer,
    invariants: ['I12'],
    play: async (foundry) => {
      const options = { validators: 4, parameters: PATIENT };
      const { scenario, traitor, reins } = await openBetrayed(options, TRAITOR, foundry);
      const height = await toHeightWhere(scenario, (turn) => turn(0) === traitor.machine);
      reins.isMute = true;
      const { validityMaxMs } = scenario.world.genesis.document.parameters;
      const timestampMs = traitor.machine.clock.wall();
      const entry = entryOf(choose(traitor, { timestampMs, validityMaxMs }));
      const forged = traitor.buildBlock({ timestampMs, entries: [entry] });
      assert(forged !== undefined, 'the traitor is where the others are');
      scenario.submit(0);

      proposeAndVote(traitor, { height, round: 0, ...forged });

      await gain(scenario, traitor.honest(), { heights: 1, withinMs: 60_000 });
      scenario.end();
    },
  };
}

function entryOf(bytes: Uint8Array): BodyEntry {
  const entry = decodeBodyEntry(bytes);
  assert(entry.ok, 'only its content is wrong');
  return entry.value;
}

export const BODY_KILLERS: readonly Killer[] = [
  proposing(
    {
      mutant: 'block-signatures-unchecked',
      scenario: 'given a proposed transaction whose signature is wrong, then nobody votes for it',
    },
    (traitor, { timestampMs }) => withWrongSignature(ownTransaction(traitor, timestampMs + 60_000)),
  ),
  proposing(
    {
      mutant: 'validity-unbounded',
      scenario: 'given a proposed transaction valid for too long, then nobody votes for it',
    },
    (traitor, { timestampMs, validityMaxMs }) => {
      return ownTransaction(traitor, timestampMs + validityMaxMs + 1).bytes;
    },
  ),
];
