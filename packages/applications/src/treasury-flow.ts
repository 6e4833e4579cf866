/**
 * The way of the money of one fund as SQL over the tables of the read model: an edge from each row
 * to each row below it, and from the lowest rows to the payees. Portable between databases.
 */

/**
 * @param fund  name of an appropriation
 * @returns     SELECT of edges: `kind` (allocation, payee), `source`, `target`, `title`, `minor`
 *              (net of what came back), `currency`; the largest first within each kind
 */
export function treasuryFlowSql(fund: string): string {
  const name = `'${fund.replaceAll("'", "''")}'`;
  const payee = `COALESCE(c.payee_name, c.payee_person, '')`;
  return `
    SELECT 'allocation' AS kind, a.parent AS source, a.allocation AS target, a.title,
      a.received - a.returned AS minor, a.currency
    FROM treasury_allocation a WHERE a.fund = ${name}
    UNION ALL
    SELECT 'payee', c.allocation, ${payee}, ${payee},
      CAST(SUM(CASE WHEN p.kind = 'credit' THEN -p.amount_minor ELSE p.amount_minor END) AS BIGINT),
      p.amount_currency
    FROM treasury_payment p
    JOIN treasury_commitment c ON c.fund = p.fund AND c.commitment = p.commitment
    WHERE p.fund = ${name}
    GROUP BY c.allocation, ${payee}, p.amount_currency
    ORDER BY kind, minor DESC, source, target`;
}
