/**
 * Proofs of versions whose state is no longer kept (spec S-12): the result of the transaction that
 * wrote one, the path of that result in its block, and that of the block under a recent header.
 */
import type { Height, RecordKey } from '@daybook/core';
import {
  decodeBlock,
  encodeHeader,
  encodeVersionBundle,
  equalBytes,
  inclusionProof,
  leafHash,
  treeKeyOf,
} from '@daybook/core';
import type { FinalBlock } from '@daybook/state';
import type { History } from '../api/ports.ts';
import { decodeStoredResult } from '../ledger/stored-result.ts';
import type { ProofParts } from './proofs.ts';
import { frameOf } from './proofs.ts';

export interface VersionParts extends ProofParts {
  /** The tree over all block hashes. */
  readonly history: Pick<History, 'inclusion'>;
}

/**
 * The proof of the version of a record that was in force at a height, under the head.
 * @returns undefined where this node no longer has the version, or genesis wrote it
 * @throws  NodeError as `buildProofBundle`
 */
export async function buildVersionBundle(
  recordKey: RecordKey,
  { height, head }: { readonly height: Height; readonly head: Height },
  parts: VersionParts,
): Promise<Uint8Array | undefined> {
  const options = { limit: 1, before: height + 1 };
  const [version] = await parts.stateStore.history(recordKey, options);
  if (version === undefined) return undefined;
  const block = await parts.blocks.readBlock(version.height);
  const written = block && writeIn(block, recordKey);
  const history = await parts.history.inclusion(version.height, head);
  const frame = await frameOf(recordKey.set, head, parts);
  if (written === undefined || history === undefined || frame === undefined) return undefined;
  const { value } = version;
  const claim = { recordKey, history, ...written, ...(value && { value }) };
  return encodeVersionBundle({ ...frame, version: claim });
}

/** The last result of a block that wrote a record, with its path. */
function writeIn(stored: FinalBlock, recordKey: RecordKey) {
  const block = decodeBlock(stored.bytes);
  if (!block.ok) return undefined;
  const treeKey = treeKeyOf(recordKey);
  const results = stored.results.map(decodeStoredResult);
  const index = results.findLastIndex(({ result }) =>
    result.writes.some((write) => equalBytes(write.treeKey, treeKey)),
  );
  const result = results[index]?.leaf;
  if (result === undefined) return undefined;
  const leaves = results.map(({ leaf }) => leafHash(leaf));
  const place = { index, size: leaves.length, path: inclusionProof(leaves, index) };
  return { header: encodeHeader(block.value.header), result, place };
}
