/** Damage to a file, in place, so that the file stays the one the system knows. */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs';
import type { Random } from './random.ts';

const KINDS = ['flip', 'zero', 'truncate'] as const;
const ZEROS = new Uint8Array(16);

/** Writes these bytes over a file, which keeps its identity. */
export function overwrite(file: string, bytes: Uint8Array): void {
  const descriptor = openSync(file, 'r+');
  try {
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(descriptor);
  }
}

/** One bit, sixteen bytes, or the end of the file, at a random place. @returns words for it */
export function damage(file: string, random: Random): string {
  return damageBelow(file, (size) => size, random);
}

/** As `damage`, but where something was written: files may be longer than what is in them. */
export function damageContent(file: string, random: Random): string {
  const written = (_size: number, bytes: Uint8Array): number =>
    Math.max(1, bytes.findLastIndex((byte) => byte !== 0) + 1);
  return damageBelow(file, written, random);
}

function damageBelow(
  file: string,
  endOf: (size: number, bytes: Uint8Array) => number,
  random: Random,
): string {
  const bytes = readFileSync(file);
  if (bytes.length === 0) {
    overwrite(file, Uint8Array.of(0xff, 0x00, 0x5a));
    return 'three bytes where there were none';
  }
  const kind = random.pick(KINDS);
  const at = random.integer(0, endOf(bytes.length, bytes));
  switch (kind) {
    case 'flip':
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(0, 8));
      overwrite(file, bytes);
      break;
    case 'zero':
      bytes.set(ZEROS.subarray(0, Math.min(ZEROS.length, bytes.length - at)), at);
      overwrite(file, bytes);
      break;
    case 'truncate':
      overwrite(file, bytes.subarray(0, at));
      break;
  }
  return `${kind} at ${at} of ${bytes.length}`;
}

/** Bytes between two damages: some in nearly every block. */
const STEP = 1024;

/**
 * Flips a bit about every kilobyte in the first part of a file that another process has open, and
 * touches nothing else of it. @returns how many
 */
export function flipThroughout(file: string, part: number, random: Random): number {
  const descriptor = openSync(file, 'r+');
  try {
    const end = Math.floor(fstatSync(descriptor).size * part);
    let flipped = 0;
    const byte = new Uint8Array(1);
    for (let at = random.integer(16, STEP); at < end; at += random.integer(1, 2 * STEP)) {
      readSync(descriptor, byte, 0, 1, at);
      byte[0] = (byte[0] ?? 0) ^ (1 << random.integer(0, 8));
      writeSync(descriptor, byte, 0, 1, at);
      flipped += 1;
    }
    return flipped;
  } finally {
    closeSync(descriptor);
  }
}
