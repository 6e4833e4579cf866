/** Tables of proven lists in every form: the texts of the client, and Parquet of the formats. */
import type { ListVerdict, ProvenList, TableFormat, Trust } from '@daybook/client';
import { renderTableFile, tableOfList, verifyTableFile, verifyWholeList } from '@daybook/client';
import { encodeUtf8, toHex } from '@daybook/core';

type Form = TableFormat | 'parquet';

/** The file of a list. */
export async function renderList(list: ProvenList, form: Form): Promise<Uint8Array> {
  if (form !== 'parquet') return encodeUtf8(renderTableFile(list, form));
  const { writeParquet } = await import('@daybook/formats');
  return writeParquet(tableOfList(list), notesOf(list));
}

/**
 * Checks a table against the proof of its list.
 * @returns `valid` only if the table holds every record of the list, as it is, and no other
 */
export async function verifyTable(
  table: Uint8Array,
  form: Form,
  { files, trust }: { readonly files: readonly Uint8Array[]; readonly trust: Trust },
): Promise<ListVerdict> {
  if (form !== 'parquet') return verifyTableFile(table, form, { files, trust });
  const verdict = verifyWholeList(files, trust);
  if (verdict.outcome === 'invalid') return verdict;
  const { parquetDifference } = await import('@daybook/formats');
  const { facts } = verdict;
  const difference = await parquetDifference(table, tableOfList(facts), notesOf(facts));
  if (difference === undefined) return verdict;
  const reason =
    'fact' in difference
      ? ({ code: 'CLIENT_TABLE_FOREIGN', ...difference } as const)
      : ({ code: 'CLIENT_TABLE_CELL_DIFFERS', ...difference } as const);
  return { outcome: 'invalid', reason };
}

/** The checkpoint that the proof leads to, kept inside the file, too. */
function notesOf({ chain, contract, spec, within, block, rows }: ProvenList) {
  const { height, stateRoot } = block.header;
  return {
    'daybook.chain': toHex(chain),
    'daybook.list': [contract.name, spec.name, ...Object.values(within)].join('/'),
    'daybook.height': String(height),
    'daybook.block': toHex(block.blockHash),
    'daybook.stateRoot': toHex(stateRoot),
    'daybook.rows': String(rows.length),
  };
}
