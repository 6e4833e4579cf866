/** Continuous audit: what each rule finds in the SQL tables, and what it must let pass. */
import type { AuditRuleKind } from '@daybook/applications';
import { auditRuleSql, findingsOf, partyNameKey, partyNameKeySql } from '@daybook/applications';
import { assert } from '@daybook/core';
import type { RecordChange } from '@daybook/readmodel';
import { expect } from 'chai';
import { LIMITS, runRule, SCOPE } from './run-rule.ts';
import { commitment, contract, openDatabases, organisation, payment, relation } from './tables.ts';

const money = (minor: bigint) => ({ amount: { minor, currency: 'GBP' } });
const source = (number: string) => ({
  source: { publisher: 'works', dataset: 'spend/2026', number, occurrence: 1 },
});

const recorded = (time: string) => ({ recorded: Date.parse(time) });
/** Paid on this ledger and not elsewhere: the block gave it a time. */
const here = (change: object = {}) => ({ ...recorded('2026-03-04T09:00:00Z'), ...change });

/** Works pays an organisation, which holds money of its own and may pay works out of it. */
const PAID_ALLY = payment('a', { payee: { organisation: 'ally' } });
const ALLY_HOLDS = commitment('gravel', { holder: 'ally' });
const FROM_ALLY = { commitment: 'gravel', payee: { organisation: 'works' } };

interface Scene {
  readonly kind: AuditRuleKind;
  readonly measures?: string;
  readonly title: string;
  readonly found: readonly RecordChange[];
  /** Last parts of the records that the one finding cites, in their order. */
  readonly cites: readonly string[];
  readonly passed: readonly RecordChange[];
}

/** Minor units: what the ledger holds at most. */
const LARGEST = 2n ** 62n;

const credit = (name: string, minor: bigint, date = '2026-03-20', reverses = 'a') =>
  payment(name, { kind: 'credit', status: 'credited', date, reverses, ...money(minor) });

/** Amounts whose first digits follow Benford, or all begin with nine. */
function amounts(count: number, minorOf: (index: number) => number): readonly RecordChange[] {
  return Array.from({ length: count }, (_, index) =>
    payment(`n-${index}`, money(BigInt(Math.max(1, Math.floor(minorOf(index)))))),
  );
}

const SCENES: readonly Scene[] = [
  {
    kind: 'benford',
    measures: 'payments=100;cites=2',
    title: 'amounts that all begin with nine',
    found: amounts(120, (index) => 900_000 + index),
    cites: ['n-119', 'n-118'],
    passed: amounts(400, (index) => 10 ** (3 + (index / 400) * 4)),
  },
  {
    kind: 'duplicates',
    title: 'one amount twice within a week',
    found: [payment('a'), payment('b', { date: '2026-03-10' })],
    cites: ['a', 'b'],
    passed: [
      payment('a'),
      payment('b', { date: '2026-03-12' }),
      payment('c', money(123_457n)),
      payment('d', { payee: { name: 'Sand Ltd' } }),
    ],
  },
  {
    kind: 'duplicates',
    title: 'one amount twice under two descriptions',
    found: [payment('a'), payment('b', { description: 'Something else' })],
    cites: ['a', 'b'],
    passed: [payment('a'), payment('b', money(123_457n))],
  },
  {
    kind: 'duplicates',
    measures: 'purpose=same',
    title: 'one amount twice under one description, if only that counts',
    found: [payment('a'), payment('b')],
    cites: ['a', 'b'],
    passed: [payment('a'), payment('b', { description: 'Something else' })],
  },
  {
    kind: 'gaps',
    title: 'a number that is missing',
    found: [payment('a', source('7')), payment('b', source('9'))],
    cites: ['a', 'b'],
    passed: [payment('a', source('7')), payment('b', source('8')), payment('c', source('99'))],
  },
  {
    kind: 'gaps',
    title: 'a number of this ledger that is missing',
    found: [payment('2026/7'), payment('2026/9')],
    cites: ['2026%2F7', '2026%2F9'],
    passed: [payment('2026/7'), payment('2026/8'), payment('2025/10'), payment('a')],
  },
  {
    kind: 'gaps',
    title: 'a missing number of this ledger beside sources that the payer made up',
    found: [payment('7', here(source('1'))), payment('9', here(source('2')))],
    cites: ['7', '9'],
    passed: [payment('7', here(source('1'))), payment('8', here(source('3')))],
  },
  {
    kind: 'splits',
    measures: 'ceiling=200000;days=3',
    title: 'every payment of a run of payments under the ceiling',
    found: [
      payment('a'),
      payment('b', { date: '2026-03-05' }),
      payment('c', { date: '2026-03-08' }),
      payment('d', { date: '2026-03-10' }),
    ],
    cites: ['a', 'b', 'c', 'd'],
    passed: [payment('a'), payment('b', { date: '2026-03-09' })],
  },
  {
    kind: 'splits',
    measures: 'ceiling=200000;days=3',
    title: 'two payments that together reach the ceiling',
    found: [payment('a'), payment('b', { date: '2026-03-05' })],
    cites: ['a', 'b'],
    passed: [payment('a'), payment('b', { date: '2026-03-09' }), payment('c', money(250_000n))],
  },
  {
    kind: 'outsideHours',
    title: 'a payment on a Sunday',
    found: [payment('a', { date: '2026-03-08' })],
    cites: ['a'],
    passed: [payment('a'), payment('b', { date: '2026-03-08', ...money(99n) })],
  },
  {
    kind: 'outsideHours',
    measures: 'weekend=5,6;holidays=2026-10-01..2026-10-07,2026-12-25;workdays=2026-10-10',
    title: 'a payment on a day of a holiday',
    found: [payment('a', { date: '2026-10-07' }), payment('b', { date: '2026-03-08' })],
    cites: ['a'],
    passed: [payment('a', { date: '2026-10-10' }), payment('b', { date: '2026-10-08' })],
  },
  {
    kind: 'outsideHours',
    measures: 'hours=08:00-18:00;zone=+08:00',
    title: 'a payment recorded in the evening',
    found: [payment('a', recorded('2026-03-04T10:00:00Z')), payment('b')],
    cites: ['a'],
    passed: [
      payment('a', recorded('2026-03-04T00:00:00Z')),
      payment('b', recorded('2026-03-04T09:59:59Z')),
    ],
  },
  {
    kind: 'outsideHours',
    measures: 'zone=-05:00',
    title: 'a payment recorded on a Saturday, dated on the Friday',
    found: [payment('a', { date: '2026-03-06', ...recorded('2026-03-07T05:00:00Z') })],
    cites: ['a'],
    passed: [payment('a', { date: '2026-03-06', ...recorded('2026-03-07T04:59:59Z') })],
  },
  {
    kind: 'beforeContract',
    title: 'a payment before the signature',
    found: [payment('a'), contract('2026-03-05T09:00:00Z')],
    cites: ['ocds-x-1/c1', 'a'],
    passed: [payment('a'), contract('2026-03-04')],
  },
  {
    kind: 'beforeContract',
    title: 'a payment recorded before the signature, with a later date',
    found: [payment('a', recorded('2026-03-03T09:00:00Z')), contract('2026-03-04')],
    cites: ['ocds-x-1/c1', 'a'],
    passed: [payment('a', recorded('2026-03-04T00:00:00Z')), contract('2026-03-04')],
  },
  {
    kind: 'beforeContract',
    title: 'payments for which there is no contract',
    found: [payment('a', here()), payment('b', here({ date: '2026-03-05' }))],
    cites: ['a', 'b'],
    passed: [payment('a', here(money(99n))), payment('b', source('7'))],
  },
  {
    kind: 'beforeContract',
    title: 'a payment made here without a contract that names a source',
    found: [payment('a', here(source('7')))],
    cites: ['a'],
    passed: [payment('a', source('7')), payment('b', here(source('7'))), contract('2026-03-01')],
  },
  {
    kind: 'beforeContract',
    title: 'a payment before the first of two contracts',
    found: [payment('a'), contract('2026-03-09', 'c2'), contract('2026-03-05')],
    cites: ['ocds-x-1/c1', 'a'],
    passed: [payment('a'), contract('2026-03-09', 'c2'), contract('2026-03-04')],
  },
  {
    kind: 'roundTrip',
    title: 'a payee that paid the same amount back',
    found: [PAID_ALLY, ALLY_HOLDS, payment('back', { ...FROM_ALLY, date: '2026-03-20' })],
    cites: ['a', 'back'],
    passed: [
      PAID_ALLY,
      ALLY_HOLDS,
      payment('less', { ...FROM_ALLY, date: '2026-03-20', ...money(111_110n) }),
      payment('late', { ...FROM_ALLY, date: '2026-04-20' }),
      payment('credit', { ...FROM_ALLY, kind: 'credit', status: 'credited' }),
    ],
  },
  {
    kind: 'roundTrip',
    title: 'a payment that was credited in full',
    found: [payment('a'), payment('b', { kind: 'credit', status: 'credited', date: '2026-03-20' })],
    cites: ['a', 'b'],
    passed: [
      payment('a'),
      payment('b', { kind: 'credit', status: 'credited', date: '2026-03-03' }),
    ],
  },
  {
    kind: 'roundTrip',
    title: 'a payment that was credited in parts',
    found: [payment('a'), credit('b', 60_000n), credit('c', 55_000n, '2026-03-30')],
    cites: ['a', 'b', 'c'],
    passed: [
      payment('a'),
      credit('b', 60_000n),
      credit('late', 60_000n, '2026-05-01'),
      credit('other', 60_000n, '2026-03-20', 'z'),
    ],
  },
  {
    kind: 'roundTrip',
    measures: 'part=40',
    title: 'a payment of the largest amount of which less came back than usual',
    found: [payment('a', money(LARGEST)), credit('b', LARGEST / 2n)],
    cites: ['a', 'b'],
    passed: [payment('a', money(LARGEST)), credit('b', LARGEST / 3n)],
  },
  {
    kind: 'relatedParty',
    title: 'an organisation that is paid out of what it controls',
    found: [payment('a', { payee: { organisation: 'treasury' } })],
    cites: ['a'],
    passed: [payment('a', { payee: { organisation: 'ally' } })],
  },
  {
    kind: 'relatedParty',
    title: 'payees that are recorded as related',
    found: [relation('name:tar'), payment('a'), payment('b', { payee: { name: 'TAR, Limited' } })],
    cites: ['risk.relation/works/name:tar', 'a', 'b'],
    passed: [relation('name:sand'), relation('name:tar', 'withdrawn'), payment('a')],
  },
  {
    kind: 'relatedParty',
    title: 'an organisation that is recorded as related',
    found: [relation('organisation:ally'), PAID_ALLY],
    cites: ['risk.relation/works/organisation:ally', 'a'],
    passed: [relation('name:ally'), PAID_ALLY],
  },
  {
    kind: 'relatedParty',
    title: 'a related name beside which the payer names an organisation',
    found: [
      relation('name:tar'),
      payment('a', { payee: { name: 'Tar Ltd', organisation: 'ally' } }),
    ],
    cites: ['risk.relation/works/name:tar', 'a'],
    passed: [
      relation('name:sand'),
      payment('a', { payee: { name: 'Tar Ltd', organisation: 'ally' } }),
    ],
  },
  {
    kind: 'relatedParty',
    title: 'an organisation whose title is related, under another name',
    found: [
      organisation('ally', 'Tar Works Ltd'),
      relation('name:tar works'),
      relation('organisation:ally'),
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
    ],
    cites: ['risk.relation/works/organisation:ally', 'a'],
    passed: [
      organisation('ally', 'Tar Works Ltd'),
      relation('name:tar'),
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
    ],
  },
  {
    kind: 'duplicates',
    title: 'one amount twice, once with an organisation beside the name',
    found: [
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
      payment('b', { payee: { name: 'SAND' } }),
    ],
    cites: ['a', 'b'],
    passed: [
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
      payment('b', { payee: { name: 'Grit' } }),
    ],
  },
  {
    kind: 'splits',
    measures: 'ceiling=200000;days=3',
    title: 'two payments that together reach the ceiling, one by organisation and name',
    found: [
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
      payment('b', { payee: { name: 'Sand' } }),
    ],
    cites: ['a', 'b'],
    passed: [
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
      payment('b', { payee: { name: 'Grit' } }),
    ],
  },
  {
    kind: 'splits',
    measures: 'ceiling=200000;days=3',
    title: 'two payments of one payee of two names as one finding',
    found: [
      payment('a', { payee: { name: 'Sand', organisation: 'ally' } }),
      payment('b', { payee: { name: 'Sand', organisation: 'ally' } }),
    ],
    cites: ['a', 'b'],
    passed: [payment('a', { payee: { name: 'Sand', organisation: 'ally' } })],
  },
  {
    kind: 'relatedParty',
    title: 'two payees with one key',
    found: [
      payment('a', { payee: { name: 'Tar Ltd', key: new Uint8Array(32).fill(1) } }),
      payment('b', { payee: { name: 'Sand Ltd', key: new Uint8Array(32).fill(1) } }),
    ],
    cites: ['a', 'b'],
    passed: [
      payment('a', { payee: { name: 'Tar Ltd', key: new Uint8Array(32).fill(1) } }),
      payment('b', { payee: { name: 'Sand Ltd', key: new Uint8Array(32).fill(2) } }),
    ],
  },
];

const NAMES = [
  ...['Tar & Sons Ltd', ' the TAR,  and sons (S.A.)', 'O’Brien', '北京水务有限公司', '///', 'Ltd'],
  ...['ＡＢＣ　ＰＬＣ', 'Obra Pública, S.A.R.L.', 'Tar_Works-North [2]', "D'Or Co. Inc."],
  ...[
    'İSTANBUL SU',
    'ΟΔΟΣ Α.Ε.',
    'STRAẞE',
    'ЩИТ И ЁЛКА',
    'ȘANTIER',
    'ԵՐԵՎԱՆ',
    'Ồ CỐNG TY',
    'ǄUNGLA',
  ],
  ...[
    'a.\u0301',
    'H\u0331',
    'Ａ\u0301',
    'E\u0301\u0323cole',
    '가나다',
    '\u1112\u1161.\u11ab',
    'ﬁn',
    'ſ',
  ],
];

/** Letters, capitals, marks and signs of many scripts in any order; the same at every run. */
function oddNames(count: number): readonly string[] {
  const parts = [...'aAéÉßẞıİſσςΣжЖёЁşŞçÇỹỸ가각Ａａ．＆', "'", ...'.,-& /'];
  const marks = [...'\u0301\u0323\u0331\u0307\u0308', ' ltd', ' S.A.', ' and ', '有限公司'];
  const all = [...parts, ...marks];
  let state = 7;
  const next = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + next(7) }, () => all[next(all.length)] ?? '').join(''),
  );
}

for (const database of openDatabases()) {
  describe(`rules of continuous audit: ${database.name}`, () => {
    before(() => database.open());
    after(() => database.close());
    for (const { kind, measures = '', title, found, cites, passed } of SCENES) {
      it(`given ${title}, when ${kind} runs, then one finding cites the records`, async () => {
        const findings = await runRule(database, kind, measures, found);

        expect(findings.map(({ evidence }) => evidence.map(({ record }) => record))).to.have.length(
          1,
        );
        const [finding] = findings;
        expect(
          finding?.evidence.map(({ record }) =>
            record.replace('treasury.payment/roads/', '').replace('procurement.contract/', ''),
          ),
        ).to.deep.equal(cites);
        expect(finding?.evidence.every(({ height }) => height === 7)).to.equal(true);
      });

      it(`given what is in order beside ${title}, when ${kind} runs, then nothing is found`, async () => {
        expect(await runRule(database, kind, measures, passed)).to.deep.equal([]);
      });
    }

    it('given another auditee or period, then its payments are not looked at', async () => {
      const others = [
        commitment('sand', { holder: 'schools' }),
        payment('a', { commitment: 'sand', date: '2026-03-08' }),
        payment('b', { date: '2027-03-07' }),
      ];

      expect(await runRule(database, 'outsideHours', '', others)).to.deep.equal([]);
    });

    it('given two runs of payments under the ceiling in one month, then each is a finding', async () => {
      const days = ['02', '03', '20', '21', '22'];
      const small = days.map((day) => payment(day, { date: `2026-03-${day}` }));

      const findings = await runRule(database, 'splits', 'ceiling=200000;days=3', small);

      const cited = findings.map(({ evidence }) => evidence.map(({ record }) => record.slice(-2)));
      expect(cited).to.deep.equal([days.slice(0, 2), days.slice(2)]);
    });

    it('given a SELECT of the auditors, then it is a rule, too', async () => {
      const sql =
        "SELECT payment AS hit, 'large' AS description, 'treasury.payment/' || fund || '/' || payment " +
        'AS record, _height AS height, amount_minor AS minor, amount_currency AS currency ' +
        'FROM treasury_payment WHERE amount_minor > 200000';

      const [finding] = await runRule(database, 'other', sql, [
        payment('a'),
        payment('b', money(300_000n)),
      ]);

      expect(finding).to.deep.include({
        description: 'large',
        evidence: [{ record: 'treasury.payment/roads/b', height: 7 }],
        questionedCosts: { minor: 300_000n, currency: 'GBP' },
      });
    });

    it('given names of many scripts, then SQL and the contract make the same of them', async () => {
      const names = [...NAMES, ...oddNames(600)].map((name) => name.normalize('NFC'));
      const model = await database.tablesOf([]);
      const quoted = (name: string): string => `('${name.replaceAll("'", "''")}')`;
      const rows = `(VALUES ${names.map(quoted).join(', ')}) AS given (name)`;
      const sql = `SELECT name, ${partyNameKeySql('name')} FROM ${rows}`;

      const answer = await model.query(sql, LIMITS);

      assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
      expect(answer.value.rows).to.have.length(names.length);
      for (const [name, key] of answer.value.rows) {
        const text = String(name);
        expect(key, JSON.stringify(text)).to.equal(partyNameKey(text));
      }
    });
  });
}

describe('measures of audit rules', () => {
  it('given measures, then unknown ones and those out of range are refused', () => {
    const wrong = ['weeks=1', 'days=367', 'days', 'floor=-1'].map((measures) =>
      auditRuleSql('duplicates', measures, SCOPE),
    );

    expect(wrong.map(({ ok }) => ok)).to.deep.equal([false, false, false, false]);
    expect(auditRuleSql('duplicates', 'days=3;floor=0', SCOPE).ok).to.equal(true);
  });

  it('given a calendar that is none, then the rule is refused and says how to write it', () => {
    const wrong = [
      'weekend=8',
      'holidays=2026-02-29',
      'holidays=2026-10-07..2026-10-01',
      "workdays=2026-01-01'",
      'hours=18:00-08:00',
      'hours=8-18',
      'zone=8',
      'zone=+15:00',
    ];

    for (const measures of wrong) {
      const sql = auditRuleSql('outsideHours', measures, SCOPE);
      expect(sql.ok, measures).to.equal(false);
      if (!sql.ok) expect(sql.reason.expected).to.contain('hours=HH:MM-HH:MM');
    }
    expect(auditRuleSql('outsideHours', 'weekend=none', SCOPE).ok).to.equal(true);
  });

  it('given the same hit twice, then the finding has the same number', () => {
    const row = { hit: 'x', description: 'd', record: 'r', height: 1, minor: 1n, currency: 'GBP' };
    const rule = { rule: 'twice', kind: 'duplicates', title: 't' } as const;

    const [first] = findingsOf(rule, [row]);
    const [second] = findingsOf(rule, [{ ...row, record: 'other' }]);

    expect(first?.finding).to.equal(second?.finding);
    expect(first?.finding).to.match(/^twice-[0-9a-f]{16}$/);
  });
});
