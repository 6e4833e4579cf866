/** Stored records as rows: the cells of a table in the order of its columns. */
import { decodeRecord, keyToJson } from '@daybook/contracts';
import type { RecordKey } from '@daybook/core';
import { toHex } from '@daybook/core';
import { searchText } from './search-text.ts';
import type { Cell, Table } from './tables.ts';

/** A record after a block: its new stored value, or none if it was removed. */
export interface RecordChange {
  readonly recordKey: Pick<RecordKey, 'set' | 'key'>;
  readonly value: Uint8Array | undefined;
}

/** The cells of a stored record. */
export type Row = readonly Cell[];

/** What `_key` holds: the bytes of the record's key in lower-case hex. */
export function rowKeyOf({ key }: Pick<RecordKey, 'key'>): string {
  return toHex(key);
}

/**
 * The row of a stored value.
 * @returns undefined for bytes that are not of this record set, or of a version of the contract
 *   whose fields the present one does not read
 */
export function rowOf(
  table: Table,
  recordKey: Pick<RecordKey, 'key'>,
  value: Uint8Array,
): Row | undefined {
  const key = keyToJson(table.record, recordKey.key);
  const decoded = decodeRecord(table.record, value);
  if (key === undefined || decoded === undefined) return undefined;
  const { stamp } = decoded;
  const json = { ...key, ...decoded.fields };
  const cells = table.fields.map(({ read }) => read(json));
  const texts = cells.flatMap((cell, index) =>
    typeof cell === 'string' && table.fields[index]?.type === 'VARCHAR' ? [cell] : [],
  );
  return [
    ...cells,
    rowKeyOf(recordKey),
    BigInt(stamp.height),
    BigInt(stamp.txIndex),
    BigInt(stamp.recordVersion),
    stamp.writer,
    BigInt(stamp.contractVersion),
    searchText(texts),
  ];
}
