/**
 * Carries out the rules of an engagement: asks the SQL tables, groups what they answer into findings
 * and opens those that are not there yet. Running it again adds nothing, so that a timer may do it.
 */
import type { RuleFinding, RuleRow } from '@daybook/applications';
import type { Client, Outcome, SqlAnswer, TransactionAuthor } from '@daybook/client';
import { signAs } from '@daybook/client';
import type { Call, CallArguments } from '@daybook/core';
import { CliError } from '../errors.ts';

export interface RuleRun {
  readonly engagement: string;
  /** With the role `audit.monitor`. */
  readonly author: TransactionAuthor;
  /** Last block time of a transaction made now, in ms. */
  readonly validUntilMs: () => number;
}

/** What one rule found. */
export interface RuleOutcome {
  readonly rule: string;
  readonly kind: string;
  /** Height whose state was looked at. */
  readonly height: number;
  readonly found: number;
  /** Findings that this run opened. */
  readonly added: number;
  /** The tables had more rows than the node answers at once. */
  readonly isCut: boolean;
  /** Why the rule did not run, or a finding was refused. */
  readonly fault?: string;
}

const COLUMNS = ['hit', 'description', 'record', 'height', 'minor', 'currency'] as const;
const BATCH_COUNT = 64;
const SETTLE_MS = 120_000;

/** @throws CliError when there is no such engagement */
export async function runRules(client: Client, run: RuleRun): Promise<readonly RuleOutcome[]> {
  const { audit } = await import('@daybook/applications');
  const { records } = client.contractOf(audit);
  const { engagement } = run;
  const found = await records.engagement.get({ engagement });
  if (found === undefined) {
    throw new CliError({ code: 'CLI_ENGAGEMENT_UNKNOWN', name: engagement });
  }
  const known = new Set<string>();
  for await (const { row } of records.finding.list({ engagement })) known.add(row.finding);
  const outcomes: RuleOutcome[] = [];
  for await (const { row: rule } of records.rule.list()) {
    if (rule.engagement !== engagement || rule.status !== 'active') continue;
    outcomes.push(await runRule(client, { ...run, rule, scope: found.row, known }));
  }
  return outcomes;
}

interface OneRun extends RuleRun {
  readonly rule: {
    readonly rule: string;
    readonly kind: string;
    readonly title: string;
    readonly query: string;
  };
  readonly scope: {
    readonly auditee: string;
    readonly period: { readonly start: string; readonly end: string };
  };
  /** Findings that are there; those that are opened are added. */
  readonly known: Set<string>;
}

async function runRule(client: Client, one: OneRun): Promise<RuleOutcome> {
  const { AUDIT_RULES, auditRuleSql, findingsOf } = await import('@daybook/applications');
  const { rule, scope, known } = one;
  const kinds = ['other', ...Object.keys(AUDIT_RULES)] as Parameters<typeof auditRuleSql>[0][];
  const kind = kinds.find((name) => name === rule.kind);
  const nothing = { rule: rule.rule, kind: rule.kind, height: 0, found: 0, added: 0, isCut: false };
  if (kind === undefined) return { ...nothing, fault: `no rule of the kind ${rule.kind}` };
  const sql = auditRuleSql(kind, rule.query, scope);
  if (!sql.ok) {
    const { expected, found } = sql.reason;
    return { ...nothing, fault: `expected ${expected}, found ${found}` };
  }
  const answer = await client.query(sql.value);
  const rows = rowsOf(answer);
  if (rows === undefined) {
    return { ...nothing, fault: `the query has no columns ${COLUMNS.join(', ')}` };
  }
  const findings = findingsOf({ ...rule, kind }, rows);
  const fresh = findings.filter(({ finding }) => !known.has(finding));
  const { added, fault } = await open(client, fresh, one);
  return {
    rule: rule.rule,
    kind,
    height: answer.head.height,
    found: findings.length,
    added,
    isCut: answer.truncated,
    ...(fault !== undefined && { fault }),
  };
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

async function open(
  client: Client,
  findings: readonly RuleFinding[],
  { engagement, rule, author, validUntilMs, known }: OneRun,
): Promise<{ readonly added: number; readonly fault?: string }> {
  const chain = await client.chain();
  let added = 0;
  let fault: string | undefined;
  for (let from = 0; from < findings.length; from += BATCH_COUNT) {
    const batch = findings.slice(from, from + BATCH_COUNT);
    const transactions = batch.map((finding) => {
      const args: CallArguments = { ...finding, engagement, rule: rule.rule };
      const call: Call = { contract: 'audit', action: 'findByRule', args };
      return signAs([author], { chain, calls: [call], validUntilMs: validUntilMs() });
    });
    const outcomes = await client.submitBatch(transactions, { timeoutMs: SETTLE_MS });
    for (const [index, { finding }] of batch.entries()) {
      const refusal = refusalOf(outcomes[index]);
      if (refusal === undefined) {
        known.add(finding);
        added += 1;
      } else {
        fault ??= refusal;
      }
    }
  }
  return { added, ...(fault !== undefined && { fault }) };
}

function refusalOf(outcome: Outcome | undefined): string | undefined {
  if (outcome?.state === 'committed') return undefined;
  if (outcome?.state !== 'refused') return outcome?.state ?? 'no answer';
  return `${outcome.problem.code}: ${outcome.problem.detail}`;
}
