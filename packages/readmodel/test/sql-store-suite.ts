/** What every adapter of the SQL port must do; an adapter's test file calls it with how to open one. */
import type { SqlStore, Table } from '@daybook/readmodel';
import { rowKeyOf, rowOf, tablesOf } from '@daybook/readmodel';
import { expect } from 'chai';
import { book, changeOf, LIMITS, manifest, progressAt } from './library.ts';

const tables = tablesOf(manifest);
const [books, orders] = tables as readonly [Table, Table];

function rowFor(table: Table, change: ReturnType<typeof book>) {
  const row = rowOf(table, change.recordKey, change.value ?? new Uint8Array());
  if (row === undefined) throw new Error('the record fits the table');
  return row;
}

async function fill(store: SqlStore, count: number): Promise<void> {
  const transaction = await store.begin();
  await transaction.recreate(tables);
  const rows = Array.from({ length: count }, (_, index) => rowFor(books, book(index, `b${index}`)));
  await transaction.insert(books, rows);
  await transaction.setProgress(progressAt(1));
  await transaction.commit();
}

async function rowsOf(store: SqlStore, sql: string): Promise<unknown> {
  const answer = await store.query(sql, LIMITS);
  return answer.ok ? answer.value.rows : answer.reason;
}

export function describeSqlStore(name: string, openStore: () => Promise<SqlStore>): void {
  describe(`SQL store: ${name}`, () => {
    let store: SqlStore;
    beforeEach(async () => {
      store = await openStore();
    });
    afterEach(async () => {
      await store.close();
    });

    it('has no progress and no answer before the first commit', async () => {
      expect(await store.progress()).to.equal(undefined);
      expect(await rowsOf(store, 'SELECT 1')).to.deep.equal({ code: 'READMODEL_EMPTY' });
    });

    it('keeps every type exactly', async () => {
      await fill(store, 0);
      const change = changeOf({
        record: 'book',
        key: { shelf: 'a-b', number: 9007199254740991 },
        fields: {
          title: 'O\'Neil "quoted" 簿记',
          price: { minor: -999_999_999_999n, currency: 'XOF' },
          printed: '0001-01-01',
          seenAt: 253_402_300_799_999,
          isRare: false,
          digest: new Uint8Array(32).fill(255),
        },
      });
      const transaction = await store.begin();
      await transaction.insert(books, [rowFor(books, change)]);
      const total = changeOf({
        record: 'order',
        key: { id: 'x' },
        fields: { total: -(2n ** 62n) },
      });
      await transaction.insert(orders, [rowFor(orders, total)]);
      await transaction.commit();
      const sql =
        'SELECT number, title, price_minor, printed, seen_at, is_rare, digest, weight_value ' +
        'FROM library_book';
      expect(await rowsOf(store, sql)).to.deep.equal([
        [
          '9007199254740991',
          'O\'Neil "quoted" 簿记',
          '-999999999999',
          '0001-01-01',
          '9999-12-31 23:59:59.999',
          false,
          'ff'.repeat(32),
          null,
        ],
      ]);
      const minimum = await rowsOf(store, 'SELECT total FROM library_order');
      expect(minimum).to.deep.equal([['-4611686018427387904']]);
    });

    it('answers a whole number exactly where 64 bits are too few', async () => {
      await fill(store, 1);
      const sql = 'SELECT sum(CAST(9223372036854775807 AS BIGINT)) FROM range(3)';
      expect(await rowsOf(store, sql)).to.deep.equal([['27670116110564327421']]);
    });

    it('removes by key, in any number, unknown ones too', async () => {
      await fill(store, 5000);
      const transaction = await store.begin();
      const keys = Array.from({ length: 4999 }, (_, index) => rowKeyOf(book(index, '').recordKey));
      await transaction.remove(books, [...keys, 'ffff']);
      await transaction.commit();
      expect(await rowsOf(store, 'SELECT number FROM library_book')).to.deep.equal([['4999']]);
    });

    it('replaces a row within one transaction', async () => {
      await fill(store, 3);
      const transaction = await store.begin();
      const changed = book(1, 'changed', 2);
      await transaction.remove(books, [rowKeyOf(changed.recordKey)]);
      await transaction.insert(books, [rowFor(books, changed)]);
      await transaction.setProgress(progressAt(2));
      await transaction.commit();
      expect(
        await rowsOf(store, 'SELECT title, _height FROM library_book ORDER BY number'),
      ).to.deep.equal([
        ['b0', '1'],
        ['changed', '2'],
        ['b2', '1'],
      ]);
      expect(await store.progress()).to.deep.equal(progressAt(2));
    });

    it('shows a reader nothing of a transaction before its commit, and nothing after a rollback', async () => {
      await fill(store, 2);
      const transaction = await store.begin();
      await transaction.recreate(tables);
      await transaction.setProgress(progressAt(9));
      expect(await rowsOf(store, 'SELECT count(*) FROM library_book')).to.deep.equal([['2']]);
      expect(await store.progress()).to.deep.equal(progressAt(1));
      await transaction.rollback();
      await transaction.rollback();
      expect(await rowsOf(store, 'SELECT count(*) FROM library_book')).to.deep.equal([['2']]);
      expect(await store.progress()).to.deep.equal(progressAt(1));
      await fill(store, 4);
      expect(await rowsOf(store, 'SELECT count(*) FROM library_book')).to.deep.equal([['4']]);
    });

    it('names columns and types, and says when there are more rows than the limit', async () => {
      await fill(store, 30);
      const answer = await store.query('SELECT number, title FROM library_book ORDER BY 1', {
        ...LIMITS,
        rowsMax: 10,
      });
      if (!answer.ok) throw new Error(answer.reason.code);
      const { columns, rows, truncated, progress } = answer.value;
      expect(columns).to.deep.equal([
        { name: 'number', type: 'BIGINT' },
        { name: 'title', type: 'VARCHAR' },
      ]);
      expect(rows).to.have.length(10);
      expect(truncated).to.equal(true);
      expect(progress).to.deep.equal(progressAt(1));
      const all = await store.query('SELECT 1 FROM library_book', { ...LIMITS, rowsMax: 30 });
      expect(all.ok && all.value.truncated).to.equal(false);
    });

    it('lists its tables and their columns', async () => {
      await fill(store, 0);
      expect(
        await rowsOf(store, 'SELECT table_name FROM information_schema.tables ORDER BY 1'),
      ).to.deep.equal(
        ['daybook_progress', 'library_book', 'library_order', 'library_spent'].map((n) => [n]),
      );
    });

    it('stops a query at its time limit and goes on', async () => {
      await fill(store, 1);
      const sql =
        'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range';
      const answer = await store.query(sql, { ...LIMITS, timeMs: 200 });
      expect(answer).to.deep.equal({
        ok: false,
        reason: { code: 'READMODEL_QUERY_TIMEOUT', timeMs: 200 },
      });
      expect(await rowsOf(store, 'SELECT 1')).to.deep.equal([[1]]);
    });

    for (const sql of [
      'DELETE FROM library_book',
      'UPDATE library_book SET title = 1',
      "INSERT INTO library_order VALUES ('a', 1)",
      'CREATE TABLE mine (a INT)',
      'DROP TABLE library_book',
      'SELECT 1; DROP TABLE library_book',
      'COMMIT',
      'SELECT 1; COMMIT; DROP TABLE library_book',
      'GRANT ALL ON library_book TO PUBLIC',
      'SELECT * FROM nobody_knows',
      'SELEC 1',
      '',
    ]) {
      it(`refuses ${sql === '' ? 'an empty text' : sql}`, async () => {
        await fill(store, 2);
        expect(await rowsOf(store, sql))
          .to.have.property('code')
          .that.matches(/REFUSED|FAILED/);
        expect(await rowsOf(store, 'SELECT count(*) FROM library_book')).to.deep.equal([['2']]);
      });
    }

    it('refuses a text that is too long', async () => {
      await fill(store, 0);
      const long = `SELECT '${'x'.repeat(64 * 1024)}'`;
      expect(await rowsOf(store, long)).to.have.property('code', 'READMODEL_SQL_TOO_LONG');
    });
  });
}
