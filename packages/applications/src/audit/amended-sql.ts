/**
 * Contracts that grew beyond what was awarded, in SQL: the audit rule `amended`. It looks at contracts
 * conducted on this ledger, of which the auditee is the buyer or holds the money; what other publishers
 * released has no amendments with an amount.
 */
import { citeSql } from '../audit-citation.ts';

interface Limits {
  /** Percent of the award. */
  readonly share: number;
  readonly amendments: number;
}

interface Within {
  /** As a text of SQL. */
  readonly auditee: string;
  readonly period: { readonly start: string; readonly end: string };
}

/** No sum, however large, may end the rule by an overflow. */
const exact = (amount: string): string => `CAST(${amount} AS DECIMAL(38, 0))`;

/**
 * The net rise of the value after each amendment is compared, so that one that lowers what the next
 * raises hides nothing, and one that takes back what was never used makes no finding. Amendments of
 * one block count together, because nothing says which came first.
 */
export function amendedSql({ share, amendments }: Limits, { auditee, period }: Within): string {
  const within = (day: string): string =>
    `${day} BETWEEN DATE '${period.start}' AND DATE '${period.end}'`;
  return `WITH contracts AS (
      SELECT k.ocid, k.contract, c.value_minor AS worth, c.value_currency AS currency,
        w.value_minor AS awarded,
        ${citeSql('procurement.contract', ['k.ocid', 'k.contract'])} AS record, c._height AS height,
        ${citeSql('procurement.award', ['k.ocid', 'k.award'])} AS award, w._height AS award_height
      FROM procurement_charge k
      JOIN procurement_contract c ON c.ocid = k.ocid AND c.contract = k.contract
      JOIN procurement_award w ON w.ocid = k.ocid AND w.award = k.award
      JOIN procurement_process p ON p.ocid = k.ocid
      JOIN treasury_commitment t ON t.fund = k.fund AND t.commitment = k.commitment
      WHERE p.publisher = ${auditee} OR t.holder = ${auditee}
    ),
    changes AS (
      SELECT s.ocid, s.contract, s.awarded, s.currency, CAST(a.date AS DATE) AS day,
        d.change_minor AS minor,
        ${citeSql('procurement.amendment', ['a.ocid', 'a.amendment'])} AS record, a._height AS height,
        ${citeSql('procurement.change', ['d.ocid', 'd.contract', 'd.amendment'])} AS change,
        d._height AS change_height,
        SUM(d.change_minor) OVER line AS risen, COUNT(*) OVER line AS times
      FROM contracts s
      JOIN procurement_change d ON d.ocid = s.ocid AND d.contract = s.contract
      JOIN procurement_amendment a ON a.ocid = d.ocid AND a.amendment = d.amendment
      WHERE a.date < DATE '${period.end}' + INTERVAL '1' DAY
      WINDOW line AS (PARTITION BY s.ocid, s.contract ORDER BY a.date)
    ),
    risen AS (
      SELECT ocid, contract, MAX(risen) AS risen FROM changes
      WHERE risen > 0 AND ${within('day')} AND ${exact('risen')} * 100 > ${exact('awarded')} * ${share}
      GROUP BY ocid, contract
    ),
    often AS (
      SELECT ocid, contract, MAX(times) AS times FROM changes
      WHERE ${within('day')} AND times > ${amendments} GROUP BY ocid, contract
    ),
    counted AS (
      SELECT s.ocid, s.contract, x.value_minor AS minor, x.value_currency AS currency,
        SUBSTR(x.date, 1, 10) AS day,
        ${citeSql('procurement.transaction', ['x.ocid', 'x.contract', 'x.transaction'])} AS record,
        x._height AS height
      FROM contracts s
      JOIN procurement_transaction x ON x.ocid = s.ocid AND x.contract = s.contract
      WHERE SUBSTR(x.date, 1, 10) <= '${period.end}'
    ),
    overpaid AS (
      SELECT c.ocid, c.contract, SUM(c.minor) AS paid
      FROM counted c JOIN contracts s ON s.ocid = c.ocid AND s.contract = c.contract
      GROUP BY c.ocid, c.contract
      HAVING SUM(c.minor) > MAX(s.worth) AND MAX(c.day) >= '${period.start}'
    ),
    hits AS (
      SELECT 'risen ' || s.record AS hit, s.*, 'Amendments raised ' || s.contract || ' by ' || r.risen
        || ' ' || s.currency || '; awarded was ' || s.awarded AS description
      FROM risen r JOIN contracts s ON s.ocid = r.ocid AND s.contract = r.contract
      UNION ALL
      SELECT 'often ' || s.record, s.*, s.contract || ' was amended ' || o.times || ' times'
      FROM often o JOIN contracts s ON s.ocid = o.ocid AND s.contract = o.contract
      UNION ALL
      SELECT 'overpaid ' || s.record, s.*, 'Under ' || s.contract || ' ' || o.paid || ' ' || s.currency
        || ' was paid; it is worth ' || s.worth
      FROM overpaid o JOIN contracts s ON s.ocid = o.ocid AND s.contract = o.contract
    )
    SELECT hit, description, record, height, CAST(0 AS BIGINT) AS minor, currency FROM hits
    UNION ALL
    SELECT hit, description, award, award_height, CAST(0 AS BIGINT), currency FROM hits
    UNION ALL
    SELECT h.hit, h.description, d.record, d.height,
      CASE WHEN h.hit LIKE 'risen %' AND d.minor > 0 THEN d.minor ELSE 0 END, d.currency
    FROM hits h JOIN changes d ON d.ocid = h.ocid AND d.contract = h.contract
    WHERE h.hit NOT LIKE 'overpaid %'
    UNION ALL
    SELECT h.hit, h.description, d.change, d.change_height, CAST(0 AS BIGINT), d.currency
    FROM hits h JOIN changes d ON d.ocid = h.ocid AND d.contract = h.contract
    WHERE h.hit LIKE 'risen %'
    UNION ALL
    SELECT h.hit, h.description, x.record, x.height, CAST(0 AS BIGINT), x.currency
    FROM hits h JOIN counted x ON x.ocid = h.ocid AND x.contract = h.contract
    WHERE h.hit LIKE 'overpaid %'
    ORDER BY hit, record`;
}
