/** A proposer that dies with its proposal signed, and is asked for one again when it is back. */
import type { Foundry } from '../../../src/sim/foundry.ts';
import type { DeathKind, Machine } from '../../../src/sim/node/machine.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { PATIENT } from '../support/division.ts';
import { gain } from '../support/goals.ts';
import { onSigned } from '../support/sightings.ts';
import { toHeightWhere } from '../support/turns.ts';

/** What happens to the disk of a machine that is down; the copy is of before its last vote. */
export type Loss = (machine: Machine, copy: ReadonlyMap<string, Uint8Array>) => void;

/**
 * It dies before the proposal is sent, so that no peer can tell it what its log has lost. It comes
 * back and is handed a transaction, as if it were its turn to propose for the first time.
 * @param lose  damages its disk meanwhile; without it the disk is what the death leaves
 */
export async function proposeTwice(foundry: Foundry, death: DeathKind, lose?: Loss): Promise<void> {
  const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
  const proposer = scenario.machine(0);
  await toHeightWhere(scenario, (turn) => turn(0) === proposer);
  const copy = proposer.disk.backup();
  let hasSigned = false;
  onSigned(scenario, { machine: 0, step: 'pre-prepare', round: 0 }, () => {
    hasSigned = true;
    scenario.crash(0, death);
  });
  scenario.submit(0);
  await scenario.until('the proposal is signed', () => hasSigned, 5000);
  proposer.wasDamaged = lose !== undefined;
  lose?.(proposer, copy);
  await scenario.run(200);

  scenario.start(0);
  await scenario.run(1000);
  scenario.submit(0);

  await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
  scenario.end();
}
