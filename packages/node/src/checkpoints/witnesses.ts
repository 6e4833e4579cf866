/**
 * The witnesses that the own head registers (contract `oversight`): whose cosignatures are taken.
 * Read as a list at the start and after each block that changed it; they are few.
 */

import type { Manifest, ManifestRecord } from '@daybook/contracts';
import { decodeRecord, keyToJson } from '@daybook/contracts';
import type { NoteKey, RecordKey } from '@daybook/core';
import { asPublicKey, assert, fromHex } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import { setOf } from '../directory-nodes.ts';
import type { Ledger } from '../ledger/ledger.ts';

const PAGE = 500;
/** More than the contract registers, those retired included. */
const WITNESSES_MAX = 5000;

/** The record set of witnesses; undefined on a chain without the contract. */
function witnessSetOf(manifest: Manifest): ManifestRecord | undefined {
  return manifest.contracts.find(({ name }) => name === 'oversight')?.records.witness;
}

/** The registered witnesses of the head. */
export interface Witnesses {
  now(): readonly NoteKey[];
  /** Waits for what is being read. */
  stop(): Promise<void>;
}

export interface WitnessParts {
  readonly ledger: Pick<Ledger, 'onCommit'>;
  readonly stateStore: Pick<StateStore, 'list'>;
  readonly manifest: () => Manifest;
}

/** Reads them, and again after each block that wrote one. */
export async function followWitnesses(parts: WitnessParts): Promise<Witnesses> {
  const { ledger, stateStore, manifest } = parts;
  let keys = await readWitnesses(stateStore, manifest());
  let reading = Promise.resolve();
  const unsubscribe = ledger.onCommit(({ block }) => {
    const set = witnessSetOf(manifest())?.set;
    const isWritten = block.outcomes.some(({ result }) =>
      result.writes.some(({ treeKey }) => setOf(treeKey) === set),
    );
    if (!isWritten) return;
    reading = reading.then(async () => {
      keys = await readWitnesses(stateStore, manifest());
    });
  });
  return {
    now: () => keys,
    stop: async () => {
      unsubscribe();
      await reading;
    },
  };
}

/** Keys of active witnesses at the newest state, in order of name. */
async function readWitnesses(
  stateStore: Pick<StateStore, 'list'>,
  manifest: Manifest,
): Promise<readonly NoteKey[]> {
  const record = witnessSetOf(manifest);
  if (record === undefined) return [];
  const keys: NoteKey[] = [];
  let after: RecordKey | undefined;
  for (let seen = 0; seen < WITNESSES_MAX; seen += PAGE) {
    const page = await stateStore.list(
      { set: record.set },
      { limit: PAGE, ...(after && { after }) },
    );
    for (const { key, value } of page) {
      const witness = witnessOf(record, key, value);
      if (witness !== undefined) keys.push(witness);
      after = key;
    }
    if (page.length < PAGE) break;
  }
  return keys;
}

function witnessOf(record: ManifestRecord, key: RecordKey, value: Uint8Array): NoteKey | undefined {
  const names = keyToJson(record, key.key);
  const fields = decodeRecord(record, value)?.fields;
  assert(names !== undefined && fields !== undefined, 'a stored witness decodes');
  if (fields.status !== 'active') return undefined;
  const publicKey = fromHex(String(fields.publicKey));
  assert(publicKey !== undefined, 'its key is hex');
  return { name: String(names.name), type: 'cosignature', publicKey: asPublicKey(publicKey) };
}
