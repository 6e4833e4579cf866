/** Links: records that a row names by several fields, and definitions of them that are refused. */
import { createEngine, defineContract, field } from '@daybook/contracts';
import type { CallArguments } from '@daybook/core';
import { asPublicKey } from '@daybook/core';
import { expect } from 'chai';
import { createBench } from './fixtures/bench.ts';

const t = { en: 'Title', zh: '标题' };
const SIGNER = { publicKey: asPublicKey(new Uint8Array(32).fill(9)) };
const id = field.slug(t);
const n = field.integer(t);
type By = Readonly<Record<string, string>>;

/** Shelves of numbered boxes, and notes that may name a box. */
const shelves = (by: By = { shelf: 'shelf', box: 'number' }, record = 'shelves.box') =>
  defineContract({
    number: 930,
    name: 'shelves',
    version: 1,
    title: t,
    help: t,
    records: {
      box: { number: 1, title: t, key: { shelf: id, box: n }, fields: {} },
      note: {
        number: 2,
        title: t,
        key: { note: id },
        fields: { shelf: id, number: field.optional(n) },
        links: { about: { record, by } },
      },
    },
    failures: {},
    actions: {
      store: {
        title: t,
        by: 'anyone',
        input: { shelf: id, box: n },
        handler(context, input) {
          context.records.box.put(input);
        },
      },
      write: {
        title: t,
        by: 'anyone',
        input: { note: id, shelf: id, number: field.optional(n) },
        handler(context, input) {
          context.records.note.put(input);
        },
      },
    },
  });

describe('contracts: links between records (spec X-23)', () => {
  const write = (args: CallArguments): string => {
    const bench = createBench([shelves()]);
    bench.run([SIGNER], ['shelves', 'store', { shelf: 'top', box: 1 }]);
    const executed = bench.run([SIGNER], ['shelves', 'write', { note: 'one', ...args }]);
    return executed.failure?.code ?? 'OK';
  };

  it('given a row that names a record, then the record must be there', () => {
    expect(write({ shelf: 'top', number: 1 })).to.equal('OK');
    expect(write({ shelf: 'top', number: 2 })).to.equal('CONTRACTS_REFERENCE_MISSING');
  });

  it('given a row that leaves a field of the link out, then it names nothing', () => {
    expect(write({ shelf: 'nowhere' })).to.equal('OK');
  });

  it('given both in one transaction in any order, then the end of it counts', () => {
    const bench = createBench([shelves()]);

    const executed = bench.run(
      [SIGNER],
      ['shelves', 'write', { note: 'one', shelf: 'top', number: 1 }],
      ['shelves', 'store', { shelf: 'top', box: 1 }],
    );

    expect(executed.failure?.code ?? 'OK').to.equal('OK');
  });

  for (const [what, by, record] of [
    ['a part of the key', { shelf: 'shelf' }, 'shelves.box'],
    ['another order', { box: 'number', shelf: 'shelf' }, 'shelves.box'],
    ['a field of another kind', { shelf: 'number', box: 'number' }, 'shelves.box'],
    ['a record that is not there', { shelf: 'shelf', box: 'number' }, 'shelves.crate'],
    ['a contract that is not used', { shelf: 'shelf' }, 'ledger.parameter'],
  ] as const) {
    it(`given a link by ${what}, then no engine takes it`, () => {
      expect(() => createEngine([shelves(by, record)])).to.throw('shelves.note.about');
    });
  }

  it('given a link by a field that the row has not, then the definition is refused', () => {
    expect(() => shelves({ shelf: 'rack', box: 'number' })).to.throw('a link goes by fields');
  });
});
