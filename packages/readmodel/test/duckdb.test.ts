import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SqlStore } from '@daybook/readmodel';
import { tablesOf } from '@daybook/readmodel';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { lockdownOf, openDuckdb } from '../src/duckdb/duckdb-store.ts';
import { LIMITS, manifest, progressAt } from './library.ts';
import { describeSqlStore } from './sql-store-suite.ts';

const MEMORY = { memoryBytesMax: 256 * 1024 * 1024, threads: 1 };

describeSqlStore('DuckDB', () => openDuckdb({ path: ':memory:', ...MEMORY }));

describe('DuckDB under hostile queries', () => {
  let directory: string;
  let store: SqlStore;
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'daybook-duckdb-'));
    writeFileSync(join(directory, 'secret.csv'), 'a,b\n1,2\n');
    store = await openDuckdb({ path: join(directory, 'db'), ...MEMORY });
    const transaction = await store.begin();
    await transaction.recreate(tablesOf(manifest));
    await transaction.setProgress(progressAt(1));
    await transaction.commit();
  });
  afterEach(async () => {
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const refused = (file: string): readonly string[] => [
    `SELECT * FROM '${file}'`,
    `SELECT * FROM read_csv('${file}')`,
    `SELECT * FROM read_text('${file}')`,
    `SELECT * FROM read_blob('${file}')`,
    `SELECT * FROM sniff_csv('${file}')`,
    `SELECT * FROM glob('/etc/*')`,
    `SELECT (SELECT max(content) FROM read_text('${file}'))`,
    `WITH "${file}" AS (SELECT 1) SELECT * FROM (SELECT 1) a, "${file}"`,
    `ATTACH '${file}.db' AS other`,
    `COPY library_book TO '${file}.out'`,
    `EXPORT DATABASE '${file}.d'`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'PRAGMA database_list',
    'SET memory_limit = 1',
    'RESET lock_configuration',
    'SET VARIABLE a = 1',
    `SELECT * FROM enable_logging(storage = 'file', storage_path = '${file}.log')`,
    `CALL enable_logging(storage = 'file', storage_path = '${file}.log')`,
    `SELECT * FROM enable_profiling(save_location = '${file}.profile')`,
    'SELECT * FROM force_checkpoint()',
    "SELECT * FROM query('DELETE FROM library_book')",
    'SELECT * FROM duckdb_settings()',
    'SELECT * FROM duckdb_logs',
    'WITH duckdb_settings AS (SELECT 1) SELECT * FROM duckdb_settings',
    "SELECT current_setting('temp_directory')",
    "SELECT write_log('x')",
    'SELECT 1 FROM library_book WHERE (SELECT count(*) FROM duckdb_secrets()) > 0',
    'SHOW DATABASES',
    'EXPLAIN ANALYZE SELECT 1',
    'VACUUM',
    'USE memory',
    `SELECT ${'1+'.repeat(20_000)}1`,
  ];

  it('refuses all that reaches out of the tables, leaves no file, and answers afterwards', async () => {
    const file = join(directory, 'secret.csv');
    const before = readdirSync(directory);
    for (const sql of refused(file)) {
      const answer = await store.query(sql, LIMITS);
      expect(answer.ok, sql).to.equal(false);
    }
    const answer = await store.query('SELECT 42', LIMITS);
    expect(answer.ok && answer.value.rows).to.deep.equal([[42]]);
    expect(readdirSync(directory)).to.deep.equal(before);
    expect(existsSync(`${file}.log`)).to.equal(false);
  });

  it('says what a query may not do', async () => {
    const answer = await store.query("SELECT * FROM read_text('/etc/passwd')", LIMITS);
    expect(answer).to.deep.equal({
      ok: false,
      reason: {
        code: 'READMODEL_SQL_REFUSED',
        fact: 'calls read_text, which is not open to queries',
      },
    });
  });

  it('answers SHOW, DESCRIBE and SUMMARIZE', async () => {
    for (const sql of ['SHOW TABLES', 'DESCRIBE library_book', 'SUMMARIZE library_book']) {
      expect((await store.query(sql, LIMITS)).ok, sql).to.equal(true);
    }
  });

  it('has a lockdown that holds, should a query pass the guard', async () => {
    const instance = await DuckDBInstance.create(join(directory, 'bare'), lockdownOf(MEMORY));
    const connection = await instance.connect();
    await connection.run('CREATE TABLE t (a INT)');
    const file = join(directory, 'secret.csv');
    const faults: string[] = [];
    for (const sql of [
      'SET enable_external_access = true',
      'RESET lock_configuration',
      "SET memory_limit = '10GB'",
      `SELECT * FROM read_csv('${file}')`,
      `SELECT * FROM '${file}'`,
      `ATTACH '${file}.db' AS other`,
      `COPY t TO '${file}.out'`,
      'INSTALL httpfs',
      'LOAD httpfs',
    ]) {
      const failure = await connection.run(sql).then(
        () => `${sql} was carried out`,
        (error: Error) => error.message,
      );
      if (!/has been locked|disabled (?:by|through) configuration/.test(failure)) {
        faults.push(failure);
      }
    }
    connection.closeSync();
    instance.closeSync();
    expect(faults).to.deep.equal([]);
  });

  it('fails a query that needs too much memory, and answers the next', async () => {
    // Memory must end it, on a slow machine too, where the time of other queries would be over first.
    const unhurried = { ...LIMITS, timeMs: 60_000 };
    const answer = await store.query('SELECT list(x) FROM range(100000000) t(x)', unhurried);
    expect(answer).to.deep.equal({ ok: false, reason: { code: 'READMODEL_QUERY_MEMORY' } });
    expect((await store.query('SELECT 1', LIMITS)).ok).to.equal(true);
  });
});
