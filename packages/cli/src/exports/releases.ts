/** Releases that were imported, read from the ledger as they were published. */
import type { procurement } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import { concatBytes, equalBytes, sha256 } from '@daybook/core';

type Processes = ContractClient<(typeof procurement)['records'], never>['records'];

/** The JSON of a release. */
export interface KeptRelease {
  readonly ocid: string;
  readonly release: string;
  readonly bytes: Uint8Array;
}

/**
 * Releases of one process, or of all, in the order of their keys. Those that were made on this ledger
 * have no JSON of a publisher and are left out, like those whose parts are missing.
 * @throws Error when the parts are not what was announced
 */
export async function* readReleases(
  records: Processes,
  ocid: string | undefined,
): AsyncGenerator<KeptRelease> {
  for await (const { row: process } of records.process.list()) {
    if (ocid === undefined || process.ocid === ocid) yield* readProcess(records, process.ocid);
  }
}

async function* readProcess(records: Processes, ocid: string): AsyncGenerator<KeptRelease> {
  for await (const { row } of records.release.list({ ocid })) {
    const { release, hash, status } = row;
    if (status !== 'complete' || hash === undefined) continue;
    const parts: Uint8Array[] = [];
    for await (const part of records.releasePart.list({ ocid, release })) parts.push(part.row.json);
    const bytes = concatBytes(...parts);
    if (!equalBytes(sha256(bytes), hash)) throw new Error(`${release} is not what it was`);
    yield { ocid, release, bytes };
  }
}
