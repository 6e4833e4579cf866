/** Tables of all applications in PostgreSQL: the names and types that the definitions give them. */
import { applications } from '@daybook/applications';
import { buildManifest } from '@daybook/contracts';
import { assert } from '@daybook/core';
import type { SqlStore } from '@daybook/readmodel';
import { tablesOf } from '@daybook/readmodel';
import { expect } from 'chai';
import { openPostgres } from '../../packages/readmodel/test/postgres-store.ts';

const TYPES: Readonly<Record<string, string>> = {
  'character varying': 'VARCHAR',
  bigint: 'BIGINT',
  boolean: 'BOOLEAN',
  date: 'DATE',
  'timestamp without time zone': 'TIMESTAMP',
};

describe('tables of all applications in PostgreSQL', () => {
  let store: SqlStore;
  before(async () => {
    store = await openPostgres();
  });
  after(() => store.close());

  it('given the definitions, when tables are made, then names and types are theirs, none cut short', async () => {
    const tables = tablesOf(buildManifest(applications.map(({ definition }) => definition)));
    const transaction = await store.begin();
    await transaction.recreate(tables);
    await transaction.setProgress({
      height: 1,
      blockHash: 'b'.repeat(64),
      timestampMs: 1_700_000_000_000,
      chain: 'c'.repeat(64),
      schema: 'all',
    });
    await transaction.commit();
    const answer = await store.query(
      "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'daybook_progress' ORDER BY table_name, ordinal_position",
      { rowsMax: 10_000, timeMs: 60_000 },
    );
    assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
    const made = answer.value.rows.map(([table, column, type]) =>
      [table, column, TYPES[String(type)]].join(' '),
    );
    const defined = tables
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap(({ name, stored }) =>
        stored.map((column) => `${name} ${column.name} ${column.type}`),
      );

    expect(tables.length).to.be.above(40);
    expect(made).to.have.members(defined);
  });
});
