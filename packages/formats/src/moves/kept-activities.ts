/** The way back of IATI: heads of activities, commitments and payments join to activities again. */
import type { IatiActivity } from '../iati/activity.ts';
import type { WrittenActivity } from '../iati/write.ts';
import {
  appropriation,
  classifications,
  count,
  listOf,
  maybe,
  objectOf,
  only,
  organisation,
  party,
  payment,
  period,
  text,
} from '../record-shapes.ts';
import type { Commitment, Payment } from '../records.ts';

/** What an activity says itself, with the money that comes in. */
export type ActivityHead = Omit<
  IatiActivity,
  'column' | 'commitments' | 'findings' | 'transactions'
>;

export const activityHead = objectOf<ActivityHead>({
  kind: only('activity'),
  line: count,
  identifier: text,
  title: text,
  description: maybe(text),
  status: maybe(text),
  reporting: maybe(organisation),
  reportingType: maybe(text),
  parties: listOf(party),
  period,
  dates: listOf(objectOf<ActivityHead['dates'][number]>({ type: text, date: text })),
  classifications,
  places: listOf(text),
  budgets: listOf(appropriation),
  planned: listOf(appropriation),
  payments: listOf(payment),
});

/** A part of an activity as it was imported. */
export interface KeptPart {
  /** Of files in which the publisher's activity stands: one may stand in several series. */
  readonly series: string;
  readonly record: ActivityHead | Commitment | Payment;
}

type Mutable = { -readonly [Name in keyof WrittenActivity]: WrittenActivity[Name] };

/** Which activity a part belongs to. */
export function activityOf({ series, record }: KeptPart): string {
  return `${series} ${record.kind === 'activity' ? record.identifier : record.source.dataset}`;
}

/**
 * Activities of their parts, heads and moves in any order; moves without a head are left out.
 * Transactions stand in the order in which they come, which must be that of their occurrence.
 */
export function joinActivities(parts: Iterable<KeptPart>): readonly WrittenActivity[] {
  const activities = new Map<string, Mutable>();
  const moves: KeptPart[] = [];
  for (const part of parts) {
    const { record } = part;
    if (record.kind === 'activity')
      activities.set(activityOf(part), { ...record, commitments: [] });
    else moves.push(part);
  }
  for (const move of moves) {
    const { record } = move;
    const activity = activities.get(activityOf(move));
    if (activity === undefined) continue;
    if (record.kind === 'commitment') activity.commitments = [...activity.commitments, record];
    if (record.kind === 'payment') activity.payments = [...activity.payments, record];
  }
  return [...activities.values()];
}
