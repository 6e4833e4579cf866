/** Runs a rule of continuous audit over tables, as the monitor does, for an audit of `works` in 2026. */
import type { AuditRuleKind, RuleFinding } from '@daybook/applications';
import { auditRuleSql, findingsOf } from '@daybook/applications';
import { assert } from '@daybook/core';
import type { RecordChange } from '@daybook/readmodel';
import type { Database } from './tables.ts';

export const SCOPE = { auditee: 'works', period: { start: '2026-01-01', end: '2026-12-31' } };
export const LIMITS = { rowsMax: 1000, timeMs: 60_000 };

export async function runRule(
  database: Database,
  kind: AuditRuleKind | 'other',
  measures: string,
  records: readonly RecordChange[],
): Promise<readonly RuleFinding[]> {
  const sql = auditRuleSql(kind, measures, SCOPE);
  assert(sql.ok, sql.ok ? '' : JSON.stringify(sql.reason));
  const model = await database.tablesOf(records);
  const answer = await model.query(sql.value, LIMITS);
  assert(answer.ok, answer.ok ? '' : JSON.stringify(answer.reason));
  const names = answer.value.columns.map(({ name }) => name);
  const rows = answer.value.rows.map((row) => {
    const [hit = '', description = '', record = '', height, minor, currency = ''] = [
      'hit',
      'description',
      'record',
      'height',
      'minor',
      'currency',
    ].map((name) => String(row[names.indexOf(name)]));
    return {
      hit,
      description,
      record,
      height: Number(height),
      minor: BigInt(minor ?? 0),
      currency,
    };
  });
  return findingsOf({ rule: 'rule', kind, title: 'Found' }, rows);
}
