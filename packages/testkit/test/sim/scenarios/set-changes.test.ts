/** Named scenarios of changes of the validator set (docs/reliability.md, 22 to 26, 28 and 40). */
import type { Certificate, Header, RecoveryPlan, ValidatorSet } from '@daybook/core';
import {
  asPublicKey,
  compareBytes,
  equalBytes,
  publicKeyOf,
  recoverySignBytes,
  sha256,
  sign,
  toHex,
  validatorIdOf,
  validatorsHash,
  verifyCertificate,
} from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import {
  adopt,
  idOf,
  isInSet,
  keyFor,
  keysAt,
  proposeNewcomer,
  proposeRemoval,
  proposeRotation,
} from '../../../src/sim/governing.ts';
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { gain, reach } from '../support/goals.ts';
import { loseFrames } from '../support/sightings.ts';
import { roundOf } from '../support/turns.ts';

const foundry = createFoundry();
const IS_LONG = process.env.DAYBOOK_SIM_LONG === '1';
/** Boundaries come quickly, and blocks come by themselves. */
const EPOCHS = { epochBlocks: 5, emptyIntervalMs: 1000 };
const CHANGE_MS = 90_000;

interface Change {
  readonly header: Header;
  readonly round: number;
}

/** Headers of machine 0 that name another set for the next height. */
function watchChanges({ world }: Scenario): readonly Change[] {
  const changes: Change[] = [];
  world.events.on('committed', ({ machine, block, certificate }) => {
    const { header } = block;
    if (machine.index !== 0) return;
    if (equalBytes(header.validatorsHash, header.nextValidatorsHash)) return;
    changes.push({ header, round: certificate.round });
  });
  return changes;
}

async function untilSet(
  scenario: Scenario,
  what: string,
  holds: (set: readonly string[]) => boolean,
): Promise<void> {
  const viewer = scenario.machine(0);
  await reach(scenario, () => holds(keysAt(viewer)), { what, withinMs: CHANGE_MS });
}

function machines(scenario: Scenario, ...indexes: readonly number[]): readonly Machine[] {
  return indexes.map((index) => scenario.machine(index));
}

describe('scenarios: changes of the validator set', () => {
  it('scenario 22: one joins, one leaves and one turns its key at the same boundary', async () => {
    const parameters = { epochBlocks: 25, emptyIntervalMs: 2000, blockIntervalMs: 250 };
    const options = { validators: 10, observers: 1, parameters };
    const scenario = await openScenario(options, foundry);
    const changes = watchChanges(scenario);
    const oldKey = toHex(publicKeyOf(scenario.machine(8).member.keys.consensus));
    await proposeNewcomer(scenario.world, scenario.machine(10));
    proposeRemoval(scenario.world, scenario.machine(9));
    await proposeRotation(scenario.world, scenario.machine(8));

    await untilSet(scenario, 'the set has turned', (set) => !set.includes(oldKey));

    expect(changes.length).to.equal(1);
    const viewer = scenario.machine(0);
    expect(keysAt(viewer)).to.have.length(10);
    expect(isInSet(viewer, scenario.machine(10))).to.equal(true);
    expect(isInSet(viewer, scenario.machine(9))).to.equal(false);
    const voting = machines(scenario, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10);
    await gain(scenario, voting, { heights: 4, withinMs: 60_000 });
    scenario.end();
  });

  it('scenario 23: a newcomer that never lived is not admitted, one that dies then halts nobody', async () => {
    const options = { validators: 4, observers: 2, parameters: EPOCHS };
    const scenario = await openScenario(options, foundry);
    await proposeNewcomer(scenario.world, scenario.machine(5));
    scenario.stop(5);
    await gain(scenario, machines(scenario, 0, 1, 2, 3), { heights: 12, withinMs: 60_000 });
    expect(keysAt(scenario.machine(0))).to.have.length(4);

    scenario.world.events.on('committed', () => {
      if (keysAt(scenario.machine(0)).length === 5) scenario.stop(4);
    });
    await proposeNewcomer(scenario.world, scenario.machine(4));
    await untilSet(scenario, 'five validators', (set) => set.length === 5);
    expect(scenario.machine(4).state()).to.equal('down');

    await gain(scenario, machines(scenario, 0, 1, 2, 3), { heights: 4, withinMs: 60_000 });
    scenario.end();
  });

  it('scenario 24: the block before the boundary is decided in a high round', async () => {
    const scenario = await openScenario({ validators: 5, parameters: EPOCHS }, foundry);
    const changes = watchChanges(scenario);
    const atBoundary = (one: Machine): boolean => (one.height() + 2) % EPOCHS.epochBlocks === 0;
    loseFrames(scenario, ({ kind, from }) => {
      const speaker = scenario.machine(from);
      return kind === 'commit' && atBoundary(speaker) && roundOf(speaker) < 2;
    });

    proposeRemoval(scenario.world, scenario.machine(4));

    await untilSet(scenario, 'four validators', (set) => set.length === 4);
    expect(changes[0]?.round).to.be.at.least(2);
    await gain(scenario, machines(scenario, 0, 1, 2, 3), { heights: 2, withinMs: 60_000 });
    scenario.end();
  });

  it('scenario 25: the set changes while some are cut off, who then come along', async () => {
    const scenario = await openScenario({ validators: 7, parameters: EPOCHS }, foundry);
    adopt(
      scenario.world,
      'proposeValidatorRemoval',
      { validator: idOf(scenario.world, scenario.machine(6)) },
      scenario.machine(2),
    );
    await scenario.run(300);
    scenario.partition([0, 1], [2, 3, 4, 5, 6]);
    const viewer = scenario.machine(2);
    const hasChanged = (): boolean => keysAt(viewer).length === 6;
    await reach(scenario, hasChanged, { what: 'six validators', withinMs: CHANGE_MS });
    expect(keysAt(scenario.machine(0))).to.have.length(7);
    await gain(scenario, machines(scenario, 2, 3, 4, 5), { heights: 2, withinMs: 60_000 });

    scenario.heal();

    const staying = machines(scenario, 0, 1, 2, 3, 4, 5);
    await gain(scenario, staying, { heights: 2, withinMs: 60_000 });
    expect(keysAt(scenario.machine(0))).to.have.length(6);
    scenario.end();
  });

  const largest = IS_LONG ? 30 : 8;
  it(`scenario 26: a set shrinks to four and grows to ${largest}`, async () => {
    const options = { validators: 6, observers: largest - 4, parameters: EPOCHS };
    const scenario = await openScenario(options, foundry);
    for (const leaver of [5, 4]) {
      proposeRemoval(scenario.world, scenario.machine(leaver));
      await untilSet(scenario, `without ${leaver}`, (set) => set.length === leaver);
    }
    expect(keysAt(scenario.machine(0))).to.have.length(4);
    // Below four nobody may go: the contract refuses the proposal, and nothing changes.
    proposeRemoval(scenario.world, scenario.machine(3));
    await gain(scenario, machines(scenario, 0, 1, 2, 3), { heights: 11, withinMs: 60_000 });
    expect(keysAt(scenario.machine(0))).to.have.length(4);

    for (let count = 5; count <= largest; count++) {
      await proposeNewcomer(scenario.world, scenario.machine(6 + (count - 5)));
      await untilSet(scenario, `${count} validators`, (set) => set.length === count);
    }

    const joined = Array.from({ length: largest - 4 }, (_, index) => 6 + index);
    const all = machines(scenario, 0, 1, 2, 3, ...joined);
    await gain(scenario, all, { heights: 2, withinMs: 60_000 });
    scenario.end();
  }).timeout(IS_LONG ? 3_600_000 : 120_000);

  it('scenario 28: an observer and whoever knows only genesis follow ten changes of the set', async () => {
    const options = { validators: 4, observers: 1, parameters: EPOCHS };
    const scenario = await openScenario(options, foundry);
    const follower = followSets(scenario, 4);
    const rotating = scenario.machine(3);
    for (let turn = 1; turn <= 10; turn++) {
      const seed = sha256(new TextEncoder().encode(`key ${turn}`));
      const key = keyFor(scenario.world, rotating, seed);
      rotating.crash('kill', 'to get its next key');
      if (rotating.nextConsensusKey !== undefined)
        rotating.consensusKey = rotating.nextConsensusKey;
      rotating.nextConsensusKey = key.secretKey;
      await rotating.prepareNext();
      rotating.start();
      const { publicKey: consensusKey, proof } = key;
      const args = { validator: idOf(scenario.world, scenario.machine(3)), consensusKey, proof };
      adopt(scenario.world, 'proposeKeyRotation', args, scenario.machine(0));
      const hasTurned = (set: readonly string[]): boolean => set.includes(toHex(key.publicKey));
      await untilSet(scenario, `key ${turn}`, hasTurned);
    }

    await gain(scenario, scenario.world.machines, { heights: 2, withinMs: 60_000 });

    expect(follower.changes()).to.equal(10);
    expect(follower.refused()).to.deep.equal([]);
    expect(toHex(validatorsHash(follower.trusted()))).to.equal(
      toHex(validatorsHash(scenario.machine(4).replica()?.ledger.head().next.validators ?? [])),
    );
    scenario.end();
  });

  it('scenario 40: two of four are lost for ever, and the departments go on by a recovery file', async () => {
    const options = { validators: 4, observers: 2, parameters: EPOCHS };
    const scenario = await openScenario(options, foundry);
    await gain(scenario, scenario.world.machines, { withinMs: 60_000 });
    scenario.stop(2, 3);
    await scenario.run(30_000);
    const survivors = machines(scenario, 0, 1, 4, 5);
    const last = Math.max(...survivors.map((one) => one.height()));
    await reach(scenario, () => survivors.every((one) => one.height() === last), {
      what: 'all survivors have the last block',
      withinMs: 30_000,
    });

    const file = { plan: planOf(scenario, survivors), consents: [] };
    const consents = [0, 1, 2].map((index) => consentOf(scenario, index, file.plan));
    for (const machine of survivors) {
      machine.crash('kill', 'to install the recovery');
      machine.consensusKey = machine.member.keys.consensus;
      machine.recoveries = [{ ...file, consents }];
      await machine.prepareNext();
      machine.start();
    }

    await gain(scenario, survivors, { heights: 3, withinMs: 60_000 });
    const { history } = scenario.machine(0).replica() ?? {};
    expect(history?.at(last + 1)?.length).to.equal(4);
    expect(toHex(history?.chainAt(last + 1) ?? new Uint8Array())).not.to.equal(
      toHex(history?.chainAt(last) ?? new Uint8Array()),
    );
    expect(isInSet(scenario.machine(0), scenario.machine(2))).to.equal(false);
    scenario.end();
  });
});

function planOf({ world }: Scenario, survivors: readonly Machine[]): RecoveryPlan {
  const head = survivors[0]?.replica()?.ledger.head();
  if (head === undefined) throw new Error('a survivor runs');
  const validators = survivors.map(({ member }) => {
    const publicKey = asPublicKey(publicKeyOf(member.keys.consensus));
    return { id: validatorIdOf(publicKey), publicKey, organisation: member.slug };
  });
  return {
    chain: world.genesis.chain,
    height: head.header.height,
    blockHash: head.hash,
    validators: validators.sort((a, b) => compareBytes(a.id, b.id)),
    reason: 'two machines are lost for ever',
  };
}

function consentOf(
  scenario: Scenario,
  index: number,
  plan: RecoveryPlan,
): { readonly organisation: string; readonly signature: ReturnType<typeof sign> } {
  const { member } = scenario.machine(index);
  const signature = sign(member.keys.governance, recoverySignBytes(plan));
  return { organisation: member.slug, signature };
}

interface Follower {
  changes(): number;
  /** Heights whose header did not pass. */
  refused(): readonly number[];
  trusted(): ValidatorSet;
}

/** Follows headers of one node from genesis by sections 5 and 17 of the protocol alone. */
function followSets({ world }: Scenario, source: number): Follower {
  let trusted = world.genesis.validators;
  let count = 0;
  const refused: number[] = [];
  const passes = (header: Header, certificate: Certificate, blockHash: Header['parentHash']) => {
    const { chain } = world.genesis;
    const { height } = header;
    const expected = { kind: 'commit', chain, height, blockHash, validators: trusted } as const;
    const isOfSet = equalBytes(header.validatorsHash, validatorsHash(trusted));
    return isOfSet && verifyCertificate(certificate, expected).ok;
  };
  world.events.on('committed', ({ machine, block, certificate }) => {
    if (machine.index !== source) return;
    const { header } = block;
    if (!passes(header, certificate, block.hash)) refused.push(header.height);
    if (equalBytes(header.validatorsHash, header.nextValidatorsHash)) return;
    // The list comes from a node that may lie; the header says which one is right.
    const told = machine.replica()?.ledger.head().next.validators ?? [];
    if (!equalBytes(validatorsHash(told), header.nextValidatorsHash)) return;
    trusted = told;
    count += 1;
  });
  return { changes: () => count, refused: () => refused, trusted: () => trusted };
}
