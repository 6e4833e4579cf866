/**
 * The vote log on disk: two identical files (B may lie on another disk). What one has lost is taken
 * from the other; an unfinished last record is dropped only when neither has it whole, because then
 * its barrier never completed and nothing was sent; anything else means quarantine (protocol §12).
 */
import type { Hash, ValidatorId } from '@daybook/core';
import { assert, concatBytes, equalBytes } from '@daybook/core';
import type { Disk, DiskFile } from '../disk/disk.ts';
import { joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import type {
  Lock,
  QuarantineReason,
  SignedVote,
  VoteLog,
  VoteLogOpening,
  VoteRepair,
  VoteState,
} from './vote-log.ts';
import type { StoredRecord, VoteFileContent, VoteRecord } from './vote-record.ts';
import { encodeVoteHeader, encodeVoteRecord, readVoteFile } from './vote-record.ts';

export interface VoteLogOptions {
  readonly directory: string;
  /** Where mirror B lies; beside A by default. */
  readonly mirrorDirectory?: string;
  /** G: the log of another chain is refused. */
  readonly chain: Hash;
  readonly validatorId: ValidatorId;
}

export interface VoteLogParts {
  readonly disk: Disk;
}

/** Files are renewed at a height boundary when they have grown to this. */
const ROTATE_BYTES = 32 * 1024 * 1024;

function mirrorPaths({ directory, mirrorDirectory }: VoteLogOptions): readonly [string, string] {
  return [joinPath(directory, 'wal-A'), joinPath(mirrorDirectory ?? directory, 'wal-B')];
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

/** Writes a new file with these records and puts it in place, durably. */
async function writeMirror(
  path: string,
  records: readonly Uint8Array[],
  options: VoteLogOptions,
  disk: Disk,
): Promise<DiskFile> {
  const temporary = `${path}.new`;
  const file = disk.createFile(temporary);
  const { chain, validatorId } = options;
  const header = encodeVoteHeader({ chain, validatorId, identity: disk.identify(temporary) });
  file.write(0, concatBytes(header, ...records));
  await file.sync();
  file.close();
  // The inode stays the same under the new name, which is what the header holds.
  disk.rename(temporary, path);
  await disk.syncDirectory(directoryOf(path));
  return disk.openFile(path);
}

/**
 * Creates the log of a new key; never called by a running daemon.
 * @param options.above  signs only heights above this one: when leaving quarantine
 * @throws StateError STATE_DISK_FAILED when a log is there already
 */
export async function createVoteLog(
  options: VoteLogOptions & { readonly above?: number },
  { disk }: VoteLogParts,
): Promise<void> {
  const paths = mirrorPaths(options);
  for (const path of paths) {
    disk.makeDirectory(directoryOf(path));
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (disk.list(directoryOf(path)).includes(name)) {
      const reason = 'a vote log is here already and is never overwritten';
      throw new StateError({ code: 'STATE_DISK_FAILED', path, operation: 'create', reason });
    }
  }
  const height = options.above === undefined ? 0 : options.above + 1;
  const first = encodeVoteRecord(0, { type: 'height', height });
  for (const path of paths) (await writeMirror(path, [first], options, disk)).close();
}

// --- opening -------------------------------------------------------------------------------

interface Mirror {
  readonly path: string;
  readonly content: VoteFileContent | undefined;
  /** Bytes of the file; undefined when it is missing. */
  readonly size: number | undefined;
}

function readMirror(path: string, disk: Disk): Mirror {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!disk.list(directoryOf(path)).includes(name)) {
    return { path, content: undefined, size: undefined };
  }
  const file = disk.openFile(path);
  try {
    const bytes = new Uint8Array(file.size());
    file.read(0, bytes);
    return { path, content: readVoteFile(bytes), size: bytes.length };
  } finally {
    file.close();
  }
}

function foreignness(mirror: Mirror, options: VoteLogOptions): QuarantineReason | undefined {
  const { content, path } = mirror;
  if (content === undefined) return undefined;
  if (!equalBytes(content.header.chain, options.chain)) {
    return { code: 'STATE_VOTES_FOREIGN', path, fact: 'it belongs to another chain' };
  }
  if (!equalBytes(content.header.validatorId, options.validatorId)) {
    return { code: 'STATE_VOTES_FOREIGN', path, fact: 'it belongs to another validator' };
  }
  return undefined;
}

function copiedness(mirror: Mirror, disk: Disk): QuarantineReason | undefined {
  const { content, path } = mirror;
  if (content === undefined) return undefined;
  const here = disk.identify(path);
  const { machine, inode } = content.header.identity;
  if (machine !== here.machine) {
    return { code: 'STATE_VOTES_COPIED', path, fact: 'it was written on another machine' };
  }
  if (inode === here.inode) return undefined;
  return { code: 'STATE_VOTES_COPIED', path, fact: 'it is a copy or was restored from one' };
}

/** Why the mirrors cannot be used at all. */
function refusalOf(
  mirrors: readonly Mirror[],
  options: VoteLogOptions,
  disk: Disk,
): QuarantineReason | undefined {
  const [a] = mirrors;
  assert(a !== undefined, 'there are two mirrors');
  if (mirrors.every(({ size }) => size === undefined)) {
    return { code: 'STATE_VOTES_MISSING', path: a.path };
  }
  if (mirrors.every(({ content }) => content === undefined)) {
    return { code: 'STATE_VOTES_UNREADABLE', path: a.path, fact: 'no header is readable' };
  }
  for (const mirror of mirrors) {
    const reason = foreignness(mirror, options) ?? copiedness(mirror, disk);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** All records of both mirrors in order, or the first that neither has whole. */
function mergeRecords(mirrors: readonly Mirror[]): readonly StoredRecord[] | QuarantineReason {
  const bySequence = new Map<number, StoredRecord>();
  for (const { content } of mirrors) {
    for (const record of content?.records ?? []) {
      const other = bySequence.get(record.sequence);
      if (other !== undefined && !equalBytes(other.bytes, record.bytes)) {
        const fact = 'the mirrors hold different records';
        return { code: 'STATE_VOTES_DAMAGED', sequence: record.sequence, fact };
      }
      bySequence.set(record.sequence, record);
    }
  }
  const records = [...bySequence.values()].sort((x, y) => x.sequence - y.sequence);
  const first = records[0]?.sequence ?? 0;
  const begins = mirrors.some(({ content }) => {
    return content?.hasBeginning === true && content.records[0]?.sequence === first;
  });
  if (records.length > 0 && !begins) {
    const fact = 'the first record is damaged in both mirrors and later ones exist';
    return { code: 'STATE_VOTES_DAMAGED', sequence: Math.max(0, first - 1), fact };
  }
  const gap = records.findIndex(({ sequence }, index) => sequence !== first + index);
  if (gap >= 0) {
    const fact = 'a record is damaged in both mirrors and later ones exist';
    return { code: 'STATE_VOTES_DAMAGED', sequence: first + gap, fact };
  }
  if (records.length === 0) {
    return { code: 'STATE_VOTES_DAMAGED', sequence: 0, fact: 'no record is whole' };
  }
  return records;
}

function isWhole(mirror: Mirror, records: readonly StoredRecord[]): boolean {
  const { content, size } = mirror;
  if (content === undefined || content.hasHole || content.end !== size) return false;
  if (content.records.length !== records.length) return false;
  return content.records[0]?.sequence === records[0]?.sequence;
}

function repairOf(mirror: Mirror, records: readonly StoredRecord[]): VoteRepair {
  const own = mirror.content?.records ?? [];
  const held = new Set(own.map(({ sequence }) => sequence));
  const lost = records.find(({ sequence }) => !held.has(sequence));
  const next = (records.at(-1)?.sequence ?? 0) + 1;
  const kind = lost === undefined ? 'torn' : 'mirror';
  return { path: mirror.path, kind, sequence: lost?.sequence ?? next };
}

/** Opens both mirrors, mends what can be mended, or says why nothing may be signed with them. */
export async function openVoteLog(
  options: VoteLogOptions,
  { disk }: VoteLogParts,
): Promise<VoteLogOpening> {
  const mirrors = mirrorPaths(options).map((path) => readMirror(path, disk));
  const refusal = refusalOf(mirrors, options, disk);
  if (refusal !== undefined) return { kind: 'quarantine', reason: refusal };
  const records = mergeRecords(mirrors);
  if ('code' in records) return { kind: 'quarantine', reason: records };

  const repairs: VoteRepair[] = [];
  const files: DiskFile[] = [];
  for (const mirror of mirrors) {
    if (isWhole(mirror, records)) {
      files.push(disk.openFile(mirror.path));
      continue;
    }
    repairs.push(repairOf(mirror, records));
    const bytes = records.map((record) => record.bytes);
    files.push(await writeMirror(mirror.path, bytes, options, disk));
  }
  const [a, b] = files;
  assert(a !== undefined && b !== undefined, 'there are two mirrors');
  const log = new MirroredVoteLog([a, b], records, options, disk);
  return { kind: 'open', log, repairs };
}

// --- the open log --------------------------------------------------------------------------

function applyRecord(state: VoteState, record: VoteRecord): VoteState {
  switch (record.type) {
    case 'height':
      if (record.height <= state.guard.height) return state;
      return { guard: { height: record.height, round: 0 }, own: [] };
    case 'lock':
      return { ...state, lock: record.lock };
    case 'signed': {
      const { vote } = record;
      const { height, round, step } = vote;
      const isHigher = height > state.guard.height;
      const own = isHigher ? [vote] : [...state.own, vote];
      // A LOCK stands right before its COMMIT: it may be of the height that begins with it.
      const lock = state.lock?.height === height ? state.lock : undefined;
      return { guard: { height, round, step }, own, ...(lock && { lock }) };
    }
  }
}

class MirroredVoteLog implements VoteLog {
  #files: readonly [DiskFile, DiskFile];
  #state: VoteState;
  #sequence: number;
  #offsets: readonly [number, number];
  #isBroken = false;
  readonly #options: VoteLogOptions;
  readonly #disk: Disk;

  constructor(
    files: readonly [DiskFile, DiskFile],
    records: readonly StoredRecord[],
    options: VoteLogOptions,
    disk: Disk,
  ) {
    this.#files = files;
    this.#options = options;
    this.#disk = disk;
    this.#offsets = [files[0].size(), files[1].size()];
    this.#sequence = (records.at(-1)?.sequence ?? -1) + 1;
    const empty: VoteState = { guard: { height: 0, round: 0 }, own: [] };
    this.#state = records.reduce((state, { record }) => applyRecord(state, record), empty);
  }

  state(): VoteState {
    return this.#state;
  }

  async appendVote(vote: SignedVote, lock?: Lock): Promise<void> {
    const records: readonly VoteRecord[] =
      lock === undefined
        ? [{ type: 'signed', vote }]
        : [
            { type: 'lock', lock },
            { type: 'signed', vote },
          ];
    this.#write(records);
    try {
      await Promise.all(this.#files.map((file) => file.sync()));
    } catch (error) {
      this.#isBroken = true;
      throw error;
    }
    this.#state = records.reduce(applyRecord, this.#state);
  }

  async enterHeight(height: number): Promise<void> {
    if (height <= this.#state.guard.height) return;
    const record: VoteRecord = { type: 'height', height };
    if (Math.max(...this.#offsets) >= ROTATE_BYTES) {
      await this.#rotate(record);
    } else {
      this.#write([record]);
    }
    this.#state = applyRecord(this.#state, record);
  }

  #write(records: readonly VoteRecord[]): void {
    const [first] = this.#files;
    if (this.#isBroken) throw new StateError({ code: 'STATE_LOG_BROKEN', path: first.path });
    const bytes = concatBytes(
      ...records.map((record, index) => encodeVoteRecord(this.#sequence + index, record)),
    );
    const [a, b] = this.#files;
    const [atA, atB] = this.#offsets;
    try {
      a.write(atA, bytes);
      b.write(atB, bytes);
    } catch (error) {
      this.#undo(error);
      throw error;
    }
    this.#sequence += records.length;
    this.#offsets = [atA + bytes.length, atB + bytes.length];
  }

  /** After a full disk the log goes on where it was; any other failure ends it. */
  #undo(error: unknown): void {
    this.#isBroken = true;
    if (!(error instanceof StateError) || error.code !== 'STATE_DISK_FULL') return;
    for (const [index, file] of this.#files.entries()) file.truncate(this.#offsets[index] ?? 0);
    this.#isBroken = false;
  }

  /** New files that begin at this height: nothing older can be signed any more. */
  async #rotate(record: VoteRecord): Promise<void> {
    const bytes = encodeVoteRecord(this.#sequence, record);
    const [a, b] = mirrorPaths(this.#options);
    for (const file of this.#files) file.close();
    const files: readonly [DiskFile, DiskFile] = [
      await writeMirror(a, [bytes], this.#options, this.#disk),
      await writeMirror(b, [bytes], this.#options, this.#disk),
    ];
    this.#files = files;
    this.#offsets = [files[0].size(), files[1].size()];
    this.#sequence += 1;
  }

  async close(): Promise<void> {
    this.#isBroken = true;
    for (const file of this.#files) file.close();
  }
}
