/** Metering: what one transaction and one block may ask of their host. */
import type { Executed } from '@daybook/contracts';
import { defineContract, field, METER_LIMITS } from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey } from '@daybook/core';
import { expect } from 'chai';
import { createBench, entryOf } from './fixtures/bench.ts';

const t = { en: 'Title', zh: '标题' };
const STRANGER: Signer = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const codeOf = ({ failure }: Executed): string => failure?.code ?? 'OK';

describe('engine: metering (spec X-7)', () => {
  const heavy = defineContract({
    number: 906,
    name: 'heavy',
    version: 1,
    title: t,
    help: t,
    records: {
      item: {
        number: 1,
        title: t,
        key: { n: field.integer(t) },
        fields: { text: field.text({ ...t, max: 2000, lines: true }) },
      },
    },
    failures: {},
    events: { seen: { title: t, fields: { n: field.integer(t) } } },
    actions: {
      work: {
        title: t,
        by: 'anyone',
        input: {
          what: field.choice({ ...t, of: { reads: t, writes: t, bytes: t, events: t } }),
          times: field.integer(t),
        },
        handler(context, { what, times }) {
          const text = what === 'bytes' ? 'x'.repeat(2000) : 'x';
          for (let n = 0; n < times; n += 1) {
            if (what === 'reads') context.records.item.get({ n: 1 });
            else if (what === 'events') context.emit('seen', { n });
            else context.records.item.put({ n, text });
          }
        },
      },
    },
  });
  const work = (what: string, ...times: readonly number[]) =>
    entryOf(
      [STRANGER],
      times.map((each) => ['heavy', 'work', { what, times: each }] as const),
    );
  const limits = METER_LIMITS.call;

  const rows: readonly (readonly [string, number])[] = [
    ['reads', limits.reads],
    ['writes', limits.writes],
    ['events', limits.events],
  ];
  for (const [what, limit] of rows) {
    it(`given ${what} at the limit of a call, then it is done; one past it fails`, () => {
      const chain = createBench([heavy]);

      const { transactions } = chain.block([work(what, limit), work(what, limit + 1)]);

      expect(transactions.map(codeOf)).to.deep.equal(['OK', 'CONTRACTS_METER_EXCEEDED']);
      expect(transactions[1]?.failure?.facts).to.deep.equal({ operation: what, limit });
    });
  }

  it('given calls that each keep to their limit, then the transaction has one of its own', () => {
    const chain = createBench([heavy]);
    const [each, all] = [limits.reads, METER_LIMITS.transaction.reads];
    const full = Array<number>(all / each).fill(each);

    const { transactions } = chain.block([work('reads', ...full), work('reads', ...full, 1)]);

    expect(transactions.map(codeOf)).to.deep.equal(['OK', 'CONTRACTS_METER_EXCEEDED']);
    expect(transactions[1]?.failure?.facts).to.deep.equal({ operation: 'reads', limit: all });
  });

  it('given more bytes than a transaction may write, then it fails with that operation', () => {
    const { transactions } = createBench([heavy]).block([work('bytes', 600)]);

    expect(transactions[0]?.failure?.facts.operation).to.equal('bytes');
  });

  it('given a full block, then later transactions fail with a code of their own', () => {
    const chain = createBench([heavy]);
    const { reads } = METER_LIMITS.transaction;
    const count = METER_LIMITS.block.reads / reads;
    const entries = Array.from({ length: count + 1 }, () => work('reads', reads / 2, reads / 2));

    const { transactions, usage } = chain.block(entries);

    expect(transactions.map(codeOf).slice(0, count)).to.deep.equal(Array(count).fill('OK'));
    expect(codeOf(transactions[count] as Executed)).to.equal('CONTRACTS_BLOCK_FULL');
    expect(usage.reads).to.be.at.least(METER_LIMITS.block.reads);
  });

  it('given work that failed, then it still counts against the block (spec D-19)', () => {
    const { usage } = createBench([heavy]).block([work('reads', limits.reads + 5)]);

    expect(usage.reads).to.equal(limits.reads + 1);
  });
});
