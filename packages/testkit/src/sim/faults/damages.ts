/** What can happen to the storage of a machine that is down: flipped bits, lost files. */
import { equalBytes } from '@daybook/core';
import type { Machine } from '../node/machine.ts';
import { VOTES } from '../node/sim-directory.ts';
import type { Prng } from '../world/prng.ts';

/** What a damage did. */
export interface Struck {
  /** The counter of the deed; undefined where it hit only what nobody had written. */
  readonly counter: string | undefined;
}

/** @returns undefined if there was nothing to damage, and nothing was */
type Damage = (machine: Machine, prng: Prng) => Struck | undefined;

/** Of a thousand flips, so many hit what was written; files are allocated far ahead. */
const IN_WRITTEN_PERMILLE = 900;
/** Of those, so many hit the newest records: what was signed last binds most. */
const IN_NEWEST_PERMILLE = 300;
const NEWEST_BYTES = 512;
/** Both mirrors are hit within so many bytes of each other: within a record, or in two beside. */
const NEAR_BYTES = 32;

/** Offset behind the last byte that is not zero: what follows was only allocated. */
export function writtenSize(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  return end;
}

/** Where a bit of a file flips. The file has something written in it. */
export function drawPlace(bytes: Uint8Array, prng: Prng): number {
  const written = writtenSize(bytes);
  if (!prng.chance(IN_WRITTEN_PERMILLE)) return prng.below(bytes.length);
  const newest = prng.chance(IN_NEWEST_PERMILLE) ? Math.min(NEWEST_BYTES, written) : written;
  return written - newest + prng.below(newest);
}

/** @returns whether it was a byte of what was written */
function flipAt(bytes: Uint8Array, at: number, prng: Prng): boolean {
  const isWritten = at < writtenSize(bytes);
  bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
  return isWritten;
}

function isWritten({ disk }: Machine, path: string): boolean {
  const bytes = disk.durable(path);
  return bytes !== undefined && writtenSize(bytes) > 0;
}

/** The mirrors A of all vote logs of a machine. That of a later key or era names it: `votes-…`. */
function votePaths(machine: Machine): readonly string[] {
  const paths = machine.disk.pathsBelow(VOTES);
  return paths.filter((path) => path.endsWith('/wal-A') && isWritten(machine, path));
}

function mirrorOf(path: string): string {
  return path.replace(/A$/, 'B');
}

function flipBit(machine: Machine, path: string, prng: Prng): boolean {
  let hasHit = false;
  machine.disk.damage(path, (bytes) => {
    hasHit = flipAt(bytes, drawPlace(bytes, prng), prng);
  });
  return hasHit;
}

const flipInMirror: Damage = (machine, prng) => {
  const paths = votePaths(machine);
  if (paths.length === 0) return undefined;
  const path = prng.pick(paths);
  const chosen = prng.chance(500) ? path : mirrorOf(path);
  if (!isWritten(machine, chosen)) return undefined;
  const hasHit = flipBit(machine, chosen, prng);
  return { counter: hasHit ? 'bit flip in one mirror' : undefined };
};

const flipInMirrors: Damage = (machine, prng) => {
  const paths = votePaths(machine).filter((path) => isWritten(machine, mirrorOf(path)));
  if (paths.length === 0) return undefined;
  const path = prng.pick(paths);
  const at = drawPlace(machine.disk.durable(path) ?? new Uint8Array(), prng);
  const hits: boolean[] = [];
  for (const one of [path, mirrorOf(path)]) {
    const near = Math.max(0, at + prng.between(-NEAR_BYTES, NEAR_BYTES));
    machine.disk.damage(one, (bytes) => {
      hits.push(flipAt(bytes, Math.min(near, bytes.length - 1), prng));
    });
  }
  return { counter: hits.every((hit) => hit) ? 'bit flips in both mirrors' : undefined };
};

const flipElsewhere: Damage = (machine, prng) => {
  const all = machine.disk.paths().filter((path) => !path.startsWith(VOTES));
  const paths = all.filter((path) => isWritten(machine, path));
  if (paths.length === 0) return undefined;
  const hasHit = flipBit(machine, prng.pick(paths), prng);
  return { counter: hasHit ? 'bit flip in blocks or state' : undefined };
};

const flipInDatabase: Damage = ({ keyValue }, prng) => {
  if (keyValue.size() === 0) return undefined;
  let struck: Struck | undefined;
  keyValue.damage(prng.below(keyValue.size()), (bytes) => {
    if (bytes.length === 0) return;
    // A value has no allocated rest: a zero in it means something.
    const at = prng.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
    struck = { counter: 'bit flip in the database' };
  });
  return struck;
};

const loseFile: Damage = ({ disk }, prng) => {
  const paths = disk.paths();
  if (paths.length === 0) return undefined;
  disk.remove(prng.pick(paths));
  return { counter: 'lost file' };
};

export const DAMAGES: readonly Damage[] = [
  flipInMirror,
  flipInMirrors,
  flipElsewhere,
  flipInDatabase,
  loseFile,
];

type Files = ReadonlyMap<string, Uint8Array>;

/** Whether two sets of files are the same, byte for byte. */
export function areSameFiles(some: Files, others: Files): boolean {
  if (some.size !== others.size) return false;
  return [...some].every(([path, bytes]) => {
    const other = others.get(path);
    return other !== undefined && equalBytes(bytes, other);
  });
}
