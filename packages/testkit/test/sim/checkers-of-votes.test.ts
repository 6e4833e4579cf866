/** Damage is no excuse: checkers see what a validator with a damaged disk must never do. */
import { asPublicKey, publicKeyOf, toHex, validatorIdOf } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import type { Machine } from '../../src/sim/node/machine.ts';
import type { Scenario } from '../../src/sim/scenario.ts';
import { openScenario } from '../../src/sim/scenario.ts';
import { createLife } from '../../src/sim/world/life.ts';
import { PATIENT } from './support/division.ts';
import { gain } from './support/goals.ts';
import { brokenBy, prepare, signerOf } from './support/planted.ts';
import { onSigned } from './support/sightings.ts';
import { toHeightWhere } from './support/turns.ts';

const foundry = createFoundry();
const MIRRORS = ['/data/votes/wal-A', '/data/votes/wal-B'] as const;
const [MIRROR_A] = MIRRORS;

/** A machine of four whose disk was damaged. */
async function openDamaged(): Promise<{ scenario: Scenario; machine: Machine }> {
  const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
  const machine = scenario.machine(1);
  machine.wasDamaged = true;
  return { scenario, machine };
}

/** The log of a machine says that it has left quarantine. */
function tellResumed(scenario: Scenario, machine: Machine, above: number): void {
  const signer = signerOf(scenario, machine.index);
  scenario.world.events.emit({ type: 'resumed', machine, signer, above });
}

/** The end of the last record is lost, as in a write that was never finished. */
function tear(bytes: Uint8Array): void {
  const last = bytes.findLastIndex((byte) => byte !== 0);
  bytes.fill(0, last - 8, last + 1);
}

/** A proposer that died with its proposal signed, and heard by nobody. */
async function openUnheard(): Promise<{ scenario: Scenario; machine: Machine }> {
  const scenario = await openScenario({ validators: 4, parameters: PATIENT }, foundry);
  const machine = scenario.machine(0);
  await toHeightWhere(scenario, (turn) => turn(0) === machine);
  onSigned(scenario, { machine: 0, step: 'pre-prepare', round: 0 }, () => scenario.crash(0));
  scenario.submit(0);
  await scenario.until('it died', () => machine.state() === 'down', 5000);
  machine.wasDamaged = true;
  return { scenario, machine };
}

describe('simulator: checkers of a validator with a damaged disk', () => {
  it('given two votes for one slot, then I3 is broken', async () => {
    const { scenario } = await openDamaged();
    prepare(scenario, 1, 1);
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);

    prepare(scenario, 1, 2);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I3');
  });

  it('given a vote in quarantine, then I16 is broken', async () => {
    const { scenario, machine } = await openDamaged();
    scenario.stop(1);
    for (const path of MIRRORS) machine.disk.remove(path);
    scenario.start(1);
    const isWithheld = (): boolean =>
      machine.replica()?.consensus.trust?.report().phase === 'quarantine';
    await scenario.until('quarantine', isWithheld, 5000);

    prepare(scenario, 1, 1);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I16');
  });

  it('given a vote at the height above which it may sign again, then I16 is broken', async () => {
    const { scenario, machine } = await openDamaged();
    tellResumed(scenario, machine, 1);

    prepare(scenario, 1, 1);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I16');
  });

  it('given quarantine that ends below what was signed, then I16 is broken', async () => {
    const { scenario, machine } = await openDamaged();
    prepare(scenario, 1, 1);

    tellResumed(scenario, machine, 0);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I16');
  });

  it('given the same with clocks that are wrong, then it is excused, and from then on only', async () => {
    const { scenario, machine } = await openDamaged();
    scenario.world.setClocksWrong();
    prepare(scenario, 1, 1);
    tellResumed(scenario, machine, 0);
    expect(machine.forgotUpTo).to.equal(1);
    prepare(scenario, 1, 2);
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);

    prepare(scenario, 1, 3);

    expect(await brokenBy(() => scenario.run(0))).to.equal('I3');
  });

  it('given an accusation, then I14 is broken', async () => {
    const { scenario, machine } = await openDamaged();
    const id = validatorIdOf(asPublicKey(publicKeyOf(machine.member.keys.consensus)));

    scenario.world.events.emit({
      type: 'evidence',
      machine: scenario.machine(0),
      kind: 'E2',
      validator: toHex(id),
      height: 1,
    });

    expect(await brokenBy(() => scenario.run(0))).to.equal('I14');
  });

  it('given a vote that one sound mirror lacks, then I6 is broken', async () => {
    const { scenario, machine } = await openDamaged();
    scenario.world.events.on('signed', (event) => {
      if (event.machine === machine) machine.disk.durable(MIRROR_A)?.fill(0);
    });
    scenario.submit(0);

    const run = gain(scenario, scenario.world.machines, { heights: 1, withinMs: 30_000 });

    expect(await brokenBy(() => run)).to.equal('I6');
  });

  it('given a vote torn in one mirror that nobody heard, then it is not signed again', async () => {
    const { scenario, machine } = await openUnheard();
    machine.disk.damage(MIRROR_A, tear);

    scenario.start(0);
    await scenario.run(1000);
    scenario.submit(0);
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });

    expect(machine.forgotUpTo).to.equal(0);
    scenario.end();
  });

  it('given a vote torn in both mirrors that nobody heard, then another one is excused', async () => {
    const { scenario, machine } = await openUnheard();
    for (const path of MIRRORS) machine.disk.damage(path, tear);

    scenario.start(0);
    await scenario.run(1000);
    scenario.submit(0);
    await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });

    expect(machine.forgotUpTo).to.be.above(0);
    scenario.end();
  });

  it('given a vote torn in both mirrors, when two starts follow, then both are excused', async () => {
    const { scenario, machine } = await openUnheard();
    for (const path of MIRRORS) machine.disk.damage(path, tear);
    for (const index of [1, 2, 3]) scenario.stop(index);

    for (const kind of ['first', 'second']) {
      scenario.start(0);
      await scenario.run(1000);
      expect(machine.disk.harm.files(), kind).to.deep.equal([]);
      scenario.stop(0);
    }

    expect(machine.forgotUpTo).to.equal(0);
    expect(await brokenBy(() => scenario.run(0))).to.equal(undefined);
  });

  it('given an older vote in a log that was put aside, then it may be sent again, and is counted', async () => {
    const { scenario, machine } = await openDamaged();
    const sent: Uint8Array[] = [];
    scenario.world.events.on('sent', (event) => {
      if (event.machine === machine && event.kind === 'prepare') sent.push(event.bytes);
    });
    scenario.submit(0);
    await scenario.until('a vote', () => sent.length > 0, 30_000);
    const again = { type: 'sent', machine, to: '', kind: 'prepare' } as const;
    const bytes = (sent[0] ?? new Uint8Array()).slice();
    const port = machine.disk.portFor(createLife(scenario.world.timeline));
    for (const path of MIRRORS) port.rename(path, `${path}.aside-0`);

    scenario.world.events.emit({ ...again, bytes });

    expect(scenario.world.violation()).to.equal(undefined);
    const counter = 'vote of a log put aside sent again';
    expect(scenario.world.coverage.counts().get(counter)).to.equal(2);
    port.remove(`${MIRROR_A}.aside-0`);
    scenario.world.events.emit({ ...again, bytes: bytes.slice() });
    expect(scenario.world.violation()?.invariant).to.equal('I6');
  });
});
