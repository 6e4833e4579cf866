/**
 * The block log on disk. Segments `blocks-<first height>.log` grow at the end only; when one is full
 * it is sealed, its index is written beside it, and the next begins. Opening reads the indexes of
 * sealed segments and scans the last one; a torn tail is cut off, damage anywhere else is named.
 */
import type { Hash, Height } from '@daybook/core';
import { assert, encodeUtf8, equalBytes, toHex } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type {
  BlockLog,
  Candidate,
  FinalBlock,
  Finalisation,
  LoggedTransaction,
  LogHead,
} from './block-log.ts';
import type { FramedRecord } from './block-record.ts';
import {
  CANDIDATE_HEAD,
  encodeCandidate,
  encodeFinalisation,
  RECORD_CANDIDATE,
  RECORD_FINAL,
  RECORD_OVERHEAD,
  readCandidateHead,
  readFinalisation,
  recordAt,
} from './block-record.ts';
import type { GrowingIndex, IndexedBlock, SegmentIndex } from './segment-index.ts';
import { createGrowingIndex, readIndex } from './segment-index.ts';

export interface BlockLogOptions {
  readonly directory: string;
  /** A segment is sealed when it has grown to this; 64 MiB by default. */
  readonly segmentBytes?: number;
}

export interface BlockLogParts {
  readonly disk: Disk;
}

const SEGMENT_BYTES = 64 * 1024 * 1024;
const MAGIC = encodeUtf8('DBKBLOCKS\n\0\0\0\0\0\x01');
/** Bodies of one height that are kept: what lying proposers can make a node write is bounded. */
const CANDIDATE_BYTES_MAX = 64 * 1024 * 1024;
const FILE_NAME = /^blocks-(\d{12})\.log$/;

interface Segment {
  readonly path: string;
  readonly file: DiskFile;
  readonly index: SegmentIndex;
}

/** The segment that grows. */
interface Tail extends Segment {
  readonly index: GrowingIndex;
  end: number;
}

interface HeldCandidate {
  readonly blockHash: Hash;
  readonly offset: number;
  readonly size: number;
  readonly durable: Promise<void>;
}

function nameOf(first: Height): string {
  return `blocks-${String(first).padStart(12, '0')}.log`;
}

function indexPath(segmentPath: string): string {
  return segmentPath.replace(/\.log$/, '.idx');
}

function readAll(file: DiskFile): Uint8Array {
  const bytes = new Uint8Array(file.size());
  const found = file.read(0, bytes);
  return bytes.subarray(0, found);
}

// --- opening -------------------------------------------------------------------------------

interface Scan {
  readonly index: GrowingIndex;
  /** Offset behind the last whole record. */
  readonly end: number;
  /** Candidates that follow the last final block. */
  readonly open: readonly {
    readonly blockHash: Hash;
    readonly offset: number;
    readonly size: number;
  }[];
}

function damaged(path: string, offset: number, fact: string): StateError {
  return new StateError({ code: 'STATE_BLOCK_DAMAGED', path, offset, fact });
}

/** Reads every record of a segment in order. */
function scanSegment(path: string, bytes: Uint8Array, first: Height): Scan {
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) {
    throw damaged(path, 0, 'it does not begin like a segment');
  }
  const index = createGrowingIndex(first);
  let open: { blockHash: Hash; offset: number; size: number }[] = [];
  let offset = MAGIC.length;
  for (let found = recordAt(bytes, offset); found !== undefined; found = recordAt(bytes, offset)) {
    const height = first + index.count();
    if (found.type === RECORD_CANDIDATE) {
      const head = readCandidateHead(found.payload);
      if (head?.height !== height) throw damaged(path, offset, 'a body of another height');
      open.push({ blockHash: head.blockHash, offset, size: found.size });
    } else {
      index.add(...finalOf(found, { path, offset, height, open }));
      open = [];
    }
    offset += found.size;
  }
  return { index, end: offset, open };
}

function finalOf(
  found: FramedRecord,
  at: {
    readonly path: string;
    readonly offset: number;
    readonly height: Height;
    readonly open: readonly { readonly blockHash: Hash; readonly offset: number }[];
  },
): [IndexedBlock, readonly LoggedTransaction[]] {
  const { path, offset, height, open } = at;
  const final = found.type === RECORD_FINAL ? readFinalisation(found.payload) : undefined;
  if (final?.height !== height) throw damaged(path, offset, 'a record of another height or kind');
  const body = open.find(({ blockHash }) => equalBytes(blockHash, final.blockHash));
  if (body === undefined) throw damaged(path, offset, 'a final block without its body');
  const { blockHash, timestampMs, transactions } = final;
  const block = { blockHash, timestampMs, candidateOffset: body.offset, finalOffset: offset };
  return [block, transactions];
}

/** A record that is not whole, with a whole one anywhere behind it, is no torn tail. */
function assertTorn(path: string, bytes: Uint8Array, end: number): void {
  for (let offset = end + 1; offset + RECORD_OVERHEAD <= bytes.length; offset++) {
    const type = bytes[offset + 4];
    if (type !== RECORD_CANDIDATE && type !== RECORD_FINAL) continue;
    const found = recordAt(bytes, offset);
    if (found !== undefined && found.payload.length >= CANDIDATE_HEAD) {
      throw damaged(path, end, 'a damaged record with whole ones behind it');
    }
  }
}

async function writeIndex(segmentPath: string, index: GrowingIndex, disk: Disk): Promise<void> {
  const path = indexPath(segmentPath);
  const temporary = `${path}.new`;
  const file = disk.createFile(temporary);
  file.write(0, index.encode());
  await file.sync();
  file.close();
  disk.rename(temporary, path);
}

async function openSealed(path: string, first: Height, disk: Disk): Promise<Segment> {
  const file = disk.openFile(path);
  const slash = path.lastIndexOf('/');
  const idx = indexPath(path);
  if (disk.list(path.slice(0, slash)).includes(idx.slice(slash + 1))) {
    const stored = disk.openFile(idx);
    const index = readIndex(readAll(stored));
    stored.close();
    if (index?.first === first) return { path, file, index };
  }
  const bytes = readAll(file);
  const scan = scanSegment(path, bytes, first);
  if (scan.end !== bytes.length) throw damaged(path, scan.end, 'a damaged record');
  await writeIndex(path, scan.index, disk);
  return { path, file, index: scan.index };
}

function segmentFiles(directory: string, disk: Disk): readonly { path: string; first: Height }[] {
  return disk.list(directory).flatMap((name) => {
    const first = FILE_NAME.exec(name)?.[1];
    return first === undefined ? [] : [{ path: joinPath(directory, name), first: Number(first) }];
  });
}

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
  const sealed: Segment[] = [];
  for (const { path, first } of files.slice(0, -1)) {
    sealed.push(await openSealed(path, first, disk));
  }
  const last = files.at(-1);
  const tail = last && (await openTail(last.path, last.first, disk));
  const log = new SegmentedBlockLog({ directory, segmentBytes }, disk, sealed);
  if (tail !== undefined) log.adopt(tail);
  log.checkContiguous();
  return log;
}

async function openTail(
  path: string,
  first: Height,
  disk: Disk,
): Promise<{ readonly tail: Tail; readonly open: Scan['open'] }> {
  const file = disk.openFile(path);
  const bytes = readAll(file);
  if (bytes.length < MAGIC.length) {
    // A crash between creating the file and writing its first bytes: nothing was in it.
    file.write(0, MAGIC);
    await file.sync();
    return { tail: { path, file, index: createGrowingIndex(first), end: MAGIC.length }, open: [] };
  }
  const scan = scanSegment(path, bytes, first);
  if (scan.end < bytes.length) {
    assertTorn(path, bytes, scan.end);
    file.truncate(scan.end);
    await file.sync();
  }
  return { tail: { path, file, index: scan.index, end: scan.end }, open: scan.open };
}

// --- the open log --------------------------------------------------------------------------

class SegmentedBlockLog implements BlockLog {
  readonly #options: Required<BlockLogOptions>;
  readonly #disk: Disk;
  readonly #sealed: Segment[];
  #tail: Tail | undefined;
  #candidates: HeldCandidate[] = [];
  /** The height whose final record is written and not durable yet. */
  #finalising: Height | undefined;
  #isBroken = false;

  constructor(options: Required<BlockLogOptions>, disk: Disk, sealed: readonly Segment[]) {
    this.#options = options;
    this.#disk = disk;
    this.#sealed = [...sealed];
  }

  /** Takes over the last segment as it was found. */
  adopt({ tail, open }: { readonly tail: Tail; readonly open: Scan['open'] }): void {
    this.#tail = tail;
    const durable = Promise.resolve();
    this.#candidates = open.map((candidate) => ({ ...candidate, durable }));
  }

  checkContiguous(): void {
    const segments = this.#segments();
    for (const [index, segment] of segments.entries()) {
      const before = segments[index - 1];
      if (before === undefined) continue;
      const expected = before.index.first + before.index.count();
      if (segment.index.first !== expected) {
        const { path, index: late } = segment;
        throw new StateError({ code: 'STATE_BLOCK_GAP', path, from: expected, to: late.first - 1 });
      }
    }
  }

  #segments(): readonly Segment[] {
    return this.#tail === undefined ? this.#sealed : [...this.#sealed, this.#tail];
  }

  // --- reading -----------------------------------------------------------------------------

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
    const first = this.#segments().find(({ index }) => index.count() > 0);
    return first?.index.first;
  }

  #locate(height: Height): { segment: Segment; block: IndexedBlock } | undefined {
    const segment = this.#segments().findLast(({ index }) => index.first <= height);
    const block = segment?.index.at(height);
    return segment === undefined || block === undefined ? undefined : { segment, block };
  }

  #read({ path, file }: Segment, offset: number): FramedRecord {
    const head = new Uint8Array(4);
    file.read(offset, head);
    const length = new DataView(head.buffer).getUint32(0);
    const size = Math.min(RECORD_OVERHEAD + length, file.size() - offset);
    const bytes = new Uint8Array(Math.max(0, size));
    file.read(offset, bytes);
    const record = recordAt(bytes, 0);
    if (record === undefined) throw damaged(path, offset, 'a record fails its checksum');
    return record;
  }

  #readBody(segment: Segment, offset: number, blockHash: Hash): Uint8Array {
    const { payload, type } = this.#read(segment, offset);
    const head = type === RECORD_CANDIDATE ? readCandidateHead(payload) : undefined;
    if (head === undefined || !equalBytes(head.blockHash, blockHash)) {
      throw damaged(segment.path, offset, `not the body of ${toHex(blockHash)}`);
    }
    return payload.slice(CANDIDATE_HEAD);
  }

  readFinalisation(height: Height): Finalisation | undefined {
    const found = this.#locate(height);
    if (found === undefined) return undefined;
    const { segment, block } = found;
    const record = this.#read(segment, block.finalOffset);
    const final = record.type === RECORD_FINAL ? readFinalisation(record.payload) : undefined;
    if (final === undefined || !equalBytes(final.blockHash, block.blockHash)) {
      throw damaged(segment.path, block.finalOffset, 'not the record the index names');
    }
    return final;
  }

  readBlock(height: Height): FinalBlock | undefined {
    const final = this.readFinalisation(height);
    const found = this.#locate(height);
    if (final === undefined || found === undefined) return undefined;
    const { segment, block } = found;
    return { ...final, bytes: this.#readBody(segment, block.candidateOffset, block.blockHash) };
  }

  blockHashAt(height: Height): Hash | undefined {
    return this.#locate(height)?.block.blockHash;
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
    for (const { index } of this.#segments().toReversed()) {
      const place = index.find(id);
      if (place === undefined) continue;
      const logged = this.readFinalisation(place.height)?.transactions[place.index];
      if (logged !== undefined && equalBytes(logged.id, id)) return place;
    }
    return undefined;
  }

  recentTransactions(nowMs: number, windowMs: number): readonly LoggedTransaction[] {
    const recent: LoggedTransaction[] = [];
    const head = this.#headHeight() ?? -1;
    for (let height = head; height >= 0; height--) {
      const block = this.#locate(height)?.block;
      if (block === undefined || block.timestampMs < nowMs - windowMs) break;
      const transactions = this.readFinalisation(height)?.transactions ?? [];
      recent.push(...transactions.filter(({ validUntilMs }) => validUntilMs > nowMs));
    }
    return recent;
  }

  // --- candidates --------------------------------------------------------------------------

  candidates(): readonly Hash[] {
    return this.#candidates.map(({ blockHash }) => blockHash);
  }

  readCandidate(blockHash: Hash): Uint8Array | undefined {
    const held = this.#heldCandidate(blockHash);
    if (held === undefined || this.#tail === undefined) return undefined;
    return this.#readBody(this.#tail, held.offset, blockHash);
  }

  #heldCandidate(blockHash: Hash): HeldCandidate | undefined {
    return this.#candidates.find((held) => equalBytes(held.blockHash, blockHash));
  }

  async appendCandidate(candidate: Candidate, keep: readonly Hash[] = []): Promise<void> {
    const held = this.#heldCandidate(candidate.blockHash);
    if (held !== undefined) {
      await held.durable;
      return;
    }
    // A body of a height that is already decided is of no use to anybody.
    if (!this.#isNext(candidate.height)) return;
    const tail = await this.#tailFor(candidate.height);
    // Another call may have written it while a new segment was begun.
    const raced = this.#heldCandidate(candidate.blockHash);
    if (raced !== undefined || !this.#isNext(candidate.height)) {
      await raced?.durable;
      return;
    }
    const bytes = encodeCandidate(candidate);
    const offset = this.#write(tail, bytes);
    const durable = this.#sync(tail);
    const { blockHash } = candidate;
    this.#candidates.push({ blockHash, offset, size: bytes.length, durable });
    this.#forgetOld(keep);
    await durable;
  }

  /** Whether this is the height after the last final record, durable or not. */
  #isNext(height: Height): boolean {
    const last = this.#finalising ?? this.#headHeight();
    return last === undefined || height === last + 1;
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

  async finalise(finalisation: Finalisation): Promise<void> {
    const held = this.#heldCandidate(finalisation.blockHash);
    const tail = this.#tail;
    assert(held !== undefined && tail !== undefined, 'only a candidate becomes final');
    await held.durable;
    const finalOffset = this.#write(tail, encodeFinalisation(finalisation));
    this.#finalising = finalisation.height;
    await this.#sync(tail);
    this.#finalising = undefined;
    this.#note(tail, finalisation, { candidateOffset: held.offset, finalOffset });
  }

  async appendRange(blocks: readonly FinalBlock[]): Promise<void> {
    const noted: (() => void)[] = [];
    let last: Tail | undefined;
    for (const block of blocks) {
      const tail = await this.#tailFor(block.height, last);
      if (last !== undefined && tail !== last) await this.#sync(last);
      last = tail;
      const held = this.#heldCandidate(block.blockHash);
      const candidateOffset = held?.offset ?? this.#write(tail, encodeCandidate(block));
      const finalOffset = this.#write(tail, encodeFinalisation(block));
      this.#finalising = block.height;
      noted.push(() => this.#note(tail, block, { candidateOffset, finalOffset }));
      this.#candidates = [];
    }
    if (last !== undefined) await this.#sync(last);
    this.#finalising = undefined;
    for (const note of noted) note();
  }

  #note(
    tail: Tail,
    { blockHash, timestampMs, transactions }: Finalisation,
    places: Pick<IndexedBlock, 'candidateOffset' | 'finalOffset'>,
  ): void {
    tail.index.add({ blockHash, timestampMs, ...places }, transactions);
    this.#candidates = [];
  }

  // --- writing -----------------------------------------------------------------------------

  /**
   * The segment for a record of this height: a new one when the last is full and no body of the
   * height is in it yet.
   * @param busy  a tail with records of a range that are not noted yet
   */
  async #tailFor(height: Height, busy?: Tail): Promise<Tail> {
    const tail = this.#tail;
    const isFull = tail !== undefined && tail.end >= this.#options.segmentBytes;
    if (tail !== undefined && (!isFull || this.#candidates.length > 0 || busy === tail))
      return tail;
    if (tail !== undefined) await this.#seal(tail);
    if (this.#tail !== tail && this.#tail !== undefined) return this.#tail;
    const path = joinPath(this.#options.directory, nameOf(height));
    const file = this.#disk.createFile(path);
    file.write(0, MAGIC);
    const fresh = { path, file, index: createGrowingIndex(height), end: MAGIC.length };
    if (tail !== undefined) this.#sealed.push(tail);
    this.#tail = fresh;
    await this.#sync(fresh);
    await this.#disk.syncDirectory(this.#options.directory);
    return fresh;
  }

  async #seal(tail: Tail): Promise<void> {
    await writeIndex(tail.path, tail.index, this.#disk);
  }

  #write(tail: Tail, bytes: Uint8Array): number {
    if (this.#isBroken) throw new StateError({ code: 'STATE_LOG_BROKEN', path: tail.path });
    const offset = tail.end;
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
    await Promise.allSettled(this.#candidates.map(({ durable }) => durable));
    this.#isBroken = true;
    for (const { file } of this.#segments()) file.close();
  }
}
