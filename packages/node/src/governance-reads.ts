/** What the node reads of the governance contract beside the next height: past sets, and members. */
import { governance } from '@daybook/applications';
import type { Manifest } from '@daybook/contracts';
import { decodeRecord, openRecords, recordKeyOf } from '@daybook/contracts';
import type { Height, RecordKey, ValidatorId, ValidatorSet } from '@daybook/core';
import { asPublicKey, assert, asValidatorId, buildValidatorSet, fromHex } from '@daybook/core';
import type { StateReader, StateStore } from '@daybook/state';
import { recordSetNamed } from './directory-nodes.ts';
import type { KnownSet } from './reads/proofs.ts';

const records = openRecords(governance);

/** Slug of the organisation behind a validator; undefined for an id that never was one. */
export function organisationOfValidator(reader: StateReader, id: ValidatorId): string | undefined {
  return records.validator(reader, { id })?.organisation;
}

const PAGE = 1000;

/**
 * Every set after genesis's, ascending by the first height it signs: the history of one record,
 * which has a version for each change.
 */
export async function readKnownSets(
  stateStore: StateStore,
  manifest: Manifest,
): Promise<readonly KnownSet[]> {
  const record = recordSetNamed(manifest, 'governance', 'validators');
  const key = recordKeyOf(record, {});
  assert(key.ok, 'the record of validator sets has no key fields');
  const sets = new Map<Height, ValidatorSet>();
  for await (const value of versionsOf(stateStore, key.value)) {
    const fields = decodeRecord(record, value)?.fields;
    const { next, nextFrom } = fields ?? {};
    if (typeof nextFrom !== 'number' || !Array.isArray(next)) continue;
    sets.set(nextFrom, buildValidatorSet(next.map(memberOf)));
  }
  const ascending = [...sets].sort(([a], [b]) => a - b);
  return ascending.map(([from, validators]) => ({ from, validators }));
}

async function* versionsOf(stateStore: StateStore, key: RecordKey): AsyncGenerator<Uint8Array> {
  let before: Height | undefined;
  while (true) {
    const options = { limit: PAGE, ...(before !== undefined && { before }) };
    const page = await stateStore.history(key, options);
    for (const { value, height } of page) {
      if (value !== undefined) yield value;
      before = height;
    }
    if (page.length < PAGE) return;
  }
}

function memberOf(json: unknown): ValidatorSet[number] {
  const { id, publicKey } = json as Readonly<Record<string, unknown>>;
  const idBytes = fromHex(String(id));
  const keyBytes = fromHex(String(publicKey));
  assert(idBytes !== undefined && keyBytes !== undefined, 'a stored member is two byte strings');
  return { id: asValidatorId(idBytes), publicKey: asPublicKey(keyBytes) };
}
