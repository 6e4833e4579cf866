/**
 * The hashes of all blocks before a snapshot: what the history root of its header commits to. Each
 * run of them comes with the path that shows it to begin this history and no other. What an earlier
 * life of the process kept is gone on with: the path of the first run behind it proves it, too.
 */
import type { Frontier, Hash } from '@daybook/core';
import {
  appendFrontier,
  emptyFrontier,
  equalBytes,
  frontierRoot,
  LIMITS,
  leafHash,
  ok,
  verifyConsistency,
} from '@daybook/core';
import type { Disk } from '@daybook/state';
import { continueEarlierHashes, createEarlierHashes, openEarlierHashes } from '@daybook/state';
import type { Logger } from '../log.ts';
import type { Snapshot } from './snapshot.ts';
import type { Sources, Verdict } from './sources.ts';
import { forged } from './sources.ts';
import { decodeHashes } from './wire.ts';

export interface HashesParts {
  readonly disk: Disk;
  readonly sources: Sources;
  readonly logger: Logger;
  /** Told how many are there. */
  readonly onProgress: (count: number) => void;
  /** Gives the event loop back. */
  readonly breathe: () => Promise<void>;
}

interface Run {
  readonly hashes: readonly Hash[];
  readonly frontier: Frontier;
}

/** What shows that hashes in hand and a run behind them do not begin the history. */
const OTHER_HISTORY = 'hashes of another history';

/**
 * @param before     what the run follows
 * @param isDoubted  nothing has shown yet that `before` is right, so nobody is blamed for what may
 *                   be its fault: the judgement is OTHER_HISTORY then
 */
function judgeRun(
  bytes: Uint8Array,
  before: { readonly frontier: Frontier; readonly isDoubted: boolean },
  { header }: Snapshot,
): Verdict<Run | typeof OTHER_HISTORY> {
  const served = decodeHashes(bytes);
  if (!served.ok) return forged(served.reason.code);
  const { hashes, path } = served.value;
  const wanted = Math.min(LIMITS.snapshotHashesMax, header.height - before.frontier.size);
  if (hashes.length !== wanted) return forged('not as many hashes as were asked for');
  let { frontier } = before;
  for (const hash of hashes) frontier = appendFrontier(frontier, leafHash(hash));
  const isBeginning = verifyConsistency({
    smallerSize: frontier.size,
    largerSize: header.height,
    smallerRoot: frontierRoot(frontier),
    largerRoot: header.historyRoot,
    path,
  });
  if (isBeginning) return ok({ hashes, frontier });
  return before.isDoubted ? ok(OTHER_HISTORY) : forged(OTHER_HISTORY);
}

/**
 * Writes the hashes beside the blocks that are to come, behind those that are there already; should
 * these turn out to be wrong, all are fetched anew.
 * @param blocks  directory of the block log
 * @returns       whether all are there; false when no peer gave the next ones
 */
export async function fetchHashes(
  snapshot: Snapshot,
  blocks: string,
  parts: HashesParts,
): Promise<boolean> {
  const kept = await frontierOfKept(snapshot, blocks, parts);
  const outcome = await fetchBehind(kept, { snapshot, blocks }, parts);
  if (outcome !== OTHER_HISTORY) return outcome === 'whole';
  parts.logger.warn('begun again', { reason: OTHER_HISTORY, count: kept.size });
  return (await fetchBehind(emptyFrontier(), { snapshot, blocks }, parts)) === 'whole';
}

/** What lies there from height 0 on, as far as checksums hold: a torn end is not gone on with. */
async function frontierOfKept(
  { header }: Snapshot,
  blocks: string,
  { disk, breathe }: HashesParts,
): Promise<Frontier> {
  let frontier = emptyFrontier();
  const earlier = openEarlierHashes(blocks, disk);
  if (earlier === undefined) return frontier;
  try {
    for (const hash of earlier.sound()) {
      if (frontier.size === header.height) break;
      frontier = appendFrontier(frontier, leafHash(hash));
      if (frontier.size % HASHES_IN_A_ROW === 0) await breathe();
    }
    return frontier;
  } finally {
    earlier.close();
  }
}

interface Target {
  readonly snapshot: Snapshot;
  readonly blocks: string;
}

/** @param kept  of the hashes in the file; nothing has shown yet that they are of this history */
async function fetchBehind(
  kept: Frontier,
  { snapshot, blocks }: Target,
  { disk, sources, onProgress }: HashesParts,
): Promise<'whole' | 'unanswered' | typeof OTHER_HISTORY> {
  const { height, historyRoot } = snapshot.header;
  const writer =
    kept.size === 0
      ? createEarlierHashes(blocks, disk)
      : continueEarlierHashes(blocks, disk, kept.size);
  let frontier = kept;
  while (frontier.size < height) {
    onProgress(frontier.size);
    const before = { frontier, isDoubted: frontier === kept && kept.size > 0 };
    const question = { kind: 'hashes', height, from: frontier.size } as const;
    const run = await sources.ask(question, (bytes) => judgeRun(bytes, before, snapshot));
    if (run === undefined || run === OTHER_HISTORY) {
      await writer.finish();
      return run ?? 'unanswered';
    }
    writer.append(run.hashes);
    await writer.sync();
    frontier = run.frontier;
  }
  await writer.finish();
  onProgress(frontier.size);
  return equalBytes(frontierRoot(frontier), historyRoot) ? 'whole' : OTHER_HISTORY;
}

/** About 5 ms of hashing. */
const HASHES_IN_A_ROW = 2048;

/**
 * Root of the history tree over the first blocks; undefined unless so many hashes are there.
 * @param newest  hash of the last of them, where the file ends before it
 */
export async function rootOfFirst(
  count: number,
  blocks: string,
  { disk, breathe }: Pick<HashesParts, 'disk' | 'breathe'>,
  newest?: Hash,
): Promise<Hash | undefined> {
  const earlier = openEarlierHashes(blocks, disk);
  if (earlier === undefined) return undefined;
  try {
    let frontier = emptyFrontier();
    for (let height = 0; height < count; height++) {
      const hash = earlier.at(height) ?? (height === count - 1 ? newest : undefined);
      if (hash === undefined) return undefined;
      frontier = appendFrontier(frontier, leafHash(hash));
      if (height % HASHES_IN_A_ROW === 0) await breathe();
    }
    return frontierRoot(frontier);
  } finally {
    earlier.close();
  }
}
