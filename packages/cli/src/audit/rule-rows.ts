/**
 * Everything that the SELECT of a rule answers, although a node answers so many rows at once only:
 * what is cut is asked for again in the order of its hits, page by page.
 */
import type { RuleRow } from '@daybook/applications';
import type { SqlAnswer } from '@daybook/client';
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';

export interface RuleRows {
  /** Block whose state the first answer showed. */
  readonly height: number;
  /** Rows of one hit are of one answer, so that a finding never mixes two states. */
  readonly rows: readonly RuleRow[];
  /** What was left out, in words; undefined when nothing was. */
  readonly cut?: string;
}

const COLUMNS = ['hit', 'description', 'record', 'height', 'minor', 'currency'] as const;
const PAGES_MAX = 1000;
const HIT = "COALESCE(CAST(hit AS VARCHAR), '')";

/**
 * @param ask  one query of a node; what it throws goes through
 * @returns why the answer is none of a rule, for a SELECT of other columns
 */
export async function readRuleRows(
  sql: string,
  ask: (sql: string) => Promise<SqlAnswer>,
): Promise<Result<RuleRows, string>> {
  const answer = await ask(sql);
  const rows = rowsOf(answer);
  if (rows === undefined) return fail(`the query has no columns ${COLUMNS.join(', ')}`);
  const { height } = answer.head;
  if (!answer.truncated) return ok({ height, rows });
  return ok({ height, ...(await readPages(sql, ask)) });
}

async function readPages(
  sql: string,
  ask: (sql: string) => Promise<SqlAnswer>,
): Promise<Omit<RuleRows, 'height'>> {
  const rows: RuleRow[] = [];
  let after: string | undefined;
  let cut: string | undefined;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await ask(pageAfter(sql, after));
    const found = rowsOf(answer) ?? [];
    const last = found.at(-1)?.hit;
    // The last hit may go on in what was cut: its rows come again, at the head of the next page.
    const whole = answer.truncated ? found.filter(({ hit }) => hit !== last) : found;
    rows.push(...(whole.length > 0 ? whole : found));
    if (!answer.truncated || last === undefined) {
      return { rows, ...(cut !== undefined && { cut }) };
    }
    if (whole.length === 0) cut ??= `rows of the hit "${last}" beyond the first ${found.length}`;
    after = whole.at(-1)?.hit ?? last;
  }
  return { rows, cut: `hits after "${after}"` };
}

function pageAfter(sql: string, after: string | undefined): string {
  // On lines of its own, so that a comment at the end of the SELECT hides nothing.
  const whole = `SELECT * FROM (\n${sql.replace(/[;\s]+$/, '')}\n) AS found`;
  const rest = after === undefined ? '' : ` WHERE ${HIT} > '${after.replaceAll("'", "''")}'`;
  return `${whole}${rest} ORDER BY ${HIT}, record`;
}

/** Undefined for an answer of another shape. */
function rowsOf({ columns, rows }: SqlAnswer): readonly RuleRow[] | undefined {
  const places = COLUMNS.map((name) => columns.findIndex((column) => column.name === name));
  if (places.includes(-1)) return undefined;
  return rows.map((row) => {
    const [hit = '', description = '', record = '', height, minor = '0', currency = ''] =
      places.map((place) => String(row[place] ?? ''));
    return {
      hit,
      description,
      record,
      height: Number(height),
      minor: /^-?[0-9]+$/.test(minor) ? BigInt(minor) : 0n,
      currency,
    };
  });
}
