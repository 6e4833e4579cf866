/** The nodes that the directory of the own head announces: read as a list, since peers are few. */
import type { Manifest, ManifestRecord } from '@daybook/contracts';
import { decodeRecord, keyToJson } from '@daybook/contracts';
import type { RecordKey } from '@daybook/core';
import { assert } from '@daybook/core';
import type { StateStore } from '@daybook/state';
import type { DirectoryNode } from './peers.ts';

/** A record set by its name in the manifest. */
export function recordSetNamed(manifest: Manifest, contract: string, name: string): ManifestRecord {
  const found = manifest.contracts.find((one) => one.name === contract)?.records[name];
  assert(found !== undefined, `the manifest has ${contract}.${name}`);
  return found;
}

/** The record set at the head of a tree key. */
export function setOf(treeKey: Uint8Array): number {
  return new DataView(treeKey.buffer, treeKey.byteOffset, 4).getUint32(0);
}

const PAGE = 500;
/** More lines than the network's admission table takes. */
const NODES_MAX = 1000;

/** @returns active nodes of the directory at the newest state, in key order */
export async function readDirectoryNodes(
  stateStore: StateStore,
  record: ManifestRecord,
): Promise<readonly DirectoryNode[]> {
  const nodes: DirectoryNode[] = [];
  let after: RecordKey | undefined;
  while (nodes.length < NODES_MAX) {
    const options = { limit: PAGE, ...(after && { after }) };
    const page = await stateStore.list({ set: record.set }, options);
    for (const { key, value } of page) {
      const node = nodeOf(record, key, value);
      if (node !== undefined) nodes.push(node);
      after = key;
    }
    if (page.length < PAGE) break;
  }
  return nodes;
}

function nodeOf(
  record: ManifestRecord,
  key: RecordKey,
  value: Uint8Array,
): DirectoryNode | undefined {
  const names = keyToJson(record, key.key);
  const fields = decodeRecord(record, value)?.fields;
  assert(names !== undefined && fields !== undefined, 'a stored node record decodes');
  if (fields.status !== 'active') return undefined;
  const { organisation, peerId } = names;
  const addresses = fields.addresses;
  assert(typeof organisation === 'string' && typeof peerId === 'string', 'its key is two texts');
  assert(Array.isArray(addresses), 'its addresses are a list');
  return {
    organisation,
    peerId,
    addresses: addresses.map(String),
    isValidator: fields.role === 'validator',
  };
}
