/**
 * The hashes of all blocks before a snapshot: what the history root of its header commits to. Each
 * run of them comes with the path that shows it to begin this history and no other.
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
import { createEarlierHashes, openEarlierHashes } from '@daybook/state';
import type { Snapshot } from './snapshot.ts';
import type { Sources, Verdict } from './sources.ts';
import { forged } from './sources.ts';
import { decodeHashes } from './wire.ts';

export interface HashesParts {
  readonly disk: Disk;
  readonly sources: Sources;
  /** Told how many are there. */
  readonly onProgress: (count: number) => void;
  /** Gives the event loop back. */
  readonly breathe: () => Promise<void>;
}

interface Run {
  readonly hashes: readonly Hash[];
  readonly frontier: Frontier;
}

/** @param snapshot  whose header commits to heights 0 to one below its own */
function judgeRun(bytes: Uint8Array, before: Frontier, { header }: Snapshot): Verdict<Run> {
  const served = decodeHashes(bytes);
  if (!served.ok) return forged(served.reason.code);
  const { hashes, path } = served.value;
  const wanted = Math.min(LIMITS.snapshotHashesMax, header.height - before.size);
  if (hashes.length !== wanted) return forged('not as many hashes as were asked for');
  let frontier = before;
  for (const hash of hashes) frontier = appendFrontier(frontier, leafHash(hash));
  const isBeginning = verifyConsistency({
    smallerSize: frontier.size,
    largerSize: header.height,
    smallerRoot: frontierRoot(frontier),
    largerRoot: header.historyRoot,
    path,
  });
  return isBeginning ? ok({ hashes, frontier }) : forged('hashes of another history');
}

/**
 * Writes the hashes beside the blocks that are to come.
 * @param blocks  directory of the block log
 * @returns       whether all are there; false when no peer gave the next ones
 */
export async function fetchHashes(
  snapshot: Snapshot,
  blocks: string,
  parts: HashesParts,
): Promise<boolean> {
  const { disk, sources, onProgress } = parts;
  const { height, historyRoot } = snapshot.header;
  const before = await rootOfFirst(height, blocks, parts);
  if (before !== undefined && equalBytes(before, historyRoot)) return true;
  const writer = createEarlierHashes(blocks, disk);
  let frontier = emptyFrontier();
  while (frontier.size < height) {
    const from = frontier.size;
    const run = await sources.ask({ kind: 'hashes', height, from }, (bytes) =>
      judgeRun(bytes, frontier, snapshot),
    );
    if (run === undefined) break;
    writer.append(run.hashes);
    frontier = run.frontier;
    onProgress(frontier.size);
  }
  await writer.finish();
  return frontier.size === height;
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
