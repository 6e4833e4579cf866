/**
 * Record sets as handlers see them: typed reads and writes that count on the meter, check rows and
 * transitions, and keep the declared sums up to date with every put.
 */
import type { InputFault } from '@daybook/core';
import { assert } from '@daybook/core';
import type { ReceiptCode } from '../errors.ts';
import { AMOUNT_MAX } from '../fields/spec.ts';
import type { Facts, Stamp, Total } from '../language/context.ts';
import type { Values } from '../language/definition.ts';
import type { LinkedRecord, LinkedSum } from './link.ts';
import type { Meter } from './meter.ts';
import type { BlockRows, Slot, WriteContext } from './rows.ts';
import { recordFacts } from './rows.ts';
import { abort } from './signals.ts';

/** What tables work on; `writing` is undefined outside a transaction. */
export interface TableHost {
  readonly rows: BlockRows;
  readonly meter: Meter;
  writing(): WriteContext;
}

/** How a contract's own failure code ends the transaction. */
export type Refuser = (code: string, facts: Facts) => never;

export interface ErasedReader {
  get(key: Values): Values | undefined;
  has(key: Values): boolean;
  stampOf(key: Values): Stamp | undefined;
}

export interface ErasedTable extends ErasedReader {
  need(key: Values, code?: string): Values;
  insert(row: Values, code?: string): void;
  put(row: Values): void;
  remove(key: Values): void;
}

export interface ErasedSum {
  get(key: Values): Total;
}

const NOTHING_COUNTED: Total = Object.freeze({ total: 0n, count: 0 });

export function createReader(record: LinkedRecord, host: TableHost): ErasedReader {
  return {
    get: (key) => read(record, key, host).row,
    has: (key) => read(record, key, host).row !== undefined,
    stampOf: (key) => read(record, key, host).stamp,
  };
}

export function createTable(record: LinkedRecord, host: TableHost, refuse: Refuser): ErasedTable {
  const end = (code: string | undefined, otherwise: ReceiptCode, key: Values): never => {
    const facts = recordFacts(record, key);
    return code === undefined ? abort(otherwise, facts) : refuse(code, facts);
  };
  return {
    ...createReader(record, host),
    need: (key, code) => {
      const { row } = read(record, key, host);
      return row ?? end(code, 'CONTRACTS_RECORD_MISSING', key);
    },
    insert: (row, code) => {
      const slot = read(record, row, host);
      if (slot.row !== undefined) end(code, 'CONTRACTS_RECORD_EXISTS', row);
      write(slot, row, host);
    },
    put: (row) => {
      write(read(record, row, host), row, host);
    },
    remove: (key) => {
      assert(record.erasable, `${record.fullName} is declared erasable`);
      const slot = read(record, key, host);
      if (slot.row === undefined) return;
      keepSums(slot, undefined, host);
      host.meter.count('writes', 1);
      host.rows.write(slot, undefined, host.writing());
    },
  };
}

export function createSumReader(record: LinkedRecord, host: TableHost): ErasedSum {
  return { get: (key) => totalOf(read(record, key, host)) };
}

/** A sum's row as its reader shows it. */
export function totalOf(slot: Slot): Total {
  const { row } = slot;
  if (row === undefined) return NOTHING_COUNTED;
  const { total, count } = row;
  assert(typeof total === 'bigint' && typeof count === 'number', 'a sum holds total and count');
  return { total, count };
}

function read(record: LinkedRecord, key: Values, host: TableHost): Slot {
  host.meter.count('reads', 1);
  const slot = host.rows.slotOf(record, key);
  if (!slot.isCharged) {
    slot.isCharged = true;
    host.meter.charge('loads', 1);
  }
  if (slot.value !== undefined) host.meter.count('bytes', slot.value.length);
  return slot;
}

function write(slot: Slot, row: Values, host: TableHost): void {
  const { record } = slot;
  const faults: InputFault[] = [];
  const checked = record.check(row, '', faults);
  const [fault] = faults;
  if (fault !== undefined) {
    abort('CONTRACTS_RECORD_INVALID', { record: record.fullName, ...fault });
  }
  checkTransition(slot, checked);
  host.meter.count('writes', 1);
  keepSums(slot, checked, host);
  host.rows.write(slot, checked, host.writing());
}

function checkTransition({ record, row }: Slot, next: Values): void {
  const { states } = record.manifest;
  if (states === undefined) return;
  const to = String(next[states.field]);
  const from = row === undefined ? 'nothing' : String(row[states.field]);
  const allowed = row === undefined ? states.initial : (states.transitions[from] ?? []);
  if (from !== to && !allowed.includes(to)) {
    abort('CONTRACTS_TRANSITION_REFUSED', { ...recordFacts(record, next), from, to });
  }
}

function keepSums(slot: Slot, next: Values | undefined, host: TableHost): void {
  const { row: before } = slot;
  for (const sum of slot.record.sums) {
    const left = before !== undefined && isCounted(sum, before) ? before : undefined;
    const joined = next !== undefined && isCounted(sum, next) ? next : undefined;
    if (left !== undefined && joined !== undefined && countsAlike(sum, left, joined)) continue;
    if (left !== undefined) addToSum(sum, left, -1, host);
    if (joined !== undefined) addToSum(sum, joined, 1, host);
  }
}

function isCounted({ where, of }: LinkedSum, row: Values): boolean {
  if (of !== undefined && row[of] === undefined) return false;
  return where === undefined || where.is.has(String(row[where.field]));
}

/** Whether two versions of a row add the same to the same sum. */
function countsAlike(sum: LinkedSum, before: Values, after: Values): boolean {
  if (sum.by.some((name) => before[name] !== after[name])) return false;
  const { amount, currency } = amountIn(sum, before);
  const next = amountIn(sum, after);
  return amount === next.amount && currency === next.currency;
}

function addToSum(sum: LinkedSum, row: Values, sign: 1 | -1, host: TableHost): void {
  const { amount, currency } = amountIn(sum, row);
  const key: Record<string, unknown> = {};
  for (const name of sum.by) key[name] = row[name];
  if (currency !== undefined) key.currency = currency;
  const slot = read(sum.record, key, host);
  const present = totalOf(slot);
  const total = sign === 1 ? present.total + amount : present.total - amount;
  const count = present.count + sign;
  if (total > AMOUNT_MAX || total < -AMOUNT_MAX) {
    abort('CONTRACTS_SUM_RANGE', { sum: sum.record.fullName });
  }
  assert(count >= 0, 'a sum counts only rows that are there');
  host.meter.count('writes', 1);
  host.rows.write(slot, Object.freeze({ ...key, total, count }), host.writing());
}

function amountIn(sum: LinkedSum, row: Values): { amount: bigint; currency?: unknown } {
  const value = sum.of === undefined ? 0n : row[sum.of];
  if (typeof value === 'bigint') return { amount: value };
  if (typeof value === 'number') return { amount: BigInt(value) };
  assert(sum.isMoney && typeof value === 'object' && value !== null, 'a summed field is a number');
  const { minor, currency } = value as Values;
  assert(typeof minor === 'bigint', 'money has minor units');
  return { amount: minor, currency };
}
