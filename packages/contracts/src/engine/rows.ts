/**
 * The rows a block has touched, decoded once, with a journal per transaction: a transaction that
 * fails leaves every row as it found it. Values are encoded and hashed when a transaction ends.
 *
 * Stored value: canonical `[contractVersion, recordVersion, height, txIndex, writer, fields]`,
 * fields a map without the key fields.
 */
import type { Hash, InputFault, RecordKey, WrittenValue } from '@daybook/core';
import {
  asHash,
  assert,
  compareBytes,
  equalBytes,
  toHex,
  treeKeyOf,
  valueHashOf,
} from '@daybook/core';
import { ContractsError } from '../errors.ts';
import { encodeKey } from '../fields/key-bytes.ts';
import type { Facts, Stamp } from '../language/context.ts';
import type { Values } from '../language/definition.ts';
import type { DecodedRow, LinkedRecord } from './link.ts';
import { HostFault } from './signals.ts';
import type { StateView, StateWrite } from './state-view.ts';
import type { ValueWriter } from './value-codec.ts';
import { createValueWriter, decodeValue } from './value-codec.ts';

/** One record as the block sees it. */
export interface Slot {
  readonly record: LinkedRecord;
  readonly recordKey: RecordKey;
  /** Key and fields, frozen; undefined when there is no record. */
  row: Values | undefined;
  stamp: Stamp | undefined;
  /** The stored value; undefined while `row` was put and not yet encoded, or is absent. */
  value: Uint8Array | undefined;
  treeKey: Uint8Array | undefined;
  /** Written by a transaction of this block that succeeded. */
  isWritten: boolean;
  /** Charged to a transaction of this block as a load. */
  isCharged: boolean;
  readonly wasStored: boolean;
}

/** What a slot held before the present transaction wrote it. */
interface Before {
  readonly row: Values | undefined;
  readonly stamp: Stamp | undefined;
  readonly value: Uint8Array | undefined;
}

/** One row a transaction changed. */
export interface Touched {
  readonly slot: Slot;
  readonly before: Values | undefined;
}

/** Who writes, and where in the chain. */
export interface WriteContext {
  readonly height: number;
  readonly txIndex: number;
  readonly writer: string;
}

export interface BlockRows {
  /** The slot of a key, read from the view at first sight. */
  slotOf(record: LinkedRecord, key: Values): Slot;
  /** Puts a checked row, or removes with undefined. */
  write(slot: Slot, row: Values | undefined, context: WriteContext): void;
  /** Rows the present transaction has changed, in the order of first change. */
  touched(): Iterable<Touched>;
  /** Encodes what the transaction wrote. Bytes written, for the meter. */
  seal(): number;
  /** Keeps what the transaction wrote. @returns its writes, ascending by tree key */
  commit(): readonly WrittenValue[];
  /** Forgets what the transaction wrote. */
  rollback(): void;
  /** @returns a function that forgets what the transaction wrote after this moment */
  savepoint(): () => void;
  /** The block's writes, ascending by tree key, one per record. */
  finish(): readonly StateWrite[];
}

export function createBlockRows(view: StateView): BlockRows {
  return new JournalledRows(view);
}

class JournalledRows implements BlockRows {
  readonly #view: StateView;
  readonly #slots = new Map<LinkedRecord, Map<SlotId, Slot>>();
  readonly #journal = new Map<Slot, Before>();
  readonly #writer = createValueWriter();

  constructor(view: StateView) {
    this.#view = view;
  }

  slotOf(record: LinkedRecord, key: Values): Slot {
    let slots = this.#slots.get(record);
    if (slots === undefined) {
      slots = new Map();
      this.#slots.set(record, slots);
    }
    const id = slotIdOf(record, key);
    const known = slots.get(id);
    if (known !== undefined) return known;
    const slot = this.#load(record, key, id);
    slots.set(id, slot);
    return slot;
  }

  write(slot: Slot, row: Values | undefined, context: WriteContext): void {
    const { row: before, stamp, value } = slot;
    if (!this.#journal.has(slot)) this.#journal.set(slot, { row: before, stamp, value });
    const first = this.#journal.get(slot);
    slot.row = row;
    slot.value = undefined;
    slot.stamp =
      row === undefined
        ? undefined
        : {
            contractVersion: slot.record.contractVersion,
            // Several puts of one transaction make one version.
            recordVersion: (first?.stamp?.recordVersion ?? 0) + 1,
            ...context,
          };
  }

  *touched(): Iterable<Touched> {
    for (const [slot, { row }] of this.#journal) yield { slot, before: row };
  }

  seal(): number {
    let size = 0;
    for (const slot of this.#journal.keys()) {
      if (slot.row === undefined || slot.stamp === undefined) continue;
      slot.value = encodeStored(this.#writer, slot.record, slot.stamp, slot.row);
      size += slot.value.length;
    }
    return size;
  }

  commit(): readonly WrittenValue[] {
    const writes: WrittenValue[] = [];
    for (const slot of this.#journal.keys()) {
      const { value } = slot;
      assert((value === undefined) === (slot.row === undefined), 'a row is sealed before commit');
      slot.isWritten = true;
      slot.treeKey ??= treeKeyOf(slot.recordKey);
      const { treeKey } = slot;
      writes.push(value === undefined ? { treeKey } : { treeKey, valueHash: hashOf(value) });
    }
    this.#journal.clear();
    return writes.sort((a, b) => compareBytes(a.treeKey, b.treeKey));
  }

  rollback(): void {
    for (const [slot, { row, stamp, value }] of this.#journal) {
      slot.row = row;
      slot.stamp = stamp;
      slot.value = value;
    }
    this.#journal.clear();
  }

  savepoint(): () => void {
    const kept = new Map<Slot, Before>();
    for (const slot of this.#journal.keys()) {
      kept.set(slot, { row: slot.row, stamp: slot.stamp, value: slot.value });
    }
    return () => {
      for (const [slot, first] of this.#journal) {
        const before = kept.get(slot);
        if (before === undefined) this.#journal.delete(slot);
        Object.assign(slot, before ?? first);
      }
    };
  }

  finish(): readonly StateWrite[] {
    assert(this.#journal.size === 0, 'a block ends between transactions');
    const writes: StateWrite[] = [];
    for (const slots of this.#slots.values()) {
      for (const { recordKey, treeKey, value, isWritten, wasStored } of slots.values()) {
        if (!isWritten || treeKey === undefined) continue;
        if (value !== undefined || wasStored) writes.push({ recordKey, treeKey, value });
      }
    }
    return writes.sort((a, b) => compareBytes(a.treeKey, b.treeKey));
  }

  #load(record: LinkedRecord, key: Values, id: SlotId): Slot {
    const recordKey = recordKeyFor(record, key);
    const value = readValue(this.#view, recordKey);
    const stored = value && decodeOnce(record, { key, id }, value);
    return {
      record,
      recordKey,
      row: stored?.row,
      stamp: stored?.stamp,
      value,
      treeKey: undefined,
      isWritten: false,
      isCharged: false,
      wasStored: value !== undefined,
    };
  }
}

/** What the view holds under a key. @throws HostFault if it fails or the value is damaged */
export function readStored(
  view: StateView,
  record: LinkedRecord,
  key: Values,
): DecodedRow | undefined {
  const value = readValue(view, recordKeyFor(record, key));
  return value && decodeOnce(record, { key, id: slotIdOf(record, key) }, value);
}

/** Rows remembered per record set: the officers, roles and parameters that every block asks for. */
const DECODED_MAX = 128;

/**
 * The row of stored bytes. Comparing them with those decoded last for this key takes a fraction of
 * decoding and checking them again, which every block does with the same few records.
 */
function decodeOnce(
  record: LinkedRecord,
  { key, id }: { readonly key: Values; readonly id: SlotId },
  value: Uint8Array,
): DecodedRow {
  const { decoded } = record;
  const known = decoded.get(id);
  if (known !== undefined && equalBytes(known.value, value)) return known;
  const row = { value, ...decodeStored(record, key, value) };
  if (decoded.size >= DECODED_MAX) decoded.clear();
  decoded.set(id, row);
  return row;
}

function readValue(view: StateView, recordKey: RecordKey): Uint8Array | undefined {
  try {
    return view.get(recordKey);
  } catch (cause) {
    throw new HostFault('the state view failed', { cause });
  }
}

/** What tells the records of one set apart within a block: cheaper than their key bytes. */
type SlotId = string | number;

function slotIdOf(record: LinkedRecord, key: Values): SlotId {
  const { keyNames } = record;
  const [first] = keyNames;
  if (keyNames.length === 1 && first !== undefined) return partIdOf(record, first, key[first]);
  let id = '';
  // No text of a key holds a zero character, and numbers and hashes have their own widths.
  for (const name of keyNames) id += `${partIdOf(record, name, key[name])}\u0000`;
  return id;
}

function partIdOf(record: LinkedRecord, name: string, value: unknown): SlotId {
  if (typeof value === 'string' || typeof value === 'number') return value;
  if (value instanceof Uint8Array) return latin1Of(value);
  assert(false, `the key of ${record.fullName} has the field ${name}`);
  return name;
}

function latin1Of(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}

function recordKeyFor(record: LinkedRecord, key: Values): RecordKey {
  const { set, partition } = record;
  const bytes = encodeKey(record.key, key);
  if (partition === 0) return { set, key: bytes };
  return { set, partition: encodeKey(record.key, key, partition), key: bytes };
}

function hashOf(value: Uint8Array): Hash {
  return asHash(valueHashOf(value));
}

function encodeStored(
  writer: ValueWriter,
  record: LinkedRecord,
  stamp: Stamp,
  row: Values,
): Uint8Array {
  writer.begin();
  writer.arrayOf(6);
  writer.value(stamp.contractVersion);
  writer.value(stamp.recordVersion);
  writer.value(stamp.height);
  writer.value(stamp.txIndex);
  writer.value(stamp.writer);
  writer.fields(record.order, row);
  return writer.finish();
}

/** @throws ContractsError when the bytes are not what the record set holds */
function decodeStored(
  record: LinkedRecord,
  key: Values,
  bytes: Uint8Array,
): { readonly row: Values; readonly stamp: Stamp } {
  const decoded = decodeValue(bytes);
  if (!Array.isArray(decoded) || decoded.length !== 6) {
    return malformed(record, key, { fact: 'not six parts' });
  }
  const [contractVersion, recordVersion, height, txIndex, writer, fields] = decoded as unknown[];
  const isStamped = [contractVersion, recordVersion, height, txIndex].every(Number.isSafeInteger);
  if (!isStamped || typeof writer !== 'string' || typeof fields !== 'object' || fields === null) {
    return malformed(record, key, { fact: 'not a version stamp and fields' });
  }
  const stamp: Stamp = {
    contractVersion: Number(contractVersion),
    recordVersion: Number(recordVersion),
    height: Number(height),
    txIndex: Number(txIndex),
    writer,
  };
  const row: Record<string, unknown> = { ...raised(record, fields, stamp) };
  for (const name of record.keyNames) row[name] = key[name];
  const faults: InputFault[] = [];
  const checked = record.check(row, '', faults);
  const [fault] = faults;
  if (fault !== undefined) {
    return malformed(record, key, { fact: `${fault.pointer} holds ${fault.found}` });
  }
  return { row: checked, stamp };
}

/** Fields as the present version of the contract reads them. */
function raised(record: LinkedRecord, fields: object, { contractVersion }: Stamp): object {
  if (contractVersion >= record.contractVersion || record.upcast === undefined) return fields;
  return record.upcast(fields as Values, contractVersion);
}

function malformed(record: LinkedRecord, key: Values, { fact }: { fact: string }): never {
  const error = new ContractsError({
    code: 'CONTRACTS_STORED_MALFORMED',
    record: record.fullName,
    key: keyText(record, key),
    fact,
  });
  throw new HostFault('a stored value is malformed', { cause: error });
}

/** A key in words, for facts: its fields joined by `/`. */
export function keyText(record: LinkedRecord, key: Values): string {
  return record.keyNames
    .map((name) => {
      const value = key[name];
      return value instanceof Uint8Array ? toHex(value) : String(value);
    })
    .join('/');
}

/** The facts by which a failure names a record. */
export function recordFacts(record: LinkedRecord, key: Values): Facts {
  return { record: record.fullName, key: keyText(record, key) };
}
