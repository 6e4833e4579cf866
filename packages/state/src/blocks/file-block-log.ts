/**
 * The block log on disk. Segments `blocks-<first height>.log` grow at the end only; when one is full
 * it is sealed, its index is written beside it, and the next begins. Opening reads the indexes of
 * sealed segments and scans the last one; a torn tail is cut off, damage anywhere else is named.
 */
import type { Hash, Height, TimestampMs } from '@daybook/core';
import { assert, equalBytes } from '@daybook/core';
import type { Disk } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { RangeEntry } from './block-group.ts';
import { groupsOf } from './block-group.ts';
import type {
  BlockLog,
  Candidate,
  FinalBlock,
  Finalisation,
  LogHead,
  RecentTransaction,
  SealedSegment,
} from './block-log.ts';
import { encodeCandidate, encodeFinalisation, encodeGroup, markRecord } from './block-record.ts';
import { openEarlierHashes } from './earlier-hashes.ts';
import type { FoundFiles, Segment, Tail } from './segment-files.ts';
import {
  checkContiguous,
  createTail,
  openMoved,
  openSealed,
  openTail,
  removeSegment,
  sealedFrom,
  sealedSegment,
  segmentFiles,
  segmentName,
  writeIndex,
} from './segment-files.ts';
import type { IndexedBlock } from './segment-index.ts';
import { latestValidUntil } from './segment-index.ts';
import type { BlockPlace } from './segment-read.ts';
import { finalisationIn, readBody, readRecord } from './segment-read.ts';
import type { Scan } from './segment-scan.ts';

export interface BlockLogOptions {
  readonly directory: string;
  /** A segment is sealed when it has grown to this; 64 MiB by default. */
  readonly segmentBytes?: number;
}

export interface BlockLogParts {
  readonly disk: Disk;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Bodies of one height that can be asked for; each was valid, and a round brings at most one. */
const CANDIDATE_BYTES_MAX = 64 * 1024 * 1024;

type HeldCandidate = Scan['open'][number];

/**
 * @throws StateError STATE_BLOCK_DAMAGED naming file and offset, STATE_BLOCK_GAP when segments do
 *   not follow one another, STATE_DISK_FAILED
 */
export async function openBlockLog(
  { directory, segmentBytes = SEGMENT_BYTES }: BlockLogOptions,
  { disk }: BlockLogParts,
): Promise<BlockLog> {
  disk.makeDirectory(directory);
  const files = segmentFiles(directory, disk);
  const sealed: Segment[] = [...openMoved(directory, disk)];
  for (const { path, first } of files.slice(0, -1)) {
    sealed.push(await openSealed(path, first, disk));
  }
  sealed.sort((a, b) => a.index.first - b.index.first);
  const last = files.at(-1);
  const tail = last && (await openTail(last.path, last.first, disk));
  checkContiguous(tail === undefined ? sealed : [...sealed, tail.tail]);
  const earlier = openEarlierHashes(directory, disk);
  const log = new SegmentedBlockLog({ directory, segmentBytes }, disk, { sealed, earlier });
  if (tail !== undefined) log.adopt(tail);
  return log;
}

class SegmentedBlockLog implements BlockLog {
  readonly #options: Required<BlockLogOptions>;
  readonly #disk: Disk;
  readonly #sealed: Segment[];
  readonly #earlier: FoundFiles['earlier'];
  #tail: Tail | undefined;
  /** Durable, of height head+1, oldest first. */
  #candidates: HeldCandidate[] = [];
  #isBroken = false;
  /** Writing is one at a time: at most one record is not durable, so that only the last can be torn. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: Required<BlockLogOptions>, disk: Disk, found: FoundFiles) {
    this.#options = options;
    this.#disk = disk;
    this.#sealed = [...found.sealed];
    this.#earlier = found.earlier;
  }

  /** Takes over the last segment as it was found. */
  adopt({ tail, open }: { readonly tail: Tail; readonly open: Scan['open'] }): void {
    this.#tail = tail;
    this.#candidates = [...open];
  }

  #segments(): readonly Segment[] {
    return this.#tail === undefined ? this.#sealed : [...this.#sealed, this.#tail];
  }

  head(): LogHead | undefined {
    const height = this.#headHeight();
    const block = height === undefined ? undefined : this.#locate(height)?.block;
    if (height === undefined || block === undefined) return undefined;
    return { height, blockHash: block.blockHash, timestampMs: block.timestampMs };
  }

  #headHeight(): Height | undefined {
    const last = this.#segments().findLast(({ index }) => index.count() > 0);
    return last && last.index.first + last.index.count() - 1;
  }

  firstHeight(): Height | undefined {
    return this.#segments().find(({ file, index }) => file && index.count() > 0)?.index.first;
  }

  #locate(height: Height): { segment: Segment; block: IndexedBlock } | undefined {
    const tail = this.#tail;
    const isInTail = tail !== undefined && tail.index.first <= height;
    const segment = isInTail ? tail : this.#sealed.findLast(({ index }) => index.first <= height);
    const block = segment?.index.at(height);
    return segment === undefined || block === undefined ? undefined : { segment, block };
  }

  /** As `#locate`, with the file; undefined for what was moved. */
  #locateHere(height: Height) {
    const found = this.#locate(height);
    if (found?.segment.file === undefined) return undefined;
    const { path, file } = found.segment;
    return { segment: { path, file }, block: found.block };
  }

  readFinalisation(height: Height): Finalisation | undefined {
    const found = this.#locateHere(height);
    if (found === undefined) return undefined;
    const { segment, block } = found;
    const record = readRecord(segment, block.finalOffset);
    return finalisationIn(record, { path: segment.path, ...block });
  }

  readBlock(height: Height): FinalBlock | undefined {
    const final = this.readFinalisation(height);
    const found = this.#locateHere(height);
    if (final === undefined || found === undefined) return undefined;
    const { segment, block } = found;
    return { ...final, bytes: readBody(segment, block.candidateOffset, final.blockHash) };
  }

  movedPlace(height: Height): BlockPlace | undefined {
    const found = this.#locate(height);
    if (found === undefined || found.segment.file !== undefined) return undefined;
    const { blockHash, candidateOffset: bodyOffset, finalOffset } = found.block;
    return { path: found.segment.path, height, blockHash, bodyOffset, finalOffset };
  }

  blockTimeAt(height: Height): TimestampMs | undefined {
    return this.#locate(height)?.block.timestampMs;
  }

  blockHashAt(height: Height): Hash | undefined {
    return this.#locate(height)?.block.blockHash ?? this.#earlier?.at(height);
  }

  heightOf(blockHash: Hash): Height | undefined {
    for (const { index } of this.#segments().toReversed()) {
      const height = index.findBlock(blockHash);
      if (height !== undefined) return height;
    }
    return undefined;
  }

  findTransaction(
    id: Parameters<BlockLog['findTransaction']>[0],
  ): ReturnType<BlockLog['findTransaction']> {
    for (const { index, file } of this.#segments().toReversed()) {
      const place = file && index.find(id);
      if (place === undefined) continue;
      const logged = this.readFinalisation(place.height)?.transactions[place.index];
      if (logged !== undefined && equalBytes(logged.id, id)) return place;
    }
    return undefined;
  }

  findMoved(id: Parameters<BlockLog['findMoved']>[0]): ReturnType<BlockLog['findMoved']> {
    const moved = this.#sealed.filter(({ file }) => file === undefined);
    return moved.map(({ index }) => index.find(id)).findLast((place) => place !== undefined);
  }

  recentTransactions(nowMs: number, windowMs: number): readonly RecentTransaction[] {
    const living = this.#segments().filter(({ index }) => index.latestValidUntil() > nowMs);
    return living.toReversed().flatMap((one) => [...this.#recentIn(one, nowMs, windowMs)]);
  }

  *#recentIn({ path, index }: Segment, nowMs: number, windowMs: number) {
    for (let height = index.first + index.count() - 1; height >= index.first; height--) {
      const block = index.at(height);
      if (block === undefined || block.timestampMs < nowMs - windowMs) return;
      if (block.validUntilMaxMs <= nowMs) continue;
      const final = this.readFinalisation(height);
      if (final === undefined) {
        // After a repair the head may be so old that transactions of a moved segment live again.
        throw new StateError({ code: 'STATE_BLOCK_GAP', path, from: height, to: height });
      }
      for (const { id, validUntilMs } of final.transactions) {
        if (validUntilMs > nowMs) yield { id, validUntilMs, height };
      }
    }
  }

  // --- segments that were moved ------------------------------------------------------------

  sealed(): readonly SealedSegment[] {
    return this.#sealed.map(sealedSegment);
  }

  release(first: Height): Promise<boolean> {
    return this.#inTurn(async () => {
      const at = this.#sealed.findIndex(({ index }) => index.first === first);
      const segment = this.#sealed[at];
      assert(segment?.file !== undefined, 'a sealed segment that is here is released');
      if (segment.index.latestValidUntil() > (this.head()?.timestampMs ?? 0)) return false;
      // No read can meet a closed file: from here on the segment is known as moved.
      this.#sealed[at] = { ...segment, file: undefined };
      await removeSegment(segment, this.#disk);
      return true;
    });
  }

  candidates(): readonly Hash[] {
    return this.#candidates.map(({ blockHash }) => blockHash);
  }

  readCandidate(blockHash: Hash): Uint8Array | undefined {
    const held = this.#heldCandidate(blockHash);
    if (held === undefined || this.#tail === undefined) return undefined;
    return readBody(this.#tail, held.offset, blockHash);
  }

  #heldCandidate(blockHash: Hash): HeldCandidate | undefined {
    return this.#candidates.find((held) => equalBytes(held.blockHash, blockHash));
  }

  appendCandidate(candidate: Candidate, keep: readonly Hash[] = []): Promise<void> {
    const { blockHash } = candidate;
    if (this.#heldCandidate(blockHash) !== undefined) return Promise.resolve();
    return this.#inTurn(async () => {
      if (this.#heldCandidate(blockHash) !== undefined) return;
      // A body of a height that is already decided is of no use to anybody.
      const head = this.#headHeight();
      if (head !== undefined && candidate.height !== head + 1) return;
      const tail = await this.#tailFor(candidate.height);
      const bytes = encodeCandidate(candidate);
      const offset = await this.#append(tail, bytes);
      this.#candidates.push({ blockHash, offset, size: bytes.length });
      this.#forgetOld(keep);
    });
  }

  /** Forgets the oldest bodies of this height beyond the limit, but never the newest or a lock's. */
  #forgetOld(keep: readonly Hash[]): void {
    let total = this.#candidates.reduce((sum, { size }) => sum + size, 0);
    this.#candidates = this.#candidates.filter(({ blockHash, size }, index, all) => {
      const needed = index === all.length - 1 || keep.some((hash) => equalBytes(hash, blockHash));
      if (needed || total <= CANDIDATE_BYTES_MAX) return true;
      total -= size;
      return false;
    });
  }

  // --- finality ----------------------------------------------------------------------------

  finalise(finalisation: Finalisation): Promise<void> {
    return this.#inTurn(async () => {
      const held = this.#heldCandidate(finalisation.blockHash);
      const tail = this.#tail;
      assert(held !== undefined && tail !== undefined, 'only a candidate becomes final');
      const finalOffset = await this.#append(tail, encodeFinalisation(finalisation));
      this.#note(tail, finalisation, { candidateOffset: held.offset, finalOffset });
    });
  }

  appendRange(blocks: readonly FinalBlock[]): Promise<void> {
    return this.#inTurn(async () => {
      for (const group of groupsOf(blocks)) await this.#appendGroup(group);
    });
  }

  /** Blocks in one write with one sync: after a crash all of them are there, or none. */
  async #appendGroup(group: readonly RangeEntry[]): Promise<void> {
    const [first] = group;
    if (first === undefined) return;
    const head = this.#headHeight();
    const follows = head === undefined || first.block.height === head + 1;
    assert(follows, 'a range goes on where the log ends');
    const tail = await this.#tailFor(first.block.height);
    const { bytes, offsets } = encodeGroup(group.flatMap(({ records }) => records));
    const at = await this.#append(tail, bytes);
    for (const [index, { block }] of group.entries()) {
      const [candidateOffset = 0, finalOffset = 0] = offsets.slice(2 * index).map((o) => at + o);
      this.#note(tail, block, { candidateOffset, finalOffset });
    }
  }

  #note(
    tail: Tail,
    { blockHash, timestampMs, transactions }: Finalisation,
    places: Pick<IndexedBlock, 'candidateOffset' | 'finalOffset'>,
  ): void {
    const validUntilMaxMs = latestValidUntil(transactions);
    tail.index.add({ blockHash, timestampMs, validUntilMaxMs, ...places }, transactions);
    this.#candidates = [];
  }

  // --- writing -----------------------------------------------------------------------------

  /** Runs after what is under way; a failure is the caller's and does not stop later ones. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }

  /**
   * The segment for a record of this height: a new one when the last is full and no body of the
   * height is in it yet.
   */
  async #tailFor(height: Height): Promise<Tail> {
    const tail = this.#tail;
    const isFull = tail !== undefined && tail.end >= this.#options.segmentBytes;
    if (tail !== undefined && (!isFull || this.#candidates.length > 0)) return tail;
    if (tail !== undefined) await writeIndex(tail.path, tail.index, this.#disk);
    const path = joinPath(this.#options.directory, segmentName(height));
    const fresh = createTail(path, height, this.#disk.createFile(path));
    // From here on its index is read from its file, when it is asked for.
    if (tail !== undefined) this.#sealed.push(sealedFrom(tail, this.#disk));
    this.#tail = fresh;
    await this.#sync(fresh);
    await this.#disk.syncDirectory(this.#options.directory);
    return fresh;
  }

  /** Writes a record and resolves with its place when it is durable. */
  async #append(tail: Tail, bytes: Uint8Array): Promise<number> {
    const offset = this.#write(tail, bytes);
    await this.#sync(tail);
    return offset;
  }

  #write(tail: Tail, bytes: Uint8Array): number {
    if (this.#isBroken) throw new StateError({ code: 'STATE_LOG_BROKEN', path: tail.path });
    const offset = tail.end;
    markRecord(bytes, tail.mark);
    try {
      tail.file.write(offset, bytes);
    } catch (error) {
      this.#afterFailure(tail, error);
      throw error;
    }
    tail.end = offset + bytes.length;
    return offset;
  }

  /** After a full disk the log goes on where it was; any other failure ends it. */
  #afterFailure(tail: Tail, error: unknown): void {
    this.#isBroken = true;
    if (!(error instanceof StateError) || error.code !== 'STATE_DISK_FULL') return;
    tail.file.truncate(tail.end);
    this.#isBroken = false;
  }

  async #sync(tail: Tail): Promise<void> {
    try {
      await tail.file.sync();
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#last;
    this.#isBroken = true;
    for (const { file } of this.#segments()) file?.close();
    this.#earlier?.close();
  }
}
