/** Checkers see what they are there for: violations that are planted from outside. */
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import type { EventOf } from '../../src/sim/world/events.ts';
import { brokenBy, prepare } from './support/planted.ts';

const foundry = createFoundry();

/** A STATUS of the first height, shown again to a node that is past it: the node helps. */
async function helpLaggard(
  scenario: Scenario,
  helps: EventOf<'sent'>[],
): Promise<{ readonly showAgain: () => void }> {
  const [helper, laggard] = [scenario.machine(0), scenario.machine(3)];
  let status: Uint8Array | undefined;
  scenario.world.events.on('sent', (event) => {
    if (event.kind === 'decided' && event.machine === helper) helps.push(event);
    if (event.kind === 'status' && event.machine === laggard) status ??= event.bytes;
  });
  await scenario.until('a STATUS', () => status !== undefined, 30_000);
  scenario.submit(0);
  await scenario.until('two blocks', () => helper.height() > 1, 60_000);
  const bytes = status ?? new Uint8Array();
  const showAgain = (): void => laggard.station()?.inject(helper.member.peerId, 'consensus', bytes);
  showAgain();
  await scenario.until('help', () => helps.length > 0, 10_000);
  return { showAgain };
}

describe('simulator: checkers', () => {
  it('given two blocks that a quorum can prepare with the faulty, then I5 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    scenario.machine(3).isHonest = false;
    prepare(scenario, 0, 1);
    prepare(scenario, 1, 2);
    // Two of four each, where Q is three.
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);

    scenario.machine(2).isHonest = false;
    prepare(scenario, 1, 2);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I5');
  });

  it('given a faulty machine that is not in the set, then it is not counted for I5', async () => {
    const scenario = await openScenario({ validators: 4, observers: 1 }, foundry);
    scenario.machine(3).isHonest = false;
    const gone = scenario.machine(4);
    gone.isHonest = false;
    // As one that was removed: it holds a consensus key still.
    gone.consensusKey = gone.member.keys.consensus;

    prepare(scenario, 0, 1);
    prepare(scenario, 1, 2);

    expect(gone.isValidator).to.equal(true);
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);
  });

  it('given a node that executes more blocks than a round can have, then I24 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    for (const machine of scenario.world.machines) {
      const height = machine.height() + 1;
      for (let count = 0; count < 4; count++) {
        scenario.world.events.emit({ type: 'executed', machine, height });
      }
    }

    expect(await brokenBy(() => scenario.run(0))).to.equal('I24');
  });

  it('given a message that costs more signature checks than two quorums, then I24 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const machine = scenario.machine(0);
    const bytes = new Uint8Array();
    const arrival = { type: 'arrived', machine, kind: 'prepare', bytes } as const;
    // Q is three of four.
    scenario.world.events.emit({ ...arrival, checks: 8 });
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);

    scenario.world.events.emit({ ...arrival, checks: 9 });

    expect(await brokenBy(() => scenario.run(0))).to.equal('I24');
  });

  it('given a peer that is helped twice within a second, then I24 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const helps: EventOf<'sent'>[] = [];
    await helpLaggard(scenario, helps);
    const [help] = helps;
    if (help === undefined) throw new Error('the laggard was helped');
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);

    for (let count = 0; count < 2; count++) scenario.world.events.emit(help);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I24');
  });

  it('spec R13: given a peer that shows hundreds of times that it is behind, then one block a second answers (I24)', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const helps: EventOf<'sent'>[] = [];
    const { showAgain } = await helpLaggard(scenario, helps);
    await scenario.run(10_000);
    helps.length = 0;

    for (let turn = 0; turn < 300; turn++) {
      showAgain();
      await scenario.run(20);
    }

    // Six seconds; the same block again after five of them.
    expect(helps).to.have.length(2);
    scenario.end();
  });

  it('given a node that ends as a defect over a damaged disk, then I22 is broken', async () => {
    const scenario = await openScenario({ validators: 4 }, foundry);
    const machine = scenario.machine(3);
    machine.wasDamaged = true;

    const error = new Error('an assertion');
    scenario.world.events.emit({ type: 'failed', machine, code: 'DEFECT', error });

    expect(await brokenBy(() => scenario.run(0))).to.equal('I22');
  });
});
