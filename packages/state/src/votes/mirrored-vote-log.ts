/**
 * The open vote log: each vote goes to both mirrors and is synced there before anybody hears of it.
 * What reached a disk that failed is unknown, so the first failure is the last.
 */
import type { Height } from '@daybook/core';
import { concatBytes, isPlanted } from '@daybook/core';
import type { Disk } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { OpenMirror, VoteLogOptions } from './vote-files.ts';
import { ALLOCATE_BYTES, mirrorPaths, writeMirror } from './vote-files.ts';
import type { Lock, SignedVote, VoteLog, VoteState } from './vote-log.ts';
import { HEIGHTS_KEPT } from './vote-log.ts';
import type { StoredRecord, VoteRecord } from './vote-record.ts';
import { encodeVoteRecords, SPARE_BYTES } from './vote-record.ts';
import { applyVoteRecord, EMPTY_VOTES, heightOfRecord } from './vote-state.ts';

const ROTATE_BYTES = 32 * 1024 * 1024;

/** What was found on the disk. */
export interface Opened {
  readonly files: readonly OpenMirror[];
  readonly records: readonly StoredRecord[];
  readonly salt: Uint8Array;
}

interface KeptRecord {
  readonly height: Height;
  readonly bytes: Uint8Array;
}

export class MirroredVoteLog implements VoteLog {
  #files: readonly OpenMirror[];
  #state: VoteState;
  #sequence: number;
  /** Records of the newest heights: a rotation takes them along. */
  #kept: KeptRecord[] = [];
  /** Entered, but not written: it goes to the disk with the next vote. */
  #entered: Height | undefined;
  #isBroken = false;
  readonly #salt: Uint8Array;
  readonly #options: VoteLogOptions;
  readonly #disk: Disk;

  constructor({ files, records, salt }: Opened, options: VoteLogOptions, disk: Disk) {
    this.#files = files;
    this.#salt = salt;
    this.#options = options;
    this.#disk = disk;
    this.#sequence = (records.at(-1)?.sequence ?? -1) + 1;
    this.#state = records.reduce((state, { record }) => {
      return applyVoteRecord(state, record);
    }, EMPTY_VOTES);
    const oldest = this.#state.guard.height - HEIGHTS_KEPT;
    const newest = records.filter(({ record }) => heightOfRecord(record) >= oldest);
    this.#keep(newest.map((stored) => ({ ...stored, bytes: stored.bytes.slice() })));
  }

  state(): VoteState {
    return this.#state;
  }

  async appendVote(vote: SignedVote, lock?: Lock): Promise<void> {
    const records: VoteRecord[] = [];
    if (this.#entered !== undefined) records.push({ type: 'height', height: this.#entered });
    if (lock !== undefined) records.push({ type: 'lock', lock });
    records.push({ type: 'signed', vote });
    const isHalf = isPlanted('lock-not-durable');
    await this.#write(isHalf ? records.filter(({ type }) => type !== 'lock') : records);
    this.#entered = undefined;
    this.#state = records.reduce(applyVoteRecord, this.#state);
  }

  async enterHeight(height: Height): Promise<void> {
    if (height <= this.#state.guard.height) return;
    this.#entered = height;
    this.#state = applyVoteRecord(this.#state, { type: 'height', height });
    this.#keep([]);
    const size = Math.max(...this.#files.map(({ end }) => end));
    if (size >= (this.#options.rotateBytes ?? ROTATE_BYTES)) await this.#rotate(height);
  }

  /** Any failure is final (G4): what reached the disk is unknown, and a sync is never repeated. */
  async #finally<T>(task: () => Promise<T>): Promise<T> {
    const path = mirrorPaths(this.#options)[0];
    if (this.#isBroken) throw new StateError({ code: 'STATE_LOG_BROKEN', path });
    try {
      return await task();
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
  }

  async #write(records: readonly VoteRecord[]): Promise<void> {
    const stored = encodeVoteRecords(records, { sequence: this.#sequence, salt: this.#salt });
    const bytes = concatBytes(...stored.map((record) => record.bytes));
    const { allocateBytes = ALLOCATE_BYTES } = this.#options;
    await this.#finally(async () => {
      await Promise.all(this.#files.map((mirror) => allocate(mirror, bytes.length, allocateBytes)));
      for (const mirror of this.#files) mirror.file.write(mirror.end, bytes);
      if (isPlanted('guard-not-durable')) return;
      const synced = Promise.all(this.#files.map(({ file }) => file.sync()));
      if (isPlanted('send-before-sync')) synced.catch(() => undefined);
      else await synced;
    });
    for (const mirror of this.#files) mirror.end += bytes.length;
    this.#sequence += stored.length;
    this.#keep(stored);
  }

  #keep(stored: readonly StoredRecord[]): void {
    const oldest = this.#state.guard.height - HEIGHTS_KEPT;
    const added = stored.map(({ record, bytes }) => ({ height: heightOfRecord(record), bytes }));
    this.#kept = [...this.#kept.filter(({ height }) => height >= oldest), ...added];
  }

  /** New files with the newest heights and this one: of the older ones nothing can be signed. */
  async #rotate(height: Height): Promise<void> {
    const stored = encodeVoteRecords([{ type: 'height', height }], {
      sequence: this.#sequence,
      salt: this.#salt,
    });
    const records = [...this.#kept, ...stored].map(({ bytes }) => bytes);
    const content = { records, salt: this.#salt };
    const opened: OpenMirror[] = [];
    await this.#finally(async () => {
      for (const [index, path] of mirrorPaths(this.#options).entries()) {
        this.#files[index]?.file.close();
        opened.push(await writeMirror(path, content, this.#options, this.#disk));
      }
    }).catch((error: unknown) => {
      // Another file may have the descriptor of one that is closed: none is closed twice.
      this.#files = [...opened, ...this.#files.slice(opened.length + 1)];
      throw error;
    });
    this.#files = opened;
    this.#sequence += stored.length;
    this.#entered = undefined;
    this.#keep(stored);
  }

  async close(): Promise<void> {
    this.#isBroken = true;
    for (const { file } of this.#files) file.close();
  }
}

/**
 * Makes sure that a write of this size finds its place allocated, durably: a file that ends in a
 * record was cut short by something else than a crash.
 */
async function allocate(mirror: OpenMirror, size: number, ahead: number): Promise<void> {
  if (mirror.end + size + SPARE_BYTES <= mirror.allocated) return;
  const room = size + SPARE_BYTES + ahead;
  mirror.file.write(mirror.end, new Uint8Array(room));
  await mirror.file.sync();
  mirror.allocated = mirror.end + room;
}
