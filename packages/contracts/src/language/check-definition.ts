/**
 * What a contract must be before an engine takes it. A faulty definition is a bug of its author, so
 * everything here is an assertion that names the place.
 */
import { assert } from '@daybook/core';
import { compileCheck } from '../fields/check.ts';
import type { Fields } from '../fields/field.ts';
import { keyFormOf } from '../fields/key-bytes.ts';
import type { FieldSpec, Words } from '../fields/spec.ts';
import type { ErasedAction, ErasedDefinition } from './definition.ts';
import type { RecordDefinition, SumDefinition } from './parts.ts';

/** Contracts below this number are the chain's own. */
export const SYSTEM_NUMBERS_END = 16;

const CONTRACT_NAME = /^[a-z][a-z0-9]{1,31}$/;
const PART_NAME = /^[a-z][A-Za-z0-9]{0,47}$/;
const FAILURE_NAME = /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/;
const U16_MAX = 0xffff;
const FAILURE_CODE_MAX = 999;
const PENDING_DAYS_MAX = 366;

/** @throws AssertionError with the place and what must hold there */
export function checkDefinition(definition: ErasedDefinition): void {
  const { name, number, version } = definition;
  assert(CONTRACT_NAME.test(name), `a contract name is 2 to 32 of a-z and 0-9: ${name}`);
  assert(isWithin(number, 0, U16_MAX), `${name}: a contract number is a u16`);
  assert(isWithin(version, 1, U16_MAX), `${name}: a version counts from 1`);
  checkWords(definition.title, `${name} title`);
  checkWords(definition.help, `${name} help`);
  checkNumbers(definition);
  for (const [record, parts] of namedEntries(definition.records, name)) {
    checkRecord(parts, `${name}.${record}`, number);
  }
  checkFailures(definition);
  for (const [sum, parts] of namedEntries(definition.sums, name)) {
    checkSum(parts, definition, `${name}.${sum}`);
  }
  for (const [action, parts] of namedEntries(definition.actions, name)) {
    checkAction(parts, definition, `${name}.${action}`);
  }
  checkDeclarations(definition);
  checkQueries(definition);
  checkReactions(definition);
}

function checkNumbers({ name, records, sums }: ErasedDefinition): void {
  const numbers = [...Object.values(records), ...Object.values(sums ?? {})].map(
    (part) => part.number,
  );
  assert(new Set(numbers).size === numbers.length, `${name}: each record and sum has its number`);
  for (const number of numbers) {
    assert(isWithin(number, 1, U16_MAX), `${name}: a record number is 1 to ${U16_MAX}`);
  }
}

function checkRecord(record: RecordDefinition, place: string, contractNumber: number): void {
  checkWords(record.title, `${place} title`);
  checkFields(record.key, `${place} key`);
  checkFields(record.fields, `${place} fields`);
  const keyNames = Object.keys(record.key);
  for (const [name, { spec }] of Object.entries(record.key)) {
    assert(keyFormOf(spec) !== undefined, `${place}.${name}: a ${spec.type} can not be a key`);
    assert(spec.optional !== true, `${place}.${name}: a key field is not optional`);
    assert(!Object.hasOwn(record.fields, name), `${place}.${name}: a name is used once`);
  }
  const partition = record.partition ?? [];
  const isLeading = partition.every((name, index) => keyNames[index] === name);
  assert(isLeading, `${place}: a partition is the first key fields in order`);
  assert(partition.length < Math.max(keyNames.length, 1), `${place}: a partition is not the key`);
  const isOwn = contractNumber < SYSTEM_NUMBERS_END;
  assert(record.erasable !== true || isOwn, `${place}: only the chain's own records are erasable`);
  checkStates(record, place);
  for (const { field, open } of record.deadlines ?? []) {
    const type = record.fields[field]?.spec.type;
    assert(type === 'date' || type === 'instant', `${place}: the deadline ${field} is a date`);
    const states = Object.keys(record.states?.transitions ?? {});
    const known = (open ?? []).every((state) => states.includes(state));
    assert(known, `${place}: the deadline ${field} names states`);
  }
  for (const [link, { by }] of namedEntries(record.links, place)) {
    const own = { ...record.key, ...record.fields };
    const areOwn = Object.values(by).every((field) => Object.hasOwn(own, field));
    assert(areOwn, `${place}.${link}: a link goes by fields of the row`);
  }
}

function checkStates({ states, fields }: RecordDefinition, place: string): void {
  if (states === undefined) return;
  const spec = fields[states.field]?.spec;
  assert(spec?.type === 'choice' && spec.optional !== true, `${place}: states are a choice field`);
  const known = Object.keys(spec.of);
  const from = Object.keys(states.transitions);
  const isComplete = known.length === from.length && known.every((state) => from.includes(state));
  assert(isComplete, `${place}: every state says where it may lead`);
  const named = [...states.initial, ...Object.values(states.transitions).flat()];
  const allKnown = named.every((state) => known.includes(state));
  assert(allKnown && states.initial.length > 0, `${place}: transitions name states of the field`);
}

function checkFailures({ name, failures }: ErasedDefinition): void {
  const codes = Object.values(failures).map(({ code }) => code);
  assert(new Set(codes).size === codes.length, `${name}: each failure has a code of its own`);
  for (const [failure, words] of Object.entries(failures)) {
    assert(FAILURE_NAME.test(failure), `${name}: ${failure} is in capitals`);
    assert(isWithin(words.code, 1, FAILURE_CODE_MAX), `${name}.${failure}: a code is 1 to 999`);
    checkWords(words, `${name}.${failure}`);
    checkWords(words.remedy, `${name}.${failure} remedy`);
  }
}

function checkSum(sum: SumDefinition, definition: ErasedDefinition, place: string): void {
  checkWords(sum.title, `${place} title`);
  const record = definition.records[sum.record];
  assert(record !== undefined, `${place}: the record ${sum.record} exists`);
  assert(
    definition.records[place.split('.')[1] ?? ''] === undefined,
    `${place}: a name of its own`,
  );
  const fields: Fields = { ...record.key, ...record.fields };
  for (const name of sum.by) {
    const spec = fields[name]?.spec;
    const isKey = spec !== undefined && keyFormOf(spec) !== undefined && spec.optional !== true;
    assert(isKey, `${place}: ${name} is a field that can be a key`);
  }
  if (sum.of !== undefined) {
    const type = fields[sum.of]?.spec.type;
    const isSummable = type === 'amount' || type === 'money' || type === 'integer';
    assert(isSummable, `${place}: ${sum.of} is an amount, money or an integer`);
    assert(
      type !== 'money' || !sum.by.includes('currency'),
      `${place}: currency is added by itself`,
    );
  }
  if (sum.where !== undefined) {
    const type = fields[sum.where.field]?.spec.type;
    assert(type === 'choice', `${place}: only a choice field decides what is counted`);
  }
}

function checkAction(action: ErasedAction, definition: ErasedDefinition, place: string): void {
  checkWords(action.title, `${place} title`);
  checkFields(action.input, `${place} input`);
  checkBy(action, definition, place);
  const reason = action.input.reason?.spec;
  const hasReason = reason?.type === 'text' && reason.optional !== true;
  assert(action.discretion !== true || hasReason, `${place}: discretion needs an input 'reason'`);
  const { approvals } = action;
  if (approvals === undefined) return;
  assert(typeof action.by === 'object', `${place}: approvals need a role to begin with`);
  assert(approvals.officers >= 2, `${place}: approvals mean two officers or more`);
  const organisations = approvals.organisations ?? 1;
  assert(isWithin(organisations, 1, approvals.officers), `${place}: organisations <= officers`);
  const days = approvals.days ?? 1;
  assert(isWithin(days, 1, PENDING_DAYS_MAX), `${place}: a call waits 1 to 366 days`);
  assertRole(definition, approvals.role, place);
}

function checkBy(action: ErasedAction, definition: ErasedDefinition, place: string): void {
  const { by } = action;
  if (typeof by === 'string') {
    assert(by !== 'contract' || (action.callers ?? []).length > 0, `${place}: names its callers`);
    return;
  }
  assertRole(definition, by.role, place);
  for (const name of [by.organisation, by.scope]) {
    if (name === undefined) continue;
    const spec = action.input[name]?.spec;
    const isGiven = spec !== undefined && keyFormOf(spec) === 'text' && spec.optional !== true;
    assert(isGiven, `${place}: 'by' names the input field ${name}, a text`);
  }
}

function assertRole(definition: ErasedDefinition, role: string | undefined, place: string): void {
  const known = role === undefined || Object.hasOwn(definition.roles ?? {}, role);
  assert(known, `${place}: the role ${role} is declared`);
}

function checkDeclarations(definition: ErasedDefinition): void {
  const { name } = definition;
  for (const [event, { title, fields }] of namedEntries(definition.events, name)) {
    checkWords(title, `${name}.${event} title`);
    checkFields(fields, `${name}.${event}`);
  }
  for (const [role, { title }] of namedEntries(definition.roles, name)) {
    checkWords(title, `${name}.${role} title`);
  }
  for (const [parameter, parts] of namedEntries(definition.parameters, name)) {
    const { spec } = parts.field;
    const place = `${name}.${parameter}`;
    const isPlain =
      keyFormOf(spec) === 'text' || ['integer', 'boolean', 'amount'].includes(spec.type);
    assert(isPlain && spec.optional !== true, `${place}: a parameter is a plain value`);
    const faults: [] = [];
    compileCheck(spec)(parts.default, '', faults);
    assert(faults.length === 0, `${place}: the default obeys the field`);
  }
}

function checkQueries({ name, queries, records, sums }: ErasedDefinition): void {
  for (const [query, parts] of namedEntries(queries, name)) {
    const place = `${name}.${query}`;
    checkWords(parts.title, `${place} title`);
    // `daybook list CONTRACT NAME` takes a record set or a query: of two, one could not be reached.
    const isTaken = Object.hasOwn(records, query) || Object.hasOwn(sums ?? {}, query);
    assert(!isTaken, `${place}: a query has another name than each record and sum`);
    const record = records[parts.record];
    assert(record !== undefined, `${place}: the record ${parts.record} exists`);
    const keyNames = Object.keys(record.key);
    const isLeading = (parts.by ?? []).every((field, index) => keyNames[index] === field);
    assert(isLeading, `${place}: 'by' is leading key fields in order`);
    const deadlines = (record.deadlines ?? []).map(({ field }) => field);
    const named = [parts.overdue, parts.inTime].filter((field) => field !== undefined);
    const isDeclared = named.every((field) => deadlines.includes(field));
    assert(isDeclared, `${place}: a declared deadline`);
    const filter = parts.where === undefined ? undefined : record.fields[parts.where.field];
    assert(parts.where === undefined || filter !== undefined, `${place}: 'where' names a field`);
  }
}

function checkReactions(definition: ErasedDefinition): void {
  const { name, records, sums, number } = definition;
  for (const [invariant, { title, record, sum }] of namedEntries(definition.invariants, name)) {
    const place = `${name}.${invariant}`;
    checkWords(title, `${place} title`);
    const onRecord = record !== undefined && Object.hasOwn(records, record);
    const onSum = sum !== undefined && Object.hasOwn(sums ?? {}, sum);
    assert(onRecord !== onSum, `${place}: watches one record or one sum`);
  }
  for (const [guard, { title, release }] of namedEntries(definition.guards, name)) {
    checkWords(title, `${name}.${guard} title`);
    assertRole(definition, release.role, `${name}.${guard}`);
    assert(release.role !== undefined, `${name}.${guard}: a role releases`);
    const isTimed = isWithin(release.days, 1, PENDING_DAYS_MAX);
    assert(isTimed, `${name}.${guard}: a hold lasts 1 to ${PENDING_DAYS_MAX} days`);
  }
  const isOwn = number < SYSTEM_NUMBERS_END;
  assert(
    isOwn || definition.system === undefined,
    `${name}: system parts are for numbers below 16`,
  );
  for (const record of Object.keys(definition.upcasts ?? {})) {
    assert(Object.hasOwn(records, record), `${name}: the upcast ${record} is for a record`);
  }
}

function checkFields(fields: Fields, place: string): void {
  for (const [name, { spec }] of namedEntries(fields, place)) {
    checkSpec(spec, `${place}.${name}`);
    if (spec.type === 'amount' && spec.currencyOf !== undefined) {
      assert(Object.hasOwn(fields, spec.currencyOf), `${place}.${name}: names a field beside it`);
    }
  }
}

function checkSpec(spec: FieldSpec, place: string): void {
  checkWords(spec.title, `${place} title`);
  switch (spec.type) {
    case 'amount':
    case 'money':
    case 'quantity':
      assert(BigInt(spec.min) <= BigInt(spec.max), `${place}: min <= max`);
      return;
    case 'integer':
    case 'bytes':
    case 'text':
      assert(spec.min <= spec.max, `${place}: min <= max`);
      return;
    case 'choice':
      assert(Object.keys(spec.of).length > 0, `${place}: a choice has a value`);
      for (const [value, words] of Object.entries(spec.of)) checkWords(words, `${place} ${value}`);
      return;
    case 'list':
      assert(isWithin(spec.max, spec.min, 10_000), `${place}: a list is bounded`);
      assert(spec.item.optional !== true, `${place}: a list has no optional items`);
      checkSpec(spec.item, place);
      return;
    case 'object':
      for (const [name, member] of Object.entries(spec.fields)) {
        checkSpec(member, `${place}.${name}`);
      }
      return;
    default:
      return;
  }
}

function checkWords({ en, zh }: Words, place: string): void {
  assert(en.length > 0 && zh.length > 0, `${place}: in English and Chinese`);
}

function namedEntries<T>(
  parts: Readonly<Record<string, T>> | undefined,
  place: string,
): readonly (readonly [string, T])[] {
  const entries = Object.entries(parts ?? {});
  for (const [name] of entries) {
    assert(PART_NAME.test(name), `${place}: the name ${name} is camelCase ASCII`);
  }
  return entries;
}

function isWithin(value: number, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}
