/** The way of proven faults into blocks: found, gossiped, judged by everybody, included once. */
import type { BodyEntry, Evidence, Unsigned } from '@daybook/core';
import {
  asHash,
  assert,
  decodeBlock,
  encodeEvidence,
  evidenceOf,
  indexOfKey,
  LIMITS,
  proveEvidence,
  publicKeyOf,
  sha256,
  sign,
  signBytes,
  systemTransaction,
} from '@daybook/core';
import type { GossipListener, Network } from '@daybook/network';
import type { Keepsakes } from '@daybook/state';
import { createMemoryDisk, openKeepsakes } from '@daybook/state';
import { expect } from 'chai';
import { createEvidenceKeeper } from '../src/evidence-keeper.ts';
import type { ExecutedBlock } from '../src/ledger/tip.ts';
import { SILENT_LOGGER } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { NODE_METRICS } from '../src/metrics-table.ts';
import type { SystemDesk } from '../src/system-desk.ts';
import { createSystemDesk } from '../src/system-desk.ts';
import { createSystemPool } from '../src/system-pool.ts';
import type { OpenChain } from './support/chain.ts';
import {
  buildNext,
  certify,
  consensusSeed,
  freshDisks,
  makeGenesis,
  openChain,
} from './support/chain.ts';
import type { ManualClock } from './support/manual-clock.ts';
import { createManualClock } from './support/manual-clock.ts';

const genesis = makeGenesis();
const LIAR = 2;
const hashOf = (text: string) => asHash(sha256(new TextEncoder().encode(text)));

interface Place {
  readonly chain: OpenChain;
  readonly desk: SystemDesk;
  readonly verdicts: string[];
  /** When what was begun on its disk is done. */
  settled(): Promise<void>;
}

interface World {
  readonly clock: ManualClock;
  readonly places: readonly Place[];
  readonly sent: Uint8Array[];
  /** Hands bytes to every place but the first, as a peer would. */
  gossip(bytes: Uint8Array): void;
}

function freshKeepsakes(count: number): readonly Keepsakes[] {
  return Array.from({ length: count }, () => openKeepsakes('/evidence', createMemoryDisk()));
}

/** Places whose gossip reaches all others at once. */
async function makeWorld(count = 2, disks = freshKeepsakes(count)): Promise<World> {
  const clock = createManualClock();
  const listeners: GossipListener[] = [];
  const places: Place[] = [];
  const sent: Uint8Array[] = [];
  const hand = (from: number, bytes: Uint8Array): void => {
    for (const [index, listener] of listeners.entries()) {
      if (index === from) continue;
      const verdict = listener('peer', bytes);
      assert(typeof verdict === 'string', 'a verdict comes at once');
      places[index]?.verdicts.push(verdict);
    }
  };
  for (let index = 0; index < count; index++) {
    const chain = await openChain(genesis, freshDisks());
    const metrics = createMetrics();
    metrics.register(NODE_METRICS);
    const keepsakes = disks[index];
    assert(keepsakes !== undefined, 'each place has a disk');
    const desk = createSystemDesk({
      clock,
      keepsakes,
      logger: SILENT_LOGGER,
      metrics,
      network: {
        publish: async (_topic: string, bytes: Uint8Array) => {
          sent.push(bytes);
          hand(index, bytes);
          return count - 1;
        },
        onGossip: (_topic: string, listener: GossipListener) => {
          listeners.push(listener);
          return () => undefined;
        },
      } as unknown as Pick<Network, 'publish' | 'onGossip'>,
      ledger: chain.ledger,
      validatorsAt: () => genesis.validators,
      onEvidence: () => undefined,
      onWork: () => undefined,
    });
    const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
    places.push({ chain, desk, verdicts: [], settled });
  }
  const world = { clock, places, sent, gossip: (bytes: Uint8Array) => hand(0, bytes) };
  await growAll(world, 3);
  return world;
}

function evidence(height: number, type: 'prepare' | 'commit' = 'prepare'): Evidence {
  const secret = consensusSeed(LIAR);
  const sender = indexOfKey(genesis.validators, publicKeyOf(secret)) ?? -1;
  const vote = (text: string) => {
    const content: Unsigned = { type, height, round: 0, blockHash: hashOf(text) };
    return { content, sender, signature: sign(secret, signBytes(genesis.chain, content)) };
  };
  const found = evidenceOf(vote('a'), vote('b'));
  assert(found !== undefined, 'two votes of one slot contradict each other');
  return found;
}

/** A block with everything that waits at a place, judged and committed by all. */
async function includeAll({ places }: World, from: Place): Promise<readonly BodyEntry[]> {
  const { ledger } = from.chain;
  const { header, next } = ledger.head();
  const [proposer] = next.validators;
  assert(proposer !== undefined, 'a chain has a validator');
  const plan = { timestampMs: header.timestampMs + 100, proposer: proposer.id };
  const offered = from.desk.pool.select().map((system) => ({ type: 'system', system }) as const);
  const entries = ledger.admit({ ...plan, entries: offered });
  await commitAll(places, ledger.build({ ...plan, entries }));
  return entries;
}

async function commitAll(places: readonly Place[], block: ExecutedBlock): Promise<void> {
  const decoded = decodeBlock(block.bytes);
  assert(decoded.ok, 'a block decodes');
  for (const { chain } of places) {
    const judged = await chain.ledger.judge(decoded.value);
    expect(judged.ok ? 'valid' : judged.reason.code).to.equal('valid');
    if (judged.ok) await chain.ledger.commit(judged.value, certify(chain.ledger, block));
  }
}

/** The same empty blocks everywhere. */
async function growAll({ places }: World, count: number): Promise<void> {
  const [first] = places;
  assert(first !== undefined, 'there is a place');
  for (let index = 0; index < count; index++) {
    await commitAll(places, buildNext(first.chain.ledger));
  }
}

describe('node: evidence on its way (spec X-15, X-28)', () => {
  it('given a fault that one node saw, then another includes it, and nobody keeps it after that', async () => {
    const world = await makeWorld(3);
    const [finder, other, third] = world.places;
    assert(finder !== undefined && other !== undefined && third !== undefined, 'three places');

    finder.desk.found(evidence(2));
    expect(world.places.map(({ desk }) => desk.pool.count('evidence'))).to.deep.equal([1, 1, 1]);
    expect(other.verdicts).to.deep.equal(['accept']);
    expect(other.desk.isBlockWanted()).to.equal(true);
    const included = await includeAll(world, other);

    expect(included).to.have.length(1);
    expect(world.places.map(({ desk }) => desk.pool.count('evidence'))).to.deep.equal([0, 0, 0]);
    finder.desk.found(evidence(2));
    expect(finder.desk.pool.count('evidence')).to.equal(0);
    expect(finder.desk.isBlockWanted()).to.equal(false);
  });

  it('given evidence that no block has taken, when time passes, then it is gossiped again in other bytes', async () => {
    const world = await makeWorld(2);
    const [finder, other] = world.places;
    assert(finder !== undefined && other !== undefined, 'two places');
    finder.desk.found(evidence(2));

    world.clock.advance(5000);

    expect(world.sent).to.have.length(2);
    expect(world.sent[0]).not.to.deep.equal(world.sent[1]);
    expect(other.verdicts).to.deep.equal(['accept', 'accept']);
    await includeAll(world, other);
    world.clock.advance(60_000);
    expect(world.sent).to.have.length(2);
  });

  it('given a peer that repeats what is known in ever new bytes, then little of it is passed on', async () => {
    const world = await makeWorld(2);
    const [finder, other] = world.places;
    assert(finder !== undefined && other !== undefined, 'two places');
    finder.desk.found(evidence(2));
    finder.desk.stop();
    const [bytes] = world.sent;
    assert(bytes !== undefined, 'it was gossiped');
    const repeat = (attempt: number): void => {
      const again = Uint8Array.from(bytes);
      new DataView(again.buffer).setUint32(0, attempt);
      world.gossip(again);
    };

    for (let attempt = 1; attempt <= 100; attempt++) repeat(attempt);
    world.clock.advance(5000);
    repeat(101);

    const accepted = other.verdicts.filter((verdict) => verdict === 'accept');
    expect(other.verdicts).to.have.length(102);
    expect(accepted).to.have.length(2);
    expect(other.verdicts.at(-1)).to.equal('accept');
  });

  it('spec X-30: given evidence that only one who was told of it still has, when every validator has proposed since, then it tells it', async () => {
    const world = await makeWorld(3);
    const [finder, told, later] = world.places;
    assert(finder !== undefined && told !== undefined && later !== undefined, 'three places');
    finder.desk.found(evidence(2));
    finder.desk.stop();
    // As a node does whose disk was lost.
    for (const { desk } of [finder, later]) desk.pool.drop(desk.pool.select());

    await growAll(world, genesis.validators.length);
    world.clock.advance(5000);
    expect(later.desk.pool.count('evidence')).to.equal(0);
    await growAll(world, 1);
    world.clock.advance(5000);

    expect(later.desk.pool.count('evidence')).to.equal(1);
    expect(await includeAll(world, later)).to.have.length(1);
    const sent = world.sent.length;
    world.clock.advance(60_000);
    expect(world.sent).to.have.length(sent);
  });

  it('spec X-30: given a finder that crashes before anybody hears of it, when it is back, then it tells it and a block takes it', async () => {
    const disks = freshKeepsakes(1);
    const [alone] = (await makeWorld(1, disks)).places;
    assert(alone !== undefined, 'one place');
    alone.desk.found(evidence(2));
    await alone.settled();
    alone.desk.stop();

    const world = await makeWorld(2, [...disks, ...freshKeepsakes(1)]);
    const [again, other] = world.places;
    assert(again !== undefined && other !== undefined, 'two places');
    const recalled = again.desk.pool.count('evidence');
    world.clock.advance(5000);

    expect(recalled).to.equal(1);
    expect(again.desk.isBlockWanted()).to.equal(true);
    expect(other.desk.pool.count('evidence')).to.equal(1);
    expect(await includeAll(world, other)).to.have.length(1);
    expect(disks.flatMap((one) => one.read())).to.deep.equal([]);
  });

  it('spec X-30: given evidence that is recorded meanwhile, or bytes that are none, when they are recalled, then they go', async () => {
    const disks = freshKeepsakes(1);
    const [kept] = disks;
    const world = await makeWorld(1, disks);
    const [place] = world.places;
    assert(kept !== undefined && place !== undefined, 'one place');
    place.desk.found(evidence(2));
    await place.settled();
    const [remains] = kept.read();
    assert(remains !== undefined, 'it is kept');
    await includeAll(world, place);
    await kept.keep(remains);
    await kept.keep({ name: 'nothing', bytes: new Uint8Array(3) });

    createEvidenceKeeper({
      keepsakes: kept,
      pool: createSystemPool(place.chain.ledger),
      logger: SILENT_LOGGER,
    }).recall();

    expect(kept.read()).to.deep.equal([]);
  });

  it('given forged or malformed gossip, then it is rejected; what only the state refuses is ignored', async () => {
    const world = await makeWorld(2);
    const [finder, other] = world.places;
    assert(finder !== undefined && other !== undefined, 'two places');
    const found = evidence(2);
    const payloadOf = (proof: Parameters<typeof encodeEvidence>[0]) => encodeEvidence(proof);
    const good = proveEvidence(found, publicKeyOf(consensusSeed(LIAR)));
    const framed = proveEvidence(found, publicKeyOf(consensusSeed(LIAR + 1)));
    const [bytes] = await gossipOf(world, () => finder.desk.found(found));
    assert(bytes !== undefined, 'it was gossiped');

    world.gossip(bytes.subarray(1));
    world.gossip(new Uint8Array(9000));
    expect(other.verdicts.slice(-2)).to.deep.equal(['reject', 'reject']);
    // What frames another validator is kept by nobody, the sender included.
    finder.desk.submit('evidence', payloadOf(framed));
    finder.desk.submit('evidence', payloadOf({ ...good, height: 0 }));
    finder.desk.submit('recovery', 'anything');
    expect(finder.desk.pool.count('evidence')).to.equal(1);
    await includeAll(world, other);
    world.gossip(bytes);
    expect(other.verdicts.at(-1)).to.equal('ignore');
  });

  it('given a liar without end, then the pool keeps a few faults, and a block takes ten', async () => {
    const world = await makeWorld(1);
    const [place] = world.places;
    assert(place !== undefined, 'one place');
    await growAll(world, 37);

    for (let height = 1; height <= 40; height++) place.desk.found(evidence(height, 'commit'));

    expect(place.desk.pool.count('evidence')).to.equal(24);
    const included = await includeAll(world, place);
    expect(included).to.have.length(LIMITS.evidencePerBlockMax);
    expect(place.desk.pool.count('evidence')).to.equal(24 - LIMITS.evidencePerBlockMax);
  });

  it('given a liar for whose faults there is no room, when it makes more, then they are not judged until one has gone', async () => {
    const world = await makeWorld(1);
    const [place] = world.places;
    assert(place !== undefined, 'one place');
    await growAll(world, 37);
    const { ledger } = place.chain;
    let judged = 0;
    const pool = createSystemPool({
      genesis,
      head: () => {
        judged += 1;
        return ledger.head();
      },
    });
    const offer = (height: number): boolean => {
      const proof = proveEvidence(evidence(height), publicKeyOf(consensusSeed(LIAR)));
      return pool.offer(systemTransaction('evidence', encodeEvidence(proof))).ok;
    };
    const heights = Array.from({ length: 37 }, (_, index) => index + 1);

    const kept = heights.filter(offer);

    expect([kept.length, judged]).to.deep.equal([24, 25]);
    pool.drop(pool.select());
    expect(heights.slice(24).filter(offer)).to.have.length(LIMITS.evidencePerBlockMax);
  });

  it('given a block with eleven faults, or one twice, when judged, then it is invalid', async () => {
    const world = await makeWorld(1);
    const [liar] = world.places;
    assert(liar !== undefined, 'one place');
    await growAll(world, 12);
    for (let height = 1; height <= 12; height++) liar.desk.found(evidence(height));
    const { ledger } = liar.chain;
    const block = buildNext(ledger);
    const decoded = decodeBlock(block.bytes);
    assert(decoded.ok, 'a block decodes');
    const all = liar.desk.pool.select().map(({ bytes }) => bytes);
    liar.desk.pool.drop(liar.desk.pool.select());
    const eleven = [...all, ...liar.desk.pool.select().map(({ bytes }) => bytes)].slice(0, 11);
    const [one] = all;
    assert(one !== undefined, 'there is evidence');

    const judged = async (body: readonly Uint8Array[]) => {
      const verdict = await ledger.judge({ header: decoded.value.header, body });
      return verdict.ok ? 'valid' : JSON.stringify(verdict.reason);
    };

    expect(eleven).to.have.length(11);
    expect(await judged(eleven))
      .to.contain('NODE_BLOCK_FIELD')
      .and.to.contain('body');
    expect(await judged([one, one])).not.to.equal('valid');
  });
});

/** What a deed gossiped. */
async function gossipOf({ sent }: World, deed: () => void): Promise<readonly Uint8Array[]> {
  const before = sent.length;
  deed();
  return sent.slice(before);
}
