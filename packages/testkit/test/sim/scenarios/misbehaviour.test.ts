/** Named scenarios of proven faults, liars, forks and late releases (docs/reliability.md, 27, 29, 34, 35). */
import { directory, governance } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import type { EvidenceKind, Message } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  conflictOf,
  encodeEvidence,
  proveEvidence,
  publicKeyOf,
  readEvidence,
  sign,
  signBytes,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import { createFoundry } from '../../../src/sim/foundry.ts';
import { adopt, keysAt, proposeRemoval } from '../../../src/sim/governing.ts';
import type { Machine } from '../../../src/sim/node/machine.ts';
import type { Scenario } from '../../../src/sim/scenario.ts';
import { openScenario } from '../../../src/sim/scenario.ts';
import { inlineAll, Traitor } from '../../../src/sim/strategies/traitor.ts';
import { nextTally, tally } from '../../../src/sim/tally.ts';
import { PATIENT } from '../support/division.ts';
import { gain, reach } from '../support/goals.ts';
import { loseFrames } from '../support/sightings.ts';
import { openBetrayed } from '../support/traitor.ts';
import { toHeightWhere } from '../support/turns.ts';

const foundry = createFoundry();
const TRAITOR = 3;
const EPOCHS = { epochBlocks: 5, emptyIntervalMs: 1000 };

/** Kinds of evidence that stand in blocks from now on. */
function watchEvidence({ world }: Scenario): ReadonlySet<EvidenceKind> {
  const kinds = new Set<EvidenceKind>();
  world.events.on('committed', ({ machine, block }) => {
    if (!machine.isHonest) return;
    for (const entry of block.entries) {
      if (entry.type !== 'system' || entry.system.kind !== 'evidence') continue;
      const read = readEvidence(entry.system.payload);
      const kind = read.ok && conflictOf(read.value.first.content, read.value.second.content);
      if (kind !== false && kind !== undefined) kinds.add(kind);
    }
  });
  return kinds;
}

const hashOf = (number: number): ReturnType<typeof asHash> =>
  asHash(new Uint8Array(32).fill(number));

/** Votes that contradict each other in each of the six ways, at a height where it has a lock. */
function contradictions(traitor: Traitor, height: number): readonly Message[] {
  const lock = traitor.machine.replica()?.consensus.driver.state().current?.lock;
  assert(lock !== undefined, 'the traitor has a lock');
  const { certificate, blockHash, round } = lock;
  const prepared = { round, blockHash };
  const roundChange = (at: number, isHonest: boolean): Message => ({
    type: 'round-change',
    signed: traitor.sign({
      type: 'round-change',
      height,
      round: at,
      ...(isHonest && { prepared }),
    }),
    ...(isHonest && { certificate }),
  });
  const vote = (type: 'prepare' | 'commit', number: number): Message => {
    const signed = { height, round: 0, blockHash: number === 0 ? blockHash : hashOf(number) };
    return type === 'prepare'
      ? { type, signed: traitor.sign({ type, ...signed }) }
      : { type, signed: traitor.sign({ type, ...signed }) };
  };
  return [
    ...proposals(traitor, height),
    vote('prepare', 1),
    vote('prepare', 0),
    vote('commit', 0),
    vote('commit', 1),
    roundChange(1, true),
    roundChange(1, false),
    roundChange(2, false),
  ];
}

/** Two proposals for round 1. */
function proposals(traitor: Traitor, height: number): readonly Message[] {
  return [1, 2].map((number) => {
    const forged = traitor.forgeBlock(traitor.machine.clock.wall() + number);
    assert(forged !== undefined, 'the traitor is where the others are');
    const content = {
      type: 'pre-prepare',
      height,
      round: 1,
      blockHash: forged.hash,
      justificationHash: ZERO_HASH,
    } as const;
    return {
      type: 'pre-prepare',
      signed: traitor.sign(content),
      header: forged.block.header,
      ...inlineAll([]),
    };
  });
}

describe('scenarios: misbehaviour', () => {
  it('scenario 27: evidence of all six kinds comes on chain, and nothing is recorded twice', async () => {
    const options = { validators: 4, parameters: PATIENT };
    const { scenario, traitor, reins } = await openBetrayed(options, TRAITOR, foundry);
    const kinds = watchEvidence(scenario);
    const height = await toHeightWhere(scenario, (turn) => turn(1) === traitor.machine);
    // Nothing is decided while the traitor speaks.
    const restore = loseFrames(scenario, ({ kind, from }) => kind === 'commit' && from !== TRAITOR);
    scenario.submit(0);
    const lock = () => traitor.machine.replica()?.consensus.driver.state().current?.lock;
    await scenario.until('the traitor is locked', () => lock() !== undefined, 5000);
    reins.isMute = true;
    for (const message of contradictions(traitor, height)) {
      traitor.sendToAll(message);
      await scenario.run(50);
    }
    restore();
    await reach(scenario, () => kinds.size === 6, {
      invariant: 'I15',
      what: 'evidence of six kinds is recorded',
      withinMs: 60_000,
    });
    expect([...kinds].sort()).to.deep.equal(['E1', 'E2', 'E3', 'E4', 'E5', 'E6']);
    await gain(scenario, traitor.honest(), { heights: 1, withinMs: 90_000 });
    const left = traitor.honest().map((one) => one.replica()?.systems.pool.count('evidence'));
    expect(left).to.deep.equal([0, 0, 0]);
    scenario.end();
  });

  it('scenario 27: evidence is recorded after its author has left the set, of its own heights only', async () => {
    const options = { validators: 5, parameters: EPOCHS };
    const { scenario, traitor } = await openBetrayed(options, 4, foundry);
    const kinds = watchEvidence(scenario);
    await gain(scenario, scenario.world.machines, { withinMs: 30_000 });
    const heightThen = traitor.machine.height();
    const index = traitor.index();
    proposeRemoval(scenario.world, scenario.machine(4));
    const viewer = scenario.machine(0);
    const isOut = (): boolean => keysAt(viewer).length === 4;
    await reach(scenario, isOut, { what: 'it is out of the set', withinMs: 60_000 });
    await gain(scenario, traitor.honest(), { heights: 2, withinMs: 30_000 });
    const handIn = (height: number): void => {
      const payload = proofAgainst(traitor, { height, sender: index ?? 0 });
      viewer.replica()?.systems.submit('evidence', payload);
    };

    handIn(viewer.height());
    await gain(scenario, traitor.honest(), { heights: 2, withinMs: 30_000 });
    expect(kinds.size, 'it signed nothing for this height as a validator').to.equal(0);
    handIn(heightThen);

    const isRecorded = (): boolean => kinds.has('E2');
    await reach(scenario, isRecorded, { invariant: 'I15', what: 'E2', withinMs: 30_000 });
    scenario.end();
  });

  it('scenario 29: a node joins by ranges of blocks under load, while one provider lies', async () => {
    const traitors = [{ machine: 3, strategy: 'B24' }];
    const options = { validators: 4, observers: 1, traitors, down: [4] };
    const scenario = await openScenario(options, foundry);
    const honest = scenario.world.machines.filter(({ isHonest }) => isHonest);
    const validators = honest.filter(({ isValidator }) => isValidator);
    while (scenario.machine(0).height() < 20) {
      scenario.submit(0);
      await scenario.run(500);
    }

    scenario.start(4);
    const joiner = scenario.machine(4);
    for (let count = 0; count < 10; count++) {
      scenario.submit(count % 3);
      await scenario.run(500);
    }

    await gain(scenario, [...validators, joiner], { heights: 2, withinMs: 60_000 });
    expect(joiner.height()).to.be.at.least(20);
    scenario.end();
  });

  it('scenario 34: 2Q-n equivocators fork the chain, and whoever sees both halves stops with a proof', async () => {
    const options = { validators: 4, parameters: PATIENT, down: [2, 3] };
    const scenario = await openScenario(options, foundry);
    // Beyond the fault model agreement is lost: what has to hold is that honest nodes notice.
    const broken: string[] = [];
    scenario.world.violate = (invariant) => broken.push(invariant);
    const tongue = { isMute: false };
    const traitors = [2, 3].map((index) => turn(scenario, index, tongue));
    const fatal = new Map<number, string>();
    scenario.world.events.on('fatal', ({ machine, code }) => fatal.set(machine.index, code));
    scenario.start(2, 3);
    await scenario.run(1000);
    const [leader] = traitors;
    assert(leader !== undefined, 'there are two traitors');
    const height = await toHeightWhere(scenario, (turnOf) => turnOf(0) === leader.machine);
    tongue.isMute = true;
    scenario.world.wire.partition((from, to) => from + to === 1, true);

    for (const victim of [0, 1]) forkFor(traitors, { height, victim });

    const victims = [scenario.machine(0), scenario.machine(1)];
    const isForked = (): boolean => victims.every((one) => one.height() === height);
    await scenario.until('two blocks at one height', isForked, 10_000);
    expect(broken).to.include('I1');
    scenario.heal();
    await scenario.until('one of them stops', () => fatal.size > 0, 60_000);
    expect([...fatal.values()]).to.deep.equal(['CONSENSUS_FORK']);
  });

  it('scenario 35: a release that lacks a contract version stops, and catches up once it is installed', async () => {
    const scenario = await openScenario({ validators: 4, parameters: EPOCHS }, foundry);
    await gain(scenario, scenario.world.machines, { heights: 2, withinMs: 30_000 });
    const next = createEngine([directory, governance, tally, nextTally]);
    for (const index of [0, 1, 2]) {
      scenario.stop(index);
      scenario.machine(index).engine = next;
      scenario.start(index);
      await gain(scenario, scenario.world.machines, { heights: 1, withinMs: 60_000 });
    }
    const late = scenario.machine(3);
    // An old release is no fault of storage, but no correct node either.
    late.wasDamaged = true;

    const ends: string[] = [];
    scenario.world.events.on('fatal', ({ machine, code }) => ends.push(`${machine.name} ${code}`));

    adopt(scenario.world, 'proposeContract', { contract: 'tally', version: 2 });

    await reach(scenario, () => late.state() === 'down', {
      what: 'the late node stops',
      withinMs: 60_000,
    });
    // It took the proposal as the others did (spec X-35), and what ends it is named.
    expect(ends).to.deep.equal([`${late.name} CONTRACTS_VERSION_MISSING`]);
    const others = [0, 1, 2].map((index) => scenario.machine(index));
    // Past the boundary at which the version acts.
    await gain(scenario, others, { heights: 12, withinMs: 60_000 });
    late.engine = next;
    late.start();
    await gain(scenario, scenario.world.machines, { heights: 2, withinMs: 60_000 });
    scenario.end();
  });
});

/** Two PREPAREs of a traitor for one slot, as a payload. */
function proofAgainst(
  traitor: Traitor,
  { height, sender }: { readonly height: number; readonly sender: number },
): ReturnType<typeof encodeEvidence> {
  const [first, second] = [1, 2].map((number) => {
    const content = { type: 'prepare', height, round: 0, blockHash: hashOf(number) } as const;
    const bytes = signBytes(traitor.world.genesis.chain, content);
    const signature = sign(traitor.machine.member.keys.consensus, bytes);
    return { content, sender, signature };
  });
  assert(first !== undefined && second !== undefined, 'two votes');
  const publicKey = asPublicKey(publicKeyOf(traitor.machine.member.keys.consensus));
  return encodeEvidence(proveEvidence({ kind: 'E2', first, second }, publicKey));
}

/** Makes a machine that is down a traitor whose own code can be silenced. */
function turn(scenario: Scenario, index: number, tongue: { readonly isMute: boolean }): Traitor {
  const { world } = scenario;
  const prng = world.prng.fork(`traitor ${index}`);
  const machine: Machine = scenario.machine(index);
  const traitor = new Traitor(world, machine, { prng, twin: 0, strategy: 'of the scenario' });
  traitor.bend({ outgoing: ({ message }) => (tongue.isMute ? [] : [message]) });
  return traitor;
}

/** All traitors vote for a block that only this victim ever hears of. */
function forkFor(
  traitors: readonly Traitor[],
  { height, victim }: { readonly height: number; readonly victim: number },
): void {
  const [leader] = traitors;
  const forged = leader?.forgeBlock(leader.machine.clock.wall() + victim);
  assert(leader !== undefined && forged !== undefined, 'the leader is where the others are');
  const slot = { height, round: 0, blockHash: forged.hash };
  leader.send(victim, {
    type: 'pre-prepare',
    signed: leader.sign({
      type: 'pre-prepare',
      ...slot,
      justificationHash: ZERO_HASH,
    }),
    header: forged.block.header,
    ...inlineAll([]),
  });
  for (const one of traitors) {
    one.send(victim, { type: 'prepare', signed: one.sign({ type: 'prepare', ...slot }) });
    one.send(victim, { type: 'commit', signed: one.sign({ type: 'commit', ...slot }) });
  }
}
