/** Lists: what is asked for in text, as SQL that DuckDB and PostgreSQL answer alike. */
import { assert } from '@daybook/core';
import type { ListRequest, SqlStore, Table } from '@daybook/readmodel';
import {
  createReadModel,
  listSql,
  orderOfList,
  readConditions,
  readSort,
  tablesOf,
} from '@daybook/readmodel';
import { expect } from 'chai';
import fc from 'fast-check';
import { openDuckdb } from '../src/duckdb/duckdb-store.ts';
import { changeOf, LIMITS, manifest, progressAt } from './library.ts';
import { openPostgres } from './postgres-store.ts';

const TITLES = ['Of Mice', 'A Mouse; twice', "O'Hara 100%", 'of bees', undefined];
const PRINTED = ['1950-02-28', '2024-02-29', undefined];

function bookTable(): Table {
  const table = tablesOf(manifest).find(({ name }) => name === 'library_book');
  assert(table !== undefined, 'the library has books');
  return table;
}

function requestOf(where: string, sort = '', rest: Partial<ListRequest> = {}): ListRequest {
  const conditions = readConditions(where);
  const keys = readSort(sort);
  assert(conditions.ok && keys.ok, 'the list is written rightly');
  return { where: conditions.value, sort: keys.value, text: '', limit: 100, ...rest };
}

const MEMORY = { memoryBytesMax: 256 * 1024 * 1024, threads: 1 };
const STORES: readonly (readonly [name: string, open: () => Promise<SqlStore>])[] = [
  ['DuckDB', () => openDuckdb({ path: ':memory:', ...MEMORY })],
  ['PostgreSQL', openPostgres],
];

for (const [database, open] of STORES) {
  describe(`readmodel: lists of ${database}`, () => {
    let store: SqlStore;
    const table = bookTable();
    const at = (name: string): number => table.columns.findIndex((column) => column.name === name);
    before(async () => {
      store = await open();
      const model = createReadModel(store);
      await model.rebuild(manifest);
      const books = Array.from({ length: 30 }, (_, number) => {
        const printed = PRINTED[number % PRINTED.length];
        const fields = {
          title: TITLES[number % TITLES.length] ?? '-',
          ...(number % 4 === 0 ? {} : { price: { minor: BigInt(number % 7), currency: 'GBP' } }),
          ...(printed !== undefined && { printed }),
          ...(number % 2 === 0 ? { isRare: true, seenAt: 1_700_000_000_000 + number } : {}),
        };
        return changeOf({ record: 'book', key: { shelf: 'north', number }, fields });
      });
      await model.load(books);
      await model.finish(progressAt(1));
    });
    after(async () => {
      await store.close();
    });

    async function rowsOf(request: ListRequest): Promise<readonly (readonly unknown[])[]> {
      const sql = listSql(table, request);
      assert(sql.ok, sql.ok ? '' : JSON.stringify(sql.reason));
      const answer = await store.query(sql.value, LIMITS);
      assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
      return answer.value.rows.slice(0, request.limit);
    }
    const numbersOf = async (request: ListRequest): Promise<readonly number[]> =>
      (await rowsOf(request)).map((row) => Number(row[at('number')]));

    const COUNTS: readonly (readonly [where: string, count: number])[] = [
      ['', 30],
      ['number>=10;number<12', 2],
      ['title=Of Mice', 6],
      ['title!=Of Mice', 24],
      ['title~OF', 12],
      ["title=O'Hara 100%", 6],
      ['title~100%', 6],
      ['title~_', 0],
      ['title=A Mouse\\; twice', 6],
      ['printed=1950-02-28', 10],
      ['printed=', 10],
      ['printed!=', 20],
      ['is_rare=true', 15],
      ['seen_at>=2023-11-14T22:13:20Z', 15],
      ['price_minor=', 8],
    ];
    for (const [where, count] of COUNTS) {
      it(`given the conditions "${where}", then ${count} rows are found`, async () => {
        expect(await numbersOf(requestOf(where))).to.have.length(count);
      });
    }

    it('given words, then every one of them stands in the row, whatever its case', async () => {
      const found = await numbersOf(requestOf('', '', { text: 'TWICE mouse' }));

      expect(found).to.deep.equal([1, 6, 11, 16, 21, 26]);
    });

    it('given signs in words, then they are as spaces; given signs alone, then they ask for nothing', async () => {
      const signs = await numbersOf(requestOf('', '', { text: 'Mouse;twice' }));

      expect(signs).to.deep.equal([1, 6, 11, 16, 21, 26]);
      expect(await numbersOf(requestOf('', '', { text: ' ' }))).to.have.length(30);
      expect(await numbersOf(requestOf('', '', { text: '%' }))).to.deep.equal([
        2, 7, 12, 17, 22, 27,
      ]);
    });

    it('given the texts that searches read, then no list shows them or goes by them', async () => {
      const [row] = await rowsOf(requestOf('number=1'));
      const sql = listSql(table, requestOf('_text~mouse'));

      expect(row).to.have.length(table.columns.length);
      expect(sql.ok ? '' : sql.reason.pointer).to.equal('/where');
    });

    it('given words that fit unequally, then whole words, beginnings and phrases decide, page by page', async () => {
      const titles = async (text: string, rest: Partial<ListRequest> = {}) =>
        (await rowsOf(requestOf('', '', { text, ...rest }))).map((row) => [
          row[at('title')],
          Number(row.at(-1)),
        ]);
      const all = await titles('mouse a');
      const once = [...new Map(all.map((row) => [row.join(), row])).values()];
      const bees = [...new Set((await titles('of b')).map(([title]) => title))];
      const hara = await titles("o'hara 100%");

      // A word begins with b in the one; the other has it in its currency only.
      expect(bees).to.deep.equal(['of bees', 'Of Mice']);
      expect(once).to.deep.equal([['A Mouse; twice', 4 + 4]]);
      expect(hara[0]).to.deep.equal(["O'Hara 100%", 4 + 4 + 8]);
      const of = await titles('of');
      expect([...new Set(of.map((row) => row.join()))]).to.deep.equal(['Of Mice,4', 'of bees,4']);
      const mice = await titles('mi');
      expect(mice[0]).to.deep.equal(['Of Mice', 2]);
      const ranks = (await titles('o')).map(([, rank]) => Number(rank));
      expect(ranks).to.deep.equal(ranks.toSorted((a, b) => b - a));
      expect(new Set(ranks)).to.deep.equal(new Set([2, 1]));
    });

    it('given a ranked search, when paged, then all rows come once, in the order of one page', async () => {
      const order = orderOfList(requestOf('', '', { text: 'o' }));
      const whole = await rowsOf(requestOf('', '', { text: 'o' }));
      const paged: (readonly unknown[])[] = [];
      for (let page = await rowsOf(requestOf('', '', { text: 'o', limit: 5 })); page.length > 0; ) {
        paged.push(...page);
        const last = page.at(-1) ?? [];
        const after = order.map((name) => String(name === '_rank' ? last.at(-1) : last[at(name)]));
        page = await rowsOf(requestOf('', '', { text: 'o', limit: 5, after }));
      }

      expect(whole.length).to.be.above(10);
      expect(paged).to.deep.equal(whole);
    });

    it('given any order, when paged, then all rows come once, in the order of one page', async () => {
      const columns = ['price_minor', 'printed', 'title', 'is_rare', 'seen_at', 'number'];
      const keys = fc.uniqueArray(fc.constantFrom(...columns), { maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(
          keys,
          fc.boolean(),
          fc.integer({ min: 7, max: 16 }),
          async (sort, down, limit) => {
            const text = sort
              .map((name, index) => (down && index === 0 ? `-${name}` : name))
              .join(',');
            const whole = await rowsOf(requestOf('', text));
            const paged: (readonly unknown[])[] = [];
            for (let page = await rowsOf(requestOf('', text, { limit })); page.length > 0; ) {
              paged.push(...page);
              const last = page.at(-1) ?? [];
              const after = [...sort, '_key'].map((name) => {
                const value = last[at(name)] ?? null;
                return value === null ? null : String(value);
              });
              page = await rowsOf(requestOf('', text, { limit, after }));
            }
            expect(paged).to.deep.equal(whole);
          },
        ),
        { numRuns: 5 },
      );
    });
  });
}

describe('readmodel: requests for lists', () => {
  const table = bookTable();
  const WRONG: readonly (readonly [where: string, pointer: string])[] = [
    ['size=7', '/where'],
    ['number=7.5', '/where'],
    ['number=9223372036854775808', '/where'],
    ['printed=2023-02-29', '/where'],
    ['is_rare=yes', '/where'],
    ['seen_at=yesterday', '/where'],
  ];
  for (const [where, pointer] of WRONG) {
    it(`given the condition "${where}", then it is refused with its place`, () => {
      const sql = listSql(table, requestOf(where));

      expect(sql.ok ? '' : sql.reason.pointer).to.equal(pointer);
    });
  }

  it('given what is no list, then it is refused with its place', () => {
    const reasons = [
      readConditions('title'),
      readConditions(Array.from({ length: 17 }, () => 'number=1').join(';')),
      readSort('title desc'),
      readSort('a,b,c,d,e'),
      listSql(table, requestOf('', 'size')),
      listSql(table, requestOf('', '', { text: 'a b c d e f g h i' })),
      listSql(table, requestOf('', '', { text: '; -' })),
      listSql(table, requestOf('', 'title', { after: ['x'] })),
      listSql(table, requestOf('number=x', '')),
    ].map((result) => (result.ok ? '' : result.reason.pointer));

    expect(reasons).to.deep.equal([
      '/where',
      '/where',
      '/sort',
      '/sort',
      '/sort',
      '/text',
      '/text',
      '/cursor',
      '/where',
    ]);
  });
});
