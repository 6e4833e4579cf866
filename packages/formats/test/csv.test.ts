/** The scanner against csv-parse on well-formed text, and alone on text that is not. */
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import type { CsvRow } from '../src/csv.ts';
import { CSV_ROW_CHARS_MAX, readCsvRows } from '../src/csv.ts';

const rowsOf = (text: string, separator?: string): CsvRow[] => [...readCsvRows(text, separator)];
const cellsOf = (text: string): (readonly string[])[] =>
  rowsOf(text).flatMap((row) => ('cells' in row ? [row.cells] : []));

describe('formats: CSV scanner', () => {
  it('given well-formed text, when it is read, then the cells are those of csv-parse', () => {
    const cell = fc.stringMatching(/^[a-c,"\r\n\t é]{0,6}$/);
    const table = fc
      .integer({ min: 2, max: 5 })
      .chain((width) =>
        fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1 }),
      );
    const ends = fc.constantFrom('\n', '\r\n');

    fc.assert(
      fc.property(table, ends, (rows, end) => {
        const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
        const text = rows.map((row) => row.map(quote).join(',')).join(end);

        const expected: string[][] = parse(text, { record_delimiter: [end] });
        expect(cellsOf(text)).to.deep.equal(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('given any text at all, when it is read, then every line number rises and none is beyond the text', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab,"\r\n]{0,60}$/), (text) => {
        const lines = rowsOf(text).map(({ line }) => line);
        const count = text.split(/\r\n|\r|\n/).length;

        expect(lines).to.deep.equal([...new Set(lines)].toSorted((a, b) => a - b));
        expect(Math.max(0, ...lines)).to.be.at.most(count);
      }),
      { numRuns: 500 },
    );
  });

  it('given three kinds of line end in one file, when it is read, then physical lines are counted', () => {
    const rows = rowsOf('a,b\r\n1,2\n3,4\r5,6');

    expect(rows.map(({ line }) => line)).to.deep.equal([1, 2, 3, 4]);
  });

  it('given a quoted cell over three lines, when it is read, then the next record has its physical line', () => {
    const rows = rowsOf('a,b\n"x\ny\nz",1\n2,3\n');

    expect(rows).to.deep.equal([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, cells: ['x\ny\nz', '1'] },
      { line: 5, cells: ['2', '3'] },
    ]);
  });

  it('given empty lines, when they are read, then they are passed over and counted', () => {
    const rows = rowsOf('a,b\n\n\r\n1,2\n\n');

    expect(rows.map(({ line }) => line)).to.deep.equal([1, 4]);
  });

  it('given a quote that is never closed, when it is read, then one line is refused', () => {
    const rows = rowsOf('a,b\n"x,1\n2,3\n4,5\n');

    expect(rows).to.deep.equal([
      { line: 1, cells: ['a', 'b'] },
      { line: 2, fault: 'quote-not-closed', text: '"x,1' },
      { line: 3, cells: ['2', '3'] },
      { line: 4, cells: ['4', '5'] },
    ]);
  });

  it('given a stray quote that meets the quote of a later line, when it is read, then one line is refused', () => {
    const rows = rowsOf('a,b\n"x,1\n2,3\n"4",5\n6,7');

    expect(rows.map((row) => ('fault' in row ? `${row.line}!` : row.line))).to.deep.equal([
      1,
      '2!',
      3,
      4,
      5,
    ]);
  });

  it('given text behind a closing quote, when it is read, then that line is refused', () => {
    const rows = rowsOf('a,b\n"x"y,1\n2,3');

    expect(rows[1]).to.deep.equal({ line: 2, fault: 'text-after-quote', text: '"x"y,1' });
    expect(rows).to.have.length(3);
  });

  it('given a quote inside an unquoted cell, when it is read, then it is part of the cell', () => {
    expect(cellsOf('a,b\n3" pipe,1')).to.deep.equal([
      ['a', 'b'],
      ['3" pipe', '1'],
    ]);
  });

  it('given a row longer than allowed, when it is read, then it is refused and the next is read', () => {
    const rows = rowsOf(`a,b\n${'x'.repeat(CSV_ROW_CHARS_MAX + 1)},1\n2,3`);

    expect(rows.map((row) => ('fault' in row ? row.fault : row.line))).to.deep.equal([
      1,
      'row-too-long',
      3,
    ]);
  });

  it('given another separator, when it is read, then commas are part of the cells', () => {
    expect(rowsOf('a;b,c', ';')).to.deep.equal([{ line: 1, cells: ['a', 'b,c'] }]);
  });

  it('given 20,000 lines that each open a quote, when they are read, then the time is linear', () => {
    const text = `a,b\n${'"x,1\n'.repeat(20_000)}`;

    expect(rowsOf(text)).to.have.length(20_001);
  });
});
