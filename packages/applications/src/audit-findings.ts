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
  /** The same for the same hit at every run; `-2`, `-3` behind it for what was found of it later. */
  readonly finding: string;
  readonly title: string;
  readonly description: string;
  readonly evidence: readonly { readonly record: string; readonly height: number }[];
  readonly weight: FindingWeight;
  readonly questionedCosts?: { readonly minor: bigint; readonly currency: string };
  /** The finding before it of the same hit. */
  readonly repeatPriorReference?: string;
}

/** A finding that is there, whatever became of it. */
export type KnownFinding = Pick<RuleFinding, 'finding'> & {
  readonly evidence: readonly { readonly record: string }[];
};

const CITES_MAX = 64;
const RECORD_MAX = 300;
const DESCRIPTION_MAX = 4000;
const NAME_SHOWN_MAX = 40;
const HASH_CHARACTERS = 16;
/** The number of a hit, and which of its findings it is. */
const NUMBERED = new RegExp(`^(.+-[0-9a-f]{${HASH_CHARACTERS}})(?:-([0-9]{1,6}))?$`);

/**
 * Groups the rows of an answer into findings, in the order in which their hits first come. Records
 * that known findings of the same hit cite are found already; what is new beside them is a finding
 * that refers to the last of those, also when that is closed. A finding cites so many records that
 * an answer of more becomes several, each with the costs of its own.
 */
export function findingsOf(
  {
    rule,
    kind,
    title,
  }: { readonly rule: string; readonly kind: AuditRuleKind | 'other'; readonly title: string },
  rows: Iterable<RuleRow>,
  known: Iterable<KnownFinding> = [],
): readonly RuleFinding[] {
  const byHit = Map.groupBy(rows, ({ hit }) => hit);
  const before = seriesOf(known);
  const weight = kind === 'other' ? 'otherMatter' : AUDIT_RULES[kind].weight;
  return [...byHit].flatMap(([hit, found]) => {
    const shown = rule.slice(0, NAME_SHOWN_MAX);
    const number = `${shown}-${toHex(sha256(encodeUtf8(hit))).slice(0, HASH_CHARACTERS)}`;
    const { last, cited } = before.get(number) ?? NOTHING_FOUND;
    return portionsOf(found, cited, last === 0).map(({ citing, costing }, index) => ({
      finding: numbered(number, last + index + 1),
      title,
      description: (found[0]?.description ?? '').slice(0, DESCRIPTION_MAX),
      evidence: citing.map(({ record, height }) => ({ record, height })),
      weight,
      ...costsOf(costing),
      ...(last + index > 0 && { repeatPriorReference: numbered(number, last + index) }),
    }));
  });
}

/** Findings of one hit. */
interface Series {
  /** Which of them is the newest, from 1; 0 if there is none. */
  readonly last: number;
  readonly cited: ReadonlySet<string>;
}

const NOTHING_FOUND: Series = { last: 0, cited: new Set() };

/** What is known of each hit, by the number of its first finding. */
function seriesOf(known: Iterable<KnownFinding>): ReadonlyMap<string, Series> {
  const series = new Map<string, { last: number; cited: Set<string> }>();
  for (const { finding, evidence } of known) {
    const [, number, place = '1'] = NUMBERED.exec(finding) ?? [];
    if (number === undefined) continue;
    const { last, cited } = series.get(number) ?? { last: 0, cited: new Set<string>() };
    for (const { record } of evidence) cited.add(record);
    series.set(number, { last: Math.max(last, Number(place)), cited });
  }
  return series;
}

function numbered(number: string, place: number): string {
  return place === 1 ? number : `${number}-${place}`;
}

interface Portion {
  readonly citing: readonly RuleRow[];
  readonly costing: readonly RuleRow[];
}

/**
 * What is not cited yet, as much at a time as a finding may cite. What no finding can cite, because
 * its record has too long a name, counts among the costs of the first.
 */
function portionsOf(
  found: readonly RuleRow[],
  cited: ReadonlySet<string>,
  isFirst: boolean,
): readonly Portion[] {
  const citable = found.filter(({ record }) => record.length <= RECORD_MAX);
  const others = found.filter(({ record }) => record.length > RECORD_MAX);
  const fresh = citable.filter(({ record }) => !cited.has(record));
  const count = Math.max(isFirst ? 1 : 0, Math.ceil(fresh.length / CITES_MAX));
  return Array.from({ length: count }, (_, index) => {
    const citing = fresh.slice(index * CITES_MAX, (index + 1) * CITES_MAX);
    return { citing, costing: isFirst && index === 0 ? [...citing, ...others] : citing };
  });
}

/** In the currency of the first; what is paid in others is read in the records. */
function costsOf(rows: readonly RuleRow[]): Pick<RuleFinding, 'questionedCosts'> {
  const currency = rows[0]?.currency ?? '';
  const minor = rows.reduce((sum, row) => sum + (row.currency === currency ? row.minor : 0n), 0n);
  return minor > 0n ? { questionedCosts: { minor, currency } } : {};
}
