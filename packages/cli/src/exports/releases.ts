/** Releases on the ledger: those that were imported, as they were published, and those made here. */
import type { procurement } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import { concatBytes, toHex } from '@daybook/core';
import type { ConductedRelease, ConductedRows, ExactObject, KeptRelease } from '@daybook/formats';

type Records = ContractClient<(typeof procurement)['records'], never>['records'];

/**
 * A release of another publisher with its JSON, of which parts may be missing, or one of this ledger
 * with the rows it shows.
 */
export type ListedRelease =
  | (KeptRelease & { readonly kind: 'published' })
  | {
      readonly kind: 'partial';
      readonly ocid: string;
      readonly release: string;
    }
  | {
      readonly kind: 'conducted';
      readonly entry: ConductedRelease;
      readonly rows: ConductedRows;
    };

/**
 * Releases of one process, or of all.
 * @throws ClientError when the node has dropped the state after the block of a release that was made
 *   here
 */
export async function* readReleases(
  records: Records,
  ocid: string | undefined,
): AsyncGenerator<ListedRelease> {
  for await (const { row: process } of records.process.list()) {
    if (ocid === undefined || process.ocid === ocid) yield* readProcess(records, process.ocid);
  }
}

async function* readProcess(records: Records, ocid: string): AsyncGenerator<ListedRelease> {
  for await (const { row, stamp } of records.release.list({ ocid })) {
    const { release, hash, status, date, tag } = row;
    if (row.basis === 'recorded') {
      const rows = await readRows(records, ocid, stamp?.height);
      if (rows !== undefined) yield { kind: 'conducted', entry: { release, date, tag }, rows };
      continue;
    }
    if (status !== 'complete' || hash === undefined) {
      yield { kind: 'partial', ocid, release };
      continue;
    }
    yield { kind: 'published', ...(await readWhole(records, { ocid, release, hash })) };
  }
}

async function readWhole(
  records: Records,
  { ocid, release, hash }: Omit<KeptRelease, 'bytes'>,
): Promise<KeptRelease> {
  const parts: Uint8Array[] = [];
  for await (const part of records.releasePart.list({ ocid, release })) parts.push(part.row.json);
  return { ocid, release, hash, bytes: concatBytes(...parts) };
}

/** Releases that an organisation brought, by the SHA-256 of their JSON in hex. */
export async function readPublished(
  records: Records,
  publisher: string,
): Promise<ReadonlyMap<string, ExactObject>> {
  const { readKeptRelease } = await import('@daybook/formats');
  const releases = new Map<string, ExactObject>();
  for await (const { row: process } of records.process.list()) {
    if (process.publisher !== publisher) continue;
    const { ocid } = process;
    for await (const { row } of records.release.list({ ocid })) {
      const { release, hash, status } = row;
      if (hash === undefined || status !== 'complete') continue;
      const kept = await readWhole(records, { ocid, release, hash });
      // What its schema finds was told at the import.
      const read = readKeptRelease(kept, () => []);
      if (read.ok) releases.set(toHex(hash), read.value);
    }
  }
  return releases;
}

/** All rows of a process after a block: a release shows the state that its block left behind. */
async function readRows(
  records: Records,
  ocid: string,
  height: number | undefined,
): Promise<ConductedRows | undefined> {
  const at = height === undefined ? {} : { height };
  const process = await records.process.get({ ocid }, at);
  if (process === undefined) return undefined;
  const tender = await records.tender.get({ ocid }, at);
  return {
    process: process.row,
    tender: tender?.row,
    bids: await rowsOf(records.bid.list({ ocid }, at)),
    awards: await rowsOf(records.award.list({ ocid }, at)),
    contracts: await rowsOf(records.contract.list({ ocid }, at)),
    transactions: await rowsOf(records.transaction.list({ ocid }, at)),
    milestones: await rowsOf(records.milestone.list({ ocid }, at)),
    amendments: await rowsOf(records.amendment.list({ ocid }, at)),
  };
}

async function rowsOf<Row>(found: AsyncIterable<{ readonly row: Row }>): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for await (const { row } of found) rows.push(row);
  return rows;
}
