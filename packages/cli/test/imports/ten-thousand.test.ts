/**
 * One wrong entry among ten thousand, in each format, as a person sees it who runs `daybook check`:
 * its file, line and column, what was expected and what was found, and nothing else.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

const COUNT = 10_000;
const WRONG = 7777;

const BOOKS = {
  publisher: 'works',
  title: 'Works',
  dataset: 'works',
  licence: 'none',
  currency: 'GBP',
  period: { start: '2020-01-01', end: '2029-12-31' },
};
const CSV = {
  encodings: ['utf-8'],
  dates: ['yyyy-MM-dd'],
  decimalSign: '.',
  groupSign: ',',
  separator: ',',
};

/** What stands in one file of a format. */
interface Sample {
  readonly format: string;
  /** Of the entry that is wrong; the others are as they should be. */
  readonly wrong: string;
  readonly files: Readonly<Record<string, string>>;
  readonly mapping?: object;
  /** Entries that are read, besides those 9,999. */
  readonly besides?: number;
  readonly told: {
    readonly file: string;
    readonly line: number;
    readonly column?: number;
    readonly field: string;
    readonly reason: string;
    readonly expected: string;
    readonly found: string;
  };
}

/** Entries 0 to 9,999, one of them with another value. */
function entries(right: string, wrong: string, entry: (index: number, value: string) => string) {
  return Array.from({ length: COUNT }, (_, index) => entry(index, index === WRONG ? wrong : right));
}

function spend(wrong: string): Sample {
  const columns = { number: 'No', date: 'Date', amount: 'Amount', payee: 'Payee', body: 'Body' };
  const rows = entries('2026-01-02', wrong, (index, date) => `${index},${date},10.00,Tar,Works`);
  return {
    format: 'spend',
    wrong,
    files: { 'spend.csv': ['No,Date,Amount,Payee,Body', ...rows].join('\n') },
    mapping: {
      ...BOOKS,
      ...CSV,
      format: 'spend-csv',
      period: undefined,
      fiscalYearStart: '01-01',
      bodies: [{ body: 'works', title: 'Works', names: ['Works'] }],
      columns: Object.fromEntries(Object.entries(columns).map(([name, title]) => [name, [title]])),
    },
    told: {
      file: 'spend.csv',
      line: WRONG + 2,
      field: 'Date',
      reason: 'FORMATS_DATE_UNREADABLE',
      expected: 'a date as yyyy-MM-dd',
      found: wrong,
    },
  };
}

function funds(wrong: string): Sample {
  // Every third project has a title on two physical lines.
  const title = (index: number): string => (index % 3 === 0 ? `"Road\n${index}"` : `Road ${index}`);
  const rows = entries('1,250.00', wrong, (index, grant) => `ERDF,Tar,${title(index)},"${grant}"`);
  return {
    format: 'funds',
    wrong,
    files: { 'projects.csv': ['Fund,Beneficiary,Project,Grant', ...rows].join('\n') },
    mapping: {
      ...BOOKS,
      ...CSV,
      format: 'funds-csv',
      columns: {
        fund: ['Fund'],
        payee: ['Beneficiary'],
        title: ['Project'],
        subsidy: ['Grant'],
      },
    },
    told: {
      file: 'projects.csv',
      line: 2 + WRONG + Math.ceil(WRONG / 3),
      field: 'Grant',
      reason: 'FORMATS_AMOUNT_UNREADABLE',
      expected: 'an amount of GBP',
      found: wrong,
    },
  };
}

/** A package of payments, one amount or one day of which is wrong. */
function fiscal(field: 'Paid' | 'When', wrong: string, expected: string): Sample {
  const paid = (index: number, value: string): string =>
    field === 'Paid' ? `p-${index},2026-01-02,${value}` : `p-${index},${value},12.50`;
  const rows = entries(field === 'Paid' ? '12.50' : '2026-01-02', wrong, paid);
  const attribute = (source: string) => ({ source });
  const descriptor = {
    name: 'works',
    granularity: 'transactional',
    resources: [{ name: 'payments', path: 'data/payments.csv' }],
    model: {
      measures: { paid: { source: 'Paid', currency: 'GBP' } },
      dimensions: {
        id: { dimensionType: 'fact', primaryKey: 'id', attributes: { id: attribute('No') } },
        when: {
          dimensionType: 'datetime',
          primaryKey: 'day',
          attributes: { day: attribute('When') },
        },
      },
    },
  };
  return {
    format: 'fiscal',
    wrong,
    files: {
      'datapackage.json': JSON.stringify(descriptor),
      'data/payments.csv': ['No,When,Paid', ...rows].join('\n'),
    },
    mapping: { ...BOOKS, format: 'fiscal-package' },
    told: {
      file: 'data/payments.csv',
      line: WRONG + 2,
      field,
      reason: field === 'Paid' ? 'FORMATS_AMOUNT_UNREADABLE' : 'FORMATS_DATE_UNREADABLE',
      expected,
      found: wrong,
    },
  };
}

function iati(element: 'value' | 'transaction-date', wrong: string): Sample {
  const isValue = element === 'value';
  const transactions = entries(isValue ? '12.50' : '2026-01-02', wrong, (index, text) =>
    [
      `<transaction ref="t-${index}"><transaction-type code="3"/>`,
      `  <transaction-date iso-date="${isValue ? '2026-01-02' : text}"/>`,
      `  <value currency="GBP">${isValue ? text : '12.50'}</value></transaction>`,
    ].join('\n'),
  );
  const head =
    '<iati-activities version="2.03">\n<iati-activity><iati-identifier>A-1</iati-identifier>';
  return {
    format: 'iati',
    wrong,
    files: {
      'a.xml': [head, ...transactions, '</iati-activity></iati-activities>'].join('\n'),
    },
    mapping: { ...BOOKS, format: 'iati' },
    // What the activity says itself.
    besides: 1,
    told: {
      file: 'a.xml',
      line: 3 + 3 * WRONG + (isValue ? 2 : 1),
      column: 3,
      field: `iati-activity[1]/transaction[${WRONG + 1}]/${element}`,
      reason: isValue ? 'FORMATS_AMOUNT_UNREADABLE' : 'FORMATS_DATE_UNREADABLE',
      expected: isValue ? 'an amount of GBP' : 'a date as yyyy-MM-dd',
      found: wrong,
    },
  };
}

function ocds(wrong: string): Sample {
  const releases = entries('2026-01-02T00:00:00Z', wrong, (index, date) => {
    const release = {
      ocid: `ocds-213czf-${index}`,
      id: '1',
      tag: ['tender'],
      initiationType: 'tender',
    };
    return `${JSON.stringify(release).slice(0, -1)},\n  "date":"${date}"}`;
  });
  const head =
    '{"uri":"https://example.org/1","version":"1.1","publishedDate":"2026-01-01T00:00:00Z",' +
    '"publisher":{"name":"Works"},"releases":[';
  return {
    format: 'ocds',
    wrong,
    files: { 'releases.json': `${head}\n${releases.join(',\n')}]}` },
    told: {
      file: 'releases.json',
      line: 2 + 2 * WRONG + 1,
      column: 10,
      field: `/releases/${WRONG}/date`,
      reason: 'FORMATS_DATE_UNREADABLE',
      expected: 'a date-time of RFC 3339 since 1970',
      found: wrong,
    },
  };
}

const SAMPLES = [
  spend('2026-02-30'),
  funds('12.50.00'),
  fiscal('Paid', '12.5O', 'an amount of GBP'),
  fiscal('When', '2026-13-01', 'a date of ISO 8601'),
  fiscal('When', '2026-01', 'a date as YYYY-MM-DD'),
  iati('value', '12.5O'),
  iati('transaction-date', '2026-02-30'),
  ocds('2. 1. 2026'),
];

interface CheckReport {
  readonly linesRead?: number;
  readonly linesRefused?: readonly object[];
  readonly releases?: number;
  readonly refused?: readonly (object & { readonly pointer: string; readonly field: string })[];
}

describe('cli: one wrong entry among ten thousand', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-check-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function wordsOf({ format, files, mapping }: Sample): Promise<readonly string[]> {
    const paths: string[] = [];
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(folder, name.replace('/', path.sep));
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
      paths.push(file);
    }
    const mappingFile = path.join(folder, 'mapping.json');
    if (mapping !== undefined) await writeFile(mappingFile, JSON.stringify(mapping));
    return [
      'check',
      format,
      ...paths,
      ...(mapping === undefined ? [] : ['--mapping', mappingFile]),
    ];
  }

  for (const sample of SAMPLES) {
    const { format, wrong, told, besides = 0 } = sample;
    it(`given ${format} with ${wrong}, then file, line, column, found and expected are told`, async () => {
      const words = await wordsOf(sample);

      const machine = await run([...words, '--json']);
      expect(machine.code, machine.errors).to.equal(1);
      const report = machine.json<CheckReport>();
      expect(report.linesRead ?? report.releases).to.equal(COUNT - 1 + besides);
      const refused = (report.refused ?? []).map(({ pointer, ...one }) => ({
        ...one,
        field: `${pointer}${one.field}`,
      }));
      expect(report.linesRefused ?? refused).to.deep.equal([told]);
    });
  }

  for (const sample of [SAMPLES[1], SAMPLES[6], SAMPLES[7]].filter((one) => one !== undefined)) {
    const { format, wrong, told } = sample;

    it(`given ${format} with ${wrong}, then a person reads the same, and what to do`, async () => {
      const person = await run(await wordsOf(sample));

      const { file, line, column, field, reason, expected, found } = told;
      const place = column === undefined ? `${line}` : `${line}:${column}`;
      const row = person.out.split('\n')[1]?.split(/ {2,}/);
      expect(row).to.deep.equal([file, place, field, reason, expected, found]);
      expect(person.out).to.contain(`${reason}: `);
    });
  }
});
