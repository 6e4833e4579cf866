/**
 * Two mirrors read side by side (protocol §12). Both hold the same records in the same order, so one
 * shows where the next record stands in the other, whatever is broken there. What neither has whole
 * ends the log if nothing was written after it and both files are as long as they were made; it means
 * damage otherwise. Pure.
 */
import { assert, equalBytes, isPlanted } from '@daybook/core';
import type { QuarantineReason, VoteRepair } from './vote-log.ts';
import type { StoredRecord, VoteFile } from './vote-record.ts';
import { hasLaterWrite, isCutShort, readVoteRecord } from './vote-record.ts';

export interface Mirror {
  readonly path: string;
  /** Undefined when the file is missing or its header is not readable. */
  readonly file: VoteFile | undefined;
}

/** All that both mirrors hold together. */
export interface MergedRecords {
  readonly records: readonly StoredRecord[];
  /** What must be mended in a mirror, in the order of the mirrors; undefined where nothing must. */
  readonly repairs: readonly (VoteRepair | undefined)[];
}

type Damage = Extract<QuarantineReason, { code: 'STATE_VOTES_DAMAGED' }>;

/** Reads one mirror; follows the other one over what is broken here. */
class Cursor {
  readonly #mirror: Mirror;
  /** Absent while the file begins later than the other one. */
  #offset: number | undefined;
  #firstLost: number | undefined;

  constructor(mirror: Mirror, start: number) {
    this.#mirror = mirror;
    const first = firstSequence(mirror.file);
    if (first === undefined || first === start) this.#offset = mirror.file?.headSize;
    else this.#firstLost = start;
  }

  /** The record that must come now. */
  read(sequence: number, before: StoredRecord | undefined): StoredRecord | undefined {
    const { file } = this.#mirror;
    if (file === undefined) return undefined;
    if (this.#offset === undefined && firstSequence(file) === sequence) {
      this.#offset = file.headSize;
    }
    if (this.#offset === undefined) return undefined;
    const place = { offset: this.#offset, salt: file.header.salt, before };
    const found = readVoteRecord(file.bytes, place);
    return found?.sequence === sequence ? found : undefined;
  }

  /** Goes on behind the record, which this mirror has or lacks. */
  pass(record: StoredRecord, isHere: boolean): void {
    if (!isHere) this.#firstLost ??= record.sequence;
    if (this.#offset !== undefined) this.#offset += record.bytes.length;
  }

  hasLaterWrite(sequence: number): boolean {
    const { file } = this.#mirror;
    if (file === undefined) return false;
    return hasLaterWrite(file, { offset: this.#offset ?? file.headSize, sequence });
  }

  /** Whether this mirror can tell where the log ends. */
  end(): 'clean' | 'torn' | 'lost' {
    const { file } = this.#mirror;
    if (file === undefined || this.#offset === undefined) return 'lost';
    if (isCutShort(file, this.#offset)) return 'lost';
    return file.written <= this.#offset ? 'clean' : 'torn';
  }

  repair(next: number): VoteRepair | undefined {
    const { path, file } = this.#mirror;
    const sequence = file === undefined ? 0 : this.#firstLost;
    if (sequence !== undefined) return { path, kind: 'mirror', sequence };
    assert(file !== undefined && this.#offset !== undefined, 'a whole mirror was read to its end');
    if (file.written <= this.#offset) return undefined;
    return { path, kind: 'torn', sequence: next };
  }
}

function firstSequence(file: VoteFile | undefined): number | undefined {
  if (file === undefined) return undefined;
  const place = { offset: file.headSize, salt: file.header.salt };
  return readVoteRecord(file.bytes, place)?.sequence;
}

function damage(sequence: number, fact: string): Damage {
  return { code: 'STATE_VOTES_DAMAGED', sequence, fact };
}

/** All records of both mirrors in order, or why they cannot be trusted. */
export function mergeMirrors(mirrors: readonly Mirror[]): MergedRecords | Damage {
  const firsts = mirrors
    .map(({ file }) => firstSequence(file))
    .filter((first) => first !== undefined);
  if (firsts.length === 0) return damage(0, 'the first record is damaged in both mirrors');
  const start = Math.min(...firsts);
  const cursors = mirrors.map((mirror) => new Cursor(mirror, start));
  const records: StoredRecord[] = [];
  for (;;) {
    const sequence = start + records.length;
    const found = cursors.map((cursor) => cursor.read(sequence, records.at(-1)));
    const [record, other] = found.filter((one) => one !== undefined);
    if (record === undefined) break;
    if (other === undefined && isPlanted('torn-tail-of-one-mirror')) break;
    if (other !== undefined && !equalBytes(record.bytes, other.bytes)) {
      return damage(sequence, 'the mirrors hold different records');
    }
    for (const [index, cursor] of cursors.entries()) {
      cursor.pass(record, found[index] !== undefined);
    }
    records.push(record);
  }
  const next = start + records.length;
  if (cursors.some((cursor) => cursor.hasLaterWrite(next))) {
    return damage(next, 'a record is damaged in both mirrors and later ones exist');
  }
  const ends = cursors.map((cursor) => cursor.end());
  if (ends.includes('lost') && !ends.includes('clean')) {
    return damage(next, 'the end is lost in one mirror, and the other one cannot tell it');
  }
  return { records, repairs: cursors.map((cursor) => cursor.repair(next)) };
}
