/** I18 sees who ends without a reason, whoever cuts it short, and who must end and never does. */
import type { Replica } from '@daybook/node';
import { StateError } from '@daybook/state';
import { expect } from 'chai';
import { awaitEndings } from '../../src/sim/checkers/endings.ts';
import { failBeside } from '../../src/sim/faults/crashes.ts';
import { createFoundry } from '../../src/sim/foundry.ts';
import type { Machine } from '../../src/sim/node/machine.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import { gain } from './support/goals.ts';
import { brokenBy } from './support/planted.ts';

const foundry = createFoundry();
/** A node that has failed is gone by then, or has broken I18. */
const GONE_MS = 25_000;

function diskFailed(): StateError {
  const facts = { path: '/data/blocks/0', operation: 'write', reason: 'EIO' } as const;
  return new StateError({ code: 'STATE_DISK_FAILED', ...facts });
}

/** The first machine of a scenario, and what it tells of its ends. */
async function openWatched(): Promise<{ scenario: Scenario; machine: Machine; told: string[] }> {
  const scenario = await openScenario({ validators: 4 }, foundry);
  const machine = scenario.machine(0);
  const told: string[] = [];
  scenario.world.events.on('failed', ({ code }) => told.push(`failed ${code}`));
  scenario.world.events.on('fatal', ({ code }) => told.push(`fatal ${code}`));
  scenario.world.events.on('booted', () => told.push('booted'));
  return { scenario, machine, told };
}

/** Lets its next write fail, and waits for its end. */
async function strikeDisk(scenario: Scenario, machine: Machine): Promise<void> {
  machine.strike = ({ operation }) => (operation === 'write' ? 'error' : undefined);
  scenario.submit(1);
  await scenario.until('its end', () => machine.state() === 'down', GONE_MS);
  machine.strike = () => undefined;
}

/** A node that has failed and works on; of two ways to end, each life has one by its number. */
async function openEnding(
  change: (replica: Replica) => void = () => undefined,
): ReturnType<typeof openWatched> {
  const watched = await openWatched();
  const { scenario, machine, told } = watched;
  for (let turn = 0; turn < 10; turn++) {
    const replica = machine.replica();
    if (replica !== undefined) change(replica);
    failBeside(machine);
    if (machine.state() === 'ending') {
      told.splice(0, told.length - 1);
      return watched;
    }
    machine.start();
    await scenario.until('its start', () => machine.state() === 'up', 5000);
  }
  throw new Error('of ten lives none ended slowly');
}

describe('simulator: checker of ends that have no reason (I18)', () => {
  it('given a disk that a fault lets fail, then the node ends by right', async () => {
    const { scenario, machine, told } = await openWatched();

    await strikeDisk(scenario, machine);

    expect(told).to.deep.equal(['failed STATE_DISK_FAILED', 'fatal STATE_DISK_FAILED']);
    scenario.end();
  });

  it('given the code of a disk that was not struck, then I18 is broken', async () => {
    const { scenario, machine } = await openWatched();

    machine.replica()?.consensus.fail(diskFailed());

    expect(await brokenBy(() => scenario.run(0))).to.equal('I18');
  });

  it('given the same in the life after a strike, then I18 is broken', async () => {
    const { scenario, machine } = await openWatched();
    await strikeDisk(scenario, machine);
    machine.start();
    await scenario.until('its start', () => machine.state() === 'up', 5000);

    machine.replica()?.consensus.fail(diskFailed());

    expect(await brokenBy(() => scenario.run(0))).to.equal('I18');
  });

  it('given a file that is not there and that no fault has taken, then I18 is broken', async () => {
    const { scenario, machine } = await openWatched();
    const life = machine.life();
    if (life === undefined) throw new Error('it runs');

    try {
      machine.disk.portFor(life).openFile('/data/misnamed');
    } catch (error) {
      machine.replica()?.consensus.fail(error);
    }

    expect(await brokenBy(() => scenario.run(0))).to.equal('I18');
  });

  it('given a listener that throws the code of a disk, then I18 is broken', async () => {
    const { scenario, machine } = await openWatched();

    scenario.world.events.emit({ type: 'fault', machine, error: diskFailed() });

    expect(await brokenBy(() => scenario.run(0))).to.equal('I18');
  });

  it('given an end that a crash cuts short, then its cause was told all the same', async () => {
    const { scenario, machine, told } = await openEnding();

    machine.crash('kill', 'while it ends');

    expect(told).to.deep.equal(['failed STATE_DISK_FULL']);
    scenario.end();
  });
});

describe('simulator: checker of ends that never come (I18)', () => {
  const hang = (replica: Replica): void => {
    Object.assign(replica, { stop: () => new Promise(() => undefined) });
  };

  it('given a node that closes its parts for ever, then I18 is broken', async () => {
    const { scenario } = await openEnding(hang);

    expect(await brokenBy(() => scenario.run(GONE_MS))).to.equal('I18');
  });

  it('given a run that is over before that, then I18 is broken all the same', async () => {
    const { scenario } = await openEnding(hang);

    await awaitEndings(scenario.world);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I18');
  });

  it('given a node that stands still while it ends, then it is given that time', async () => {
    const { scenario, machine } = await openEnding();
    machine.life()?.pause();
    await scenario.run(3 * GONE_MS);
    expect(machine.state()).to.equal('ending');

    machine.life()?.resume();
    await scenario.run(2000);

    expect(machine.state()).to.equal('down');
    scenario.end();
  });

  it('given a part that cannot be closed, then I18 is broken', async () => {
    const { scenario } = await openEnding((replica) => {
      Object.assign(replica, { stop: () => Promise.reject(new Error('a part stays open')) });
    });

    expect(await brokenBy(() => scenario.run(2000))).to.equal('I18');
  });

  it('given a start while it ends, then the next process waits for its end', async () => {
    const { scenario, machine, told } = await openEnding();

    machine.start();

    expect(machine.state()).to.equal('ending');
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    const ends = ['failed STATE_DISK_FULL', 'fatal STATE_DISK_FULL', 'booted'];
    expect(told).to.deep.equal(ends);
    scenario.end();
  });
});
