/**
 * Lists of EU-funded projects: two real lists against sums that csv-parse and text arithmetic
 * give, and every kind of fault one line can have.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import type { FundsLine, FundsMapping } from '../src/index.ts';
import { decodeFundsMapping, explainFormats, readFundsFile, totalFunds } from '../src/index.ts';

const FOLDER = join(import.meta.dirname, 'fixtures/funds');
const UK = 'uk-2007-2013/2007-2013.csv';
const ENGLAND = 'england-2014-2020/2014-2020.csv';

const mappingJson = (file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(FOLDER, file, '../mapping.json'), 'utf8'));

function mappingOf(file: string): FundsMapping {
  const mapping = decodeFundsMapping(mappingJson(file));
  if (!mapping.ok) throw new Error(explainFormats(mapping.reason));
  return mapping.value;
}

function linesOf(file: string, bytes?: Uint8Array): readonly FundsLine[] {
  const name = file.split('/').at(-1) ?? file;
  const lines = readFundsFile(
    { name, bytes: bytes ?? readFileSync(join(FOLDER, file)) },
    mappingOf(file),
  );
  if (!lines.ok) throw new Error(explainFormats(lines.reason));
  return lines.value;
}

/** Hundredths of an amount, added as text would be: no parser of ours is involved. */
function hundredths(text: string): bigint {
  const [whole = '', fraction = ''] = text.split(',');
  return BigInt(whole + fraction.padEnd(2, '0'));
}

function sumBy(file: string, header: string): bigint {
  const rows: Record<string, string>[] = parse(readFileSync(join(FOLDER, file)), { columns: true });
  return rows.reduce((sum, row) => sum + hundredths(row[header] ?? ''), 0n);
}

const faultsOf = (lines: readonly FundsLine[]): readonly string[] =>
  lines.flatMap((line) =>
    line.ok ? [] : line.faults.map(({ code, field, found }) => `${code} ${field} ${found}`),
  );

describe('formats: lists of EU-funded projects', () => {
  for (const [file, headers] of [
    [UK, ['Subsidy', 'Matching', 'Total']],
    [ENGLAND, ['ERDF/ESF investment £m', 'Total project costs £m']],
  ] as const) {
    it(`given ${file}, when read, then counts and sums are those of csv-parse`, () => {
      const lines = linesOf(file);
      const rows: unknown[] = parse(readFileSync(join(FOLDER, file)), { columns: true });

      expect(lines.length).to.equal(rows.length);
      expect(totalFunds(lines).map(({ imported, refused }) => imported + refused)).to.deep.equal(
        headers.map((header) => sumBy(file, header)),
      );
    });
  }

  it('given the UK list, when read, then projects without money and wrong dates are refused', () => {
    const faults = faultsOf(linesOf(UK));

    expect(Object.groupBy(faults, (fault) => fault.split(' ')[0] ?? '')).to.have.all.keys(
      'FORMATS_AMOUNT_ZERO',
      'FORMATS_DATE_UNREADABLE',
    );
    expect(faults).to.include('FORMATS_DATE_UNREADABLE Start_date 20//06/2011');
  });

  it('given the English list, when read, then only days that do not exist are refused', () => {
    expect(faultsOf(linesOf(ENGLAND))).to.deep.equal([
      'FORMATS_DATE_UNREADABLE Start date 31/04/2014',
      'FORMATS_DATE_UNREADABLE End date 31-Nov-18',
    ]);
  });

  it('given German months and a comma, when read, then date and amount are exact', () => {
    const first = linesOf(ENGLAND)[0];

    expect(first?.ok === true && first.commitment).to.deep.include({
      kind: 'commitment',
      title: 'Uclan Innovation Clinic',
      fund: 'ERDF',
      payee: { name: 'University of Central Lancashire', identifiers: [] },
      money: { minor: 143_436_400n, currency: 'GBP' },
      period: { start: '2015-11-01', end: '2018-12-31' },
      places: ['England', 'Lancashire', 'PR1 2HE'],
    });
  });

  it('given a year or a month only, when read, then the date is as exact as the source', () => {
    const starts = linesOf(UK).flatMap((line) =>
      line.ok && line.commitment.period.start ? [line.commitment.period.start.length] : [],
    );

    expect(new Set(starts)).to.deep.equal(new Set([4, 7, 10]));
  });

  it('given equal lines, when read, then each has an identity of its own, twice the same', () => {
    const identities = (): readonly string[] =>
      linesOf(UK).flatMap((line) =>
        line.ok ? [Object.values(line.commitment.source).join(' ')] : [],
      );

    expect(new Set(identities()).size).to.equal(identities().length);
    expect(identities().some((identity) => identity.endsWith(' 6'))).to.equal(true);
  });

  it('given a line with every fault, when read, then each is named with its column', () => {
    const header = 'Priority,Organization,Project,Type,Subsidy,Matching,Total,Start_date';
    const text = `${header}\nP1,,${'x'.repeat(1_001)},ESF,-1,1.005,z,1.1.1\n`;

    expect(faultsOf(linesOf(UK, new TextEncoder().encode(text)))).to.deep.equal([
      'FORMATS_FIELD_MISSING Organization ',
      `FORMATS_FIELD_TOO_LONG Project ${'x'.repeat(80)}`,
      'FORMATS_DATE_UNREADABLE Start_date 1.1.1',
      'FORMATS_AMOUNT_NEGATIVE Subsidy -1',
      'FORMATS_AMOUNT_PRECISION Matching 1.005',
      'FORMATS_AMOUNT_UNREADABLE Total z',
    ]);
  });

  it('given eleven months in a mapping, when decoded, then the pointer is named', () => {
    const json = { ...mappingJson(ENGLAND), monthNames: ['Jan'], dates: ['MMM'] };
    const mapping = decodeFundsMapping(json);

    expect(mapping.ok ? '' : explainFormats(mapping.reason)).to.equal(
      '/monthNames: expected twelve words, found "Jan"\n' +
        '/dates: expected patterns with year, month and day, found "MMM"',
    );
  });
});
