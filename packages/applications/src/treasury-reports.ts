/**
 * What people ask of public money, as SQL over the tables of the read model: the way of a fund's
 * money, spending by body, period and purpose, what is unspent and overdue, the trail of one
 * payment. SQL that PostgreSQL and DuckDB share; nothing here asks a database.
 */
import { citeSql } from './audit-citation.ts';

const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
/** Credits are money that came back. */
const NET = `CASE WHEN p.kind = 'credit' THEN -p.amount_minor ELSE p.amount_minor END`;

/**
 * Who a payee of a row is, whatever others call themselves: a member of the ledger by its slug, a
 * person by the blinded identifier, another by its key; only those without any are one by name.
 */
const payeeOf = (row: string): string => `CASE
      WHEN ${row}.payee_organisation IS NOT NULL THEN 'organisation:' || ${row}.payee_organisation
      WHEN ${row}.payee_person IS NOT NULL THEN 'person:' || ${row}.payee_person
      WHEN ${row}.payee_key IS NOT NULL THEN 'key:' || ${row}.payee_key
      ELSE 'name:' || ${row}.payee_name END`;

/**
 * An edge from each row to each row below it, and from the lowest rows to the payees.
 * @param fund  name of an appropriation
 * @returns     SELECT of edges: `kind` (allocation, payee), `source`, `target` (an allocation, or
 *              the payee's identifier behind its kind: organisation, person, key, name), `title`
 *              (a payee's name; empty for a person), `minor` (net of what came back), `currency`;
 *              the largest first within each kind
 */
export function treasuryFlowSql(fund: string): string {
  const name = quoted(fund);
  return `
    SELECT 'allocation' AS kind, a.parent AS source, a.allocation AS target, a.title,
      a.received - a.returned AS minor, a.currency
    FROM treasury_allocation a WHERE a.fund = ${name}
    UNION ALL
    SELECT 'payee', e.source, e.target, MIN(e.name), CAST(SUM(e.minor) AS BIGINT), e.currency
    FROM (
      SELECT c.allocation AS source, ${payeeOf('p')} AS target,
        COALESCE(p.payee_name, '') AS name, ${NET} AS minor, p.amount_currency AS currency
      FROM treasury_payment p
      JOIN treasury_commitment c ON c.fund = p.fund AND c.commitment = p.commitment
      WHERE p.fund = ${name}
    ) e
    GROUP BY e.source, e.target, e.currency
    ORDER BY kind, minor DESC, source, target`;
}

/** What spending is told by: who held the money, when it was paid, what for. */
export const SPENDING_BY = {
  body: 'c.holder',
  month: 'SUBSTR(CAST(p.date AS VARCHAR), 1, 7)',
  year: 'SUBSTR(CAST(p.date AS VARCHAR), 1, 4)',
  purpose: 'p.purpose',
} as const;

/**
 * @param by    a row for each body, month, year or purpose
 * @param fund  of this fund only; of all, if left out
 * @returns     SELECT of `part`, `currency`, `payments`, `minor` (net of what came back); the
 *              largest first
 */
export function treasurySpendingSql(by: keyof typeof SPENDING_BY, fund?: string): string {
  return `
    SELECT ${SPENDING_BY[by]} AS part, p.amount_currency AS currency,
      CAST(SUM(CASE WHEN p.kind = 'disbursement' THEN 1 ELSE 0 END) AS BIGINT) AS payments,
      CAST(SUM(${NET}) AS BIGINT) AS minor
    FROM treasury_payment p
    JOIN treasury_commitment c ON c.fund = p.fund AND c.commitment = p.commitment
    ${fund === undefined ? '' : `WHERE p.fund = ${quoted(fund)}`}
    GROUP BY ${SPENDING_BY[by]}, p.amount_currency
    ORDER BY minor DESC, part, currency`;
}

/**
 * Money that lies where it was given, and whether its time is over.
 * @param fund  of this fund only; of all, if left out
 * @returns     SELECT of `record`, `title`, `holder`, `minor`, `currency`, `spend_by`, `overdue`
 *              (by the time of the block shown); what is overdue first, the largest first
 */
export function treasuryUnspentSql(fund?: string): string {
  const levels = ['appropriation', 'allocation', 'commitment'] as const;
  const rows = levels.map((level) => {
    const key = level === 'appropriation' ? ['r.fund'] : ['r.fund', `r.${level}`];
    return `
      SELECT ${citeSql(`treasury.${level}`, key)} AS record, r.title, r.holder, r."left" AS minor,
        r.currency, r.spend_by, r.spend_by < CAST(b.block_time AS DATE) AS overdue
      FROM treasury_${level} r, daybook_progress b
      WHERE r."left" > 0${fund === undefined ? '' : ` AND r.fund = ${quoted(fund)}`}`;
  });
  return `${rows.join('\n      UNION ALL')}
      ORDER BY overdue DESC, minor DESC, record`;
}

/**
 * All that led to a payment and came of it: appropriation, allocations from the top down, the
 * commitment, the contract it is for, the payment, what came back, the entry under the contract.
 * @returns  SELECT of `record` (leads to its proof), `title`, `party`, `minor`, `currency`, `day`,
 *           `status`, in that order; no rows for a payment that is not there
 */
export function treasuryTrailSql(fund: string, payment: string): string {
  const row = (place: string, values: readonly string[]): string =>
    `SELECT ${[place, ...values].join(', ')}`;
  const day = (column: string): string => `CAST(${column} AS VARCHAR)`;
  return `
    WITH RECURSIVE paid AS (
      SELECT * FROM treasury_payment
      WHERE fund = ${quoted(fund)} AND payment = ${quoted(payment)}
    ),
    promised AS (
      SELECT c.* FROM treasury_commitment c
      JOIN paid p ON c.fund = p.fund AND c.commitment = p.commitment
    ),
    above AS (
      SELECT 1 AS step, a.* FROM treasury_allocation a
      JOIN promised c ON a.fund = c.fund AND a.allocation = c.allocation
      UNION ALL
      SELECT u.step + 1, a.* FROM above u
      JOIN treasury_allocation a ON a.fund = u.fund AND a.allocation = u.parent
    ),
    contracted AS (
      SELECT k.* FROM procurement_contract k
      JOIN promised c ON k.fund = c.fund AND k.commitment = c.commitment
    ),
    trail(place, record, title, party, minor, currency, day, status) AS (
      ${row('0', [
        citeSql('treasury.appropriation', ['r.fund']),
        'r.title',
        'r.grantor',
        'r.received',
        'r.currency',
        day('r.period_start'),
        'r.status',
      ])} FROM treasury_appropriation r JOIN paid p ON r.fund = p.fund
      UNION ALL
      ${row('100000 - u.step', [
        citeSql('treasury.allocation', ['u.fund', 'u.allocation']),
        'u.title',
        'u.holder',
        'u.received',
        'u.currency',
        day('u.period_start'),
        'u.status',
      ])} FROM above u
      UNION ALL
      ${row('100001', [
        citeSql('treasury.commitment', ['c.fund', 'c.commitment']),
        'c.title',
        'c.holder',
        'c.received',
        'c.currency',
        day('c.period_start'),
        'c.status',
      ])} FROM promised c
      UNION ALL
      ${row('100002', [
        citeSql('procurement.contract', ['k.ocid', 'k.contract']),
        'k.title',
        'NULL',
        'k.value_minor',
        'k.value_currency',
        'k.date_signed',
        'k.status',
      ])} FROM contracted k
      UNION ALL
      ${row(`CASE WHEN p.kind = 'credit' THEN 100004 ELSE 100003 END`, [
        citeSql('treasury.payment', ['p.fund', 'p.payment']),
        'p.description',
        `COALESCE(p.payee_name, 'person:' || p.payee_person)`,
        NET,
        'p.amount_currency',
        day('p.date'),
        'p.status',
      ])} FROM treasury_payment p
      JOIN paid one ON p.fund = one.fund AND (p.payment = one.payment OR p.reverses = one.payment)
      UNION ALL
      ${row('100005', [
        citeSql('procurement.transaction', ['t.ocid', 't.contract', 't.transaction']),
        'NULL',
        't.payee_name',
        't.value_minor',
        't.value_currency',
        't.date',
        'NULL',
      ])} FROM procurement_transaction t
      JOIN paid p ON t.fund = p.fund AND t.payment = p.payment
    )
    SELECT record, title, party, minor, currency, day, status FROM trail
    ORDER BY place, day, record`;
}
