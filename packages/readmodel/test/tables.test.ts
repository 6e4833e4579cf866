import { rowOf, STAMP_COLUMNS, tablesOf } from '@daybook/readmodel';
import { expect } from 'chai';
import { changeOf, manifest } from './library.ts';

describe('tables derived from the definitions', () => {
  const [books, orders, spent] = tablesOf(manifest);

  it('are one for each record set and sum, with typed columns in the order of the definition', () => {
    expect(tablesOf(manifest).map(({ name }) => name)).to.deep.equal([
      'library_book',
      'library_order',
      'library_spent',
    ]);
    expect(books?.columns.map(({ name, type }) => `${name} ${type}`)).to.deep.equal([
      'shelf VARCHAR',
      'number BIGINT',
      'title VARCHAR',
      'price_minor BIGINT',
      'price_currency VARCHAR',
      'price_minor_2 BIGINT',
      'weight_value BIGINT',
      'weight_unit VARCHAR',
      'printed DATE',
      'lent_start DATE',
      'lent_end DATE',
      'seen_at TIMESTAMP',
      'is_rare BOOLEAN',
      'digest VARCHAR',
      'tags VARCHAR',
      'maker_name VARCHAR',
      'maker_fee_minor BIGINT',
      'maker_fee_currency VARCHAR',
      'grade VARCHAR',
      '_key VARCHAR',
      '_height BIGINT',
      '_tx BIGINT',
      '_version BIGINT',
      '_writer VARCHAR',
      '_contract_version BIGINT',
    ]);
    expect(orders?.columns).to.have.length(2 + STAMP_COLUMNS.length);
    expect(spent?.columns.map(({ name }) => name)).to.include.members(['shelf', 'total', 'count']);
  });

  it('have a column for each cell of a row, null for what was left out', () => {
    const { recordKey, value } = changeOf({
      record: 'book',
      key: { shelf: 'north', number: 7 },
      fields: {
        title: 'On ledgers',
        price: { minor: 2n ** 53n + 1n, currency: 'GBP' },
        lent: { start: '2026-01-01', end: '2026-01-31' },
        seenAt: 1_700_000_000_000,
        tags: ['a', 'b'],
        maker: { name: 'Ann' },
      },
      height: 12,
    });
    expect(books !== undefined && value !== undefined).to.equal(true);
    if (books === undefined || value === undefined) return;
    const row = rowOf(books, recordKey, value) ?? [];
    const named = Object.fromEntries(books.columns.map(({ name }, index) => [name, row[index]]));
    expect(named).to.include({
      shelf: 'north',
      number: 7n,
      price_minor: 2n ** 53n + 1n,
      price_currency: 'GBP',
      price_minor_2: null,
      lent_end: '2026-01-31',
      seen_at: 1_700_000_000_000,
      tags: '["a","b"]',
      maker_name: 'Ann',
      maker_fee_minor: null,
      is_rare: null,
      _height: 12n,
      _writer: 'city/ann',
    });
    expect(row).to.have.length(books.stored.length);
  });

  it('have no row for bytes that are not of the record set', () => {
    if (orders === undefined) throw new Error('orders are a table');
    const { recordKey, value } = changeOf({
      record: 'book',
      key: { shelf: 'north', number: 7 },
      fields: { title: 'On ledgers' },
    });
    expect(rowOf(orders, recordKey, value ?? new Uint8Array())).to.equal(undefined);
    expect(rowOf(orders, recordKey, Uint8Array.of(1, 2, 3))).to.equal(undefined);
  });
});
