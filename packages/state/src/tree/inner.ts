/**
 * Inner nodes as records of the node log. A node of which few slots changed since its last complete
 * record is written as the difference to that one, which saves half of all bytes; reading it then
 * takes two records. Each names its prefix, so that the cleaning of old segments can find from a
 * record alone whether the tree still uses it.
 *
 *   INNER = depth u8 | prefix | slots u16 | counts | refs u48 | hashes
 *   DELTA = depth u8 | prefix | base ref u48 | changed slots u16 | slots u16 | counts | refs | hashes
 */
import { TREE_WIDTH } from '@daybook/core';
import type { InnerNode } from './nodes.ts';
import { BASE_AT, COUNTS_AT, PLACE_AT, PREFIX_AT } from './nodes.ts';
import { copyBytes, lowestOf, readU16, readU48, U48_SIZE, writeU16, writeU48 } from './numbers.ts';
import type { Ref } from './record-form.ts';
import type { RecordLog } from './record-log.ts';

/** Kinds of records in the node log and the value log; numbers are never reused. */
export const RECORD_KINDS = { inner: 1, delta: 2, bucket: 3, value: 5 } as const;

/** More changed slots than this are cheaper as a complete record (see ADR 4). */
const DELTA_SLOTS_MAX = 6;
const ALL_SLOTS = 0xffff;
const BODY_MAX = 800;

/**
 * Appends a node whose children all have places, completely or as the difference to its base, and
 * sets its place.
 */
export function writeInner(log: RecordLog, node: InnerNode): void {
  const { refs } = node;
  const baseRef = refs[BASE_AT] ?? 0;
  const isDelta =
    baseRef !== 0 && !node.mustBeComplete && bitCount(node.changed) <= DELTA_SLOTS_MAX;
  const start = log.begin(BODY_MAX);
  const { buffer } = log;
  let at = start;
  buffer[at] = node.depth;
  const prefixSize = (node.depth + 1) >> 1;
  copyBytes(node.bytes, PREFIX_AT, buffer, at + 1, prefixSize);
  at += 1 + prefixSize;
  if (isDelta) {
    writeU48(buffer, at, baseRef);
    writeU16(buffer, at + U48_SIZE, node.changed);
    at += U48_SIZE + 2;
  }
  at = writeSlots(buffer, at, node, isDelta ? node.changed : ALL_SLOTS);
  const bodySize = at - start;
  const ref = log.finish(isDelta ? RECORD_KINDS.delta : RECORD_KINDS.inner, bodySize);
  refs[PLACE_AT] = ref;
  if (isDelta) return;
  refs[BASE_AT] = ref;
  node.changed = 0;
}

function writeSlots(buffer: Uint8Array, from: number, node: InnerNode, wanted: number): number {
  const { bytes, refs } = node;
  let slots = 0;
  let at = from + 2;
  for (let rest = wanted; rest !== 0; rest &= rest - 1) {
    const slot = lowestOf(rest);
    const count = bytes[COUNTS_AT + slot] ?? 0;
    if (count === 0) continue;
    slots |= 1 << slot;
    buffer[at++] = count;
  }
  writeU16(buffer, from, slots);
  for (let rest = slots; rest !== 0; rest &= rest - 1) {
    writeU48(buffer, at, refs[lowestOf(rest)] ?? 0);
    at += U48_SIZE;
  }
  if (slots === ALL_SLOTS) {
    buffer.set(node.hashes, at);
    return at + 32 * TREE_WIDTH;
  }
  for (let rest = slots; rest !== 0; rest &= rest - 1) {
    copyBytes(bytes, 32 * lowestOf(rest), buffer, at, 32);
    at += 32;
  }
  return at;
}

/** Fills a fresh node from its record, and from the base under it when it is a difference. */
export function readInner(log: RecordLog, node: InnerNode, ref: Ref): void {
  const { kind, bytes, at: bodyAt, size } = log.readAny(ref, BODY_MAX - 64);
  const body = bytes.subarray(bodyAt, bodyAt + size);
  if (kind === RECORD_KINDS.inner) {
    readComplete(body, node);
    node.refs[PLACE_AT] = ref;
    node.refs[BASE_AT] = ref;
    node.changed = 0;
    return;
  }
  if (kind !== RECORD_KINDS.delta) throw log.damage(ref, 'another kind of record than expected');
  const delta = body.slice();
  const at = 1 + (((delta[0] ?? 0) + 1) >> 1);
  readInner(log, node, readU48(delta, at));
  node.changed = readU16(delta, at + U48_SIZE);
  clearSlots(node, node.changed);
  readSlots(delta, at + U48_SIZE + 2, node);
  node.refs[PLACE_AT] = ref;
}

function readComplete(body: Uint8Array, node: InnerNode): void {
  node.depth = body[0] ?? 0;
  const prefixSize = (node.depth + 1) >> 1;
  copyBytes(body, 1, node.bytes, PREFIX_AT, prefixSize);
  clearSlots(node, ALL_SLOTS);
  readSlots(body, 1 + prefixSize, node);
}

function readSlots(body: Uint8Array, from: number, node: InnerNode): void {
  const slots = readU16(body, from);
  const count = bitCount(slots);
  let countAt = from + 2;
  let refAt = countAt + count;
  let hashAt = refAt + U48_SIZE * count;
  for (let slot = 0; slot < TREE_WIDTH; slot++) {
    if ((slots & (1 << slot)) === 0) continue;
    node.setCount(slot, body[countAt++] ?? 0);
    node.refs[slot] = readU48(body, refAt);
    copyBytes(body, hashAt, node.bytes, 32 * slot, 32);
    refAt += U48_SIZE;
    hashAt += 32;
  }
}

function clearSlots(node: InnerNode, slots: number): void {
  for (let slot = 0; slot < TREE_WIDTH; slot++) {
    if ((slots & (1 << slot)) === 0) continue;
    node.setCount(slot, 0);
    node.refs[slot] = 0;
    node.bytes.fill(0, 32 * slot, 32 * slot + 32);
  }
}

function bitCount(mask: number): number {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Depth and prefix of a node from the body of its record, complete or not. */
export function nameOfInner(body: Uint8Array): {
  readonly depth: number;
  readonly key: Uint8Array;
} {
  const depth = body[0] ?? 0;
  return { depth, key: body.slice(1, 1 + ((depth + 1) >> 1)) };
}
