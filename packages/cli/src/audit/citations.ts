/**
 * What findings cite, out of rows that a proof shows. A proof vouches for the bytes and for the words
 * they are read in, not for what a chain of whoever makes one calls evidence, so that every citation
 * is looked at before it is one.
 */
import type { ProvenRow } from '@daybook/client';
import type { CitedRecord } from './cited.ts';

export interface Citations {
  /** Each version once, in the order of the texts. */
  readonly cited: readonly CitedRecord[];
  /** Findings with evidence that is none, or that cannot be read; as a finding cites a record. */
  readonly unreadable: readonly Pick<CitedRecord, 'record' | 'height'>[];
}

/** @param cite  the text that cites a record by its name and the parts of its key */
export function readCitations(
  rows: readonly Pick<ProvenRow, 'key' | 'stored'>[],
  cite: (record: string, ...key: readonly string[]) => string,
): Citations {
  const cited = new Map<string, CitedRecord>();
  const unreadable: Pick<CitedRecord, 'record' | 'height'>[] = [];
  for (const { key, stored } of rows) {
    const evidence: unknown = stored?.fields.evidence;
    const entries: readonly unknown[] = Array.isArray(evidence) ? evidence : [];
    const read = entries.filter(isCited);
    for (const one of read) {
      cited.set([one.record, one.height, one.valueHash ?? ''].join(' '), one);
    }
    if (Array.isArray(evidence) && read.length === entries.length) continue;
    const record = cite('audit.finding', ...Object.values(key).map(String));
    unreadable.push({ record, height: stored?.stamp.height ?? 0 });
  }
  const byText = [...cited].sort(([a], [b]) => (a < b ? -1 : 1));
  return { cited: byText.map(([, one]) => one), unreadable };
}

const HASH = /^[0-9a-f]{64}$/;

function isCited(value: unknown): value is CitedRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { record, height, valueHash }: Readonly<Partial<Record<keyof CitedRecord, unknown>>> =
    value;
  const isHash = typeof valueHash === 'string' && HASH.test(valueHash);
  return (
    typeof record === 'string' &&
    typeof height === 'number' &&
    Number.isSafeInteger(height) &&
    height >= 0 &&
    (valueHash === undefined || isHash)
  );
}
