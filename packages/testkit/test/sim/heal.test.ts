/** What must hold after the faults is checked: worlds in which somebody keeps it from holding. */
import { asPublicKey, asTransactionId, publicKeyOf, toHex, validatorIdOf } from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../src/sim/foundry.ts';
import { heal } from '../../src/sim/heal.ts';
import { drawPlan } from '../../src/sim/plan.ts';
import type { Simulation } from '../../src/sim/simulation.ts';
import { openSimulation } from '../../src/sim/simulation.ts';

const foundry = createFoundry();

/** Lives ten seconds without a fault, heals while `spoil` is at it, and tells what broke. */
async function healSpoiled(spoil: (simulation: Simulation) => void): Promise<string | undefined> {
  const plan = {
    ...drawPlan(4),
    validators: 4,
    observers: 1,
    traitors: [],
    faults: [],
    workload: 'tally' as const,
    signatures: 'keyed-hash' as const,
    parameters: { blockIntervalMs: 500, emptyIntervalMs: 5000 },
  };
  const simulation = await openSimulation(plan, foundry);
  const { world } = simulation;
  for (const machine of world.machines) machine.start();
  await world.timeline.run(10_000);
  world.events.on('healed', () => spoil(simulation));
  await heal(simulation);
  return world.violation()?.invariant;
}

describe('simulator: what must hold after healing', () => {
  it('given nobody who spoils it, then all of it holds', async () => {
    expect(await healSpoiled(() => undefined)).to.equal(undefined);
  });

  it('given validators cut into halves, then I26 is broken', async () => {
    const broken = await healSpoiled(({ world }) => {
      world.wire.partition((from, to) => from < 2 !== to < 2, true);
    });

    expect(broken).to.equal('I26');
  });

  it('given an observer that hears nobody, then I30 is broken', async () => {
    const broken = await healSpoiled(({ world }) => {
      world.machines[4]?.start();
      world.wire.partition((from, to) => from === 4 || to === 4, true);
    });

    expect(broken).to.equal('I30');
  });

  it('given a fault that was found and comes on no chain, then I15 is broken', async () => {
    const broken = await healSpoiled(({ world }) => {
      const [machine, other] = world.machines;
      if (machine === undefined || other === undefined) return;
      const validator = toHex(validatorIdOf(asPublicKey(publicKeyOf(other.member.keys.consensus))));
      const height = machine.height();
      // Else it is the accusation that is wrong (I14).
      other.isHonest = false;
      world.events.emit({ type: 'evidence', machine, kind: 'E3', validator, height });
      other.isHonest = true;
    });

    expect(broken).to.equal('I15');
  });

  it('given a transaction that was accepted and is never final, then I27 is broken', async () => {
    const broken = await healSpoiled(({ world }) => {
      const [machine] = world.machines;
      const id = asTransactionId(new Uint8Array(32).fill(7));
      world.timeline.at(world.timeline.now(), () => {
        if (machine !== undefined) {
          world.events.emit({ type: 'accepted', machine, id, validUntilMs: 1 });
        }
      });
    });

    expect(broken).to.equal('I27');
  });
});
