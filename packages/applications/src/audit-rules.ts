/**
 * The rules of continuous audit as SQL over the tables of the read model. Each answers one row for
 * each record it cites: `hit` (what was found, the same at every run), `description`, `record`,
 * `height`, `minor`, `currency`; `audit-findings.ts` groups them. SQL that PostgreSQL and DuckDB
 * share; nothing here asks a database.
 */
import type { Result } from '@daybook/core';
import { ok } from '@daybook/core';
import { amendedSql } from './audit/amended-sql.ts';
import { isOff, isOutside } from './audit/calendar-sql.ts';
import type { Measure, MeasureFault, Measures, ValuesOf } from './audit/measures.ts';
import {
  choice,
  dayList,
  readMeasures,
  weekdays,
  wholeNumber,
  workingHours,
  zoneMinutes,
} from './audit/measures.ts';
import { KNOWN, PAYEE_ID } from './audit/payees.ts';
import { citeSql } from './audit-citation.ts';

/** Whose payments are looked at, and of which days (`YYYY-MM-DD`, both included). */
export interface RuleScope {
  readonly auditee: string;
  readonly period: { readonly start: string; readonly end: string };
}

export type FindingWeight = 'materialWeakness' | 'significantDeficiency' | 'otherMatter';

interface RuleKind<M extends Measures> {
  readonly title: string;
  readonly weight: FindingWeight;
  readonly measures: M;
  /** Names `paid`, the payments in scope. */
  readonly sql: (measures: ValuesOf<M>, scope: RuleScope) => string;
}

interface Rule {
  readonly title: string;
  readonly weight: FindingWeight;
  readonly check: (measures: string) => Result<unknown, MeasureFault>;
  /** The SELECT for measures as the rule's text has them. */
  readonly select: (measures: string, scope: RuleScope) => Result<string, MeasureFault>;
}

function defineRule<const M extends Measures>({ title, weight, measures, sql }: RuleKind<M>): Rule {
  return {
    title,
    weight,
    check: (written) => readMeasures(measures, written),
    select: (written, scope) => {
      const values = readMeasures(measures, written);
      return values.ok ? ok(sql(values.value, scope)) : values;
    },
  };
}

const days = (usual: number): Measure<number> => wholeNumber(usual, 0, 366);
/** Minor units. */
const FLOOR = wholeNumber(100_000, 0, 1e15);
const MONEY_BACK = citeSql('treasury.payment', ['b.fund', 'b.payment']);

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;

/** Payments of the auditee in the period; credits are among them, by their kind. */
function paid({ auditee, period }: RuleScope): string {
  return `paid AS (
    SELECT p.fund, p.payment, p.commitment, p.kind, p.amount_minor AS minor,
      p.amount_currency AS currency, p.date AS day, p.payee_organisation, p.payee_name, p.payee_key,
      COALESCE(p.payee_name, p.payee_organisation, p.payee_person, '') AS payee,
      ${PAYEE_ID} AS first_id, COALESCE(p.description, '') AS what,
      p.source_publisher AS publisher, p.source_dataset AS dataset, p.source_number AS number, p.recorded,
      p.reverses,
      p._height AS height, ${citeSql('treasury.payment', ['p.fund', 'p.payment'])} AS record
    FROM treasury_payment p
    JOIN treasury_commitment c ON c.fund = p.fund AND c.commitment = p.commitment
    WHERE c.holder = ${text(auditee)}
      AND p.date BETWEEN DATE ${text(period.start)} AND DATE ${text(period.end)}
  )`;
}

/**
 * Whether an amount is at least so many percent of what was paid, and no more than all of it. As
 * decimals: no amount, however large, may end the rule by an overflow.
 */
function mostOf(paidMinor: string, percent: number, minor: string): string {
  const exact = (amount: string): string => `CAST(${amount} AS DECIMAL(38, 0))`;
  return `${minor} <= ${paidMinor} AND ${exact(minor)} * 100 >= ${exact(paidMinor)} * ${percent}`;
}

/** Two sides of a pair as two rows: what was found cites both, if there is another. */
function bothSides(pairs: string): string {
  return `pairs AS (SELECT DISTINCT * FROM (${pairs}) found)
    SELECT DISTINCT hit, description, record, height, minor, currency FROM pairs
    UNION ALL SELECT hit, description, other, other_height, CAST(0 AS BIGINT), currency FROM pairs
      WHERE other IS NOT NULL
    ORDER BY hit, record`;
}

export const AUDIT_RULES = {
  benford: defineRule({
    title: 'First digits differ from what Benford expects',
    weight: 'otherMatter',
    measures: {
      payments: wholeNumber(500, 100, 1e7),
      // Mean absolute deviation in thousandths; above 15 is nonconformity (Nigrini 2012).
      deviation: wholeNumber(15, 1, 1000),
      cites: wholeNumber(20, 1, 64),
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
  }),
  duplicates: defineRule({
    title: 'The same amount was paid to the same payee twice',
    weight: 'significantDeficiency',
    measures: { days: days(7), floor: FLOOR, purpose: choice('any', 'same') },
    // Any by default: whoever pays twice writes the description, too.
    sql: ({ days: within, floor, purpose }, scope) =>
      `WITH ${paid(scope)}, ${KNOWN}, ${bothSides(`
      SELECT a.record || ' ' || b.record AS hit,
        a.minor || ' ' || a.currency || ' to ' || a.payee || ' on ' || a.day || ' and on ' || b.day
          AS description,
        a.record, a.height, b.record AS other, b.height AS other_height, a.minor, a.currency
      FROM known a JOIN known b ON b.payee_id = a.payee_id AND b.minor = a.minor
        AND b.currency = a.currency AND b.kind = a.kind
        AND ${purpose === 'same' ? 'b.what = a.what' : 'TRUE'}
        AND (b.day > a.day OR (b.day = a.day AND b.record > a.record))
        AND b.day - a.day <= ${within}
      WHERE a.kind = 'disbursement' AND a.minor >= ${floor}`)}`,
  }),
  gaps: defineRule({
    title: 'Numbers are missing in a series',
    weight: 'otherMatter',
    measures: { missing: wholeNumber(5, 1, 1000) },
    // What was paid here is numbered here: a source beside it is a reference, and hides no gap.
    sql: ({ missing }, scope) => `WITH ${paid(scope)},
      series AS (
        SELECT publisher, dataset, number, record, height, currency FROM paid
        WHERE recorded IS NULL AND publisher IS NOT NULL
        UNION ALL
        SELECT '', fund || ' ' || REGEXP_REPLACE(payment, '[0-9]+$', ''),
          SUBSTR(payment, LENGTH(REGEXP_REPLACE(payment, '[0-9]+$', '')) + 1),
          record, height, currency
        FROM paid WHERE recorded IS NOT NULL OR publisher IS NULL
      ),
      numbered AS (
        SELECT publisher, dataset, CAST(number AS BIGINT) AS number, MIN(record) AS record,
          MIN(height) AS height, MIN(currency) AS currency
        FROM series
        WHERE number SIMILAR TO '[0-9]+' AND LENGTH(number) <= 18 GROUP BY 1, 2, 3
      ),
      steps AS (
        SELECT *, LEAD(number) OVER line AS following, LEAD(record) OVER line AS other,
          LEAD(height) OVER line AS other_height
        FROM numbered WINDOW line AS (PARTITION BY publisher, dataset ORDER BY number)
      ),
      ${bothSides(`SELECT dataset || ' ' || number AS hit,
        'After ' || number || ' comes ' || following || ' in ' || dataset AS description,
        record, height, other, other_height, CAST(0 AS BIGINT) AS minor, currency
      FROM steps WHERE following - number BETWEEN 2 AND ${missing} + 1`)}`,
  }),
  splits: defineRule({
    title: 'Payments under a ceiling add up to more than it',
    weight: 'significantDeficiency',
    measures: { ceiling: wholeNumber(2_500_000, 1, 1e15), days: days(7) },
    // By another name only if that brings payments together which the first does not. What goes on
    // without a pause of so many days is one finding a month.
    sql: ({ ceiling, days: within }, scope) => `WITH ${paid(scope)}, ${KNOWN},
      small AS (SELECT * FROM known WHERE kind = 'disbursement' AND minor < ${ceiling}),
      ends AS (
        SELECT DISTINCT a.payee_id, a.currency, a.day
        FROM small a JOIN small b ON b.payee_id = a.payee_id AND b.currency = a.currency
          AND a.day - b.day BETWEEN 0 AND ${within}
        GROUP BY a.record, a.first_id, a.payee_id, a.currency, a.day
        HAVING SUM(b.minor) >= ${ceiling} AND COUNT(*) > 1
          AND (a.payee_id = a.first_id OR COUNT(DISTINCT b.first_id) > 1)
      ),
      steps AS (
        SELECT *, CASE WHEN day - LAG(day) OVER line <= ${within} THEN 0 ELSE 1 END AS opens
        FROM ends WINDOW line AS (PARTITION BY payee_id, currency, EXTRACT(YEAR FROM day),
          EXTRACT(MONTH FROM day) ORDER BY day)
      ),
      runs AS (
        SELECT *, SUM(opens) OVER (PARTITION BY payee_id, currency ORDER BY day) AS run FROM steps
      ),
      spans AS (
        SELECT payee_id, currency, MIN(day) AS day, MAX(day) AS last_day
        FROM runs GROUP BY payee_id, currency, run
      )
      SELECT f.payee_id || ' ' || f.currency || ' ' || f.day AS hit,
        'Payments to ' || f.payee_id || ' from ' || f.day || ' on, each under ${ceiling}'
          AS description,
        s.record, s.height, s.minor, s.currency
      FROM spans f JOIN small s ON s.payee_id = f.payee_id AND s.currency = f.currency
        AND f.day - s.day <= ${within} AND s.day <= f.last_day
      ORDER BY hit, record`,
  }),
  outsideHours: defineRule({
    title: 'Paid when nobody works',
    weight: 'otherMatter',
    measures: {
      floor: FLOOR,
      weekend: weekdays([6, 7]),
      holidays: dayList,
      workdays: dayList,
      hours: workingHours,
      zone: zoneMinutes,
    },
    sql: ({ floor, hours, zone, ...calendar }, scope) => `WITH ${paid(scope)},
      timed AS (
        SELECT *, recorded + INTERVAL '${zone}' MINUTE AS clock FROM paid
        WHERE kind = 'disbursement' AND minor >= ${floor}
      ),
      judged AS (
        SELECT *, CASE
          WHEN ${isOff('day', calendar)} THEN 'on ' || day || ', when nobody works'
          WHEN ${isOff('CAST(clock AS DATE)', calendar)}
            THEN 'and recorded on ' || CAST(clock AS DATE) || ', when nobody works'
          WHEN ${isOutside('CAST(clock AS TIME)', hours)}
            THEN 'and recorded at ' || SUBSTR(CAST(clock AS VARCHAR), 1, 16) || ', when nobody works'
          END AS fault
        FROM timed
      )
      SELECT record AS hit, 'Paid to ' || payee || ' ' || fault AS description,
        record, height, minor, currency
      FROM judged WHERE fault IS NOT NULL
      ORDER BY hit`,
  }),
  beforeContract: defineRule({
    title: 'Paid before the contract was signed, or without one',
    weight: 'materialWeakness',
    measures: { floor: FLOOR },
    // The day is what the payer says; when it was recorded is what the blocks say. Of several
    // contracts of a commitment the first counts: under it the payment may have been made.
    sql: ({ floor }, scope) =>
      `WITH ${paid(scope)}, signed AS (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY fund, commitment
          ORDER BY SUBSTR(date_signed, 1, 10) NULLS LAST, ocid, contract) AS place
        FROM procurement_contract
      ),
      ${bothSides(`
      SELECT p.record AS hit,
        'Paid on ' || p.day || COALESCE(', recorded on ' || CAST(p.recorded AS DATE), '')
          || ', under a contract signed on ' || SUBSTR(k.date_signed, 1, 10) AS description,
        p.record, p.height, ${citeSql('procurement.contract', ['k.ocid', 'k.contract'])} AS other,
        k._height AS other_height, p.minor, p.currency
      FROM paid p JOIN signed k ON k.fund = p.fund AND k.commitment = p.commitment AND k.place = 1
      WHERE p.kind = 'disbursement' AND (SUBSTR(k.date_signed, 1, 10) > CAST(p.day AS VARCHAR)
        OR SUBSTR(k.date_signed, 1, 10) > CAST(CAST(p.recorded AS DATE) AS VARCHAR))
      UNION ALL
      SELECT 'no contract ' || p.fund || ' ' || p.commitment,
        'Payments under ' || p.commitment || ', for which there is no contract',
        p.record, p.height, NULL, NULL, p.minor, p.currency
      FROM paid p LEFT JOIN procurement_contract k
        ON k.fund = p.fund AND k.commitment = p.commitment
      WHERE p.kind = 'disbursement' AND p.minor >= ${floor} AND p.recorded IS NOT NULL
        AND k.contract IS NULL`)}`,
  }),
  amended: defineRule({
    title: 'A contract grew beyond what was awarded',
    weight: 'significantDeficiency',
    // Half of the award: Directive 2014/24/EU, article 72. Of how often none of the laws speaks.
    measures: { share: wholeNumber(50, 0, 100_000), amendments: wholeNumber(5, 0, 1000) },
    sql: (limits, { auditee, period }) => amendedSql(limits, { auditee: text(auditee), period }),
  }),
  roundTrip: defineRule({
    title: 'Money came back from whom it was paid to',
    weight: 'significantDeficiency',
    measures: { days: days(30), floor: FLOOR, part: wholeNumber(90, 1, 100) },
    // Credits that name the payment count together; one that names none must be alike by itself.
    sql: ({ days: within, floor, part }, scope) =>
      `WITH ${paid(scope)}, ${KNOWN}, named AS (
        SELECT a.record, a.height, a.minor, a.currency, a.payee, a.day,
          b.record AS other, b.height AS other_height, b.day AS back_day, b.minor AS back
        FROM paid a JOIN paid b ON b.fund = a.fund AND b.reverses = a.payment
          AND b.kind = 'credit' AND b.day - a.day BETWEEN 0 AND ${within}
        WHERE a.kind = 'disbursement' AND a.minor >= ${floor}
      ),
      sums AS (
        SELECT record, SUM(back) AS back, MAX(back_day) AS back_day FROM named GROUP BY record
      ),
      ${bothSides(`
      SELECT 'came back ' || n.record AS hit,
        s.back || ' of ' || n.minor || ' ' || n.currency || ' to ' || n.payee || ' on ' || n.day
          || ' came back by ' || s.back_day AS description,
        n.record, n.height, n.other, n.other_height, n.minor, n.currency
      FROM named n JOIN sums s ON s.record = n.record
      WHERE ${mostOf('n.minor', part, 's.back')}
      UNION ALL
      SELECT a.record || ' ' || b.record,
        a.minor || ' ' || a.currency || ' to ' || a.payee || ' on ' || a.day
          || ', of which ' || b.minor || ' came back on ' || b.day,
        a.record, a.height, b.record, b.height, a.minor, a.currency
      FROM known a JOIN known b ON b.payee_id = a.payee_id AND ${mostOf('a.minor', part, 'b.minor')}
        AND b.reverses IS NULL
        AND b.currency = a.currency AND b.kind = 'credit' AND b.day - a.day BETWEEN 0 AND ${within}
      WHERE a.kind = 'disbursement' AND a.minor >= ${floor}
      UNION ALL
      SELECT a.record || ' ' || ${MONEY_BACK},
        a.payee || ' was paid on ' || a.day || ' and paid back on ' || b.date,
        a.record, a.height, ${MONEY_BACK}, b._height, a.minor, a.currency
      FROM paid a
      JOIN treasury_commitment c ON c.holder = a.payee_organisation
      JOIN treasury_payment b ON b.fund = c.fund AND b.commitment = c.commitment
        AND b.payee_organisation = ${text(scope.auditee)} AND b.date - a.day BETWEEN 0 AND ${within}
        AND b.kind = 'disbursement' AND ${mostOf('a.minor', part, 'b.amount_minor')}
        AND b.amount_currency = a.currency
      WHERE a.kind = 'disbursement' AND a.minor >= ${floor}`)}`,
  }),
  relatedParty: defineRule({
    title: 'Payees belong together, or to those who pay',
    weight: 'materialWeakness',
    measures: {},
    // One finding for each relation, by what says most of the payee.
    sql: (_, scope) => `WITH ${paid(scope)}, ${KNOWN},
      keys AS (
        SELECT payee_key FROM paid WHERE payee_key IS NOT NULL
        GROUP BY payee_key HAVING COUNT(DISTINCT first_id) > 1
      ),
      matched AS (
        SELECT 'relation ' || r.payee AS hit,
          'Paid to ' || r.payee || ', a related party: ' || r.relation AS description,
          ${citeSql('risk.relation', ['r.organisation', 'r.payee'])} AS other,
          r._height AS other_height, p.record, p.height, p.minor, p.currency,
          ROW_NUMBER() OVER (PARTITION BY p.record, r.relation ORDER BY r.payee DESC) AS place
        FROM known p JOIN risk_relation r ON r.organisation = ${text(scope.auditee)}
          AND r.payee = p.payee_id AND r.status = 'related'
        WHERE p.kind = 'disbursement'
      ),
      related AS (SELECT * FROM matched WHERE place = 1)
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
      UNION ALL SELECT hit, description, record, height, minor, currency FROM related
      UNION ALL SELECT hit, MIN(description), other, MIN(other_height), CAST(0 AS BIGINT), MIN(currency)
      FROM related GROUP BY hit, other
      ORDER BY hit, record`,
  }),
} as const satisfies Readonly<Record<string, Rule>>;

export type AuditRuleKind = keyof typeof AUDIT_RULES;

/** Whether a rule of this kind can read its measures; what an auditor wrote as SELECT is not looked at. */
export function checkAuditRule(
  kind: AuditRuleKind | 'other',
  measures: string,
): Result<unknown, MeasureFault> {
  return kind === 'other' ? ok(undefined) : AUDIT_RULES[kind].check(measures);
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
): Result<string, MeasureFault> {
  return kind === 'other' ? ok(measures) : AUDIT_RULES[kind].select(measures, scope);
}
