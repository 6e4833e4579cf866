/**
 * Fiscal Data Packages: real tables against sums the test makes itself, findings by line, and round
 * trips of imported files and of records.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { multiplyDecimals } from '../src/amount.ts';
import { readCsvRows, writeCsvRows } from '../src/csv.ts';
import type { FiscalPackage, FiscalRecord, ReportedFault, SourceFile } from '../src/index.ts';
import {
  createFiscalValidator,
  explainFinding,
  explainFormats,
  listFaults,
  MONEY_FORMATS,
  readFiscalPackage,
  writeFiscalPackages,
  writeImportedPackage,
} from '../src/index.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/fiscal/uk-cra');
const FILES: readonly SourceFile[] = ['data', 'aggregates'].flatMap((folder) =>
  readdirSync(join(FOLDER, folder)).map((name) => ({
    name: `${folder}/${name}`,
    bytes: readFileSync(join(FOLDER, folder, name)),
  })),
);
const FACTS = join(FOLDER, 'aggregates/by-cofog1-then-department.csv');

const validate = createFiscalValidator();
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function read(descriptor: SourceFile, files: readonly SourceFile[]): FiscalPackage {
  const read_ = readFiscalPackage(descriptor, files, validate);
  if (!read_.ok) throw new Error(explainFormats(read_.reason));
  return read_.value;
}

const MAPPING = JSON.parse(readFileSync(join(FOLDER, '../mapping.json'), 'utf8'));
const placeOf = ({ file, line, field, reason }: ReportedFault): string =>
  `${file}:${line} ${field} ${reason}`;

const shipped = (name: string): SourceFile => ({ name, bytes: readFileSync(join(FOLDER, name)) });

describe('formats: the UK Country and Regional Analyses', () => {
  const { records, resources, findings, descriptor } = read(shipped('by-department.json'), FILES);
  const rows: Record<string, string>[] = parse(readFileSync(FACTS), { columns: true });
  const exact = rows.filter(({ value = '' }) => /^-?[0-9]+\.[0-9]{1,2}$/.test(value));

  it('given 227 totals, when read, then counts and sums are those of csv-parse', () => {
    const pence = exact.reduce((sum, { value = '' }) => {
      const [pounds = '', decimals = ''] = value.split('.');
      return sum + BigInt(pounds + decimals.padEnd(2, '0'));
    }, 0n);

    expect(rows).to.have.length(227);
    expect(records).to.have.length(exact.length);
    expect(records.reduce((sum, { money }) => sum + money.minor, 0n)).to.equal(pence);
  });

  it('given totals that a program spoiled with floats, when read, then each line is named', () => {
    const spoiled = rows.flatMap(({ value = '' }, index) =>
      /^-?[0-9]+\.[0-9]{1,2}$/.test(value) ? [] : [[index + 2, value]],
    );

    expect(findings.map(({ line, found }) => [line, found])).to.deep.equal(spoiled);
    expect(findings[0] && explainFinding(findings[0])).to.match(
      /^aggregates\/by-cofog1-then-department\.csv:[0-9]+ value: expected an amount of GBP, found /,
    );
  });

  it('given codes, when read, then names come from the other tables by foreign key', () => {
    expect(records.find(({ kind }) => kind === 'appropriation')).to.deep.include({
      money: { minor: 42_553_000_000n, currency: 'GBP' },
      holder: { key: 'DFT004', name: 'Department for Transport', identifiers: [] },
      classifications: [{ scheme: 'cofog', code: '01', title: 'General public services' }],
      period: { start: '2010' },
    });
  });

  it('given the package as imported, when written and read, then nothing is lost', () => {
    const [again, ...files] = writeImportedPackage({ descriptor, resources });
    expect(again?.name).to.equal('datapackage.json');
    if (again === undefined) throw new Error('no descriptor');
    const second = read(again, files);

    expect(second.records).to.deep.equal(records);
    expect(second.resources.map(({ headers }) => headers)).to.deep.equal(
      resources.map(({ headers }) => headers),
    );
    for (const { name, bytes } of files) {
      expect(parse(Buffer.from(bytes)), name).to.deep.equal(
        parse(readFileSync(join(FOLDER, name))),
      );
    }
    expect(JSON.parse(new TextDecoder().decode(again.bytes))).to.deep.equal(
      JSON.parse(readFileSync(join(FOLDER, 'by-department.json'), 'utf8')),
    );
  });

  it('given the descriptor as published, when read, then what is not there is found', () => {
    const published = read(shipped('datapackage.json'), FILES);

    expect(published.records).to.deep.equal([]);
    expect(published.findings.map(({ code, found }) => `${code} ${found}`)).to.include.members([
      'FORMATS_REFERENCE_UNKNOWN data/cra.csv',
      'FORMATS_REFERENCE_UNKNOWN cra/amount',
    ]);
  });

  it('given the table of facts of version 0.2, when read, then payments have their payer', () => {
    const cra = 'recid,year,amount,dept_code\nr1,2009,12.5,DFT004\nr2,20x9,1,DFT004\nr3,2009\n';
    const file = { name: 'data/cra.csv', bytes: encode(cra) };
    const published = read(shipped('datapackage.json'), [...FILES, file]);

    expect(published.records).to.deep.equal([
      {
        kind: 'payment',
        source: {
          publisher: 'os-gb-gov-cra',
          dataset: 'os-gb-gov-cra/cra/amount',
          number: 'r1',
          occurrence: 1,
        },
        date: '2009',
        money: { minor: 1_250n, currency: 'GBP' },
        payer: { key: 'DFT004', name: 'Department for Transport', identifiers: [] },
      },
    ]);
    expect(
      published.findings
        .filter(({ line }) => line !== undefined)
        .map(({ line, code }) => [line, code]),
    ).to.deep.equal([
      [4, 'FORMATS_LINE_WIDTH'],
      [3, 'FORMATS_DATE_UNREADABLE'],
    ]);
  });
});

describe('formats: fiscal descriptors', () => {
  it('given no measure, or no table, then the descriptor is refused by line and pointer, and not silently empty', () => {
    const descriptor = { name: 'a', resources: [{ name: 'facts', path: 'facts.csv' }] };
    const measures = { paid: { source: 'amount', currency: 'GBP' } };
    const faultsOf = (json: object, ...tables: readonly SourceFile[]) => {
      const file = { name: 'datapackage.json', bytes: encode(JSON.stringify(json, undefined, 1)) };
      const lines = MONEY_FORMATS.fiscal([file, ...tables], MAPPING);
      return lines.ok ? listFaults(lines.value) : [];
    };
    const table = { name: 'facts.csv', bytes: encode('amount\n1.00\n') };

    expect(faultsOf(descriptor, table).map(placeOf)).to.deep.equal([
      'datapackage.json:1 /model FORMATS_FIELD_MISSING',
    ]);
    expect(faultsOf({ ...descriptor, model: { measures } }).map(placeOf)).to.deep.equal([
      'datapackage.json:6 /resources/0/path FORMATS_REFERENCE_UNKNOWN',
      'datapackage.json:11 /model/measures/paid FORMATS_REFERENCE_UNKNOWN',
    ]);
  });

  it('given something else, when read, then it is refused', () => {
    for (const [text, code] of [
      ['{}', 'FORMATS_PACKAGE_UNKNOWN'],
      ['[]', 'FORMATS_PACKAGE_UNKNOWN'],
      ['{', 'FORMATS_JSON_INVALID'],
    ] as const) {
      const file = readFiscalPackage({ name: 'x', bytes: encode(text) }, [], validate);
      expect(file.ok ? '' : file.reason.code, text).to.equal(code);
    }
  });

  it('given no model, currency or column, when read, then each is found', () => {
    const resources = [{ name: 'a', path: 'a.csv' }];
    const measures = { x: { source: 'no', currency: 'GBP' }, y: { source: 'n', currency: '?' } };
    const model = { measures, dimensions: {} };
    const csv = { name: 'a.csv', bytes: encode('n\n"1\n') };
    const pointers = (json: object): unknown =>
      read({ name: 'x', bytes: encode(JSON.stringify(json)) }, [csv]).findings.map(
        ({ file, pointer, code }) => `${file} ${pointer} ${code}`,
      );

    expect(pointers({ resources })).to.include('x /model FORMATS_SCHEMA_MISMATCH');
    expect(pointers({ resources, model })).to.deep.equal([
      'a.csv  FORMATS_LINE_QUOTING',
      'x /model/measures/x FORMATS_REFERENCE_UNKNOWN',
      'x /model/measures/y/currency FORMATS_CURRENCY_UNREADABLE',
    ]);
  });

  it('given more measures than anyone needs, when read, then no row is', () => {
    const resources = [{ name: 'a', path: 'a.csv' }];
    const measure = { source: 'n', currency: 'GBP' };
    const measures = Object.fromEntries(
      Array.from({ length: 101 }, (_, at) => [`m${at}`, measure]),
    );
    const json = { resources, model: { measures, dimensions: {} } };
    const csv = { name: 'a.csv', bytes: encode('n\n1\n') };

    const { records, findings } = read({ name: 'x', bytes: encode(JSON.stringify(json)) }, [csv]);
    expect(records).to.deep.equal([]);
    expect(findings.map(({ pointer, code }) => [pointer, code])).to.deep.equal([
      ['/model/measures', 'FORMATS_RECORD_TOO_LARGE'],
    ]);
  });

  it('given a factor and a comma, when read, then the amount is exact', () => {
    const fields = [{ name: 'n', type: 'number', decimalChar: ',' }];
    const resources = [
      {
        name: 'a',
        path: 'a.csv',
        dialect: { delimiter: ';', doubleQuote: true },
        schema: { fields },
      },
    ];
    const measures = { x: { source: 'n', currency: 'EUR', factor: 1000000 } };
    const json = { name: 'p', resources, model: { measures, dimensions: {} } };
    const csv = { name: 'a.csv', bytes: encode('n;m\n1.234,567891;\n1.5;\n') };

    const { records, findings } = read({ name: 'x', bytes: encode(JSON.stringify(json)) }, [csv]);
    expect(findings.map(({ line, code }) => [line, code])).to.deep.equal([
      [3, 'FORMATS_AMOUNT_UNREADABLE'],
    ]);
    expect(records.map(({ money }) => money.minor)).to.deep.equal([123_456_789_100n]);
  });

  it('given decimals, when multiplied, then no digit is lost', () => {
    expect(multiplyDecimals('0.1', '0.2')).to.equal('0.02');
    expect(multiplyDecimals('-1.5', '1000')).to.equal('-1500.0');
    expect(multiplyDecimals('x', '1000')).to.equal(undefined);
  });
});

describe('formats: fiscal round trip', () => {
  const OPTIONAL: { requiredKeys: [] } = { requiredKeys: [] };
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 });
  const date = fc.constantFrom('2026', '2026-02', '2026-02-28', '2026-02-28T12:00:00Z');
  const money = fc.record({
    minor: fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }),
    currency: fc.constantFrom('GBP', 'JPY', 'KWD'),
  });
  const source = fc.record({
    publisher: text,
    dataset: text,
    number: text,
    occurrence: fc.integer({ min: 1, max: 99 }),
  });
  const party = fc
    .tuple(
      fc.record({
        name: text,
        identifiers: fc.array(fc.record({ scheme: fc.string(), id: text }), { maxLength: 2 }),
      }),
      fc.record({ key: text }, OPTIONAL),
    )
    .map(([organisation, key]) => ({ ...organisation, ...key }));
  const classification = fc.oneof(
    fc.record({ scheme: text, code: text }),
    fc.record({ scheme: text, code: text, title: text }),
  );
  const payment = fc
    .tuple(
      fc.record({ kind: fc.constant('payment' as const), source, money }),
      fc.record(
        {
          id: text,
          type: text,
          date,
          purpose: text,
          payer: party,
          payee: party,
          classifications: fc.array(classification, { minLength: 1, maxLength: 2 }),
        },
        OPTIONAL,
      ),
    )
    .map(([base, more]): FiscalRecord => ({ ...base, ...more }));
  const appropriation = fc
    .tuple(
      fc.record({
        kind: fc.constant('appropriation' as const),
        source,
        title: text,
        money,
        period: fc.record({ start: date, end: date }, OPTIONAL),
        classifications: fc.array(classification, { maxLength: 2 }),
      }),
      fc.record({ holder: party }, OPTIONAL),
    )
    .map(([base, more]): FiscalRecord => ({ ...base, ...more }));

  it('given any records, when written and read, then nothing is found and all are equal', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(payment, appropriation), { minLength: 1, maxLength: 12 }),
        (records) => {
          const metadata = { name: 'books', title: 'Books' };
          const again = writeFiscalPackages(metadata, records).flatMap(({ files }) => {
            const [descriptor, ...tables] = files;
            if (descriptor === undefined) throw new Error('no descriptor');
            const { records: own, findings } = read(descriptor, tables);
            expect(findings.map(explainFinding)).to.deep.equal([]);
            return own;
          });

          const groups = Map.groupBy(records, ({ kind, money: { currency } }) => kind + currency);
          expect(again).to.deep.equal([...groups.values()].flat());
        },
      ),
      { numRuns: 60 },
    );
  });

  it('given any cells, when written as CSV and read, then they are the same', () => {
    const row = fc.array(fc.string({ unit: 'grapheme', maxLength: 8 }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom(',', ';'), (rows, separator) => {
        const read_ = [...readCsvRows(writeCsvRows(rows, separator), separator)];

        expect(read_.map((entry) => ('cells' in entry ? entry.cells : []))).to.deep.equal(rows);
      }),
    );
  });
});
