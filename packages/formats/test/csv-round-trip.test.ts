/** Lists of lines to the ledger and back: nothing that a publisher wrote is lost on the way. */
import { assert } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import type { KeptLine, MoneyLine, Move } from '../src/index.ts';
import {
  decodeFundsMapping,
  decodeSpendMapping,
  MONEY_FORMATS,
  readKeptLines,
  writeFundsFiles,
  writeSpendFiles,
} from '../src/index.ts';

const BASE = {
  publisher: 'works',
  title: 'Spending',
  dataset: 'spend',
  licence: 'OGL-UK-3.0',
  currency: 'GBP',
  encodings: ['utf-8'],
  dates: ['dd/MM/yyyy'],
  decimalSign: '.',
  groupSign: ',',
  separator: ',',
};
const SPEND = {
  ...BASE,
  format: 'spend-csv',
  fiscalYearStart: '04-01',
  columns: { number: ['No'], date: ['Date'], amount: ['Amount'], payee: ['To'], body: ['By'] },
  bodies: [{ body: 'works', title: 'Works', names: ['Works', 'Dept of Works'] }],
};
const FUNDS = {
  ...BASE,
  format: 'funds-csv',
  period: { start: '2020-01-01', end: '2020-12-31' },
  columns: { fund: ['Fund'], payee: ['To'], subsidy: ['Subsidy'], number: ['No'] },
};

/** Cells as a publisher's spreadsheet has them: empty, quoted, of several lines. */
const cell = fc.oneof(fc.constant(''), fc.string({ maxLength: 12 }));
const header = fc.oneof(fc.constantFrom('Date of order', 'Class', 'Amount due', '1'), cell);
const extra = fc.array(header, { maxLength: 4 }).chain((headers) =>
  fc.record({
    headers: fc.constant(headers),
    rows: fc.array(fc.tuple(...headers.map(() => cell)), { minLength: 8, maxLength: 8 }),
  }),
);
/** Few numbers, so that most come several times, and amounts of which some are refused. */
const number = fc.constantFrom('1', '2');
const amount = fc.constantFrom('12.50', '-3', '0', 'x', '1,000');

const csvOf = (rows: readonly (readonly string[])[]): Uint8Array =>
  new TextEncoder().encode(
    rows.map((row) => row.map((one) => `"${one.replaceAll('"', '""')}"`).join(',')).join('\r\n'),
  );

/** What the ledger keeps of a move, in the order of its keys. */
function keptLines(moves: readonly Move[]): readonly KeptLine[] {
  const idOf = ({ source }: KeptLine): string => `${source.number} ${source.occurrence}`;
  const lines = moves.map((move): KeptLine => {
    const { source, amount: minor, currency, details, rows } = move;
    const kept = { source, amount: { minor, currency }, details, payee: rows.at(-1)?.title };
    if (!('date' in move)) return { ...kept, action: 'commit' };
    const payment = { date: move.date, description: move.purpose, rows: rows.slice(1, -1) };
    return { ...kept, action: move.kind === 'credit' ? 'credit' : 'disburse', payment };
  });
  return lines.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** Moves by what the ledger keeps them under, with everything they say. */
function toldBy(lines: readonly MoneyLine[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    movesOf(lines).map((move) => {
      const { more = [], ...told } = JSON.parse(move.details ?? '{}');
      // Columns stand in the order in which lines need them; cells of one header keep theirs.
      const cells = more.toSorted(([a]: string[], [b]: string[]) =>
        (a ?? '') < (b ?? '') ? -1 : 1,
      );
      return [JSON.stringify(Object.values(move.source)), { ...move, details: told, cells }];
    }),
  );
}

const movesOf = (lines: readonly MoneyLine[]): readonly Move[] =>
  lines.flatMap((line): readonly Move[] => (line.ok ? [line.move] : []));

function read(format: 'spend' | 'funds', mapping: object, bytes: Uint8Array): readonly MoneyLine[] {
  const lines = MONEY_FORMATS[format]([{ name: 'list.csv', bytes }], mapping);
  assert(lines.ok, 'the file has the columns of the mapping');
  return lines.value;
}

describe('formats: lists of lines to the ledger and back', () => {
  it('given any columns beside and refused lines between, then spending comes out whole', () => {
    const mapping = decodeSpendMapping(SPEND);
    assert(mapping.ok, 'the mapping is valid');
    const body = fc.constantFrom('Works', 'WORKS', 'Dept of Works');
    const payee = fc.constantFrom('Tar Ltd', 'TAR LTD');
    const row = fc.tuple(number, fc.constant('31/01/2020'), amount, payee, body);
    const rows = fc.array(row, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(rows, extra, (lines, { headers, rows: more }) => {
        const table = lines.map((line, at) => [...line, ...(more[at] ?? [])]);
        const file = csvOf([['No', 'Date', 'Amount', 'To', 'By', ...headers], ...table]);
        const first = read('spend', SPEND, file);
        const { records, findings } = readKeptLines(keptLines(movesOf(first)));
        expect(findings).to.deep.equal([]);
        const payments = records.flatMap((one) => (one.origin === 'spend' ? [one.record] : []));
        const again = writeSpendFiles(payments, mapping.value).flatMap(({ bytes }) =>
          read('spend', SPEND, bytes),
        );
        expect(again.every(({ ok }) => ok)).to.equal(true);
        expect(toldBy(again)).to.deep.equal(toldBy(first));
      }),
    );
  });

  it('given any columns beside and refused lines between, then projects come out whole', () => {
    const mapping = decodeFundsMapping(FUNDS);
    assert(mapping.ok, 'the mapping is valid');
    const row = fc.tuple(number, fc.constant('ESF'), amount, fc.constantFrom('York', 'Leeds'));
    const rows = fc.array(row, { minLength: 8, maxLength: 8 });
    fc.assert(
      fc.property(rows, extra, (lines, { headers, rows: more }) => {
        const table = lines.map((line, at) => [...line, ...(more[at] ?? [])]);
        const file = csvOf([['No', 'Fund', 'Subsidy', 'To', ...headers], ...table]);
        const first = read('funds', FUNDS, file);
        const { records, findings } = readKeptLines(keptLines(movesOf(first)));
        expect(findings).to.deep.equal([]);
        const projects = records.flatMap((one) => (one.origin === 'funds' ? [one.record] : []));
        const again = writeFundsFiles(projects, mapping.value).flatMap(({ bytes }) =>
          read('funds', FUNDS, bytes),
        );
        expect(again.every(({ ok }) => ok)).to.equal(true);
        expect(toldBy(again)).to.deep.equal(toldBy(first));
      }),
    );
  });
});
