/**
 * What this node gives to one that joins (spec N-14): pinned versions of its state in ranges, and
 * what shows them to be final. Every answer is bounded and read in one go of a few milliseconds.
 */
import type { Hash, Height } from '@daybook/core';
import { assertNever, decodeBlock, encodeHeader, LIMITS } from '@daybook/core';
import type { BlockLog, StateStore } from '@daybook/state';
import { StateError } from '@daybook/state';
import type { History } from '../api/ports.ts';
import type { BlockReader } from '../archive/block-reader.ts';
import { NodeError } from '../errors.ts';
import type { FoundDamage } from '../found-damage.ts';
import { decodeStoredResult } from '../ledger/stored-result.ts';
import type { KnownSet } from '../reads/proofs.ts';
import { changesUpTo } from '../reads/proofs.ts';
import type { ServedBlock, SnapshotQuestion } from './wire.ts';
import { decodeQuestion, encodeBlocks, encodeHashes, encodeOffer, encodeRecords } from './wire.ts';

export interface SnapshotServiceParts {
  readonly blockLog: BlockLog;
  /** Older blocks come from the archive: whoever joins asks for headers down to genesis. */
  readonly blocks: Pick<BlockReader, 'readBlock'>;
  readonly stateStore: StateStore;
  readonly history: History;
  /** Sets after genesis's, ascending. */
  readonly laterSets: () => readonly KnownSet[];
  /** Heights that are offered, ascending. */
  readonly heights: () => readonly Height[];
  readonly damage: Pick<FoundDamage, 'note'>;
  /** A snapshot is being fetched. */
  readonly onUse: (height: Height) => void;
}

/** Room for certificate, lengths and results of one block. */
const SERVED_OVERHEAD_BYTES = 4096;

/**
 * The handler of request `snapshot`.
 * @returns undefined for what is malformed, or is not here
 */
export function createSnapshotService(
  parts: SnapshotServiceParts,
): (request: Uint8Array) => Promise<Uint8Array | undefined> {
  return async (request) => {
    const question = decodeQuestion(request);
    if (!question.ok) return undefined;
    try {
      return await answer(question.value, parts);
    } catch (error) {
      // Let go of while it was read: as if it had never been here.
      const isGone = error instanceof StateError && error.code === 'STATE_VERSION_PRUNED';
      // An archive that is away: the reader has told the operator.
      const isAway = error instanceof NodeError;
      if (isGone || isAway || parts.damage.note(error)) return undefined;
      throw error;
    }
  };
}

async function answer(
  question: SnapshotQuestion,
  parts: SnapshotServiceParts,
): Promise<Uint8Array | undefined> {
  switch (question.kind) {
    case 'offer':
      return await offer(question.height, parts);
    case 'hashes':
      return await hashes(question, parts);
    case 'records':
      return records(question, parts);
    case 'header':
      return await header(question.height, parts);
    case 'blocks':
      return await range(question, parts);
    default:
      return assertNever(question);
  }
}

async function offer(wanted: Height, parts: SnapshotServiceParts): Promise<Uint8Array | undefined> {
  const { blockLog, blocks, stateStore, heights, laterSets, onUse } = parts;
  const height = wanted === 0 ? heights().at(-1) : heights().find((one) => one === wanted);
  const stored = height === undefined ? undefined : await blocks.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  if (height === undefined || stored === undefined || block?.ok !== true) return undefined;
  onUse(height);
  return encodeOffer({
    header: encodeHeader(block.value.header),
    certificate: stored.certificate,
    changes: changesUpTo(laterSets(), height, blockLog),
    records: stateStore.figures().records,
  });
}

async function hashes(
  { height, from }: Extract<SnapshotQuestion, { kind: 'hashes' }>,
  { blockLog, history }: SnapshotServiceParts,
): Promise<Uint8Array | undefined> {
  const head = blockLog.head();
  if (head === undefined || height > head.height || from >= height) return undefined;
  const end = Math.min(height, from + LIMITS.snapshotHashesMax);
  const found: Hash[] = [];
  for (let at = from; at < end; at++) {
    const hash = blockLog.blockHashAt(at);
    if (hash === undefined) return undefined;
    found.push(hash);
  }
  const path = await history.consistency(end, height);
  return path && encodeHashes({ hashes: found, path });
}

function records(
  { height, from }: Extract<SnapshotQuestion, { kind: 'records' }>,
  { stateStore, heights, onUse }: SnapshotServiceParts,
): Uint8Array | undefined {
  if (!heights().includes(height)) return undefined;
  onUse(height);
  return recordsFrom(stateStore, { height, from });
}

/**
 * One answer to the question `records`.
 * @param range.from  tree key to begin at; the beginning when it is empty or left out
 * @throws StateError STATE_VERSION_PRUNED, STATE_DAMAGED
 */
export function recordsFrom(
  stateStore: Pick<StateStore, 'proveRange'>,
  { height, from }: { readonly height: Height; readonly from: Uint8Array | undefined },
): Uint8Array {
  const found = stateStore.proveRange('all', {
    height,
    limit: LIMITS.snapshotRecordsMax,
    bytesMax: LIMITS.snapshotBytesMax,
    ...(from !== undefined && from.length > 0 && { from }),
  });
  return encodeRecords(found);
}

async function header(
  height: Height,
  { blocks }: SnapshotServiceParts,
): Promise<Uint8Array | undefined> {
  const stored = await blocks.readBlock(height);
  const block = stored && decodeBlock(stored.bytes);
  return block?.ok === true ? encodeHeader(block.value.header) : undefined;
}

async function range(
  { from, count }: Extract<SnapshotQuestion, { kind: 'blocks' }>,
  { blocks }: SnapshotServiceParts,
): Promise<Uint8Array | undefined> {
  const served: ServedBlock[] = [];
  let bytes = 0;
  for (let height = from; height < from + Math.min(count, LIMITS.rangeBlocksMax); height++) {
    const stored = height === 0 ? undefined : await blocks.readBlock(height);
    if (stored === undefined) break;
    const leaves = stored.results.map((result) => decodeStoredResult(result).leaf);
    const size = leaves.reduce((sum, leaf) => sum + leaf.length + 4, stored.bytes.length);
    bytes += size + SERVED_OVERHEAD_BYTES;
    if (bytes > LIMITS.rangeBytesMax) break;
    served.push({ block: stored.bytes, certificate: stored.certificate, leaves });
  }
  return served.length === 0 ? undefined : encodeBlocks(served);
}
