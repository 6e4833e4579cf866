/** Details are written by whoever may commit money: the ledger's own rows are held against them. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { KeptLine } from '../src/index.ts';
import { joinActivities, readKeptLines, writeFiscalPackages, writeIatiFile } from '../src/index.ts';

const source = { publisher: 'works', dataset: 'funds/2020', number: '7', occurrence: 1 };
const money = { minor: '1000', currency: 'GBP' };
const PROJECT = {
  kind: 'commitment',
  source,
  fund: 'ESF',
  payee: { name: 'York College', identifiers: [] },
  money,
  parts: [{ name: 'subsidy', money }],
  period: { start: '2020' },
  classifications: [],
  places: [],
};
const projectLine = (details: unknown, more: Partial<KeptLine> = {}): KeptLine => ({
  source,
  action: 'commit',
  amount: { minor: 1000n, currency: 'GBP' },
  payee: 'YORK COLLEGE',
  details: JSON.stringify(details),
  ...more,
});

const HEAD = {
  kind: 'activity',
  line: 3,
  identifier: 'AA-1',
  title: 'Wells',
  parties: [{ name: 'Well Ltd', identifiers: [], roles: ['4'] }],
  period: {},
  dates: [],
  classifications: [],
  places: [],
  budgets: [],
  planned: [],
  payments: [],
};
const headLine: KeptLine = {
  source: { publisher: 'works', dataset: 'aid', number: 'AA-1', occurrence: 1 },
  action: 'allocate',
  amount: { minor: 5000n, currency: 'GBP' },
  title: 'Wells',
  details: JSON.stringify(HEAD),
};
const MOVE = {
  kind: 'payment',
  source: { publisher: 'AA', dataset: 'AA-1', number: '3/2020-01-31', occurrence: 1 },
  date: '2020-01-31',
  money,
  purpose: 'A pump',
  type: '3',
};
const moveLine = (details: unknown, more: Partial<KeptLine> = {}): KeptLine => ({
  source: { publisher: 'works', dataset: 'aid/AA-1', number: '3/2020-01-31', occurrence: 1 },
  action: 'disburse',
  amount: { minor: 1000n, currency: 'GBP' },
  payee: 'Well Ltd',
  payment: { date: '2020-01-31', description: 'A pump', rows: [] },
  details: JSON.stringify(details),
  ...more,
});
const spendLine = (details: string | undefined, more: Partial<KeptLine> = {}): KeptLine => ({
  source: { ...source, dataset: 'spend/2020-01' },
  action: 'credit',
  amount: { minor: 1000n, currency: 'GBP' },
  payee: 'York College',
  payment: {
    date: '2020-01-31',
    rows: [
      { name: 'b', title: 'Body' },
      { name: 'a', title: 'Roads' },
    ],
  },
  details,
  ...more,
});

/** What is told of lines: the first field that is wrong, and why. */
const toldOf = (...lines: readonly KeptLine[]): readonly (readonly string[])[] =>
  readKeptLines(lines).findings.map(({ code, field }) => [code, field]);
const INVALID = 'FORMATS_DETAILS_INVALID';
const DIFFER = 'FORMATS_DETAILS_DIFFER';

describe('formats: kept records', () => {
  it('given details of what the ledger did, then they are the records', () => {
    const { records, findings } = readKeptLines([
      projectLine(PROJECT),
      moveLine(MOVE),
      headLine,
      spendLine('{"payee":"YORK College"}'),
    ]);

    expect(findings).to.deep.equal([]);
    expect(records.map(({ origin }) => origin)).to.deep.equal(['funds', 'iati', 'iati', 'spend']);
    expect(records[0]?.record).to.deep.include({ money: { minor: 1000n, currency: 'GBP' } });
    expect(records[3]?.record).to.deep.include({
      money: { minor: -1000n, currency: 'GBP' },
      payee: { name: 'YORK College', identifiers: [] },
    });
  });

  for (const [title, details, told] of [
    ['another amount', { ...PROJECT, money: { ...money, minor: '100000' } }, [DIFFER, '/money']],
    [
      'the other direction',
      { ...PROJECT, money: { ...money, minor: '-1000' } },
      [DIFFER, '/money'],
    ],
    ['another currency', { ...PROJECT, money: { ...money, currency: 'EUR' } }, [DIFFER, '/money']],
    ['another payee', { ...PROJECT, payee: { name: 'Me', identifiers: [] } }, [DIFFER, '/payee']],
    ['no payee', { ...PROJECT, payee: undefined }, [DIFFER, '/payee']],
    ['another file', { ...PROJECT, source: { ...source, dataset: '../x' } }, [INVALID, '/source']],
    ['no money', { ...PROJECT, money: undefined }, [INVALID, '/money']],
    [
      'no currency in use',
      { ...PROJECT, parts: [{ name: 'total', money: { minor: '1', currency: 'XXQ' } }] },
      [INVALID, '/parts/0/money/currency'],
    ],
    ['no list', { ...PROJECT, places: 'York' }, [INVALID, '/places']],
    ['a field of its own', { ...PROJECT, 'a/b': 1 }, [INVALID, '/a~1b']],
    ['no record', [], [INVALID, '']],
  ] as const) {
    it(`given details with ${title}, then the line is left out and told`, () => {
      expect(readKeptLines([projectLine(details)]).records).to.deep.equal([]);
      expect(toldOf(projectLine(details))).to.deep.equal([told]);
    });
  }

  it('given details that no file was, then the ledger tells no path to write to', () => {
    const dataset = 'funds/../../up';
    const line = { ...source, dataset };

    expect(toldOf(projectLine({ ...PROJECT, source: line }, { source: line }))).to.deep.equal([
      [INVALID, '/source'],
    ]);
    expect(toldOf(spendLine(undefined, { source: line }))).to.deep.equal([[INVALID, '/dataset']]);
  });

  it('given a payment that was corrected on the ledger, then date and purpose are those of now', () => {
    const payment = { date: '2020-02-01', description: 'Two pumps', rows: [] };
    const { records } = readKeptLines([headLine, moveLine(MOVE, { payment })]);

    expect(records[1]?.record).to.include({ date: '2020-02-01', purpose: 'Two pumps' });
  });

  it('given a payment that names nobody, then it is one to whom the activity names', () => {
    expect(toldOf(headLine, moveLine(MOVE, { payee: 'Me' }))).to.deep.equal([[DIFFER, '/payee']]);
  });

  it('given a payment of no activity, or without its row, then it is told', () => {
    const reference = 'FORMATS_REFERENCE_UNKNOWN';

    expect(toldOf(moveLine(MOVE))).to.deep.equal([[reference, '/source/dataset']]);
    expect(toldOf(headLine, moveLine(MOVE, { payment: undefined }))).to.deep.equal([
      [reference, ''],
    ]);
  });

  it('given an activity of another title, or with what XML cannot hold, then it is told', () => {
    const odd = { ...HEAD, description: '\u0001' };

    expect(toldOf({ ...headLine, title: 'Roads' })).to.deep.equal([[DIFFER, '/title']]);
    expect(toldOf({ ...headLine, details: JSON.stringify(odd) })).to.deep.equal([[INVALID, '']]);
  });

  it('given a spending line that spells another name, then the ledger has the word', () => {
    const [one] = readKeptLines([spendLine('{"payee":"Me","area":"Parks"}')]).records;
    const [person] = readKeptLines([spendLine('{"payee":"Me"}', { payee: undefined })]).records;

    expect(one?.record).to.deep.include({ payee: { name: 'York College', identifiers: [] } });
    expect(one?.record).to.have.nested.property('classifications[1].title', 'Roads');
    expect(person?.record).not.to.have.property('payee');
  });

  for (const details of ['{', '7', '{"payee":7}', '{"note":"x"}']) {
    it(`given details ${details} of a spending line, then it is left out and told`, () => {
      expect(toldOf(spendLine(details))).to.have.length(1);
    });
  }

  it('given any value in any place of the details, then there is a record that is written, or a finding', () => {
    const places = [PROJECT, HEAD, MOVE].flatMap((record) =>
      Object.keys(record).map((name) => [record, name] as const),
    );
    fc.assert(
      fc.property(fc.constantFrom(...places), fc.jsonValue(), ([record, name], value) => {
        const details = { ...record, [name]: value };
        const lines = [
          record === HEAD ? { ...headLine, details: JSON.stringify(details) } : headLine,
          record === PROJECT ? projectLine(details) : projectLine(PROJECT),
          record === MOVE ? moveLine(details) : moveLine(MOVE),
        ];
        const { records, findings } = readKeptLines(lines);
        expect(records.length + findings.length).to.equal(lines.length);
        writeIatiFile('a.xml', joinActivities(records.filter((one) => one.origin === 'iati')));
        const fiscal = records.flatMap((one) => (one.origin === 'fiscal' ? [one.record] : []));
        writeFiscalPackages({ name: 'a', title: 'A' }, fiscal);
      }),
    );
  });
});
