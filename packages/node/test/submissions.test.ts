/** The way of a transaction into the mempools: admission, spreading, acceptance, waiting. */
import type { Transaction, TransactionId } from '@daybook/core';
import { encodeTransaction, fail, ok, toHex } from '@daybook/core';
import type { MessageListener, Network } from '@daybook/network';
import { expect } from 'chai';
import type { Placement, Refusal } from '../src/api/ports.ts';
import type { Mempool } from '../src/mempool.ts';
import { createMempool } from '../src/mempool.ts';
import type { SignatureVerifier } from '../src/signatures.ts';
import type { SubmissionDesk } from '../src/submissions.ts';
import { createSubmissionDesk } from '../src/submissions.ts';
import { encodeBatch } from '../src/transaction-frames.ts';
import { makeGenesis, noteOf, PLAIN_VERIFIER } from './support/chain.ts';
import type { ManualClock } from './support/manual-clock.ts';
import { createManualClock } from './support/manual-clock.ts';

const genesis = makeGenesis();
const NAMES = ['a', 'b', 'c', 'd'];

interface Place {
  readonly desk: SubmissionDesk;
  readonly mempool: Mempool;
  readonly sent: readonly string[];
  readonly penalties: readonly string[];
  receive(from: string, bytes: Uint8Array): Promise<void>;
}

interface World {
  readonly clock: ManualClock;
  readonly places: ReadonlyMap<string, Place>;
  /** Where transactions are said to be final. */
  readonly final: Map<string, Placement>;
  at(name: string): Place;
  /** Delivers what is under way until nothing is. */
  settle(): Promise<void>;
}

interface WorldOptions {
  readonly bytesMax?: number;
  readonly judge?: (transaction: Transaction) => Refusal | undefined;
  readonly signatures?: SignatureVerifier;
}

/** Validators a to d, and an observer o, all linked. */
function makeWorld({
  bytesMax = 1024 * 1024,
  judge,
  signatures = PLAIN_VERIFIER,
}: WorldOptions = {}): World {
  const clock = createManualClock();
  const places = new Map<string, Place>();
  const final = new Map<string, Placement>();
  const underWay: (() => Promise<void>)[] = [];
  for (const name of [...NAMES, 'o']) {
    const sent: string[] = [];
    const penalties: string[] = [];
    let listener: MessageListener = () => undefined;
    const network = {
      peerId: name,
      onMessage: (_channel: string, heard: MessageListener) => {
        listener = heard;
        return () => undefined;
      },
      send: (to: string, _channel: string, bytes: Uint8Array) => {
        sent.push(`${to} ${bytes[0] === 1 ? 'batch' : 'held'}`);
        underWay.push(async () => await places.get(to)?.receive(name, bytes));
        return true;
      },
      penalise: (peer: string, offence: string) => penalties.push(`${peer} ${offence}`),
    } as unknown as Network;
    const mempool = createMempool({ bytesMax });
    const desk = createSubmissionDesk({
      clock,
      mempool,
      network,
      signatures,
      judge: (transaction) => {
        const refusal = judge?.(transaction);
        return refusal === undefined ? ok('office-0') : fail(refusal);
      },
      validatorPeers: () => NAMES.filter((peer) => peer !== name),
      isValidator: () => name !== 'o',
      locate: (id) => final.get(toHex(id)),
      onWork: () => undefined,
    });
    const receive = async (from: string, bytes: Uint8Array): Promise<void> =>
      await listener(from, bytes);
    places.set(name, { desk, mempool, sent, penalties, receive });
  }
  const at = (name: string): Place => {
    const place = places.get(name);
    if (place === undefined) throw new Error(`no place ${name}`);
    return place;
  };
  const settle = async (): Promise<void> => {
    clock.advance(2);
    for (let next = underWay.shift(); next !== undefined; next = underWay.shift()) await next();
  };
  return { clock, places, final, at, settle };
}

async function submitOne({ desk }: Place, transaction: Transaction): Promise<string> {
  const [outcome] = await desk.submit([transaction.bytes]);
  if (outcome === undefined) return 'none';
  if (!outcome.ok) return outcome.reason.code;
  return outcome.value.known ? 'known' : 'new';
}

/** Waits for work that lets others have their turns. */
async function finished<T>({ clock }: World, work: Promise<T>): Promise<T> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  work.then(end, end);
  for (let turn = 0; turn < 1000 && !isDone; turn++) {
    clock.advance(1);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return await work;
}

function never(): AbortSignal {
  return new AbortController().signal;
}

describe('node: submissions', () => {
  it('given a transaction at one validator, when it is spread, then all hold it, and f+1 acknowledgements make it accepted', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    const outcome = await submitOne(world.at('a'), note);
    const before = world.at('a').desk.pending(note.id);

    await world.settle();

    expect(outcome).to.equal('new');
    expect(before).to.equal('received');
    expect(world.at('a').desk.pending(note.id)).to.equal('accepted');
    for (const name of NAMES) expect(world.at(name).mempool.has(note.id), name).to.equal(true);
    expect(world.at('a').sent).to.deep.equal(['b batch', 'c batch', 'd batch']);
    expect(world.at('b').sent).to.deep.equal(['a held']);
  });

  it('given several transactions at once, when they are spread, then they travel together', async () => {
    const world = makeWorld();
    const wires = [1, 2, 3].map((number) => noteOf(genesis, number).bytes);
    await world.at('a').desk.submit(wires);

    await world.settle();

    expect(world.at('a').sent).to.deep.equal(['b batch', 'c batch', 'd batch']);
    expect(world.at('d').mempool.count()).to.equal(3);
  });

  it('given a transaction that has just come in, when the node stops, then the others have it', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('a'), note);

    world.at('a').desk.stop();

    await world.settle();
    expect(world.at('a').sent).to.deep.equal(['b batch', 'c batch', 'd batch']);
    expect(world.at('b').mempool.has(note.id)).to.equal(true);
  });

  it('given a batch of which one is still being verified, when time passes, then the others wait for it, but not for long', async () => {
    const slow = noteOf(genesis, 2);
    const verified = Promise.withResolvers<boolean>();
    const world = makeWorld({
      signatures: {
        ...PLAIN_VERIFIER,
        verify: async ({ id }) => toHex(id) !== toHex(slow.id) || (await verified.promise),
      },
    });
    const { desk, sent } = world.at('a');
    const submitted = desk.submit([noteOf(genesis, 1).bytes, slow.bytes]);

    await world.settle();
    const early = sent.length;
    world.clock.advance(20);
    const late = sent.length;
    verified.resolve(true);
    await submitted;
    await world.settle();

    expect(early).to.equal(0);
    expect(late).to.equal(3);
    expect(sent.filter((frame) => frame === 'b batch')).to.have.length(2);
  });

  it('given an observer, when a transaction is handed in there, then the validators get it and acknowledge', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('o'), note);

    await world.settle();

    expect(world.at('o').desk.pending(note.id)).to.equal('accepted');
    expect(world.at('c').mempool.has(note.id)).to.equal(true);
  });

  it('given a transaction that waits already, when it is handed in again, then it is known and spread once', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('a'), note);
    await world.settle();

    const again = await submitOne(world.at('a'), note);
    await world.settle();

    expect(again).to.equal('known');
    expect(world.at('a').sent).to.have.length(3);
  });

  it('given the same transaction twice in one call, when handed in, then it waits once', async () => {
    const world = makeWorld();
    const { bytes } = noteOf(genesis, 1);

    const outcomes = await world.at('a').desk.submit([bytes, bytes]);

    expect(outcomes.map((one) => one.ok && one.value.known)).to.deep.equal([false, true]);
    expect(world.at('a').mempool.count()).to.equal(1);
  });

  const refusals: readonly (readonly [string, string, WorldOptions, Transaction])[] = [
    ['forged', 'NODE_TRANSACTION_SIGNATURE', {}, noteOf(genesis, 1, { forged: true })],
    [
      'judged badly',
      'NODE_TRANSACTION_CHAIN',
      { judge: () => ({ code: 'NODE_TRANSACTION_CHAIN', detail: 'another chain' }) },
      noteOf(genesis, 1),
    ],
  ];
  for (const [words, code, options, transaction] of refusals) {
    it(`given a transaction that is ${words}, when handed in, then ${code} and nobody keeps it`, async () => {
      const world = makeWorld(options);

      const outcome = await submitOne(world.at('a'), transaction);
      await world.settle();

      expect(outcome).to.equal(code);
      expect(world.at('a').mempool.count()).to.equal(0);
      expect(world.at('a').sent).to.deep.equal([]);
    });
  }

  it('given a lane that is full, when one more is handed in, then NODE_QUOTA_EXCEEDED', async () => {
    const world = makeWorld({ bytesMax: 160 * 1024 });
    const wires = Array.from({ length: 400 }, (_, number) => noteOf(genesis, number + 1).bytes);

    const outcomes = await finished(world, world.at('a').desk.submit(wires));

    const codes = new Set(outcomes.map((one) => (one.ok ? 'ok' : one.reason.code)));
    expect([...codes]).to.have.members(['ok', 'NODE_QUOTA_EXCEEDED']);
  });

  it('given noise on the channel, when received, then the sender is penalised', async () => {
    const world = makeWorld();

    await world.at('a').receive('b', Uint8Array.of(9, 9));

    expect(world.at('a').penalties).to.deep.equal(['b malformed']);
  });

  it('given a batch with bytes that are no transaction, then the sender is penalised, and the rest is not judged', async () => {
    let judged = 0;
    const world = makeWorld({
      judge: () => {
        judged += 1;
        return { code: 'NODE_TRANSACTION_EXPIRED', detail: 'too late' };
      },
    });
    const noise = { bytes: Uint8Array.of(9) } as Transaction;
    const late = noteOf(genesis, 1);

    const batch = encodeBatch([noise, ...Array.from({ length: 4000 }, () => late)]);
    await world.at('a').receive('b', batch);

    expect(world.at('a').penalties).to.deep.equal(['b malformed']);
    expect(judged).to.be.lessThan(100);
  });

  it('given a batch with a signature that does not hold, then the sender is penalised, and what holds is kept', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    const { bodyBytes } = noteOf(genesis, 2);
    const forged = { bytes: encodeTransaction(bodyBytes, note.signatures) } as Transaction;

    await world.at('a').receive('b', encodeBatch([note, forged]));
    await world.at('a').receive('c', encodeBatch([note]));

    expect(world.at('a').penalties).to.deep.equal(['b malformed']);
    expect(world.at('a').mempool.count()).to.equal(1);
    expect(world.at('a').sent).to.deep.equal(['b held', 'c held']);
  });

  for (const from of ['a peer', 'a client'] as const) {
    it(`given a long batch of refused transactions from ${from}, then others get their turns and nobody is blamed`, async () => {
      let judged = 0;
      const world = makeWorld({
        judge: () => {
          judged += 1;
          return { code: 'NODE_TRANSACTION_EXPIRED', detail: 'too late' };
        },
      });
      const late = noteOf(genesis, 1);
      const batch = Array.from({ length: 1000 }, () => late);

      const { desk, receive } = world.at('a');
      const work: Promise<unknown> =
        from === 'a peer'
          ? receive('b', encodeBatch(batch))
          : desk.submit(batch.map(({ bytes }) => bytes));
      const inFirstTurn = judged;
      await finished(world, work);

      expect(inFirstTurn).to.be.lessThan(100);
      expect(judged).to.equal(1000);
      expect(world.at('a').penalties).to.deep.equal([]);
    });
  }

  it('spec R2: given a transaction that a validator never acknowledged, when handed over, then it is sent again, and only then', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('a'), note);
    const { desk, sent } = world.at('a');
    world.clock.advance(2);
    desk.handOver('b');
    const early = sent.length;
    world.clock.advance(3500);
    desk.handOver('b');
    const late = sent.length;
    await world.settle();
    desk.handOver('b');

    expect([early, late, sent.length]).to.deep.equal([3, 4, 4]);
  });

  it('given a young transaction, when its age is asked for, then it is fresh until others must have it', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('a'), note);
    const { desk } = world.at('a');

    const young = desk.isFresh(note.hash);
    world.clock.advance(100);

    expect(young).to.equal(true);
    expect(desk.isFresh(note.hash)).to.equal(false);
    expect(desk.isFresh(noteOf(genesis, 2).hash)).to.equal(true);
  });

  const endings: readonly (readonly [
    string,
    (place: Place, ids: readonly TransactionId[]) => void,
    unknown,
  ])[] = [
    ['a block includes it', ({ desk }, ids) => desk.settle(ids, 7), { height: 7, index: 0 }],
    ['it can no longer be included', ({ desk }, ids) => desk.expire(ids), 'expired'],
    ['the node stops', ({ desk }) => desk.stop(), 'aborted'],
  ];
  for (const [words, end, expected] of endings) {
    it(`given somebody who waits for a transaction to be final, when ${words}, then that is the answer`, async () => {
      const world = makeWorld();
      const note = noteOf(genesis, 1);
      const place = world.at('a');
      await submitOne(place, note);
      const waiting = place.desk.committed(note.id, never());

      end(place, [note.id]);

      expect(await waiting).to.deep.equal(expected);
    });
  }

  it('given somebody who waits and goes away, when the signal comes, then nothing waits any more', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('a'), note);
    const controller = new AbortController();
    const waiting = world.at('a').desk.committed(note.id, controller.signal);

    controller.abort();

    expect(await waiting).to.equal('aborted');
    expect(world.at('a').desk.pending(note.id)).to.equal('received');
  });

  it('given somebody who waits for acceptance, when f+1 validators hold it, then it is accepted', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    await submitOne(world.at('a'), note);
    const waiting = world.at('a').desk.accepted(note.id, never());

    await world.settle();

    expect(await waiting).to.equal('accepted');
  });

  it('given a final transaction, when waited for or handed in again, then its place is known', async () => {
    const world = makeWorld();
    const note = noteOf(genesis, 1);
    world.final.set(toHex(note.id), { height: 3, index: 1 });
    const { desk } = world.at('a');

    const again = await submitOne(world.at('a'), note);

    expect(again).to.equal('NODE_TRANSACTION_REPLAYED');
    expect(await desk.committed(note.id, never())).to.deep.equal({ height: 3, index: 1 });
  });
});
