/**
 * The vote log on disk: two identical files (B may lie on another disk), allocated ahead so that a
 * full disk is met before a vote is written. What one has lost is taken from the other; an unfinished
 * last write is dropped only when neither has it whole, because then its barrier never completed and
 * nothing was sent; anything else means quarantine (protocol §12).
 */
import type { Height } from '@daybook/core';
import { assert, equalBytes, generateNonce, isPlanted } from '@daybook/core';
import type { Disk } from '../disk/disk.ts';
import { isSameFile, joinPath } from '../disk/disk.ts';
import { StateError } from '../errors.ts';
import { MirroredVoteLog } from './mirrored-vote-log.ts';
import type { Mirror } from './mirrors.ts';
import { mergeMirrors } from './mirrors.ts';
import type { OpenMirror, VoteLogOptions, VoteLogParts } from './vote-files.ts';
import { directoryOf, isThere, mirrorPaths, nameOf, writeMirror } from './vote-files.ts';
import type { QuarantineReason, VoteLogOpening, VoteRepair } from './vote-log.ts';
import type { StoredRecord } from './vote-record.ts';
import { encodeVoteRecords, readVoteFile, SALT_SIZE } from './vote-record.ts';

export type { VoteLogOptions, VoteLogParts } from './vote-files.ts';

/** While it is there, the files beside it count as missing. */
const ASIDE_MARK = 'aside';

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
  const { identity } = file.header;
  if (isSameFile(identity, here) || isPlanted('copied-log-trusted')) return undefined;
  const isElsewhere = identity.machine !== here.machine;
  const fact = isElsewhere
    ? 'it was written on another machine'
    : 'it is a copy or was restored from one';
  return { code: 'STATE_VOTES_COPIED', path, fact };
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
