/** Groups what a rule answers into findings, as `audit.findByRule` takes them. */
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import type { AuditRuleKind, FindingWeight } from './audit-rules.ts';
import { AUDIT_RULES } from './audit-rules.ts';

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
  readonly weight: FindingWeight;
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
