/**
 * Append-only segment files of small checksummed records: tree nodes in one log, values in another.
 * A reference is the global byte offset of a record divided by 8; segment and position follow from
 * it. Nothing is ever changed in place, so a reader needs no lock, and what a crash leaves behind
 * the end that the database names is simply written over.
 *
 *   segment = "DBKSEGM1" | segment number u32 | zeros to 16 bytes | records
 */
import { assert, encodeUtf8, equalBytes } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import { writeU32 } from './numbers.ts';
import { PrefixViews } from './prefix-views.ts';
import type {
  DamagedRecord,
  FoundRecord,
  PassedRecord,
  RawRecord,
  RecordBody,
  RecordLogOptions,
  Ref,
  SegmentRecords,
} from './record-form.ts';
import {
  ALIGNMENT,
  CHECKSUM_SIZE,
  checkedRecord,
  checksumOf,
  hasChecksum,
  isChecked,
  RECORD_HEADER_SIZE,
  recordSize,
  sizeAt,
} from './record-form.ts';

const MAGIC = encodeUtf8('DBKSEGM1');
const SEGMENT_HEADER_SIZE = 16;
const BODY_SIZE_MAX = 0xff_ffff;
const FLUSH_BYTES = 4 * 1024 * 1024;
/** What a first read may take: the records of a tree are smaller, and few values are larger. */
const FIRST_READ_BYTES = 1536;
const HINT_STEP = 256;
/** Records up to this size are put together in one small piece of memory. */
const DRAFT_BYTES = 2048;
const SCAN_BYTES = 256 * 1024;
const OPEN_FILES_MAX = 64;

export class RecordLog {
  /** The record that is being written; its body starts where `begin` said. */
  buffer: Uint8Array;
  readonly segmentBytes: number;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #name: string;
  readonly #files = new Map<number, DiskFile>();
  readonly #unsynced = new Set<number>();
  #hasNewFile = false;
  readonly #draft = new PrefixViews(DRAFT_BYTES);
  /** Records that the system does not have yet, from this global offset on. */
  #bufferStart: number;
  #unwritten = new Uint8Array(8 * 1024);
  #used = 0;
  #appendedHere = 0;
  #appended: SegmentRecords[] = [];
  readonly #scratch = new PrefixViews(FIRST_READ_BYTES);

  constructor({ directory, name, segmentBytes, end }: RecordLogOptions, disk: Disk) {
    assert(segmentBytes % ALIGNMENT === 0 && end % ALIGNMENT === 0, 'offsets are aligned');
    this.#disk = disk;
    this.#directory = directory;
    this.#name = name;
    this.segmentBytes = segmentBytes;
    this.buffer = this.#draft.bytes;
    this.#bufferStart = end;
  }

  /** Global byte offset behind the last record. */
  end(): number {
    return this.#bufferStart + this.#used;
  }

  segmentOf(ref: Ref): number {
    return Math.floor((ref * ALIGNMENT) / this.segmentBytes);
  }

  /** Position of a record in its segment. */
  offsetOf(ref: Ref): number {
    return (ref * ALIGNMENT) % this.segmentBytes;
  }

  /** The segment that is being written to. */
  tail(): number {
    return Math.floor(this.end() / this.segmentBytes);
  }

  /** Makes room for a body of at most `bodyMax` bytes; returns where in `buffer` it starts. */
  begin(bodyMax: number): number {
    const size = recordSize(bodyMax);
    assert(bodyMax <= BODY_SIZE_MAX && size <= this.#roomMax(), 'a record fits into a segment');
    const room = this.segmentBytes - (this.end() % this.segmentBytes);
    if (size > room || this.end() % this.segmentBytes === 0) this.#startSegment(room);
    if (this.#used + size > this.#unwritten.length) this.#growOrFlush(size);
    this.buffer = size > DRAFT_BYTES ? new Uint8Array(size) : this.#draft.bytes;
    return RECORD_HEADER_SIZE;
  }

  /** Ends the record begun last, whose body takes `bodySize` bytes. */
  finish(kind: number, bodySize: number): Ref {
    const { buffer } = this;
    buffer[0] = kind;
    buffer[1] = bodySize >>> 16;
    buffer[2] = (bodySize >>> 8) & 0xff;
    buffer[3] = bodySize & 0xff;
    const ref = (this.#bufferStart + this.#used) / ALIGNMENT;
    const end = RECORD_HEADER_SIZE + bodySize;
    writeU32(buffer, end, checksumOf(this.#beginning(end), ref));
    const size = recordSize(bodySize);
    for (let at = end + CHECKSUM_SIZE; at < size; at++) buffer[at] = 0;
    this.#unwritten.set(this.#beginning(size), this.#used);
    this.#used += size;
    this.#appendedHere += 1;
    return ref;
  }

  /** Records by segment since the last call. */
  takeAppended(): readonly SegmentRecords[] {
    this.#closeAppended();
    return this.#appended.splice(0);
  }

  /** Hands everything to the system, so that it survives the process, not yet the power. */
  flush(): void {
    if (this.#used === 0) return;
    const segment = Math.floor(this.#bufferStart / this.segmentBytes);
    const bytes = this.#unwritten.subarray(0, this.#used);
    this.#fileOf(segment).write(this.#bufferStart % this.segmentBytes, bytes);
    this.#unsynced.add(segment);
    this.#bufferStart += this.#used;
    this.#used = 0;
  }

  async sync(): Promise<void> {
    this.flush();
    const segments = [...this.#unsynced];
    this.#unsynced.clear();
    for (const segment of segments) await this.#fileOf(segment).sync();
    if (this.#hasNewFile) await this.#disk.syncDirectory(this.#directory);
    this.#hasNewFile = false;
  }

  /** Writes and syncs again what an earlier process, or a failed sync, may have left to the system. */
  async syncFrom(offset: number): Promise<void> {
    for (let start = offset, end = 0; start < this.end(); start = end) {
      const segment = Math.floor(start / this.segmentBytes);
      end = Math.min(this.end(), (segment + 1) * this.segmentBytes);
      const file = this.#fileOf(segment);
      for (let at = start; at < end; at += SCAN_BYTES) {
        file.write(at % this.segmentBytes, this.#chunkAt(at, end, SCAN_BYTES));
      }
      await file.sync();
    }
    if (this.end() > 0) await this.#disk.syncDirectory(this.#directory);
  }

  /**
   * The body of a record; valid until the next read.
   * @throws StateError STATE_DAMAGED when it is not there or fails its checksum
   */
  read(ref: Ref, kind: number): Uint8Array {
    const { bytes, at, size } = this.readInPlace(ref, kind);
    return bytes.subarray(at, at + size);
  }

  /**
   * Like `read`, where a view would cost more than it is worth.
   * @param sizeHint  what the body probably takes at most; a longer one costs a second read
   */
  readInPlace(ref: Ref, kind: number, sizeHint?: number): RecordBody {
    const record = this.readAny(ref, sizeHint);
    if (record.kind !== kind) throw this.damage(ref, 'another kind of record than expected');
    return record;
  }

  /** Like `readInPlace`, for callers that accept several kinds. */
  readAny(ref: Ref, sizeHint = FIRST_READ_BYTES): RecordBody {
    if (ref * ALIGNMENT >= this.#bufferStart) this.flush();
    const file = this.#fileOf(this.segmentOf(ref));
    const at = (ref * ALIGNMENT) % this.segmentBytes;
    // In steps, so that few lengths are read and the first one nearly always suffices.
    const wanted = (Math.floor((sizeHint + 8) / HINT_STEP) + 1) * HINT_STEP;
    const scratch = this.#scratch.to(Math.min(wanted, FIRST_READ_BYTES));
    const found = file.read(at, scratch);
    const bodySize = ((scratch[1] ?? 0) << 16) | ((scratch[2] ?? 0) << 8) | (scratch[3] ?? 0);
    const end = RECORD_HEADER_SIZE + bodySize;
    if (end + CHECKSUM_SIZE > scratch.length) return this.#readLong(ref, end);
    const isWhole =
      found >= end + CHECKSUM_SIZE && hasChecksum(this.#scratch.to(end), scratch, ref);
    if (!isWhole) throw this.damage(ref, 'bad checksum');
    return { kind: scratch[0] ?? 0, bytes: scratch, at: RECORD_HEADER_SIZE, size: bodySize };
  }

  /**
   * Records from one global offset to another, in order.
   * @throws StateError STATE_DAMAGED at the first one that is missing or fails its checksum
   */
  *scan(from: number, to: number): Generator<FoundRecord> {
    for (let start = from; start < to; ) {
      const segmentEnd = (Math.floor(start / this.segmentBytes) + 1) * this.segmentBytes;
      for (const found of this.#scanRun(start, Math.min(segmentEnd, to), to > segmentEnd)) {
        const record = checkedRecord(found);
        if (record === undefined) throw this.damage(found.ref, 'bad checksum');
        yield record;
      }
      start = segmentEnd;
    }
  }

  /**
   * All records of a segment that is no longer written to. A damaged one does not end the scan, which
   * goes on where the next should be.
   * @param isPassed  of which records nobody wants to know more, so that they are not even checked
   */
  *scanSegment(
    segment: number,
    isPassed: (ref: Ref) => boolean,
  ): Generator<FoundRecord | PassedRecord | DamagedRecord> {
    const start = segment * this.segmentBytes;
    let ref = start / ALIGNMENT;
    try {
      for (const raw of this.#scanRun(start, start + this.segmentBytes, true)) {
        const { size } = raw;
        ref = raw.ref;
        const found = isPassed(ref) ? { ref, size } : checkedRecord(raw);
        yield found ?? { ref, size, damage: 'bad checksum' };
        ref += size / ALIGNMENT;
      }
    } catch (error) {
      const failure = error instanceof StateError ? error.failure : undefined;
      if (failure?.code !== 'STATE_DAMAGED') throw error;
      yield { ref, size: ALIGNMENT, damage: failure.fact };
    }
  }

  /** Removes the file of a segment; its references are never used again. */
  removeSegment(segment: number): void {
    this.#files.get(segment)?.close();
    this.#files.delete(segment);
    this.#unsynced.delete(segment);
    this.#disk.remove(this.#pathOf(segment));
  }

  /** Numbers of the segments that have a file, ascending. */
  segments(): readonly number[] {
    return this.#disk
      .list(this.#directory)
      .filter((name) => name.startsWith(`${this.#name}-`))
      .map((name) => Number.parseInt(name.slice(this.#name.length + 1), 10));
  }

  /** Forgets what was written behind an offset and goes on there. */
  rewind(end: number): void {
    this.#used = 0;
    this.#appendedHere = 0;
    this.#appended = [];
    this.#bufferStart = end;
  }

  damage(ref: Ref, fact: string): StateError {
    const offset = (ref * ALIGNMENT) % this.segmentBytes;
    const path = this.#pathOf(this.segmentOf(ref));
    return new StateError({ code: 'STATE_DAMAGED', path, offset, fact });
  }

  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  /** Records within one segment; `mayEnd` when zeros may stand for its unused rest. */
  *#scanRun(from: number, to: number, mayEnd: boolean): Generator<RawRecord> {
    let at = from % this.segmentBytes === 0 ? from + SEGMENT_HEADER_SIZE : from;
    let chunkStart = at;
    let chunk: Uint8Array = new Uint8Array();
    const memory = new Uint8Array(Math.min(SCAN_BYTES, Math.max(0, to - at)));
    while (at < to) {
      if (at + RECORD_HEADER_SIZE > chunkStart + chunk.length) {
        chunk = this.#chunkAt(at, to, SCAN_BYTES, memory);
        chunkStart = at;
      }
      if (chunk[at - chunkStart] === 0 && mayEnd) return;
      const bodySize = sizeAt(chunk, at - chunkStart);
      if (bodySize === undefined) throw this.damage(at / ALIGNMENT, 'a record is missing');
      const size = recordSize(bodySize);
      if (at + size > chunkStart + chunk.length) {
        chunk = this.#chunkAt(at, to, Math.max(size, SCAN_BYTES));
        chunkStart = at;
      }
      yield { ref: at / ALIGNMENT, size, chunk, at: at - chunkStart, bodySize };
      at += size;
    }
  }

  #roomMax(): number {
    return this.segmentBytes - SEGMENT_HEADER_SIZE;
  }

  #closeAppended(): void {
    if (this.#appendedHere === 0) return;
    const segment = Math.floor((this.end() - 1) / this.segmentBytes);
    this.#appended.push({ segment, count: this.#appendedHere });
    this.#appendedHere = 0;
  }

  #startSegment(room: number): void {
    this.#closeAppended();
    if (room < this.segmentBytes) {
      // Zeros tell a scan that the rest is unused, whatever an abandoned end has left there.
      this.#growOrFlush(ALIGNMENT);
      this.#unwritten.fill(0, this.#used, this.#used + ALIGNMENT);
      this.#used += ALIGNMENT;
      this.flush();
      this.#bufferStart += room - ALIGNMENT;
    }
    this.flush();
    const segment = this.#bufferStart / this.segmentBytes;
    this.#unwritten.fill(0, 0, SEGMENT_HEADER_SIZE);
    this.#unwritten.set(MAGIC);
    writeU32(this.#unwritten, MAGIC.length, segment);
    this.#used = SEGMENT_HEADER_SIZE;
    this.#files.get(segment)?.close();
    this.#files.set(segment, this.#disk.createFile(this.#pathOf(segment)));
    this.#hasNewFile = true;
  }

  #growOrFlush(size: number): void {
    if (this.#used > FLUSH_BYTES) this.flush();
    if (this.#used + size <= this.#unwritten.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#unwritten.length, this.#used + size));
    larger.set(this.#unwritten.subarray(0, this.#used));
    this.#unwritten = larger;
  }

  /** The first bytes of the record that is being written. */
  #beginning(size: number): Uint8Array {
    // By where it was begun: it may have come out shorter than the most that was foreseen.
    const isDraft = this.buffer === this.#draft.bytes;
    return isDraft ? this.#draft.to(size) : this.buffer.subarray(0, size);
  }

  #readLong(ref: Ref, end: number): RecordBody {
    const bytes = new Uint8Array(end + CHECKSUM_SIZE);
    const at = (ref * ALIGNMENT) % this.segmentBytes;
    const found = this.#fileOf(this.segmentOf(ref)).read(at, bytes);
    if (found < bytes.length || !isChecked(bytes, end, ref)) throw this.damage(ref, 'bad checksum');
    const size = end - RECORD_HEADER_SIZE;
    return { kind: bytes[0] ?? 0, bytes, at: RECORD_HEADER_SIZE, size };
  }

  #chunkAt(at: number, limit: number, size: number, memory?: Uint8Array): Uint8Array {
    this.flush();
    const wanted = Math.min(size, limit - at);
    const bytes = memory?.subarray(0, wanted) ?? new Uint8Array(wanted);
    const file = this.#fileOf(Math.floor(at / this.segmentBytes));
    return bytes.subarray(0, file.read(at % this.segmentBytes, bytes));
  }

  #fileOf(segment: number): DiskFile {
    const open = this.#files.get(segment);
    if (open !== undefined) return open;
    this.#closeOldest();
    const file = this.#disk.openFile(this.#pathOf(segment));
    const header = new Uint8Array(MAGIC.length);
    file.read(0, header);
    this.#files.set(segment, file);
    if (!equalBytes(header, MAGIC)) {
      throw this.damage((segment * this.segmentBytes) / ALIGNMENT, 'not a segment');
    }
    return file;
  }

  // Only synced segments lose their file: what is unsynced must be synced through one descriptor
  // or the system may forget to report a write error.
  #closeOldest(): void {
    if (this.#files.size < OPEN_FILES_MAX) return;
    for (const [segment, file] of this.#files) {
      if (this.#unsynced.has(segment)) continue;
      file.close();
      this.#files.delete(segment);
      return;
    }
  }

  #pathOf(segment: number): string {
    return joinPath(this.#directory, `${this.#name}-${String(segment).padStart(10, '0')}.seg`);
  }
}
