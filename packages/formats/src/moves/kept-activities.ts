/** The way back of IATI: heads of activities, commitments and payments join to activities again. */
import type { IatiActivity } from '../iati/activity.ts';
import type { WrittenActivity } from '../iati/write.ts';
import type { Commitment, Payment } from '../records.ts';

type Kept = Readonly<Record<string, unknown>>;
type Mutable = { -readonly [Name in keyof WrittenActivity]: WrittenActivity[Name] };

/**
 * Activities of the records that `keptRecord` gives; records of other formats are left out.
 * Transactions stand in the order in which they come, which must be that of their occurrence.
 */
export function keptActivities(records: Iterable<Kept>): readonly WrittenActivity[] {
  const activities = new Map<string, Mutable>();
  const moves: (Commitment | Payment)[] = [];
  for (const record of records) {
    // Details are what `writeDetails` made of these records; `kind` says of which.
    if (record.kind === 'activity') {
      const head = record as unknown as Omit<IatiActivity, 'commitments' | 'findings' | 'refused'>;
      activities.set(head.identifier, { ...head, commitments: [] });
    } else if (record.kind === 'commitment' || record.kind === 'payment') {
      moves.push(record as unknown as Commitment | Payment);
    }
  }
  for (const move of moves) {
    const activity = activities.get(move.source.dataset);
    if (activity === undefined) continue;
    if (move.kind === 'commitment') activity.commitments = [...activity.commitments, move];
    else activity.payments = [...activity.payments, move];
  }
  return [...activities.values()];
}
