/**
 * The vote log on disk: two identical files (B may lie on another disk), allocated ahead so that a
 * full disk is met before a vote is written. What one has lost is taken from the other; an unfinished
 * last write is dropped only when neither has it whole, because then its barrier never completed and
 * nothing was sent; anything else means quarantine (protocol §12).
 */
import type { Hash, Height, ValidatorId } from '@daybook/core';
import { assert, concatBytes, equalBytes, generateNonce, isPlanted } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type { Mirror } from './mirrors.ts';
import { mergeMirrors } from './mirrors.ts';
import type {
  Lock,
  QuarantineReason,
  SignedVote,
  VoteLog,
  VoteLogOpening,
  VoteRepair,
  VoteState,
} from './vote-log.ts';
import { HEIGHTS_KEPT } from './vote-log.ts';
import type { StoredRecord, VoteRecord } from './vote-record.ts';
import { encodeVoteHeader, encodeVoteRecords, readVoteFile, SALT_SIZE } from './vote-record.ts';
import { applyVoteRecord, EMPTY_VOTES, heightOfRecord } from './vote-state.ts';

export interface VoteLogOptions {
  readonly directory: string;
  /** Where mirror B lies; beside A by default. */
  readonly mirrorDirectory?: string;
  /** G: the log of another chain is refused. */
  readonly chain: Hash;
  readonly validatorId: ValidatorId;
  /** Files are renewed at a height boundary when they have grown to this; 32 MiB by default. */
  readonly rotateBytes?: number;
  /** Written ahead as zeros, so that a vote overwrites what is allocated already; 256 KiB. */
  readonly allocateBytes?: number;
}

export interface VoteLogParts {
  readonly disk: Disk;
}

const ROTATE_BYTES = 32 * 1024 * 1024;
const ALLOCATE_BYTES = 256 * 1024;
const NAMES = ['wal-A', 'wal-B'] as const;
/** While it is there, the files beside it count as missing. */
const ASIDE_MARK = 'aside';

function mirrorPaths({ directory, mirrorDirectory }: VoteLogOptions): readonly [string, string] {
  return [joinPath(directory, NAMES[0]), joinPath(mirrorDirectory ?? directory, NAMES[1])];
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isThere(path: string, disk: Disk): boolean {
  return disk.list(directoryOf(path)).includes(nameOf(path));
}

/** An open file, and where the next write goes. */
interface OpenMirror {
  readonly file: DiskFile;
  end: number;
  allocated: number;
}

interface MirrorContent {
  readonly records: readonly Uint8Array[];
  readonly salt: Uint8Array;
}

/** Writes a new file with these records and puts it in place, durably. */
async function writeMirror(
  path: string,
  { records, salt }: MirrorContent,
  { chain, validatorId, allocateBytes = ALLOCATE_BYTES }: VoteLogOptions,
  disk: Disk,
): Promise<OpenMirror> {
  const temporary = `${path}.new`;
  const created = disk.createFile(temporary);
  const identity = disk.identify(temporary);
  const header = encodeVoteHeader({ chain, validatorId, identity, salt });
  const bytes = concatBytes(header, ...records);
  const allocated = bytes.length + allocateBytes;
  created.write(0, bytes);
  created.write(bytes.length, new Uint8Array(allocateBytes));
  await created.sync();
  created.close();
  // The inode stays the same under the new name, which is what the header holds.
  disk.rename(temporary, path);
  await disk.syncDirectory(directoryOf(path));
  return { file: disk.openFile(path), end: bytes.length, allocated };
}

export interface VoteLogCreation {
  /** Signs only heights above this one: when leaving quarantine. */
  readonly above?: Height;
  /** 16 random bytes; drawn here unless a test or the simulator brings its own. */
  readonly salt?: Uint8Array;
}

/**
 * Creates the log of a new key; never called because one is missing.
 * @throws StateError STATE_DISK_FAILED when a log is there already
 */
export async function createVoteLog(
  options: VoteLogOptions & VoteLogCreation,
  { disk }: VoteLogParts,
): Promise<void> {
  const paths = mirrorPaths(options);
  for (const path of paths) {
    disk.makeDirectory(directoryOf(path));
    if (isThere(path, disk)) {
      const reason = 'a vote log is here already and is never overwritten';
      throw new StateError({ code: 'STATE_DISK_FAILED', path, operation: 'create', reason });
    }
  }
  const height = options.above === undefined ? 0 : options.above + 1;
  const salt = options.salt ?? generateNonce();
  assert(salt.length === SALT_SIZE, 'the salt of a vote log has 16 bytes');
  const records = encodeVoteRecords([{ type: 'height', height }], { sequence: 0, salt });
  const content = { records: records.map(({ bytes }) => bytes), salt };
  for (const path of paths) (await writeMirror(path, content, options, disk)).file.close();
  const mark = joinPath(options.directory, ASIDE_MARK);
  if (!isThere(mark, disk)) return;
  disk.remove(mark);
  await disk.syncDirectory(options.directory);
}

/**
 * Puts a log that may not be used any more aside, under a name of its own, for people to examine.
 * Nothing happens where there is none. A mark comes first: half of it done, the log is not used.
 */
export async function setVoteLogAside(
  options: VoteLogOptions,
  { disk }: VoteLogParts,
): Promise<void> {
  const mark = disk.createFile(joinPath(options.directory, ASIDE_MARK));
  await mark.sync();
  mark.close();
  await disk.syncDirectory(options.directory);
  for (const path of mirrorPaths(options)) {
    if (!isThere(path, disk)) continue;
    const taken = disk.list(directoryOf(path)).filter((name) => name.startsWith(nameOf(path)));
    disk.rename(path, `${path}.aside-${taken.length}`);
    await disk.syncDirectory(directoryOf(path));
  }
}

// --- opening -------------------------------------------------------------------------------

function readMirror(path: string, disk: Disk): Mirror & { readonly isThere: boolean } {
  if (!isThere(path, disk)) return { path, file: undefined, isThere: false };
  const file = disk.openFile(path);
  try {
    const bytes = new Uint8Array(file.size());
    file.read(0, bytes);
    return { path, file: readVoteFile(bytes), isThere: true };
  } finally {
    file.close();
  }
}

function foreignness(mirror: Mirror, options: VoteLogOptions): QuarantineReason | undefined {
  const { file, path } = mirror;
  if (file === undefined) return undefined;
  if (!equalBytes(file.header.chain, options.chain)) {
    return { code: 'STATE_VOTES_FOREIGN', path, fact: 'it belongs to another chain' };
  }
  if (!equalBytes(file.header.validatorId, options.validatorId)) {
    return { code: 'STATE_VOTES_FOREIGN', path, fact: 'it belongs to another validator' };
  }
  return undefined;
}

function copiedness({ file, path }: Mirror, disk: Disk): QuarantineReason | undefined {
  if (file === undefined) return undefined;
  const here = disk.identify(path);
  const { machine, inode } = file.header.identity;
  if (machine !== here.machine) {
    return { code: 'STATE_VOTES_COPIED', path, fact: 'it was written on another machine' };
  }
  if (inode === here.inode) return undefined;
  return { code: 'STATE_VOTES_COPIED', path, fact: 'it is a copy or was restored from one' };
}

/** Why the mirrors cannot be used at all. */
function refusalOf(
  mirrors: readonly ReturnType<typeof readMirror>[],
  options: VoteLogOptions,
  disk: Disk,
): QuarantineReason | undefined {
  const [a] = mirrors;
  assert(a !== undefined, 'there are two mirrors');
  if (mirrors.every((mirror) => !mirror.isThere)) {
    return { code: 'STATE_VOTES_MISSING', path: a.path };
  }
  const files = mirrors.flatMap(({ file }) => (file === undefined ? [] : [file]));
  const [first] = files;
  if (first === undefined) {
    return { code: 'STATE_VOTES_UNREADABLE', path: a.path, fact: 'no header is readable' };
  }
  for (const mirror of mirrors) {
    const reason = foreignness(mirror, options) ?? copiedness(mirror, disk);
    if (reason !== undefined) return reason;
  }
  if (files.every(({ header }) => equalBytes(header.salt, first.header.salt))) return undefined;
  return { code: 'STATE_VOTES_FOREIGN', path: a.path, fact: 'the mirrors are of two logs' };
}

function endOf({ file }: Mirror, records: readonly StoredRecord[]): number {
  assert(file !== undefined, 'a mirror that needs no repair is readable');
  return records.reduce((end, { bytes }) => end + bytes.length, file.headSize);
}

/**
 * Opens a mirror that needs no repair. What was read may lie in the system's memory alone: written
 * by a process that was killed before its sync, or given up by a sync that failed, after which the
 * system takes the pages for clean. It is written once more and synced before anything rests on it.
 */
async function keepMirror(
  mirror: Mirror,
  records: readonly StoredRecord[],
  disk: Disk,
): Promise<OpenMirror> {
  const { path, file: content } = mirror;
  assert(content !== undefined, 'a mirror that needs no repair is readable');
  const end = endOf(mirror, records);
  const file = disk.openFile(path);
  file.write(0, content.bytes.subarray(0, end));
  await file.sync();
  await disk.syncDirectory(directoryOf(path));
  return { file, end, allocated: content.bytes.length };
}

/** Opens both mirrors, mends what can be mended, or says why nothing may be signed with them. */
export async function openVoteLog(
  options: VoteLogOptions,
  { disk }: VoteLogParts,
): Promise<VoteLogOpening> {
  if (isThere(joinPath(options.directory, ASIDE_MARK), disk)) {
    const [path] = mirrorPaths(options);
    return { kind: 'quarantine', reason: { code: 'STATE_VOTES_MISSING', path } };
  }
  const mirrors = mirrorPaths(options).map((path) => readMirror(path, disk));
  const refusal = refusalOf(mirrors, options, disk);
  if (refusal !== undefined) return { kind: 'quarantine', reason: refusal };
  const merged = mergeMirrors(mirrors);
  if ('code' in merged) return { kind: 'quarantine', reason: merged };

  const salt = mirrors.find(({ file }) => file !== undefined)?.file?.header.salt;
  assert(salt !== undefined, 'one mirror at least is readable');
  const { records } = merged;
  const files: OpenMirror[] = [];
  for (const [index, mirror] of mirrors.entries()) {
    if (merged.repairs[index] === undefined) {
      files.push(await keepMirror(mirror, records, disk));
      continue;
    }
    const content = { records: records.map(({ bytes }) => bytes), salt };
    files.push(await writeMirror(mirror.path, content, options, disk));
  }
  const repairs: readonly VoteRepair[] = merged.repairs.filter((one) => one !== undefined);
  const log = new MirroredVoteLog({ files, records, salt }, options, disk);
  return { kind: 'open', log, repairs };
}

// --- the open log --------------------------------------------------------------------------

interface Opened {
  readonly files: readonly OpenMirror[];
  readonly records: readonly StoredRecord[];
  readonly salt: Uint8Array;
}

interface KeptRecord {
  readonly height: Height;
  readonly bytes: Uint8Array;
}

class MirroredVoteLog implements VoteLog {
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
      for (const mirror of this.#files) {
        allocate(mirror, bytes.length, allocateBytes);
        mirror.file.write(mirror.end, bytes);
      }
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
    const files = await this.#finally(async () => {
      const opened: OpenMirror[] = [];
      for (const [index, path] of mirrorPaths(this.#options).entries()) {
        this.#files[index]?.file.close();
        opened.push(
          await writeMirror(path, { records, salt: this.#salt }, this.#options, this.#disk),
        );
      }
      return opened;
    });
    this.#files = files;
    this.#sequence += stored.length;
    this.#entered = undefined;
    this.#keep(stored);
  }

  async close(): Promise<void> {
    this.#isBroken = true;
    for (const { file } of this.#files) file.close();
  }
}

/** Makes sure that a write of this size finds its place allocated. */
function allocate(mirror: OpenMirror, size: number, ahead: number): void {
  if (mirror.end + size <= mirror.allocated) return;
  const room = size + ahead;
  mirror.file.write(mirror.end, new Uint8Array(room));
  mirror.allocated = mirror.end + room;
}
