/**
 * A proven list as a table for other programs: CSV (RFC 4180) or JSON Lines. A list has exactly one
 * text in each form, so that a table is checked by writing it again from its proof and comparing.
 */
import type { JsonValue } from '@daybook/contracts';
import { toHex } from '@daybook/core';
import type { ListVerdict, ProvenList, ProvenRow } from './list-proof.ts';
import { verifyWholeList } from './list-proof.ts';
import type { ListCell } from './list-table.ts';
import { inKeyOrder, tableOfList } from './list-table.ts';
import type { Trust } from './trust.ts';

export const TABLE_FORMATS = ['csv', 'jsonl'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** The table of a list, its rows in the order of their keys. */
export function renderTableFile(
  list: Pick<ProvenList, 'spec' | 'rows'>,
  format: TableFormat,
): string {
  if (format === 'jsonl') {
    return inKeyOrder(list)
      .map((row) => `${JSON.stringify(lineOf(row))}\n`)
      .join('');
  }
  const { columns, rows } = tableOfList(list);
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => row.map(cellText))];
  return lines.map((cells) => `${cells.map(quoted).join(',')}\r\n`).join('');
}

/**
 * Checks a table against the proof of its list.
 * @param files  of the proof, in the order of their ranges
 * @returns      `valid` only if the table holds every record of the list, as it is, and no other
 */
export function verifyTableFile(
  table: Uint8Array,
  format: TableFormat,
  { files, trust }: { readonly files: readonly Uint8Array[]; readonly trust: Trust },
): ListVerdict {
  const verdict = verifyWholeList(files, trust);
  if (verdict.outcome === 'invalid') return verdict;
  const { facts } = verdict;
  // A mark at the beginning is a difference like any other byte.
  const line = firstDifference(
    new TextDecoder('utf-8', { ignoreBOM: true }).decode(table),
    renderTableFile(facts, format),
  );
  if (line === undefined) return verdict;
  return { outcome: 'invalid', reason: { code: 'CLIENT_TABLE_DIFFERS', line } };
}

/** The first line that is not as it must be, from 1; undefined when all are. */
function firstDifference(found: string, expected: string): number | undefined {
  if (found === expected) return undefined;
  const [ours, theirs] = [expected.split('\n'), found.split('\n')];
  const at = ours.findIndex((line, index) => line !== theirs[index]);
  return (at < 0 ? ours.length : at) + 1;
}

/** One record with all its fields under their names, and where it was written. */
function lineOf({ key, value, stored }: ProvenRow): Readonly<Record<string, JsonValue>> {
  // A version that the words of the contract do not fit is shown as the bytes that it is.
  if (stored === undefined) return { ...(key as Record<string, JsonValue>), _value: toHex(value) };
  const { height, txIndex, writer } = stored.stamp;
  return {
    ...(key as Record<string, JsonValue>),
    ...stored.fields,
    _written: { height, txIndex, writer },
  };
}

/**
 * A text that a spreadsheet would take for a formula gets an apostrophe before it, as spreadsheets
 * write it themselves: whoever opens a public table must not run what a stranger put there.
 */
export function spreadsheetText(text: string): string {
  const isNumber = /^-?\d+(\.\d+)?$/.test(text);
  return !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

function cellText(cell: ListCell): string {
  if (typeof cell !== 'string') return cell === undefined ? '' : String(cell);
  return spreadsheetText(cell);
}

function quoted(cell: string): string {
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
