/** Named scenario 41 of docs/reliability.md: a signer's process is killed before its answer leaves. */
import type { Unsigned } from '@daybook/core';
import { parseSignBytes } from '@daybook/state';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { lockOf, proposerMachine, QUIET, recordVotes, roundOf, untilAllAt } from './staging.ts';

const foundry = createFoundry();
/** All that run, and just a quorum. */
const RUNNING = [0, 1, 2] as const;
const DOWN = 3;
const VICTIM = 1;

/** Decides one height more. */
async function decideNext(scenario: Scenario): Promise<void> {
  const height = scenario.machine(0).height() + 1;
  await untilAllAt(scenario, RUNNING, { height, withinMs: 60_000 });
}

/** Three of four, which have made blocks together; one of them proposes the next one. */
async function openThree(): Promise<Scenario> {
  const options = { validators: 4, parameters: QUIET, down: [DOWN] };
  const scenario = await openScenario(options, foundry);
  do {
    scenario.submit(0);
    await decideNext(scenario);
  } while (proposerMachine(scenario, 0, 0) === DOWN);
  return scenario;
}

/** The signer of the machine is killed at its next vote of this kind, once it is logged. */
function killAt(scenario: Scenario, type: Unsigned['type'], machine = VICTIM): () => boolean {
  const victim = scenario.machine(machine);
  let isAway = false;
  victim.strikeSigner = ({ signBytes }) => {
    const parsed = parseSignBytes(signBytes);
    if (isAway || !parsed.ok || parsed.value.content.type !== type) return undefined;
    isAway = true;
    return 'before it answers';
  };
  return () => isAway;
}

describe('simulator scenarios: signers', () => {
  for (const awayMs of [300, 5000, 60_000]) {
    it(`scenario 41: given a logged COMMIT whose answer was lost (validators=4, down=1, away=${awayMs} ms), then its height is decided`, async () => {
      const scenario = await openThree();
      const isAway = killAt(scenario, 'commit');
      const votes = recordVotes(scenario);
      scenario.submit(0);
      await scenario.until('the COMMIT is logged', isAway, 30_000);

      await scenario.run(awayMs);
      const during = [roundOf(scenario, VICTIM) > 0, lockOf(scenario, VICTIM)];
      scenario.machine(VICTIM).returnSigner();
      await decideNext(scenario);

      expect(during).to.deep.equal([awayMs >= 5000, undefined]);
      const commits = votes.filter(({ machine, type }) => machine === VICTIM && type === 'commit');
      expect(new Set(commits.map(({ hash }) => hash)).size).to.equal(1);
      scenario.end();
    });
  }

  it('scenario 41: given a logged PRE-PREPARE whose answer was lost (validators=4, down=1), then its round goes on with it', async () => {
    const scenario = await openThree();
    await scenario.run(3000);
    const proposer = proposerMachine(scenario, 0, 0);
    const isAway = killAt(scenario, 'pre-prepare', proposer);
    const votes = recordVotes(scenario);
    scenario.submit(proposer);
    await scenario.until('the PRE-PREPARE is logged', isAway, 30_000);

    await scenario.run(300);
    scenario.machine(proposer).returnSigner();
    await decideNext(scenario);

    expect(votes.filter(({ type }) => type === 'round-change')).to.be.empty;
    scenario.end();
  });
});
