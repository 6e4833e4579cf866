/**
 * Fiscal Data Packages as they come out again: descriptor and tables with every column, without rows
 * that are not on the ledger, and with the ledger's word where that has changed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@daybook/core';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { KeptLine, MergedFiles, SourceFile } from '../src/index.ts';
import { mergeKeptFiles, readFiscalPackage } from '../src/index.ts';
import { fiscalMoves } from '../src/moves/fiscal.ts';
import { keptLineOf, movesOf, seriesWith } from './kept-ledger.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/fiscal');
const MAPPING = JSON.parse(readFileSync(join(FOLDER, 'mapping.json'), 'utf8'));
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

function linesOf(files: readonly SourceFile[]): readonly KeptLine[] {
  const descriptor = files.find(({ name }) => name.endsWith('.json'));
  assert(descriptor !== undefined, 'the files are a package');
  const read = readFiscalPackage(descriptor, files, () => []);
  assert(read.ok, 'the descriptor can be read');
  return movesOf(fiscalMoves(descriptor.name, read.value, { mapping: MAPPING })).map(keptLineOf);
}

function merge(
  files: readonly SourceFile[],
  lines: readonly KeptLine[] = linesOf(files),
): MergedFiles {
  return mergeKeptFiles({ format: 'fiscal-package', files }, seriesWith(lines, MAPPING));
}

const named = (files: readonly SourceFile[], name: string): Uint8Array | undefined =>
  files.find((file) => file.name === name)?.bytes;

/** Two payments under one key, one that is refused, and columns that no record holds. */
const FACTS = `when;what;amount;to;office;note\r
2024-01-31;Pumps;1.000,50;Tar Ltd;N1;"first; of two"\r
2024-01-31;Pumps;x;Tar Ltd;N1;spoiled\r
2024-01-31;Pumps;7;Tar Ltd;N1;caf\u00e9\r
`;
const DESCRIPTOR = {
  profile: 'fiscal-data-package',
  name: 'works',
  title: 'Works \u6c34',
  licenses: [{ name: 'CC0-1.0' }],
  granularity: 'transactional',
  'x:own': { deep: [1.5, null] },
  resources: [
    {
      name: 'spend',
      path: 'data/spend.csv',
      encoding: 'windows-1252',
      dialect: { delimiter: ';' },
      schema: {
        fields: [
          { name: 'amount', type: 'number', decimalChar: ',', title: 'Betrag' },
          { name: 'note', type: 'string', constraints: { required: true } },
        ],
      },
    },
    { name: 'offices', path: 'data/offices.csv' },
  ],
  model: {
    measures: { amount: { source: 'amount', currency: 'EUR' } },
    dimensions: {
      date: {
        dimensionType: 'datetime',
        primaryKey: 'day',
        attributes: { day: { source: 'when' } },
      },
      purpose: { primaryKey: 'text', attributes: { text: { source: 'what' } } },
      payee: {
        dimensionType: 'entity',
        primaryKey: 'name',
        attributes: { name: { source: 'to' }, size: { source: 'note' } },
      },
    },
  },
};
const windows = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const packageOf = (facts: string): readonly SourceFile[] => [
  { name: 'data/offices.csv', bytes: encode('id,head\nN1,Ann\nN2,never used\n') },
  { name: 'data/spend.csv', bytes: windows(facts) },
  { name: 'datapackage.json', bytes: encode(JSON.stringify(DESCRIPTOR, null, 1)) },
];
const PACKAGE = packageOf(FACTS);
const GOOD = packageOf(FACTS.replace(/.*spoiled\r\n/, ''));

describe('formats: Fiscal Data Packages as they come out again', () => {
  it('given a package of which all is on the ledger, then it comes out byte for byte', () => {
    expect(merge(GOOD)).to.deep.equal({ files: GOOD, findings: [] });
  });

  it('given a row that was refused, then every cell of the others comes out, and their identity', () => {
    const merged = merge(PACKAGE);
    const cells = parse(Buffer.from(named(merged.files, 'data/spend.csv') ?? []), {
      encoding: 'latin1',
      delimiter: ';',
    });

    expect(merged.findings).to.deep.equal([]);
    expect(cells).to.deep.equal([
      ['when', 'what', 'amount', 'to', 'office', 'note', '_occurrence'],
      ['2024-01-31', 'Pumps', '1.000,50', 'Tar Ltd', 'N1', 'first; of two', '1'],
      ['2024-01-31', 'Pumps', '7', 'Tar Ltd', 'N1', 'caf\u00e9', '3'],
    ]);
    for (const name of ['datapackage.json', 'data/offices.csv']) {
      expect(named(merged.files, name), name).to.deep.equal(named(PACKAGE, name));
    }
    expect(linesOf(merged.files)).to.deep.equal(linesOf(PACKAGE));
  });

  it('given the real package, then every cell but those of refused rows comes out', () => {
    const root = join(FOLDER, 'uk-cra');
    const facts = 'aggregates/by-cofog1-then-department.csv';
    const names = ['by-department.json', facts, 'data/cofog.csv', 'data/departments.csv'];
    const files = names.map((name) => ({ name, bytes: readFileSync(join(root, name)) }));
    const merged = merge(files);
    const rowsOf = (bytes: Uint8Array | undefined): string[][] => parse(Buffer.from(bytes ?? []));
    const exact = rowsOf(named(files, facts)).filter(
      ([, , value = '']) => value === 'value' || /^[0-9]+\.[0-9]{1,2}$/.test(value),
    );

    expect(rowsOf(named(merged.files, facts)).map((cells) => cells.slice(0, 3))).to.deep.equal(
      exact,
    );
    for (const name of names.filter((one) => one !== facts)) {
      expect(
        Buffer.from(named(merged.files, name) ?? new Uint8Array()).equals(
          named(files, name) ?? new Uint8Array(),
        ),
        name,
      ).to.equal(true);
    }
    expect(linesOf(merged.files)).to.deep.equal(linesOf(files));
  });
});

describe("formats: the ledger's word in Fiscal Data Packages", () => {
  const withFirst = (change: Partial<KeptLine>): readonly KeptLine[] =>
    linesOf(GOOD).map((line, at) => (at === 0 ? { ...line, ...change } : line));

  it('given a corrected payment, then date and purpose are those of the ledger under its identity', () => {
    const payment = { date: '2024-02-29', description: 'Two pumps', rows: [] };
    const lines = withFirst({ payment });
    const merged = merge(GOOD, lines);

    expect(merged.findings).to.deep.equal([]);
    expect(decode(named(merged.files, 'data/spend.csv'))).to.contain(
      '2024-02-29;Two pumps;1.000,50;Tar Ltd;N1;"first; of two"',
    );
    const told = ({ source, payment: paid }: KeptLine) => [source, paid?.date, paid?.description];
    expect(linesOf(merged.files).map(told)).to.deep.equal(lines.map(told));
  });

  it('given another amount on the ledger, then it stands in the cell as the table writes it', () => {
    const merged = merge(GOOD, withFirst({ amount: { minor: 725n, currency: 'EUR' } }));

    expect(decode(named(merged.files, 'data/spend.csv'))).to.contain('Pumps;7,25;Tar');
  });

  for (const [title, change] of [
    ['another currency', { amount: { minor: 1n, currency: 'USD' } }],
    ['another payee', { payee: 'Somebody' }],
  ] as const) {
    it(`given ${title} on the ledger, then the row is left out and told`, () => {
      const merged = merge(GOOD, withFirst(change));

      expect(merged.findings.map(({ code }) => code)).to.deep.equal(['FORMATS_DETAILS_DIFFER']);
      expect(linesOf(merged.files)).to.have.length(1);
    });
  }

  it('given a purpose that the encoding of the table has not, then the package is left out and told', () => {
    const payment = { date: '2024-01-31', description: '\u6cf5', rows: [] };
    const merged = merge(GOOD, withFirst({ payment }));

    expect(merged.files).to.deep.equal([]);
    expect(merged.findings.map(({ code }) => code)).to.deep.equal(['FORMATS_DETAILS_DIFFER']);
  });

  it('given a package of which nothing is on the ledger, then nothing comes out', () => {
    expect(merge(GOOD, []).files).to.deep.equal([]);
  });

  it('given any bytes in a kept table, then only what the ledger says comes out of it', () => {
    const original = windows(FACTS);
    const known = new Map(linesOf(PACKAGE).map((line) => [JSON.stringify(line.source), line]));
    const edit = fc.tuple(fc.nat(original.length - 1), fc.constantFrom(...encode('0;"\nx7,-')));
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = original.slice();
        for (const [at, byte] of edits) bytes[at] = byte;
        const files = PACKAGE.map((file) =>
          file.name === 'data/spend.csv' ? { ...file, bytes } : file,
        );
        const merged = merge(files, [...known.values()]);
        if (merged.files.length === 0) return;

        for (const line of linesOf(merged.files)) {
          const { amount, action, payment } = known.get(JSON.stringify(line.source)) ?? {};
          expect({ amount, action, date: payment?.date }).to.deep.equal({
            amount: line.amount,
            action: line.action,
            date: line.payment?.date,
          });
        }
      }),
      { numRuns: 60 },
    );
  });
});
