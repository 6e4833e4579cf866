/**
 * Spending files: the shipped data set against counts made by another program (Python's csv and
 * decimal modules) and against csv-parse, and every kind of fault one line can have.
 */
import { expect } from 'chai';
import { parse } from 'csv-parse/sync';
import type { FormatsFailure, SpendLine, SpendMapping } from '../src/index.ts';
import {
  explainFault,
  explainFormats,
  listFaults,
  readSpendFile,
  spendMoves,
  totalLines,
} from '../src/index.ts';
import { linesOf, readSample } from './sample.ts';

const HEADER = 'Entity,Date,Expense Type,Expense Area,Supplier,Transaction number,Amount';
const GOOD = 'CABINET OFFICE,2019-06-11,MEDIA,GCS,DAI,10003997,32861.00';

/** Sums do not depend on names, so any mapping serves. */
const MOVES = readSample('epsrc').mapping;
const totalsOf = (lines: readonly SpendLine[]) => totalLines(spendMoves(lines, MOVES));

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('formats: the shipped spending data', () => {
  const { mapping, files, lines } = readSample('cabinet-office');
  const refused = lines.filter((line) => !line.ok);

  it('given 38 files, when read, then lines and sums are those counted by another program', () => {
    const [totals, ...others] = totalsOf(lines);

    expect(lines).to.have.length(17_535);
    expect(others).to.deep.equal([]);
    expect(totals).to.deep.equal({
      currency: 'GBP',
      file: 363_389_472_266n,
      imported: 363_242_431_016n,
      refused: 147_041_250n,
      linesImported: 17_460,
      linesRefused: 75,
      linesWithoutAmount: 60,
      credits: 0,
      credited: 0n,
    });
  });

  it('given each file, when csv-parse reads it and pence are added as text, then the sums agree', () => {
    for (const file of files) {
      const text = Buffer.from(file.bytes).toString('latin1');
      const rows: Record<string, string>[] = parse(text, { columns: true });
      const pence = rows.reduce((sum, { Amount = '' }) => {
        const [pounds = '', decimals = ''] = Amount.split('.');
        return sum + BigInt(`${pounds || '0'}${decimals.padEnd(2, '0')}`);
      }, 0n);

      const read = linesOf(file, mapping);
      expect(read.length, file.name).to.equal(rows.length);
      expect(totalsOf(read)[0]?.file, file.name).to.equal(pence);
    }
  });

  it('given the refused lines, when listed, then each names its file, line, field and reason', () => {
    const reasons = listFaults(spendMoves(refused, MOVES)).map(({ file, reason, field }) =>
      `${file} ${reason} ${field}`.trim(),
    );
    const counts = Object.groupBy(reasons, (reason) => reason);

    expect(Object.entries(counts).map(([reason, list]) => [reason, list?.length])).to.deep.equal([
      ['2019-07.csv FORMATS_FIELD_MISSING Transaction number', 3],
      ['2019-09.csv FORMATS_FIELD_MISSING Transaction number', 2],
      ['2019-10.csv FORMATS_FIELD_MISSING Transaction number', 5],
      ['2019-12.csv FORMATS_FIELD_MISSING Transaction number', 5],
      ['2022-04.csv FORMATS_LINE_BLANK', 60],
    ]);
  });

  it('given a refused line, when looked up in the file, then it stands on that physical line', () => {
    for (const { file, line } of refused) {
      const bytes = files.find(({ name }) => name === file)?.bytes ?? new Uint8Array();
      const text = Buffer.from(bytes).toString('latin1').split('\n')[line - 1] ?? '';

      expect(text, `${file}:${line}`).to.match(/^[0-9]+,{8}|CENTRAL EU EXIT/);
    }
  });

  it('given all lines, when their import identities are compared, then no two are the same', () => {
    const identities = lines.flatMap((line) =>
      line.ok ? [Object.values(line.payment.source).join(' ')] : [],
    );

    expect(new Set(identities).size).to.equal(17_460);
  });

  it('given a month alone, when read, then its identities are the same as among all months', () => {
    const alone = files.filter(({ name }) => name === '2021-08.csv');

    expect(alone.flatMap((file) => linesOf(file, mapping))).to.deep.equal(
      lines.filter(({ file }) => file === '2021-08.csv'),
    );
  });

  it('given nine spellings of five bodies, when read, then five bodies remain', () => {
    const bodies = new Set(lines.flatMap((line) => (line.ok ? [line.payment.body.body] : [])));

    expect([...bodies].toSorted()).to.deep.equal(mapping.bodies.map(({ body }) => body).toSorted());
  });
});

describe('formats: spending files of other publishers', () => {
  it('given EPSRC with credits and currencies, when read, then each currency has its own sums', () => {
    const { lines } = readSample('epsrc');

    const totals = totalsOf(lines).map(({ currency, file, credits, credited, refused }) => [
      currency,
      file,
      credits,
      credited,
      refused,
    ]);
    expect(totals).to.deep.equal([
      ['AUD', 683_849n, 0, 0n, 0n],
      ['EUR', 1_546_143n, 0, 0n, 0n],
      ['GBP', 58_138n, 40, 469_942n, 16_000n],
      ['USD', 521_606n, 0, 0n, 0n],
    ]);
  });

  it('given a negative amount, when read, then it is a credit with a positive amount', () => {
    const first = readSample('epsrc').lines[0];

    expect(first?.ok === true && [first.payment.kind, first.payment.amount]).to.deep.equal([
      'credit',
      2n,
    ]);
  });

  it('given one number on several lines, when read, then occurrences are counted', () => {
    const occurrences = readSample('epsrc')
      .lines.slice(0, 3)
      .map((line) => line.ok && [line.payment.source.number, line.payment.source.occurrence]);

    expect(occurrences).to.deep.equal([
      ['81872071', 1],
      ['81872071', 2],
      ['81872071', 3],
    ]);
  });

  it('given TfL with all its bodies, when read, then counts and sums are those of csv-parse', () => {
    const { files, lines } = readSample('transport-for-london');
    const rows: Record<string, string>[] = parse(Buffer.from(files[0]?.bytes ?? []), {
      columns: true,
    });
    const pence = rows.reduce((sum, { Amount = '' }) => {
      const [pounds = '', decimals = ''] = Amount.replace('-', '').split('.');
      const size = BigInt(pounds + decimals.padEnd(2, '0'));
      return sum + (Amount.startsWith('-') ? -size : size);
    }, 0n);

    expect(lines.filter(({ ok }) => ok)).to.have.length(rows.length);
    expect(totalsOf(lines)[0]?.imported).to.equal(pence);
  });

  it('given TfL with other columns and unknown bodies, when read, then those lines are refused', () => {
    const { lines } = readSample('tfl');
    const [totals] = totalsOf(lines);
    const faults = lines.flatMap((line) => (line.ok ? [] : line.faults.map(({ code }) => code)));

    expect(lines).to.have.length(31);
    expect(totals?.file).to.equal(18_170_372_391n);
    expect(new Set(faults)).to.deep.equal(new Set(['FORMATS_BODY_UNKNOWN']));
    expect(faults).to.have.length(11);
  });
});

describe('formats: faults of a spending line', () => {
  const { mapping } = readSample('cabinet-office');
  const withCurrency: SpendMapping = {
    ...mapping,
    columns: { ...mapping.columns, currency: ['Currency'] },
  };
  const read = (text: string, by = mapping): readonly SpendLine[] =>
    linesOf({ name: 'x.csv', bytes: encode(text) }, by);
  const faultsOf = (row: string): string[] =>
    read(`${HEADER}\n${row}\n${GOOD}`).flatMap((line) =>
      line.ok ? [] : line.faults.map(({ field, code }) => `${line.line} ${code} ${field}`.trim()),
    );

  const cases: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'an empty number',
      'CABINET OFFICE,2019-06-11,M,G,DAI,,1.00',
      ['2 FORMATS_FIELD_MISSING Transaction number'],
    ],
    [
      'an empty payee',
      'CABINET OFFICE,2019-06-11,M,G,,1,1.00',
      ['2 FORMATS_FIELD_MISSING Supplier'],
    ],
    [
      'an unknown body',
      'CABINET OFICE,2019-06-11,M,G,DAI,1,1.00',
      ['2 FORMATS_BODY_UNKNOWN Entity'],
    ],
    [
      'a day that does not exist',
      'CABINET OFFICE,2019-02-30,M,G,DAI,1,1.00',
      ['2 FORMATS_DATE_UNREADABLE Date'],
    ],
    [
      'a text for an amount',
      'CABINET OFFICE,2019-06-11,M,G,DAI,1,n/a',
      ['2 FORMATS_AMOUNT_UNREADABLE Amount'],
    ],
    [
      'half a penny',
      'CABINET OFFICE,2019-06-11,M,G,DAI,1,1.005',
      ['2 FORMATS_AMOUNT_PRECISION Amount'],
    ],
    [
      'more money than there is',
      'CABINET OFFICE,2019-06-11,M,G,DAI,1,99999999999999',
      ['2 FORMATS_AMOUNT_RANGE Amount'],
    ],
    ['zero', 'CABINET OFFICE,2019-06-11,M,G,DAI,1,0.00', ['2 FORMATS_AMOUNT_ZERO Amount']],
    [
      'a payee of 201 characters',
      `CABINET OFFICE,2019-06-11,M,G,${'x'.repeat(201)},1,1.00`,
      ['2 FORMATS_FIELD_TOO_LONG Supplier'],
    ],
    ['too few cells', 'CABINET OFFICE,2019-06-11,M', ['2 FORMATS_LINE_WIDTH']],
    ['too many cells', `${GOOD},surplus`, ['2 FORMATS_LINE_WIDTH']],
    ['only commas', ',,,,,,', ['2 FORMATS_LINE_BLANK']],
    ['an open quote', 'CABINET OFFICE,2019-06-11,M,G,"DAI,1,1.00', ['2 FORMATS_LINE_QUOTING']],
    [
      'four faults at once',
      'CABINET OFFICE,11.6.2019,M,G,,,x',
      [
        '2 FORMATS_FIELD_MISSING Transaction number',
        '2 FORMATS_FIELD_MISSING Supplier',
        '2 FORMATS_DATE_UNREADABLE Date',
        '2 FORMATS_AMOUNT_UNREADABLE Amount',
      ],
    ],
  ];
  for (const [title, row, faults] of cases) {
    it(`given ${title}, when read, then the line is refused with every fault and the next is read`, () => {
      const lines = read(`${HEADER}\n${row}\n${GOOD}`);

      expect(faultsOf(row)).to.deep.equal(faults);
      expect(lines.map(({ ok }) => ok)).to.deep.equal([false, true]);
    });
  }

  it('given a currency that is no code, when read, then the line is refused', () => {
    const [line] = read(`${HEADER},Currency\n${GOOD},pounds`, withCurrency);

    expect(line?.ok === false && line.faults.map(({ code }) => code)).to.deep.equal([
      'FORMATS_CURRENCY_UNREADABLE',
    ]);
  });

  it('given surplus empty cells, when read, then the line is accepted', () => {
    expect(read(`${HEADER}\n${GOOD},,,`).map(({ ok }) => ok)).to.deep.equal([true]);
  });

  it('given a header glued to the first record, when read, then the record is line 1', () => {
    const lines = read(`${HEADER}${GOOD}\r\n${GOOD}\r\n`);

    expect(lines.map(({ line, ok }) => [line, ok])).to.deep.equal([
      [1, true],
      [2, true],
    ]);
  });

  it('given headers spelled otherwise and in another order, when read, then they are found', () => {
    const [line] = read('AMOUNT,transaction_number,Supplier,Date,ENTITY\n5,7,DAI,2019-06-11,GPA');

    expect(line?.ok === true && [line.payment.amount, line.payment.area]).to.deep.equal([
      500n,
      undefined,
    ]);
  });

  it('given a refused line with a number, when a later line has it too, then it is counted', () => {
    const lines = read(`${HEADER}\n${GOOD.replace('2019-06-11', '?')}\n${GOOD}`);

    expect(lines[1]?.ok === true && lines[1].payment.source.occurrence).to.equal(2);
  });

  it('given a refused line with a readable amount, when totalled, then it counts as refused', () => {
    const [totals] = totalsOf(read(`${HEADER}\n${GOOD.replace('DAI', '')}\n${GOOD}`));

    expect(totals).to.include({ file: 6572200n, imported: 3286100n, refused: 3286100n });
  });

  it('given a file name that is no word, when read, then the identity is a word of its own', () => {
    const [line] = linesOf(
      { name: 'Spend April (final).csv', bytes: encode(`${HEADER}\n${GOOD}`) },
      mapping,
    );

    expect(line?.ok === true && line.payment.source.dataset).to.match(
      /^spend-over-25000\/spend-april-final-[0-9a-f]{12}$/,
    );
  });

  it('given a fault, when explained, then it says what was expected and what was found', () => {
    const [line] = read(`${HEADER}\n${GOOD.replace('32861.00', 'n/a')}`);

    expect(line?.ok === false && line.faults.map(explainFault)).to.deep.equal([
      'Amount: expected an amount of GBP, found n/a',
    ]);
    expect(
      explainFault({ field: '', code: 'FORMATS_LINE_BLANK', expected: 'a payment', found: '' }),
    ).to.equal('expected a payment, found nothing');
  });
});

describe('formats: one wrong row among ten thousand', () => {
  const ROWS = 10_000;
  const WRONG = 7777;
  // Every third supplier stands on two physical lines.
  const rows = Array.from({ length: ROWS }, (_, at) =>
    GOOD.replace('DAI', at % 3 === 0 ? '"DAI\nEurope"' : 'DAI').replace('10003997', String(at)),
  );
  const physicalLine = 2 + WRONG + Math.ceil(WRONG / 3);

  for (const [column, from, wrong, expected] of [
    ['Amount', '32861.00', '32861.0O', 'an amount of GBP'],
    ['Date', '2019-06-11', '2019-06-31', 'a date'],
    ['Supplier', /"?DAI(\nEurope")?/, '', 'a value'],
  ] as const) {
    it(`given a wrong ${column}, then file, line, column, what is there and what should be are named`, () => {
      const text = [HEADER, ...rows.with(WRONG, (rows[WRONG] ?? '').replace(from, wrong))];
      const file = { name: 'april.csv', bytes: encode(text.join('\n')) };
      const lines = linesOf(file, readSample('cabinet-office').mapping);

      const faults = listFaults(spendMoves(lines, MOVES));

      expect(lines).to.have.length(ROWS);
      expect(faults).to.have.length(1);
      expect(faults[0]).to.include({ file: 'april.csv', line: physicalLine, field: column });
      expect(faults[0]?.found).to.equal(wrong);
      expect(faults[0]?.expected).to.include(expected);
    });
  }
});

describe('formats: files that cannot be read', () => {
  const { mapping } = readSample('cabinet-office');
  const failureOf = (bytes: Uint8Array, by = mapping): FormatsFailure | undefined => {
    const lines = readSpendFile({ name: 'x.csv', bytes }, by);
    return lines.ok ? undefined : lines.reason;
  };

  it('given no bytes, when read, then the file is empty', () => {
    expect(failureOf(new Uint8Array())?.code).to.equal('FORMATS_FILE_EMPTY');
  });

  it('given a header without a required column, when read, then the column is named', () => {
    expect(failureOf(encode('Entity,Date,Supplier,Amount\n'))).to.deep.equal({
      code: 'FORMATS_COLUMN_MISSING',
      file: 'x.csv',
      column: 'number',
      headers: ['Entity', 'Date', 'Supplier', 'Amount'],
    });
  });

  it('given bytes in no encoding of the mapping, when read, then the encodings are named', () => {
    const failure = failureOf(Uint8Array.of(0x96), { ...mapping, encodings: ['utf-8'] });

    expect(failure).to.deep.equal({
      code: 'FORMATS_ENCODING_UNKNOWN',
      file: 'x.csv',
      encodings: ['utf-8'],
    });
  });

  it('given more bytes than are taken at once, when read, then nothing is read', () => {
    const bytes = new Uint8Array(64 * 1024 * 1024 + 1);

    expect(failureOf(bytes)?.code).to.equal('FORMATS_FILE_TOO_LARGE');
  });

  it('given each failure, when explained, then the sentence names the file', () => {
    const failures: readonly FormatsFailure[] = [
      { code: 'FORMATS_FILE_TOO_LARGE', file: 'x.csv', size: 2, sizeMax: 1 },
      { code: 'FORMATS_FILE_EMPTY', file: 'x.csv' },
      { code: 'FORMATS_ENCODING_UNKNOWN', file: 'x.csv', encodings: ['utf-8'] },
      { code: 'FORMATS_COLUMN_MISSING', file: 'x.csv', column: 'date', headers: [] },
    ];
    for (const failure of failures) {
      expect(explainFormats(failure), failure.code).to.match(/^x\.csv /);
    }
  });
});
