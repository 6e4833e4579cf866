/**
 * The block log shrinks: full segments older than what the node wants to keep are removed, once the
 * archive lists them and was read and holds the same bytes. The list tells an archive from a folder
 * that only has the same blocks: from the one of this node itself, behind a web server. Segments at a change of the validator set stay, because
 * every proof, and that of a fork at once, needs the block before the change; those with the block of
 * a pinned height, whose state is proven and offered; and those that whoever joins by the oldest
 * offered height asks for.
 */
import { createHash } from 'node:crypto';
import type { Height } from '@daybook/core';
import { decodeBlock, equalBytes, PARAMETERS } from '@daybook/core';
import type { BlockLog, SealedSegment, StateStore } from '@daybook/state';
import type { Clock } from '../clock.ts';
import { NodeError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Logger } from '../log.ts';
import type { MetricsSink } from '../metrics.ts';
import type { KnownSet } from '../reads/proofs.ts';
import type { ArchivedFile } from './archive-files.ts';
import { MANIFEST_FILE, readManifest } from './archive-files.ts';
import type { ArchiveSource } from './archive-source.ts';
import { readWhole } from './archive-source.ts';

export interface TrimParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  readonly ledger: Pick<Ledger, 'head'>;
  readonly blockLog: Pick<BlockLog, 'sealed' | 'release' | 'readBlock'>;
  readonly stateStore: Pick<StateStore, 'pins'>;
  readonly laterSets: () => readonly KnownSet[];
  /** The folder of the block log. */
  readonly own: ArchiveSource;
  /** Absent: everything stays here. */
  readonly archive: ArchiveSource | undefined;
}

export interface Trimmer {
  /** Waits for the piece that is being read, or the segment that is being removed. */
  stop(): Promise<void>;
}

const EVERY_MS = 60_000;
/** A start checks the links of so many headers, so whoever joins fetches them. */
export const JOIN_BLOCKS_MIN = 100;
const CHUNK_BYTES = 1024 * 1024;
/** Of hundreds of millions of blocks. */
const LIST_BYTES_MAX = 256 * CHUNK_BYTES;

/** @param keepBlocks  newest blocks that stay; undefined for all */
export function startTrimmer(keepBlocks: number | undefined, parts: TrimParts): Trimmer {
  const { clock, logger } = parts;
  let isStopped = false;
  const archive = parts.archive && stoppable(parts.archive, () => isStopped);
  let cancel = (): void => undefined;
  const pass = async (): Promise<void> => {
    measure(parts);
    if (keepBlocks === undefined || archive === undefined) return;
    const segments = removable(parts.blockLog.sealed(), {
      below: parts.ledger.head().header.height - keepBlocks + 1,
      needed: [...parts.laterSets().map(({ from }) => from - 1), ...parts.stateStore.pins()],
      isInReach: reachOfJoiners(parts),
    });
    if (segments.length === 0) return;
    const files = await listIn(archive);
    for (const segment of segments) {
      const listed = files.find(({ name }) => name === segment.name);
      if (isStopped || !(await moveAway({ ...segment, listed }, archive, parts))) return;
    }
  };
  const run = (): Promise<void> =>
    pass()
      .catch((error: unknown) => {
        if (isStopped) return;
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn('block log not trimmed', { reason });
      })
      .then(() => {
        if (!isStopped) cancel = clock.schedule(EVERY_MS, () => (running = run()));
      });
  let running = run();
  return {
    stop: async () => {
      isStopped = true;
      cancel();
      await running;
    },
  };
}

/** A slow archive takes minutes over a list or a segment: reading ends with the piece at hand. */
function stoppable(source: ArchiveSource, isStopped: () => boolean): ArchiveSource {
  return {
    name: source.name,
    read: async (...place) => {
      if (isStopped()) throw new Error('trimming was stopped');
      return await source.read(...place);
    },
  };
}

/** Segments that may go, oldest first. */
export function removable(
  segments: readonly SealedSegment[],
  { below, needed, isInReach }: Wanted,
): readonly SealedSegment[] {
  return segments.filter(
    ({ first, last, size }) =>
      size !== undefined &&
      last < below &&
      !needed.some((height) => height >= first && height <= last) &&
      !isInReach(last),
  );
}

/** What of older segments stays. */
interface Wanted {
  /** Newer ones stay whole. */
  readonly below: Height;
  /** Single blocks that must be here. */
  readonly needed: readonly Height[];
  /** Whether a block is still asked for by those who join. */
  readonly isInReach: (height: Height) => boolean;
}

/** Blocks below the oldest offered height in which a transaction of theirs may still be valid. */
export function reachOfJoiners({
  blockLog,
  stateStore,
}: Pick<TrimParts, 'blockLog' | 'stateStore'>): Wanted['isInReach'] {
  const timeOf = (height: Height): number | undefined => {
    const stored = blockLog.readBlock(height);
    const block = stored && decodeBlock(stored.bytes);
    return block?.ok === true ? block.value.header.timestampMs : undefined;
  };
  const [oldest] = stateStore.pins('snapshots');
  const offeredMs = oldest === undefined ? undefined : timeOf(oldest);
  if (oldest === undefined || offeredMs === undefined) return () => false;
  const sinceMs = offeredMs - PARAMETERS.validityMaxMs.max;
  return (height) => height > oldest - JOIN_BLOCKS_MIN || (timeOf(height) ?? 0) >= sinceMs;
}

function measure({ blockLog, metrics }: TrimParts): void {
  const bytes = blockLog.sealed().reduce((sum, { size = 0 }) => sum + size, 0);
  metrics.set('daybook_node_block_log_bytes', bytes);
}

/** What an archive says it holds. @throws NodeError NODE_ARCHIVE_AWAY, NODE_ARCHIVE_DAMAGED */
async function listIn(archive: ArchiveSource): Promise<readonly ArchivedFile[]> {
  const bytes = await readWhole(MANIFEST_FILE, LIST_BYTES_MAX, archive);
  const manifest = readManifest(new TextDecoder().decode(bytes));
  if (manifest !== 'damaged') return manifest.files;
  const detail = `${archive.name}: ${MANIFEST_FILE} is no list of an archive.`;
  throw new NodeError('NODE_ARCHIVE_DAMAGED', { detail });
}

interface Candidate extends SealedSegment {
  /** What the archive says of it. */
  readonly listed: ArchivedFile | undefined;
}

/** @returns whether it was moved, so that the next may be looked at */
async function moveAway(
  segment: Candidate,
  archive: ArchiveSource,
  parts: TrimParts,
): Promise<boolean> {
  const { logger, blockLog, own } = parts;
  const { name, first, last, size = 0 } = segment;
  const hindrance = await hindranceOf(segment, [own, archive]);
  if (hindrance !== undefined) {
    logger.warn('segment not archived', {
      segment: name,
      archive: archive.name,
      reason: hindrance,
    });
    return false;
  }
  if (!(await blockLog.release(first))) return false;
  measure(parts);
  logger.info('segment moved to the archive', { segment: name, first, last, size });
  return true;
}

/** Why a segment must stay; undefined when the archive lists and holds it. */
async function hindranceOf(
  { name, size = 0, listed }: Candidate,
  [own, other]: readonly [ArchiveSource, ArchiveSource],
): Promise<string | undefined> {
  if (listed === undefined) return `${MANIFEST_FILE} does not list it`;
  const hash = createHash('sha256');
  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const length = Math.min(CHUNK_BYTES, size - offset);
    const mine = await own.read(name, offset, length);
    if (mine.length < length || !equalBytes(mine, await other.read(name, offset, length))) {
      return 'it has other bytes there';
    }
    hash.update(mine);
  }
  const isSame = listed.size === size && listed.sha256 === hash.digest('hex');
  return isSame ? undefined : `${MANIFEST_FILE} lists it with another size or hash`;
}
