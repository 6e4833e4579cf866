/** Metering: what one call, one transaction and one block may ask of their host. */
import type { Executed, Operation } from '@daybook/contracts';
import { CONTRACTS_ERRORS, defineContract, field, METER_LIMITS } from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey } from '@daybook/core';
import { expect } from 'chai';
import { createMeter } from '../src/engine/meter.ts';
import { Abort } from '../src/engine/signals.ts';
import { createBench, entryOf } from './fixtures/bench.ts';

const t = { en: 'Title', zh: '标题' };
const STRANGER: Signer = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const codeOf = ({ failure }: Executed): string => failure?.code ?? 'OK';
const OPERATIONS = ['reads', 'writes', 'bytes', 'calls', 'events'] as const;
const { call, transaction, block } = METER_LIMITS;

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

    it(`given ${operation} at the limit of a block, then one more has a code of its own`, () => {
      const meter = createMeter();
      let left = block[operation];
      for (; left > 0; left -= Math.min(left, transaction[operation])) {
        meter.begin('metered');
        meter.count(operation, Math.min(left, transaction[operation]));
        meter.end();
      }
      meter.begin('metered');

      expect(meter.usage()[operation]).to.equal(block[operation]);
      expect(() => meter.count(operation, 1))
        .to.throw(Abort)
        .that.deep.includes({
          refused: {
            receipt: CONTRACTS_ERRORS.CONTRACTS_BLOCK_FULL.receipt,
            code: 'CONTRACTS_BLOCK_FULL',
            facts: { operation },
          },
        });
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
    for (const operation of OPERATIONS) meter.count(operation, block[operation] + 1);
    meter.end();

    expect(meter.usage()).to.deep.equal({ reads: 0, writes: 0, bytes: 0, calls: 0, events: 0 });
  });

  it('given a full block, then later transactions fail with a code of their own', () => {
    const chain = createBench([heavy, called]);
    const { reads } = transaction;
    const count = block.reads / reads;
    const entries = Array.from({ length: count + 1 }, () => work('reads', reads / 2, reads / 2));

    const { transactions, usage } = chain.block(entries);

    expect(transactions.map(codeOf).slice(0, count)).to.deep.equal(Array(count).fill('OK'));
    expect(codeOf(transactions[count] as Executed)).to.equal('CONTRACTS_BLOCK_FULL');
    expect(CONTRACTS_ERRORS.CONTRACTS_BLOCK_FULL.remedy).to.match(/^Submit .*\.$/);
    expect(usage.reads).to.be.at.least(block.reads);
  });

  it('given work that failed, then it still counts against the block (spec D-19)', () => {
    const { usage } = createBench([heavy, called]).block([work('reads', call.reads + 5)]);

    expect(usage.reads).to.equal(call.reads + 1);
  });
});
