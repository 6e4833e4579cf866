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
  /** The finding is there already and goes on: this is what `audit.findMore` adds to it. */
  readonly goesOn?: true;
}

/** A finding that is there, whatever became of it. */
export type KnownFinding = Pick<RuleFinding, 'finding'> & {
  readonly evidence: readonly { readonly record: string }[];
  /** Nobody has replied yet, so that more of the same belongs to it. */
  readonly isOpen?: boolean;
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
 * that known findings of the same hit cite are found already. What is new beside them goes to the
 * last of those as long as it is open; else it is a finding that refers to that one. A finding cites
 * so many records that an answer of more becomes several, each with the costs of its own.
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
    const { last, cited, room } = before.get(number) ?? NOTHING_FOUND;
    // The first portion fills the finding that goes on, if there is one.
    const next = room > 0 ? last : last + 1;
    return portionsOf(found, { cited, room, isFirst: last === 0 }).map((portion, index) => ({
      finding: numbered(number, next + index),
      title,
      description: (found[0]?.description ?? '').slice(0, DESCRIPTION_MAX),
      evidence: portion.citing.map(({ record, height }) => ({ record, height })),
      weight,
      ...costsOf(portion.costing),
      ...(next + index > last && next + index > 1
        ? { repeatPriorReference: numbered(number, next + index - 1) }
        : {}),
      ...(next + index === last && { goesOn: true as const }),
    }));
  });
}

/** Findings of one hit. */
interface Series {
  /** Which of them is the newest, from 1; 0 if there is none. */
  readonly last: number;
  readonly cited: ReadonlySet<string>;
  /** How many records the newest may still cite. */
  readonly room: number;
}

const NOTHING_FOUND: Series = { last: 0, cited: new Set(), room: 0 };

/** What is known of each hit, by the number of its first finding. */
function seriesOf(known: Iterable<KnownFinding>): ReadonlyMap<string, Series> {
  const series = new Map<string, { last: number; cited: Set<string>; room: number }>();
  for (const { finding, evidence, isOpen = false } of known) {
    const [, number, place = '1'] = NUMBERED.exec(finding) ?? [];
    if (number === undefined) continue;
    const present = series.get(number) ?? { last: 0, cited: new Set<string>(), room: 0 };
    for (const { record } of evidence) present.cited.add(record);
    if (Number(place) > present.last) {
      present.last = Number(place);
      present.room = isOpen ? Math.max(0, CITES_MAX - evidence.length) : 0;
    }
    series.set(number, present);
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
 * What is not cited yet: as much as there is room for in the finding that goes on, then as much at a
 * time as a finding may cite. What no finding can cite, because its record has too long a name,
 * counts among the costs of the first.
 */
function portionsOf(
  found: readonly RuleRow[],
  { cited, room, isFirst }: Pick<Series, 'cited' | 'room'> & { readonly isFirst: boolean },
): readonly Portion[] {
  const citable = found.filter(({ record }) => record.length <= RECORD_MAX);
  const others = found.filter(({ record }) => record.length > RECORD_MAX);
  const fresh = citable.filter(({ record }) => !cited.has(record));
  const more = fresh.slice(0, room);
  const count = Math.max(isFirst ? 1 : 0, Math.ceil((fresh.length - more.length) / CITES_MAX));
  const portions = Array.from({ length: count }, (_, index) => {
    const from = more.length + index * CITES_MAX;
    const citing = fresh.slice(from, from + CITES_MAX);
    return { citing, costing: isFirst && index === 0 ? [...citing, ...others] : citing };
  });
  return more.length === 0 ? portions : [{ citing: more, costing: more }, ...portions];
}

/** In the currency of the first; what is paid in others is read in the records. */
function costsOf(rows: readonly RuleRow[]): Pick<RuleFinding, 'questionedCosts'> {
  const currency = rows[0]?.currency ?? '';
  const minor = rows.reduce((sum, row) => sum + (row.currency === currency ? row.minor : 0n), 0n);
  return minor > 0n ? { questionedCosts: { minor, currency } } : {};
}
