/**
 * JSON at the edges. `fromJson` turns what a person sent into the values that checks judge: amounts
 * and quantities are decimal strings in JSON, bytes are lower-case hex, instants are RFC 3339.
 * `toJson` goes back. Both follow the specification only, so a manifest from a node is enough.
 */
import type { CborValue, InputFault } from '@daybook/core';
import { assert, assertNever, fromHex, toHex } from '@daybook/core';
import { instantText, parseInstant } from './calendar.ts';
import { REPORTED } from './check.ts';
import { expectationOf } from './expectation.ts';
import { addFault, describeFound } from './faults.ts';
import type { FieldSpec, FieldTable } from './spec.ts';

/** What `JSON.parse` gives, without numbers that are not integers. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** Longest decimal text of a 64-bit integer, sign included. */
const DECIMAL_CHARACTERS_MAX = 20;

/**
 * Converts one value; what has the wrong form is reported here or left for the check to report.
 * @returns CBOR-like values, or `REPORTED` in the place of a value whose fault was added
 */
export function fromJson(
  spec: FieldSpec,
  json: unknown,
  pointer: string,
  faults: InputFault[],
): unknown {
  switch (spec.type) {
    case 'amount':
      return converted(spec, { json, pointer, faults }, parseDecimal);
    case 'money':
      return withDecimal(json, 'minor', pointer, faults);
    case 'quantity':
      return withDecimal(json, 'value', pointer, faults);
    case 'instant':
      return converted(spec, { json, pointer, faults }, parseInstant);
    case 'bytes':
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      return converted(spec, { json, pointer, faults }, fromHex);
    case 'list':
      if (!Array.isArray(json)) return json;
      return json.map((item, index) => fromJson(spec.item, item, `${pointer}/${index}`, faults));
    case 'object':
      return fieldsFromJson(spec.fields, json, pointer, faults);
    case 'text':
    case 'slug':
    case 'identifier':
    case 'reference':
    case 'identity':
    case 'currency':
    case 'date':
    case 'period':
    case 'choice':
    case 'integer':
    case 'boolean':
      return json;
    default:
      return assertNever(spec);
  }
}

/** Converts the members of an object that the table names; others stay for the check to refuse. */
export function fieldsFromJson(
  table: FieldTable,
  json: unknown,
  pointer: string,
  faults: InputFault[],
): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const values: Record<string, unknown> = Object.create(null);
  for (const [name, member] of Object.entries(json)) {
    const spec = Object.hasOwn(table, name) ? table[name] : undefined;
    values[name] =
      spec === undefined ? member : fromJson(spec, member, `${pointer}/${name}`, faults);
  }
  return values;
}

/** A checked or stored value as JSON. */
export function toJson(spec: FieldSpec, value: CborValue): JsonValue {
  switch (spec.type) {
    case 'amount':
      return String(value);
    case 'money':
      return { minor: String(memberOf(value, 'minor')), currency: textOf(value, 'currency') };
    case 'quantity':
      return { value: String(memberOf(value, 'value')), unit: textOf(value, 'unit') };
    case 'instant':
      assert(typeof value === 'number', 'a stored instant is a number');
      return instantText(value);
    case 'bytes':
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      assert(value instanceof Uint8Array, 'stored bytes are bytes');
      return toHex(value);
    case 'list':
      assert(Array.isArray(value), 'a stored list is a list');
      return value.map((item: CborValue) => toJson(spec.item, item));
    case 'object':
      return fieldsToJson(spec.fields, value);
    case 'period':
      return { start: textOf(value, 'start'), end: textOf(value, 'end') };
    case 'text':
    case 'slug':
    case 'identifier':
    case 'reference':
    case 'identity':
    case 'currency':
    case 'date':
    case 'choice':
    case 'integer':
    case 'boolean':
      assert(typeof value !== 'bigint' && typeof value !== 'object', 'a stored scalar is plain');
      return value;
    default:
      return assertNever(spec);
  }
}

/** The members of an object that are present, in the order of the table. */
export function fieldsToJson(table: FieldTable, value: CborValue): Record<string, JsonValue> {
  const json: Record<string, JsonValue> = {};
  for (const [name, spec] of Object.entries(table)) {
    const member = memberOf(value, name);
    if (member !== undefined) json[name] = toJson(spec, member);
  }
  return json;
}

interface Place {
  readonly json: unknown;
  readonly pointer: string;
  readonly faults: InputFault[];
}

function converted(
  spec: FieldSpec,
  { json, pointer, faults }: Place,
  parse: (text: string) => unknown,
): unknown {
  const value = typeof json === 'string' ? parse(json) : undefined;
  if (value !== undefined) return value;
  const expected = `${expectationOf(spec)}, as ${formOf(spec)}`;
  addFault(faults, { pointer, expected, found: describeFound(json) });
  return REPORTED;
}

function formOf(spec: FieldSpec): string {
  if (spec.type === 'amount') return 'a decimal string';
  return spec.type === 'instant' ? 'an RFC 3339 string in UTC' : 'lower-case hex';
}

function withDecimal(
  json: unknown,
  name: 'minor' | 'value',
  pointer: string,
  faults: InputFault[],
): unknown {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  const members: Record<string, unknown> = { ...json };
  const text = members[name];
  const decimal = typeof text === 'string' ? parseDecimal(text) : undefined;
  if (decimal === undefined) {
    const expected = 'a whole number as a decimal string';
    addFault(faults, { pointer: `${pointer}/${name}`, expected, found: describeFound(text) });
  }
  return { ...members, [name]: decimal ?? REPORTED };
}

/** `-?[0-9]+` without leading zeros, at most 64 bits long as text. */
export function parseDecimal(text: string): bigint | undefined {
  const start = text.startsWith('-') ? 1 : 0;
  if (text.length === start || text.length > DECIMAL_CHARACTERS_MAX) return undefined;
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 48 || code > 57) return undefined;
  }
  const value = BigInt(text);
  return String(value) === text ? value : undefined;
}

function memberOf(value: CborValue, name: string): CborValue | undefined {
  assert(typeof value === 'object' && value !== null, 'a stored object is a map');
  assert(!Array.isArray(value) && !(value instanceof Uint8Array), 'a stored object is a map');
  const map = value as { readonly [key: string]: CborValue };
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

function textOf(value: CborValue, name: string): string {
  const member = memberOf(value, name);
  assert(typeof member === 'string', 'a code is a text');
  return member;
}
