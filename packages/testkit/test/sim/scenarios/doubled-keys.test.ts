/** Named scenario 20 of docs/reliability.md: two processes with one validator key. */
import { fromHex } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { QUIET, recordVotes, untilAllAt } from './staging.ts';

const foundry = createFoundry();
const OTHERS = [0, 2, 3] as const;

interface Doubled {
  readonly scenario: Scenario;
  /** Both run production code, with the same key and peer id. */
  readonly first: Machine;
  readonly second: Machine;
}

/** Three validators run; the fourth key lies on two machines that are down. */
async function openDoubled(): Promise<Doubled> {
  const scenario = await openScenario(
    {
      validators: 4,
      parameters: { ...QUIET, emptyIntervalMs: 1000 },
      // Two machines under one key; without their tap they are as honest as their operator.
      traitors: [{ machine: 1, strategy: 'B21' }],
      down: [1, 4],
    },
    foundry,
  );
  const [first, second] = [scenario.machine(1), scenario.machine(4)];
  for (const machine of [first, second]) machine.tap = undefined;
  return { scenario, first, second };
}

function phaseOf(machine: Machine): string | undefined {
  return machine.replica()?.consensus.trust?.report().phase;
}

describe('simulator scenarios: doubled keys', () => {
  it('scenario 20: given a running validator, when its copy starts, then the copy never signs', async () => {
    const { scenario, first, second } = await openDoubled();
    scenario.start(1);
    await untilAllAt(scenario, [0, 1, 2, 3], { height: 2, withinMs: 20_000 });
    const files = first.disk.backup();
    const entries = first.keyValue.backup();
    await untilAllAt(scenario, [0, 1, 2, 3], { height: 4, withinMs: 20_000 });
    second.disk.restore(files);
    second.keyValue.restore(entries);
    const votes = recordVotes(scenario);

    scenario.start(4);
    await scenario.until('the copy in quarantine', () => phaseOf(second) === 'quarantine', 5000);
    const height = scenario.machine(0).height() + 4;
    await untilAllAt(scenario, OTHERS, { height, withinMs: 60_000 });

    expect(votes.filter(({ machine }) => machine === 4)).to.be.empty;
    scenario.end();
  });

  it('scenario 20: given a second log under the key, then peers tell the one that starts later', async () => {
    const { scenario, second } = await openDoubled();
    scenario.start(1);
    await untilAllAt(scenario, [0, 1, 2, 3], { height: 2, withinMs: 20_000 });
    const votes = recordVotes(scenario);

    scenario.start(4);
    await scenario.until('the second in quarantine', () => phaseOf(second) === 'quarantine', 8000);
    await scenario.run(5000);

    expect(votes.filter(({ machine }) => machine === 4)).to.be.empty;
    scenario.end();
  });

  it('scenario 20: given both started at the same time, then they count as one faulty validator', async () => {
    const { scenario, first } = await openDoubled();
    const accused = new Set<string>();
    scenario.world.events.on('evidence', ({ validator }) => accused.add(validator));
    scenario.start(1, 4);
    await untilAllAt(scenario, OTHERS, { height: 8, withinMs: 90_000 });

    // Both propose in their turn: that is all that can be proven, and against nobody else.
    expect(accused.size).to.equal(1);
    for (const id of accused) {
      expect(first.hasValidatorId(fromHex(id) ?? new Uint8Array())).to.equal(true);
    }
    scenario.end();
  });

  it('scenario 20: given both started at the same time, when they learn of each other, then at most one goes on', async () => {
    const { scenario, first, second } = await openDoubled();
    for (const machine of [first, second]) machine.givesWayToDouble = true;
    const stops = new Map<number, string>();
    scenario.world.events.on('fatal', ({ machine, code }) => stops.set(machine.index, code));

    scenario.start(1, 4);
    await scenario.until('one of them stops', () => stops.size > 0, 90_000);
    await scenario.run(1000);
    const votes = recordVotes(scenario);
    await untilAllAt(scenario, OTHERS, {
      height: scenario.machine(0).height() + 8,
      withinMs: 90_000,
    });

    expect([...new Set(stops.values())]).to.deep.equal(['CONSENSUS_KEY_ELSEWHERE']);
    const signing = votes
      .map(({ machine }) => machine)
      .filter((index) => index === 1 || index === 4);
    expect(new Set(signing).size).to.be.at.most(1);
    scenario.end();
  });
});
