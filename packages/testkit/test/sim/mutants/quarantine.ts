/** Bugs in what keeps a validator silent whose vote log lacks what it signed. */
import type { Foundry } from '../../../src/sim/foundry.ts';
import type { Machine } from '../../../src/sim/node/machine.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { PATIENT } from '../support/division.ts';
import { gain } from '../support/goals.ts';
import { onSigned } from '../support/sightings.ts';
import { toHeightWhere } from '../support/turns.ts';
import type { Killer } from './killer.ts';

/** What happens to the log of a machine that is down; it has a copy of before its last vote. */
type Loss = (machine: Machine, copy: ReadonlyMap<string, Uint8Array>) => void;

/**
 * A proposer dies with its proposal signed and not sent: no peer can tell it what its log has lost.
 * It comes back and is handed a transaction, as if it were its turn to propose for the first time.
 */
async function proposeAfter(lose: Loss, foundry: Foundry): Promise<void> {
  const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
  const proposer = scenario.machine(0);
  await toHeightWhere(scenario, (turn) => turn(0) === proposer);
  const copy = proposer.disk.backup();
  let hasSigned = false;
  onSigned(scenario, { machine: 0, step: 'pre-prepare', round: 0 }, () => {
    hasSigned = true;
    scenario.crash(0);
  });
  scenario.submit(0);
  await scenario.until('the proposal is signed', () => hasSigned, 5000);
  proposer.wasDamaged = true;
  lose(proposer, copy);
  await scenario.run(200);

  scenario.start(0);
  await scenario.run(1000);
  scenario.submit(0);

  await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
  scenario.end();
}

const SKIPPED: Killer = {
  mutant: 'quarantine-skipped',
  scenario: 'given a proposer whose vote log is lost, then it signs nothing for that height',
  invariants: ['I16'],
  play: (foundry) =>
    proposeAfter(({ disk }) => {
      for (const path of disk.pathsBelow('/data/votes')) disk.remove(path);
    }, foundry),
};

const COPY_TRUSTED: Killer = {
  mutant: 'copied-log-trusted',
  scenario: 'given a proposer with a copy of its log put back, then it proposes nothing else',
  invariants: ['I3'],
  play: (foundry) => proposeAfter(({ disk }, copy) => disk.restore(copy), foundry),
};

export const QUARANTINE_KILLERS: readonly Killer[] = [SKIPPED, COPY_TRUSTED];
