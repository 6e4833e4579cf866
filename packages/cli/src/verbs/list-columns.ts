/** Which columns of a list a person sees: those that say where things stand, and none that is empty. */
import type { JsonRow } from '@daybook/client';
import type { ManifestRecord } from '@daybook/contracts';

const COLUMNS_MAX = 7;

/**
 * The key, the state, the deadlines, then the other fields as they are declared, without those that
 * no row has and those that do not fit into a cell. Only the key is shown whatever the rows hold.
 */
export function listColumns(
  spec: Pick<ManifestRecord, 'key' | 'fields' | 'states' | 'deadlines'>,
  rows: readonly JsonRow[],
): readonly string[] {
  const urgent = [spec.states?.field, ...spec.deadlines.map(({ field }) => field)];
  const first = urgent.filter((name) => name !== undefined);
  const names = new Set([...first, ...Object.keys(spec.fields)]);
  const shown = [...names].filter((name) => {
    const isCell = spec.fields[name]?.type !== 'object';
    return isCell && rows.some((row) => !isEmpty(row[name]));
  });
  return [...Object.keys(spec.key), ...shown].slice(0, COLUMNS_MAX);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
