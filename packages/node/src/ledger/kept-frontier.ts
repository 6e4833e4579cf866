/**
 * The frontier of the history tree on disk, so that a start need not hash every block there ever
 * was. Nothing rests on the file: the header of the head says what must come out, and with a file
 * that is lost, damaged or of another chain all blocks are hashed again.
 *
 *   FRONTIER = size u64 | peaks x 32
 */
import type { Frontier, Hash, Header, Height } from '@daybook/core';
import {
  appendFrontier,
  asHash,
  createWriter,
  decodeBinary,
  emptyFrontier,
  equalBytes,
  frontierRoot,
  leafHash,
} from '@daybook/core';
import type { Keepsakes } from '@daybook/state';

const NAME = 'frontier';
/** Blocks between two writings, and behind what is written: a start hashes twice as many at most. */
const INTERVAL = 4096;

/** What a frontier is made from. */
export interface FrontierSource {
  readonly kept: Keepsakes | undefined;
  /** @throws NodeError when there is no such block */
  readonly hashAt: (height: Height) => Hash;
}

/**
 * The frontier over all blocks before a header; undefined when it does not lead to the root that the
 * header names, however it is made.
 */
export function frontierBefore(
  header: Pick<Header, 'height' | 'historyRoot'>,
  source: FrontierSource,
): Frontier | undefined {
  const starts = [readKept(source.kept), emptyFrontier()];
  for (const start of starts) {
    if (start === undefined || start.size > header.height) continue;
    const frontier = grow(start, header.height, source);
    if (equalBytes(frontierRoot(frontier), header.historyRoot)) return frontier;
  }
  return undefined;
}

function grow(start: Frontier, size: number, { hashAt }: FrontierSource): Frontier {
  let frontier = start;
  while (frontier.size < size) {
    frontier = appendFrontier(frontier, leafHash(hashAt(frontier.size)));
  }
  return frontier;
}

/** A history that grows. */
export interface GrowingHistory {
  /** Over all blocks before the one that the ledger was opened at. */
  readonly opened: Frontier;
  /** Over all blocks up to the head. */
  readonly frontier: () => Frontier;
  /** Calls after each block. */
  readonly onBlock: (listener: () => void) => void;
}

/**
 * Writes the frontier now, if that saves anything, and then every few thousand blocks: always an
 * earlier one, since the next start may find the state some blocks behind, or not one block further.
 */
export async function keepFrontiers(
  { opened, frontier, onBlock }: GrowingHistory,
  kept: Keepsakes | undefined,
): Promise<void> {
  if (kept === undefined) return;
  const known = readKept(kept)?.size ?? 0;
  const isUseful = known <= opened.size && opened.size - known < INTERVAL;
  if (!isUseful) await kept.keep({ name: NAME, bytes: encode(opened) });
  let earlier = opened;
  onBlock(() => {
    const grown = frontier();
    if (grown.size % INTERVAL !== 0) return;
    // A disk that fails here fails the next block, too, which stops the node and says why.
    kept.keep({ name: NAME, bytes: encode(earlier) }).catch(() => undefined);
    earlier = grown;
  });
}

function readKept(kept: Keepsakes | undefined): Frontier | undefined {
  const found = kept?.find(NAME);
  return found && decode(found.bytes);
}

function encode({ size, peaks }: Frontier): Uint8Array {
  const writer = createWriter();
  writer.u64(size);
  for (const peak of peaks) writer.raw(peak);
  return writer.finish();
}

function decode(bytes: Uint8Array): Frontier | undefined {
  const peakCount = Math.floor((bytes.length - 8) / 32);
  const decoded = decodeBinary(bytes, 'frontier', (reader) => {
    const size = reader.u64();
    return { size, peaks: Array.from({ length: peakCount }, () => asHash(reader.raw(32))) };
  });
  const isWhole = decoded.ok && bitCount(decoded.value.size) === peakCount;
  return isWhole ? decoded.value : undefined;
}

function bitCount(size: number): number {
  return size.toString(2).replaceAll('0', '').length;
}
