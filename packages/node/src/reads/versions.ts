/**
 * Proofs of versions whose state is no longer kept (spec S-12): the result of the transaction that
 * wrote one, the path of that result in its block, and that of the block under a recent header. What
 * genesis wrote is proven by its state, which is made again from the document.
 */
import type { Header, Height, RecordKey } from '@daybook/core';
import {
  decodeBlock,
  encodeHeader,
  encodeVersionBundle,
  equalBytes,
  inclusionProof,
  leafHash,
  treeKeyOf,
} from '@daybook/core';
import type { FinalBlock, StateStore } from '@daybook/state';
import type { History } from '../api/ports.ts';
import { decodeStoredResult } from '../ledger/stored-result.ts';
import type { FoundingState } from './founding-state.ts';
import type { ProofParts } from './proofs.ts';
import { frameOf } from './proofs.ts';

export interface VersionParts extends ProofParts {
  /** The tree over all block hashes. */
  readonly history: Pick<History, 'inclusion'>;
  readonly founding: FoundingState;
  /** Versions of a record, newest first. */
  readonly versionsOf: StateStore['history'];
}

/**
 * The proof of the version of a record that was in force at a height, under the head.
 * @returns undefined where this node no longer has the version, or the block that wrote it
 * @throws  NodeError as `buildProofBundle`
 */
export async function buildVersionBundle(
  recordKey: RecordKey,
  { height, head }: { readonly height: Height; readonly head: Height },
  parts: VersionParts,
): Promise<Uint8Array | undefined> {
  const options = { limit: 1, before: height + 1 };
  const [version] = await parts.versionsOf(recordKey, options);
  if (version === undefined) return undefined;
  const block = await parts.blocks.readBlock(version.height);
  const written = block && (await writtenIn(block, recordKey, parts));
  const history = await parts.history.inclusion(version.height, head);
  const frame = await frameOf(recordKey.set, head, parts);
  if (written === undefined || history === undefined || frame === undefined) return undefined;
  const { value } = version;
  const claim = { recordKey, history, ...written, ...(value && { value }) };
  return encodeVersionBundle({ ...frame, version: claim });
}

/** What shows that a block wrote a record. */
async function writtenIn(stored: FinalBlock, recordKey: RecordKey, { founding }: VersionParts) {
  const block = decodeBlock(stored.bytes);
  if (!block.ok) return undefined;
  if (stored.height > 0) return resultOf(stored, block.value.header, recordKey);
  const proof = await founding.prove(recordKey);
  return { header: encodeHeader(block.value.header), proof };
}

/** The last result of a block that wrote a record, with its path. */
function resultOf(stored: FinalBlock, header: Header, recordKey: RecordKey) {
  const treeKey = treeKeyOf(recordKey);
  const results = stored.results.map(decodeStoredResult);
  const index = results.findLastIndex(({ result }) =>
    result.writes.some((write) => equalBytes(write.treeKey, treeKey)),
  );
  const result = results[index]?.leaf;
  if (result === undefined) return undefined;
  const leaves = results.map(({ leaf }) => leafHash(leaf));
  const place = { index, size: leaves.length, path: inclusionProof(leaves, index) };
  return { header: encodeHeader(header), result, place };
}
