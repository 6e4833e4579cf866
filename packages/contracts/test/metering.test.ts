/** Metering: what one call, one transaction and one block may ask of their host. */
import type { Executed, Operation } from '@daybook/contracts';
import {
  BLOCK_WORK_MAX_NS,
  CONTRACTS_ERRORS,
  defineContract,
  explainContracts,
  field,
  METER_LIMITS,
  PACKED_WORK_MAX_NS,
  PRICES_NS,
} from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey, asValidatorId, ZERO_HASH } from '@daybook/core';
import { expect } from 'chai';
import { createMeter } from '../src/engine/meter.ts';
import { BlockFull } from '../src/engine/signals.ts';
import { CHAIN, createBench, entryOf, START_MS, transactionOf } from './fixtures/bench.ts';

const t = { en: 'Title', zh: '标题' };
const STRANGER: Signer = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const codeOf = ({ failure }: Executed): string => failure?.code ?? 'OK';
const OPERATIONS = ['reads', 'writes', 'bytes', 'calls', 'events'] as const;
const { call, transaction } = METER_LIMITS;

const called = defineContract({
  number: 905,
  name: 'called',
  version: 1,
  title: t,
  help: t,
  records: {},
  failures: {},
  actions: {
    nothing: { title: t, by: 'contract', callers: ['heavy'], input: {}, handler: () => undefined },
  },
});
const TEXT = 2000;
const heavy = defineContract({
  number: 906,
  name: 'heavy',
  version: 1,
  title: t,
  help: t,
  uses: { called },
  records: {
    item: {
      number: 1,
      title: t,
      key: { n: field.integer(t) },
      fields: { text: field.text({ ...t, max: TEXT, lines: true }) },
    },
  },
  failures: {},
  events: { seen: { title: t, fields: { n: field.integer(t) } } },
  actions: {
    work: {
      title: t,
      by: 'anyone',
      input: {
        what: field.choice({ ...t, of: { reads: t, writes: t, bytes: t, calls: t, events: t } }),
        times: field.integer(t),
      },
      handler(context, { what, times }) {
        for (let n = 0; n < times; n += 1) {
          if (what === 'reads') context.records.item.get({ n: 1 });
          else if (what === 'bytes') context.records.item.get({ n: 0 });
          else if (what === 'events') context.emit('seen', { n });
          else if (what === 'calls') context.contracts.called.call('nothing', {});
          else context.records.item.put({ n: n + 2, text: 'x' });
        }
      },
    },
    store: {
      title: t,
      by: 'anyone',
      input: { n: field.integer(t) },
      handler(context, { n }) {
        context.records.item.put({ n, text: 'x'.repeat(TEXT) });
      },
    },
  },
});

const work = (what: Operation, ...times: readonly number[]) =>
  entryOf(
    [STRANGER],
    times.map((each) => ['heavy', 'work', { what, times: each }] as const),
  );
const store = (count: number) =>
  entryOf(
    [STRANGER],
    Array.from({ length: count }, (_, n) => ['heavy', 'store', { n }] as const),
  );

/** A chain that holds one long record, number 0, and its size in the store. */
function chainWithText() {
  const chain = createBench([heavy, called]);
  chain.block([store(1)]);
  const { usage } = chain.block([work('bytes', 1)]);
  return { chain, size: usage.bytes };
}

/** How often an operation may be asked for in one call of a person, which itself is a call. */
function timesOf(operation: Operation, size: number): number {
  if (operation === 'bytes') return Math.floor(call.bytes / size);
  return operation === 'calls' ? call.calls - 1 : call[operation];
}

describe('engine: metering (spec X-7)', () => {
  for (const operation of OPERATIONS) {
    it(`given ${operation} at the limit of a call, then it is done; one past it fails`, () => {
      const { chain, size } = chainWithText();
      const times = timesOf(operation, size);

      const { transactions } = chain.block([work(operation, times), work(operation, times + 1)]);

      expect(transactions.map(codeOf)).to.deep.equal(['OK', 'CONTRACTS_METER_EXCEEDED']);
      const limit = call[operation];
      expect(transactions[1]?.failure?.facts).to.deep.equal({ operation, limit });
      expect(CONTRACTS_ERRORS.CONTRACTS_METER_EXCEEDED.remedy).to.match(/^Split .*\.$/);
    });

    it(`given calls that keep to their ${operation}, then the transaction has a limit of its own`, () => {
      const { chain, size } = chainWithText();
      const each = timesOf(operation, size);
      const full = Array<number>(Math.floor(transaction[operation] / call[operation])).fill(each);

      const { transactions } = chain.block([
        work(operation, ...full),
        work(operation, ...full, each),
      ]);

      expect(transactions.map(codeOf)).to.deep.equal(['OK', 'CONTRACTS_METER_EXCEEDED']);
      const limit = transaction[operation];
      expect(transactions[1]?.failure?.facts).to.deep.equal({ operation, limit });
    });
  }

  it('given more bytes than a transaction may write, then it fails with that operation', () => {
    const { chain, size } = chainWithText();
    // What is written counts at the end of the transaction, beside what its calls have read.
    const written = Array.from(
      { length: 150 },
      (_, n) => ['heavy', 'store', { n: n + 1 }] as const,
    );
    const read = ['heavy', 'work', { what: 'bytes', times: timesOf('bytes', size) }] as const;
    expect(150 * size).to.be.lessThan(transaction.bytes);
    expect(150 * size + call.bytes - size).to.be.greaterThan(transaction.bytes);

    const { transactions } = chain.block([
      entryOf([STRANGER], [read]),
      entryOf([STRANGER], [...written, read]),
    ]);

    expect(transactions.map(codeOf)).to.deep.equal(['OK', 'CONTRACTS_METER_EXCEEDED']);
    const limit = transaction.bytes;
    expect(transactions[1]?.failure?.facts).to.deep.equal({ operation: 'bytes', limit });
  });

  it('given the same block twice, then it ends the same transactions and leaves the same state', () => {
    const entries = [
      ...OPERATIONS.map((operation) => work(operation, 5)),
      ...OPERATIONS.map((operation) => work(operation, call[operation] + 1)),
    ];
    const one = createBench([heavy, called]);
    const other = createBench([heavy, called]);

    const [first, second] = [one.block(entries), other.block(entries)];

    expect(first).to.deep.equal(second);
    expect(one.dump()).to.deep.equal(other.dump());
    expect(new Set(first.transactions.map(codeOf))).to.include('CONTRACTS_METER_EXCEEDED');
  });

  it('given what the chain does by itself, then nothing of it is limited or used up', () => {
    const meter = createMeter();

    meter.begin('unmetered');
    for (const operation of OPERATIONS) meter.count(operation, transaction[operation] + 1);
    meter.charge('loads', BLOCK_WORK_MAX_NS);
    meter.end();

    expect(meter.usage()).to.deep.equal({ reads: 0, writes: 0, bytes: 0, calls: 0, events: 0 });
    expect(meter.workNs()).to.equal(0);
  });

  it('given work that failed, then it still counts against the block (spec D-19)', () => {
    const { usage } = createBench([heavy, called]).block([work('reads', call.reads + 5)]);

    expect(usage.reads).to.equal(call.reads + 1);
  });
});

describe('engine: work of a block (spec X-36)', () => {
  /** Transactions that are together worth so much or a little more, each of some 100 ms. */
  function worth(workNs: number) {
    const alike = (count: number) =>
      Array.from({ length: count }, () => work('writes', call.writes, call.writes));
    const [first = 0, both = 0] = [1, 2].map(
      (count) => createBench([heavy, called]).block(alike(count)).workNs,
    );
    return alike(1 + Math.ceil((workNs - first) / (both - first)));
  }

  /** A chain and the facts of its next block. */
  function proposing() {
    const chain = createBench([heavy, called]);
    const proposer = asValidatorId(ZERO_HASH);
    return { chain, facts: { chain: CHAIN, height: 1, timestampMs: START_MS + 1, proposer } };
  }

  it('given more work than a block may ask for, then the block is not valid from that entry on', () => {
    const { chain, facts } = proposing();
    const entries = worth(BLOCK_WORK_MAX_NS).concat(work('reads', 1));

    const executed = chain.engine.execute(chain.view, { ...facts, entries });

    expect(executed.ok ? undefined : executed.reason).to.deep.equal({
      code: 'CONTRACTS_BLOCK_WORK',
      index: entries.length - 2,
      limitMs: BLOCK_WORK_MAX_NS / 1e6,
    });
    expect(executed.ok ? '' : explainContracts(executed.reason)).to.match(/beyond the \d+ ms/);
  });

  it('given more than a proposer takes, then it takes the first of them, and others agree', () => {
    const { chain, facts } = proposing();
    const offered = worth(PACKED_WORK_MAX_NS * 1.2);

    const packed = chain.engine.pack(chain.view, { ...facts, entries: offered });

    const { transactions = [], writes = [] } = packed.ok ? packed.value : {};
    expect(transactions.length).to.be.greaterThan(0).and.lessThan(offered.length);
    const entries = offered.slice(0, transactions.length);
    const executed = chain.engine.execute(chain.view, { ...facts, entries });
    expect(executed.ok && executed.value.writes).to.deep.equal(writes);
    expect(executed.ok && executed.value.transactions).to.deep.equal(transactions);
    expect(executed.ok && executed.value.workNs).to.be.at.most(PACKED_WORK_MAX_NS);
  });

  it('given a record that the block has read before, then it is no load again', () => {
    const [one, two, again] = [1, 2, 1].map((count) => {
      const { chain } = chainWithText();
      const entries = Array.from({ length: count }, () => work('bytes', 1));
      return chain.block(entries).workNs;
    });

    expect(again).to.equal(one);
    const alike = (two ?? 0) - (one ?? 0);
    expect((one ?? 0) - alike).to.equal(PRICES_NS.loads);
  });

  it('given more signers and a longer input, then a transaction is more work', () => {
    const { chain } = proposing();
    const [few, many] = [1, 3].map((count) => {
      const signers = Array.from({ length: count }, (_, n) => ({
        publicKey: asPublicKey(new Uint8Array(32).fill(n + 1)),
      }));
      const entry = entryOf(signers, [['heavy', 'work', { what: 'reads', times: 0 }]]);
      return { size: transactionOf(entry).bytes.length, ns: chain.block([entry]).workNs };
    });

    const more = (many?.ns ?? 0) - (few?.ns ?? 0);
    const bytes = (many?.size ?? 0) - (few?.size ?? 0);
    expect(more).to.equal(2 * PRICES_NS.signatures + bytes * PRICES_NS.input);
  });

  it('given signatures, then a proposer counts them for the block and not for its own share', () => {
    const meter = createMeter(PACKED_WORK_MAX_NS);
    meter.begin('metered');
    meter.charge('signatures', Math.floor(PACKED_WORK_MAX_NS / PRICES_NS.signatures) + 1);
    expect(() => meter.charge('loads', 1)).not.to.throw();

    const left = BLOCK_WORK_MAX_NS - meter.workNs();

    expect(() => meter.charge('signatures', Math.ceil(left / PRICES_NS.signatures))).to.throw(
      BlockFull,
    );
  });
});
