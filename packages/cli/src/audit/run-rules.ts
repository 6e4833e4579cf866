/**
 * Carries out the rules of an engagement: asks the SQL tables, groups what they answer into findings
 * and opens those of records that none cites yet. Running it again on the same records adds nothing,
 * so that a timer may do it.
 */
import type { KnownFinding, RuleFinding } from '@daybook/applications';
import type { Client, TransactionAuthor } from '@daybook/client';
import { signAs } from '@daybook/client';
import type { Call, CallArguments, CborMap, Result } from '@daybook/core';
import { fail, fromHex, ok } from '@daybook/core';
import { CliError } from '../errors.ts';
import type { TrustNow } from './cited.ts';
import { proveCited } from './cited.ts';
import type { KeptProofs } from './kept-proofs.ts';
import type { RuleFault } from './rule-fault.ts';
import { faultOf, faultOfError, faultOfOutcome } from './rule-fault.ts';
import { readRuleRows } from './rule-rows.ts';

export interface RuleRun {
  readonly engagement: string;
  /** With the role `audit.monitor`. */
  readonly author: TransactionAuthor;
  /** Last block time of a transaction made now, in ms. */
  readonly validUntilMs: () => number;
  /** Against which the cited records are proven before a finding names them. */
  readonly trust: TrustNow;
  /** Where the proofs of what findings cite are kept when they are opened. */
  readonly keep?: KeptProofs;
}

/** What one rule found. */
export interface RuleOutcome {
  readonly rule: string;
  readonly kind: string;
  /** Height whose state was looked at. */
  readonly height: number;
  /** Hits, known ones included. */
  readonly found: number;
  /** Findings that this run opened. */
  readonly added: number;
  /** Findings that were open and to which this run added what came since. */
  readonly continued: number;
  /** Why the rule did not run, or not whole, or why a finding was refused. */
  readonly fault?: RuleFault;
}

const BATCH_COUNT = 64;
const SETTLE_MS = 120_000;

/**
 * Each rule stands alone: what keeps one from running is told beside it, and the others run.
 * @throws CliError CLI_ENGAGEMENT_UNKNOWN
 */
export async function runRules(client: Client, run: RuleRun): Promise<readonly RuleOutcome[]> {
  const { audit } = await import('@daybook/applications');
  const { records } = client.contractOf(audit);
  const { engagement } = run;
  const found = await records.engagement.get({ engagement });
  if (found === undefined) {
    throw new CliError({ code: 'CLI_ENGAGEMENT_UNKNOWN', name: engagement });
  }
  const known: KnownFinding[] = [];
  for await (const { row } of records.finding.list({ engagement })) {
    const evidence = row.evidence.map(({ record }) => ({ record }));
    known.push({ finding: row.finding, evidence, isOpen: row.status === 'open' });
  }
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
  readonly known: KnownFinding[];
}

async function runRule(client: Client, one: OneRun): Promise<RuleOutcome> {
  const { rule, kind } = one.rule;
  try {
    return { rule, kind, ...(await carryOut(client, one)) };
  } catch (error) {
    return { rule, kind, height: 0, found: 0, added: 0, continued: 0, fault: faultOfError(error) };
  }
}

async function carryOut(client: Client, one: OneRun): Promise<Omit<RuleOutcome, 'rule' | 'kind'>> {
  const { AUDIT_RULES, auditRuleSql, findingsOf } = await import('@daybook/applications');
  const { rule, scope, known } = one;
  const kinds = ['other', ...Object.keys(AUDIT_RULES)] as Parameters<typeof auditRuleSql>[0][];
  const kind = kinds.find((name) => name === rule.kind);
  const invalid = (fact: string) => {
    const fault = faultOf({ code: 'CLI_RULE_INVALID', rule: rule.rule, fact });
    return { height: 0, found: 0, added: 0, continued: 0, fault };
  };
  if (kind === undefined) return invalid(`this release knows no kind ${rule.kind}`);
  const sql = auditRuleSql(kind, rule.query, scope);
  if (!sql.ok) return invalid(`expected ${sql.reason.expected}, found ${sql.reason.found}`);
  const read = await readRuleRows(sql.value, (text) => client.query(text));
  if (!read.ok) return invalid(read.reason);
  const { rows, height, cut } = read.value;
  const fresh = findingsOf({ ...rule, kind }, rows, known);
  const at = { height: newestOf(fresh, height) };
  const { fault, ...counts } = await open(client, fresh, { ...one, at });
  const found = new Set(rows.map(({ hit }) => hit)).size;
  const told =
    fault ??
    (cut === undefined ? undefined : faultOf({ code: 'CLI_RULE_CUT', rule: rule.rule, fact: cut }));
  return { height, found, ...counts, ...(told !== undefined && { fault: told }) };
}

/** Height of a block after which every record that is cited stands, since pages of rows differ. */
function newestOf(findings: readonly RuleFinding[], height: number): number {
  const heights = findings.flatMap(({ evidence }) => evidence.map((cited) => cited.height));
  return heights.reduce((newest, one) => Math.max(newest, one), height);
}

/** A run at a block: what is cited is proven by this one. */
interface PinnedRun extends OneRun {
  readonly at: { readonly height: number };
}

/** A finding whose citations are proven. */
type Ready = Omit<RuleFinding, 'evidence'> & {
  readonly evidence: readonly (CborMap & { readonly record: string })[];
};

/** What a batch of findings came to, or all of them. */
interface Opened {
  readonly added: number;
  readonly continued: number;
  readonly fault?: RuleFault;
}

async function open(
  client: Client,
  findings: readonly RuleFinding[],
  one: PinnedRun,
): Promise<Opened> {
  const all: Opened[] = [];
  for (let from = 0; from < findings.length; from += BATCH_COUNT) {
    all.push(await openBatch(client, findings.slice(from, from + BATCH_COUNT), one));
  }
  const fault = all.find((opened) => opened.fault !== undefined)?.fault;
  const added = all.reduce((sum, opened) => sum + opened.added, 0);
  const continued = all.reduce((sum, opened) => sum + opened.continued, 0);
  return { added, continued, ...(fault && { fault }) };
}

async function openBatch(
  client: Client,
  findings: readonly RuleFinding[],
  one: PinnedRun,
): Promise<Opened> {
  const { engagement, rule, author, validUntilMs, known } = one;
  const chain = await client.chain();
  const faults: RuleFault[] = [];
  const proven: Ready[] = [];
  for (const finding of findings) {
    const evidence = await proveEvidence(client, finding, one);
    if (evidence.ok) proven.push({ ...finding, evidence: evidence.value });
    else faults.push(faultOf({ code: 'CLI_CITATION_UNPROVEN', record: evidence.reason }));
  }
  const transactions = proven.map((finding) => {
    const call = callOf(finding, { engagement, rule: rule.rule });
    return signAs([author], { chain, calls: [call], validUntilMs: validUntilMs() });
  });
  const outcomes =
    transactions.length === 0
      ? []
      : await client.submitBatch(transactions, { timeoutMs: SETTLE_MS });
  const counts = { added: 0, continued: 0 };
  for (const [index, { finding, evidence, goesOn }] of proven.entries()) {
    const fault = faultOfOutcome(outcomes[index]);
    if (fault !== undefined) {
      faults.push(fault);
      continue;
    }
    const before = known.findIndex((one) => one.finding === finding);
    const cited = known[before]?.evidence ?? [];
    if (before >= 0) known.splice(before, 1);
    known.push({ finding, evidence: [...cited, ...evidence], isOpen: true });
    if (goesOn === true) counts.continued += 1;
    else counts.added += 1;
  }
  const [fault] = faults;
  return { ...counts, ...(fault && { fault }) };
}

/** Opens the finding, or adds to the one that is there. */
function callOf(
  { goesOn, ...finding }: Ready,
  about: { readonly engagement: string; readonly rule: string },
): Call {
  if (goesOn !== true) {
    return { contract: 'audit', action: 'findByRule', args: { ...finding, ...about } };
  }
  const { finding: number, evidence, questionedCosts } = finding;
  const more: CallArguments = { ...about, finding: number, evidence };
  const args = { ...more, ...(questionedCosts !== undefined && { questionedCosts }) };
  return { contract: 'audit', action: 'findMore', args };
}

/**
 * The records that a finding cites with the hashes of what was proven; without one where no node
 * keeps that state any longer. @returns the first record that cannot be proven
 */
async function proveEvidence(
  client: Client,
  { evidence }: RuleFinding,
  { trust, keep, at }: PinnedRun,
): Promise<Result<Ready['evidence'], string>> {
  const cites: Ready['evidence'][number][] = [];
  for (const cited of evidence) {
    const { state, valueHash, cited: proof } = await proveCited(client, cited, { trust, at });
    // Before the finding is opened: what is on the ledger has its proof.
    if (proof !== undefined) await keep?.keep(cited, proof);
    if (state !== 'lost' && valueHash === undefined) return fail(cited.record);
    const hash = valueHash === undefined ? undefined : fromHex(valueHash);
    cites.push(hash === undefined ? { ...cited } : { ...cited, valueHash: hash });
  }
  return ok(cites);
}
