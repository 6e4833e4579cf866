/**
 * The newest blocks up to a snapshot, with their certificates and results: as far back as a
 * transaction may have been included that is still valid, so that the node knows what it must not
 * include again before it signs; and so many as a start checks. They are not executed: the hash of
 * each is known, and its header commits to the rest.
 */
import type { Block, BodyEntry, Hash, Header, Height, TimestampMs } from '@daybook/core';
import {
  blockHash,
  decodeBlock,
  decodeBodyEntry,
  decodeHeader,
  equalBytes,
  LIMITS,
  ok,
  refOf,
  resultRoot,
  transactionRoot,
} from '@daybook/core';
import type { Disk, FinalBlock } from '@daybook/state';
import { openBlockLog, openEarlierHashes } from '@daybook/state';
import { JOIN_BLOCKS_MIN } from '../archive/trim.ts';
import { isCertified } from '../ledger/certified.ts';
import { encodeStoredResult } from '../ledger/stored-result.ts';
import type { Snapshot } from './snapshot.ts';
import type { Sources, Verdict } from './sources.ts';
import { forged } from './sources.ts';
import type { ServedBlock } from './wire.ts';
import { decodeBlocks } from './wire.ts';

export interface BlocksParts {
  readonly disk: Disk;
  readonly sources: Sources;
  /** Told how many are there, of how many. */
  readonly onProgress: (done: number, total: number) => void;
}

type HashAt = (height: Height) => Hash | undefined;

/**
 * Appends the blocks to a log of their own, going on where an earlier attempt stopped.
 * @param plan.windowMs  how far back, in block time
 * @returns              whether all are there; false when no peer gave the next ones
 */
export async function fetchBlocks(
  snapshot: Snapshot,
  plan: { readonly directory: string; readonly windowMs: number },
  { disk, sources, onProgress }: BlocksParts,
): Promise<boolean> {
  const { directory } = plan;
  const last = snapshot.header.height;
  const earlier = openEarlierHashes(directory, disk);
  const log = await openBlockLog({ directory }, { disk });
  const hashAt: HashAt = (height) => (height === last ? snapshot.hash : earlier?.at(height));
  try {
    const sinceMs = snapshot.header.timestampMs - plan.windowMs;
    const first = log.firstHeight() ?? (await findFirst(snapshot, sinceMs, { sources, hashAt }));
    if (first === undefined) return false;
    for (let from = (log.head()?.height ?? first - 1) + 1; from <= last; ) {
      const count = Math.min(LIMITS.rangeBlocksMax, last - from + 1);
      const at = from;
      const blocks = await sources.ask({ kind: 'blocks', from: at, count }, (bytes) =>
        judgeBlocks(bytes, { from: at, count }, { snapshot, hashAt }),
      );
      if (blocks === undefined) return false;
      await log.appendRange(blocks);
      from += blocks.length;
      onProgress(from - first, last - first + 1);
    }
    return true;
  } finally {
    earlier?.close();
    await log.close();
  }
}

interface Lookup {
  readonly sources: Sources;
  readonly hashAt: HashAt;
}

/** The first height to bring, found by halving: times of blocks grow. */
async function findFirst(
  { header }: Snapshot,
  sinceMs: TimestampMs,
  lookup: Lookup,
): Promise<Height | undefined> {
  let [low, high] = [1, header.height];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await fetchHeader(middle, lookup);
    if (found === undefined) return undefined;
    if (found.timestampMs >= sinceMs) high = middle;
    else low = middle + 1;
  }
  return Math.max(1, Math.min(low, header.height - JOIN_BLOCKS_MIN));
}

/** A header whose hash is known. */
export async function fetchHeader(
  height: Height,
  { sources, hashAt }: Lookup,
): Promise<Header | undefined> {
  return await sources.ask({ kind: 'header', height }, (bytes) => {
    const header = decodeHeader(bytes);
    const hash = hashAt(height);
    const isIt = header.ok && hash !== undefined && equalBytes(blockHash(header.value), hash);
    return isIt ? ok(header.value) : forged('another header');
  });
}

export function judgeBlocks(
  bytes: Uint8Array,
  asked: { readonly from: Height; readonly count: number },
  known: { readonly snapshot: Pick<Snapshot, 'sets'>; readonly hashAt: HashAt },
): Verdict<readonly FinalBlock[]> {
  const served = decodeBlocks(bytes);
  if (!served.ok) return forged(served.reason.code);
  const { length } = served.value;
  if (length === 0 || length > asked.count) return forged('not the blocks that were asked for');
  const blocks: FinalBlock[] = [];
  for (const [index, one] of served.value.entries()) {
    const height = asked.from + index;
    const block = finalBlockOf(one, known.hashAt(height));
    if (block === undefined) return forged('another block');
    if (!isCertified(block, known.snapshot.sets.at(height))) return forged('certificate invalid');
    blocks.push(block);
  }
  return ok(blocks);
}

/** A served block as the log keeps it; undefined if anything is not what the hash commits to. */
function finalBlockOf(
  { block: bytes, certificate, leaves }: ServedBlock,
  hash: Hash | undefined,
): FinalBlock | undefined {
  const decoded = decodeBlock(bytes);
  if (!decoded.ok || hash === undefined) return undefined;
  const { header } = decoded.value;
  if (!equalBytes(blockHash(header), hash)) return undefined;
  const entries = entriesOf(decoded.value);
  if (entries === undefined || !equalBytes(resultRoot(leaves), header.resultRoot)) return undefined;
  return {
    height: header.height,
    blockHash: hash,
    timestampMs: header.timestampMs,
    certificate,
    // Facts of a refusal are hashed nowhere: nothing shows that those of a peer are true.
    results: leaves.map((leaf) => encodeStoredResult(leaf, undefined)),
    transactions: entries.map((entry) => ({
      id: refOf(entry).id,
      validUntilMs: validUntil(entry),
    })),
    bytes,
  };
}

function validUntil(entry: BodyEntry): TimestampMs {
  return entry.type === 'system' ? 0 : entry.transaction.body.validUntilMs;
}

/** The body, if it is the one that the header commits to. */
function entriesOf({ header, body }: Block): readonly BodyEntry[] | undefined {
  const entries = body.map(decodeBodyEntry).flatMap((entry) => (entry.ok ? [entry.value] : []));
  if (entries.length !== body.length) return undefined;
  return equalBytes(transactionRoot(entries.map(refOf)), header.txRoot) ? entries : undefined;
}
