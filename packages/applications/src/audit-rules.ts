/**
 * The rules of continuous audit as SQL over the tables of the read model. Each answers one row for
 * each record it cites: `hit` (what was found, the same at every run), `description`, `record`,
 * `height`, `minor`, `currency`. What is found is grouped into findings here, and opened by
 * `audit.findByRule`. SQL that PostgreSQL and DuckDB share; nothing here asks a database.
 */
import type { Result } from '@daybook/core';
import { encodeUtf8, fail, ok, sha256, toHex } from '@daybook/core';

/** A number that a rule may be given, as `days=7` in the text of the rule. */
interface Measure {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** Whose payments are looked at, and of which days (`YYYY-MM-DD`, both included). */
export interface RuleScope {
  readonly auditee: string;
  readonly period: { readonly start: string; readonly end: string };
}

type Numbers = Readonly<Record<string, number>>;

interface RuleKind {
  readonly title: string;
  readonly weight: 'materialWeakness' | 'significantDeficiency' | 'otherMatter';
  readonly measures: Readonly<Record<string, Measure>>;
  /** Names `paid`, the payments in scope. */
  readonly sql: (measures: Numbers, scope: RuleScope) => string;
}

const DAYS: Measure = { default: 7, min: 0, max: 366 };
/** Minor units. */
const FLOOR: Measure = { default: 100_000, min: 0, max: 1e15 };
const MONEY_BACK = `'treasury.payment/' || b.fund || '/' || b.payment`;

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Payments of the auditee in the period; credits are among them, by their kind. */
function paid({ auditee, period }: RuleScope): string {
  return `paid AS (
    SELECT p.fund, p.payment, p.commitment, p.kind, p.amount_minor AS minor,
      p.amount_currency AS currency, p.date AS day, p.payee_organisation, p.payee_key,
      COALESCE(p.payee_name, p.payee_person, '') AS payee, COALESCE(p.description, '') AS what,
      p.source_publisher AS publisher, p.source_dataset AS dataset, p.source_number AS number,
      p._height AS height, 'treasury.payment/' || p.fund || '/' || p.payment AS record
    FROM treasury_payment p
    JOIN treasury_commitment c ON c.fund = p.fund AND c.commitment = p.commitment
    WHERE c.holder = ${text(auditee)}
      AND p.date BETWEEN DATE ${text(period.start)} AND DATE ${text(period.end)}
  )`;
}

/** Two sides of a pair as two rows: what was found cites both. */
function bothSides(pairs: string): string {
  return `pairs AS (${pairs})
    SELECT hit, description, record, height, minor, currency FROM pairs
    UNION ALL SELECT hit, description, other, other_height, CAST(0 AS BIGINT), currency FROM pairs
    ORDER BY hit, record`;
}

export const AUDIT_RULES = {
  benford: {
    title: 'First digits differ from what Benford expects',
    weight: 'otherMatter',
    measures: {
      payments: { default: 500, min: 100, max: 1e7 },
      // Mean absolute deviation in thousandths; above 15 is nonconformity (Nigrini 2012).
      deviation: { default: 15, min: 1, max: 1000 },
      cites: { default: 20, min: 1, max: 64 },
    },
    sql: ({ payments, deviation, cites }, scope) => `WITH ${paid(scope)},
      digits AS (
        SELECT CAST(SUBSTR(CAST(minor AS VARCHAR), 1, 1) AS INTEGER) AS digit, *
        FROM paid WHERE kind = 'disbursement'
      ),
      counted AS (SELECT digit, COUNT(*) AS found FROM digits GROUP BY digit),
      whole AS (SELECT SUM(found) AS total FROM counted),
      shares AS (
        SELECT digit, found, CAST(found AS DOUBLE PRECISION) / total
          - LN(1 + 1.0 / digit) / LN(10) AS excess, total
        FROM counted, whole WHERE total >= ${payments}
      ),
      judged AS (
        SELECT *, SUM(ABS(excess)) OVER () / 9 AS mad,
          ROW_NUMBER() OVER (ORDER BY excess DESC, digit) AS place
        FROM shares
      )
      SELECT 'benford' AS hit,
        j.found || ' of ' || j.total || ' amounts begin with ' || j.digit || '; the mean deviation is '
          || CAST(ROUND(j.mad * 1000) AS INTEGER) || ' thousandths' AS description,
        d.record, d.height, CAST(0 AS BIGINT) AS minor, d.currency
      FROM judged j JOIN digits d ON d.digit = j.digit
      WHERE j.place = 1 AND j.mad * 1000 > ${deviation}
      ORDER BY d.minor DESC, d.record LIMIT ${cites}`,
  },
  duplicates: {
    title: 'The same amount was paid to the same payee twice',
    weight: 'significantDeficiency',
    measures: { days: DAYS, floor: FLOOR },
    sql: ({ days, floor }, scope) =>
      `WITH ${paid(scope)}, ${bothSides(`
      SELECT a.record || ' ' || b.record AS hit,
        a.minor || ' ' || a.currency || ' to ' || a.payee || ' on ' || a.day || ' and on ' || b.day
          AS description,
        a.record, a.height, b.record AS other, b.height AS other_height, a.minor, a.currency
      FROM paid a JOIN paid b ON b.payee = a.payee AND b.minor = a.minor
        AND b.currency = a.currency AND b.what = a.what AND b.kind = a.kind
        AND (b.day > a.day OR (b.day = a.day AND b.record > a.record))
        AND b.day - a.day <= ${days}
      WHERE a.kind = 'disbursement' AND a.minor >= ${floor}`)}`,
  },
  gaps: {
    title: 'Numbers are missing in a series',
    weight: 'otherMatter',
    measures: { missing: { default: 5, min: 1, max: 1000 } },
    sql: ({ missing }, scope) => `WITH ${paid(scope)},
      numbered AS (
        SELECT publisher, dataset, CAST(number AS BIGINT) AS number, MIN(record) AS record,
          MIN(height) AS height, MIN(currency) AS currency
        FROM paid
        WHERE number SIMILAR TO '[0-9]+' AND LENGTH(number) <= 18 GROUP BY 1, 2, 3
      ),
      steps AS (
        SELECT *, LEAD(number) OVER series AS following, LEAD(record) OVER series AS other,
          LEAD(height) OVER series AS other_height
        FROM numbered WINDOW series AS (PARTITION BY publisher, dataset ORDER BY number)
      ),
      ${bothSides(`SELECT dataset || ' ' || number AS hit,
        'After ' || number || ' comes ' || following || ' in ' || dataset AS description,
        record, height, other, other_height, CAST(0 AS BIGINT) AS minor, currency
      FROM steps WHERE following - number BETWEEN 2 AND ${missing} + 1`)}`,
  },
  splits: {
    title: 'Payments under a ceiling add up to more than it',
    weight: 'significantDeficiency',
    measures: { ceiling: { default: 2_500_000, min: 1, max: 1e15 }, days: DAYS },
    sql: ({ ceiling, days }, scope) => `WITH ${paid(scope)},
      small AS (SELECT * FROM paid WHERE kind = 'disbursement' AND minor < ${ceiling}),
      ends AS (
        SELECT DISTINCT a.payee, a.currency, a.day
        FROM small a JOIN small b ON b.payee = a.payee AND b.currency = a.currency
          AND a.day - b.day BETWEEN 0 AND ${days}
        GROUP BY a.record, a.payee, a.currency, a.day
        HAVING SUM(b.minor) >= ${ceiling} AND COUNT(*) > 1
      ),
      firsts AS (
        SELECT payee, currency, MIN(day) AS day FROM ends GROUP BY payee, currency,
          EXTRACT(YEAR FROM day), EXTRACT(MONTH FROM day)
      )
      SELECT f.payee || ' ' || f.currency || ' ' || f.day AS hit,
        'Payments to ' || f.payee || ' up to ' || f.day || ', each under ${ceiling}' AS description,
        s.record, s.height, s.minor, s.currency
      FROM firsts f JOIN small s ON s.payee = f.payee AND s.currency = f.currency
        AND f.day - s.day BETWEEN 0 AND ${days}
      ORDER BY hit, record`,
  },
  outsideHours: {
    title: 'Paid on a day on which nobody works',
    weight: 'otherMatter',
    measures: { floor: FLOOR },
    sql: ({ floor }, scope) => `WITH ${paid(scope)}
      SELECT record AS hit, 'Paid to ' || payee || ' on ' || day || ', a weekend' AS description,
        record, height, minor, currency
      FROM paid
      WHERE kind = 'disbursement' AND minor >= ${floor} AND EXTRACT(ISODOW FROM day) >= 6
      ORDER BY hit`,
  },
  beforeContract: {
    title: 'Paid before the contract was signed',
    weight: 'materialWeakness',
    measures: {},
    sql: (_, scope) =>
      `WITH ${paid(scope)}, ${bothSides(`
      SELECT p.record AS hit,
        'Paid on ' || p.day || ' under a contract signed on ' || SUBSTR(k.date_signed, 1, 10)
          AS description,
        p.record, p.height, 'procurement.contract/' || k.ocid || '/' || k.contract AS other,
        k._height AS other_height, p.minor, p.currency
      FROM paid p JOIN procurement_contract k ON k.fund = p.fund AND k.commitment = p.commitment
      WHERE p.kind = 'disbursement' AND SUBSTR(k.date_signed, 1, 10) > CAST(p.day AS VARCHAR)`)}`,
  },
  roundTrip: {
    title: 'Money came back from whom it was paid to',
    weight: 'significantDeficiency',
    measures: { days: { ...DAYS, default: 30 }, floor: FLOOR },
    sql: ({ days, floor }, scope) =>
      `WITH ${paid(scope)}, ${bothSides(`
      SELECT a.record || ' ' || b.record AS hit,
        a.minor || ' ' || a.currency || ' to ' || a.payee || ' on ' || a.day
          || ' came back on ' || b.day AS description,
        a.record, a.height, b.record AS other, b.height AS other_height, a.minor, a.currency
      FROM paid a JOIN paid b ON b.payee = a.payee AND b.minor = a.minor
        AND b.currency = a.currency AND b.kind = 'credit' AND b.day - a.day BETWEEN 0 AND ${days}
      WHERE a.kind = 'disbursement' AND a.minor >= ${floor}
      UNION ALL
      SELECT a.record || ' ' || ${MONEY_BACK},
        a.payee || ' was paid on ' || a.day || ' and paid back on ' || b.date,
        a.record, a.height, ${MONEY_BACK}, b._height, a.minor, a.currency
      FROM paid a
      JOIN treasury_commitment c ON c.holder = a.payee_organisation
      JOIN treasury_payment b ON b.fund = c.fund AND b.commitment = c.commitment
        AND b.payee_organisation = ${text(scope.auditee)} AND b.date - a.day BETWEEN 0 AND ${days}
      WHERE a.kind = 'disbursement' AND a.minor >= ${floor}`)}`,
  },
  relatedParty: {
    title: 'Payees belong together, or to those who pay',
    weight: 'materialWeakness',
    measures: {},
    sql: (_, scope) => `WITH ${paid(scope)},
      keys AS (
        SELECT payee_key FROM paid WHERE payee_key IS NOT NULL
        GROUP BY payee_key HAVING COUNT(DISTINCT payee) > 1
      )
      SELECT 'key ' || p.payee_key AS hit, 'Payees of several names have one key' AS description,
        p.record, p.height, p.minor, p.currency
      FROM paid p JOIN keys k ON k.payee_key = p.payee_key
      UNION ALL
      SELECT 'organisation ' || p.payee_organisation || ' ' || p.fund,
        p.payee_organisation || ' is paid out of money that it holds or controls',
        p.record, p.height, p.minor, p.currency
      FROM paid p
      JOIN treasury_commitment c ON c.fund = p.fund AND c.commitment = p.commitment
      WHERE p.payee_organisation IN (c.holder, c.controller)
      ORDER BY hit, record`,
  },
} as const satisfies Readonly<Record<string, RuleKind>>;

export type AuditRuleKind = keyof typeof AUDIT_RULES;

export interface RuleFault {
  readonly expected: string;
  readonly found: string;
}

/**
 * The SELECT of a rule.
 * @param kind      of the rule; `other` brings its own SELECT
 * @param measures  `days=7;floor=500000`; empty for what holds without
 */
export function auditRuleSql(
  kind: AuditRuleKind | 'other',
  measures: string,
  scope: RuleScope,
): Result<string, RuleFault> {
  if (kind === 'other') return ok(measures);
  const rule: RuleKind = AUDIT_RULES[kind];
  const numbers = readMeasures(rule, measures);
  return numbers.ok ? ok(rule.sql(numbers.value, scope)) : numbers;
}

function readMeasures({ measures }: RuleKind, written: string): Result<Numbers, RuleFault> {
  const numbers: Record<string, number> = {};
  for (const [name, { default: usual }] of Object.entries(measures)) numbers[name] = usual;
  const parts = written.split(/[;\s]+/).filter((part) => part !== '' && part !== '-');
  for (const part of parts) {
    const [, name = '', digits = ''] = /^([a-z]+)=([0-9]{1,16})$/.exec(part) ?? [];
    const measure = measures[name];
    const value = Number(digits);
    if (measure === undefined || digits === '' || value < measure.min || value > measure.max) {
      return fail({ expected: expectedOf(measures), found: part.slice(0, 80) });
    }
    numbers[name] = value;
  }
  return ok(numbers);
}

function expectedOf(measures: RuleKind['measures']): string {
  const known = Object.entries(measures).map(([name, { min, max }]) => `${name}=${min}..${max}`);
  return known.length === 0 ? 'no measures' : `some of ${known.join(', ')}`;
}

/** One row of a rule's answer. */
export interface RuleRow {
  readonly hit: string;
  readonly description: string;
  readonly record: string;
  readonly height: number;
  readonly minor: bigint;
  readonly currency: string;
}

/** What a rule found, as `findByRule` takes it but for the engagement. */
export interface RuleFinding {
  /** The same for the same hit at every run. */
  readonly finding: string;
  readonly title: string;
  readonly description: string;
  readonly evidence: readonly { readonly record: string; readonly height: number }[];
  readonly weight: RuleKind['weight'];
  readonly questionedCosts?: { readonly minor: bigint; readonly currency: string };
}

const CITES_MAX = 64;
const RECORD_MAX = 300;
const DESCRIPTION_MAX = 4000;
const NAME_SHOWN_MAX = 40;
const HASH_CHARACTERS = 16;

/** Groups the rows of an answer into findings, in the order in which their hits first come. */
export function findingsOf(
  {
    rule,
    kind,
    title,
  }: { readonly rule: string; readonly kind: AuditRuleKind | 'other'; readonly title: string },
  rows: Iterable<RuleRow>,
): readonly RuleFinding[] {
  const byHit = new Map<string, RuleRow[]>();
  for (const row of rows) {
    const list = byHit.get(row.hit) ?? [];
    byHit.set(row.hit, list);
    list.push(row);
  }
  const weight = kind === 'other' ? 'otherMatter' : AUDIT_RULES[kind].weight;
  return [...byHit].map(([hit, cited]) => {
    const [first] = cited;
    const currency = first?.currency ?? '';
    const minor = cited.reduce(
      (sum, row) => sum + (row.currency === currency ? row.minor : 0n),
      0n,
    );
    return {
      finding: `${rule.slice(0, NAME_SHOWN_MAX)}-${toHex(sha256(encodeUtf8(hit))).slice(0, HASH_CHARACTERS)}`,
      title,
      description: (first?.description ?? '').slice(0, DESCRIPTION_MAX),
      evidence: cited
        .filter(({ record }) => record.length <= RECORD_MAX)
        .slice(0, CITES_MAX)
        .map(({ record, height }) => ({ record, height })),
      weight,
      ...(minor > 0n && { questionedCosts: { minor, currency } }),
    };
  });
}
