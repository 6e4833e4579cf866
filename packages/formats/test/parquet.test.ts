/** Parquet as another program reads it, and every way in which a file may not be the table. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { sha256, toHex } from '@daybook/core';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import type { ParquetTable } from '../src/index.ts';
import { parquetDifference, writeParquet } from '../src/index.ts';

const LARGEST = 2n ** 63n - 1n;
const TABLE: ParquetTable = {
  columns: [
    { name: 'payment', type: 'text' },
    { name: 'amount.minor', type: 'integer' },
    { name: 'date', type: 'date' },
    { name: 'made', type: 'instant' },
    { name: 'open', type: 'boolean' },
  ],
  rows: [
    ['p-1', 125_050n, '2026-11-22', '2026-11-22T10:00:00.123Z', true],
    ['p-2, "雨"\n', -1n, '1969-12-31', '1970-01-01T00:00:00.000Z', false],
    ['=1+1', LARGEST, '0001-01-01', '9999-12-31T23:59:59.999Z', undefined],
    [undefined, -LARGEST - 1n, undefined, undefined, true],
  ],
};
const NOTES = { 'daybook.height': '7', 'daybook.rows': '4' };
const SELECT = `SELECT payment, "amount.minor"::VARCHAR, date::VARCHAR, epoch_ms(made)::VARCHAR, open`;

/** Rows of a SELECT that DuckDB gives for the file; FILE in the text stands for it. */
async function ask(file: Uint8Array, sql: string): Promise<readonly (readonly unknown[])[]> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'parquet-'));
  const database = await DuckDBInstance.create(':memory:');
  const connection = await database.connect();
  try {
    const name = path.join(folder, 'table.parquet');
    await writeFile(name, file);
    return (await connection.runAndReadAll(sql.replaceAll('FILE', `'${name}'`))).getRowsJson();
  } finally {
    connection.closeSync();
    database.closeSync();
    await rm(folder, { recursive: true });
  }
}

/** The table with one cell replaced. */
function withCell(row: number, column: number, cell: ParquetTable['rows'][0][0]): ParquetTable {
  return {
    ...TABLE,
    rows: TABLE.rows.map((one, at) => (at === row ? one.with(column, cell) : one)),
  };
}

describe('formats: Parquet', () => {
  const file = writeParquet(TABLE, NOTES);

  it('given a table, then DuckDB reads every cell exactly, with its type, and the notes', async () => {
    expect(await ask(file, `${SELECT} FROM FILE`)).to.deep.equal([
      ['p-1', '125050', '2026-11-22', '1795341600123', true],
      ['p-2, "雨"\n', '-1', '1969-12-31', '0', false],
      ['=1+1', '9223372036854775807', '0001-01-01', '253402300799999', null],
      [null, '-9223372036854775808', null, null, true],
    ]);
    const types = await ask(file, 'SELECT column_type FROM (DESCRIBE SELECT * FROM FILE)');
    expect(types.flat()).to.deep.equal(['VARCHAR', 'BIGINT', 'DATE', 'TIMESTAMP', 'BOOLEAN']);
    const notes = 'SELECT decode(key), decode(value) FROM parquet_kv_metadata(FILE) ORDER BY 1';
    expect(await ask(file, notes)).to.deep.equal([
      ['daybook.height', '7'],
      ['daybook.rows', '4'],
    ]);
  });

  it('given rows of several groups, none, or long texts, then DuckDB counts and sums them all', async () => {
    const rows = Array.from({ length: 100_003 }, (_, at) => [`${at}`, BigInt(at)] as const);
    const columns = TABLE.columns.slice(0, 2);
    const sums = 'SELECT count(*)::VARCHAR, sum("amount.minor")::VARCHAR FROM FILE';

    expect(await ask(writeParquet({ columns, rows }, {}), sums)).to.deep.equal([
      ['100003', '5000250003'],
    ]);
    expect(await ask(writeParquet({ columns, rows: [] }, {}), sums)).to.deep.equal([['0', null]]);
    const long = writeParquet({ columns, rows: [['x'.repeat(2_000_000), 1n]] }, {});
    expect(await ask(long, 'SELECT length(payment)::VARCHAR FROM FILE')).to.deep.equal([
      ['2000000'],
    ]);
  });

  it('given the same table, then the same bytes, whatever the release of the library', () => {
    expect(toHex(sha256(file))).to.equal(
      '91e7a84c8e8f6598b3b972bebd3ca7f9bca9ad5d967054dc0b08ad0beb62168f',
    );
  });

  it('given a cell altered, then its row and column are named with both values', async () => {
    const bent = [
      [withCell(0, 1, 125_051n), 'amount.minor', 1, '125051', '125050'],
      [withCell(1, 2, '1969-12-30'), 'date', 2, '"1969-12-30"', '"1969-12-31"'],
      [withCell(2, 4, false), 'open', 3, 'false', 'nothing'],
      [withCell(3, 0, ''), 'payment', 4, '""', 'nothing'],
    ] as const;

    for (const [table, column, row, found, expected] of bent) {
      const difference = await parquetDifference(writeParquet(table, NOTES), TABLE, NOTES);
      expect(difference, column).to.deep.equal({ row, column, found, expected });
    }
    expect(await parquetDifference(file, TABLE, NOTES)).to.equal(undefined);
  });

  it('given rows left out, other columns, other bytes for the same cells, or no Parquet, then that is told', async () => {
    const { columns, rows } = TABLE;
    const renamed = columns.map((column) => ({ ...column, name: `x${column.name}` }));
    const facts = [
      [writeParquet({ columns, rows: rows.slice(1) }, NOTES), 'it has 3 rows, the list has 4'],
      [writeParquet({ columns: renamed, rows }, NOTES), 'its columns are others'],
      [
        writeParquet(TABLE, {}),
        'its cells are right, but another program or release has written it',
      ],
      [file.slice(0, -1), 'it cannot be read as Parquet: parquet file invalid (footer != PAR1)'],
      [new Uint8Array(), 'it cannot be read as Parquet: parquet file is too short'],
    ] as const;

    for (const [bytes, fact] of facts) {
      expect(await parquetDifference(bytes, TABLE, NOTES), fact).to.deep.equal({ fact });
    }
  });
});
