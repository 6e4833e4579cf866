/**
 * Compiles a field's specification into a function that checks one value and returns it in the form
 * handlers see. The same function judges what a stranger sent (decoded CBOR) and what a contract is
 * about to store, so nothing can enter the state that input could not have said.
 *
 * Small integers come out of CBOR as `number`, amounts must be `bigint`: the checker widens them.
 * Objects that come back are new and frozen; they share no memory with what was checked but bytes.
 */
import type { InputFault } from '@daybook/core';
import { assertNever } from '@daybook/core';
import { INSTANT_MAX_MS, isCivilDate } from './calendar.ts';
import { isCurrency } from './currencies.ts';
import { expectationOf } from './expectation.ts';
import { addFault, describeFound, FAULTS_MAX, memberPointer } from './faults.ts';
import type { AmountSpec, FieldSpec, FieldTable, ListSpec } from './spec.ts';
import { isIdentifier, isOfficer, isSlug, isText } from './texts.ts';

/**
 * Checks a value.
 * @param pointer  JSON pointer of the value, without trailing slash
 * @returns the value as handlers see it; meaningless if a fault was added
 */
export type Check = (value: unknown, pointer: string, faults: InputFault[]) => unknown;

/** Checks an object of named fields; unknown names and missing fields are faults. */
export type CheckFields = (
  value: unknown,
  pointer: string,
  faults: InputFault[],
) => Readonly<Record<string, unknown>>;

/** Stands for a value whose fault was already reported; every check lets it pass in silence. */
export const REPORTED: unique symbol = Symbol('reported');

const BYTES_OF_HASH = 32;
const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({});

/** The checker of one field. */
export function compileCheck(spec: FieldSpec): Check {
  switch (spec.type) {
    case 'text':
      return scalar(spec, (value) => typeof value === 'string' && isText(spec, value));
    case 'slug':
      return scalar(spec, (value) => typeof value === 'string' && isSlug(value));
    case 'identifier':
    case 'reference':
      return scalar(spec, (value) => typeof value === 'string' && isIdentifier(value, spec.max));
    case 'identity': {
      const alone = spec.organisations === true;
      return scalar(
        spec,
        (value) => typeof value === 'string' && (isOfficer(value) || (alone && isSlug(value))),
      );
    }
    case 'integer':
      return scalar(spec, (value) => isIntegerWithin(value, spec.min, spec.max));
    case 'instant':
      return scalar(spec, (value) => isIntegerWithin(value, 0, INSTANT_MAX_MS));
    case 'date':
      return scalar(spec, (value) => typeof value === 'string' && isCivilDate(value));
    case 'currency':
      return scalar(spec, (value) => typeof value === 'string' && isCurrency(value));
    case 'boolean':
      return scalar(spec, (value) => typeof value === 'boolean');
    case 'choice':
      return scalar(spec, (value) => typeof value === 'string' && Object.hasOwn(spec.of, value));
    case 'bytes':
      return scalar(spec, (value) => isBytesWithin(value, spec.min, spec.max));
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      return scalar(spec, (value) => isBytesWithin(value, BYTES_OF_HASH, BYTES_OF_HASH));
    case 'amount':
      return compileAmount(spec);
    case 'money':
      return compilePair(spec, 'currency', (currency) =>
        spec.currencies === undefined ? isCurrency(currency) : spec.currencies.includes(currency),
      );
    case 'quantity':
      return compilePair(spec, 'unit', (unit) =>
        spec.units === undefined ? isIdentifier(unit, 16) : spec.units.includes(unit),
      );
    case 'period':
      return compilePeriod(spec);
    case 'list':
      return compileList(spec);
    case 'object':
      return compileFields(spec.fields);
    default:
      return assertNever(spec);
  }
}

interface Member {
  readonly name: string;
  readonly suffix: string;
  readonly check: Check;
  readonly isOptional: boolean;
  readonly expected: string;
}

/** The checker of an object with these fields. */
export function compileFields(table: FieldTable): CheckFields {
  const members: readonly Member[] = Object.entries(table).map(([name, spec]) => ({
    name,
    suffix: `/${name}`,
    check: compileCheck(spec),
    isOptional: spec.optional === true,
    expected: expectationOf(spec),
  }));
  return (value, pointer, faults) => {
    if (value === REPORTED) return NOTHING;
    if (!isPlainObject(value)) {
      addFault(faults, { pointer, expected: 'an object', found: describeFound(value) });
      return NOTHING;
    }
    const row: Record<string, unknown> = {};
    const place = { value, row, pointer, faults };
    let known = 0;
    for (const member of members) {
      if (checkMember(member, place)) known += 1;
    }
    if (countDefined(value) !== known) reportUnknown(value, table, { pointer, faults });
    return Object.freeze(row);
  };
}

interface MemberPlace extends Place {
  readonly value: Readonly<Record<string, unknown>>;
  readonly row: Record<string, unknown>;
}

/** Checks one member into the row. @returns whether it was there */
function checkMember(
  { name, suffix, check, isOptional, expected }: Member,
  { value, row, pointer, faults }: MemberPlace,
): boolean {
  const member = value[name];
  if (member !== undefined && Object.hasOwn(value, name)) {
    row[name] = check(member, pointer + suffix, faults);
    return true;
  }
  if (!isOptional) {
    addFault(faults, { kind: 'missing', pointer: pointer + suffix, expected, found: 'nothing' });
  }
  return false;
}

/** Types whose values lie on a line between two bounds. */
const ORDERED: ReadonlySet<FieldSpec['type']> = new Set(['integer', 'instant']);

function faultOf(range: boolean, fault: InputFault): InputFault {
  return range ? { kind: 'range', ...fault } : fault;
}

function scalar(spec: FieldSpec, accepts: (value: unknown) => boolean): Check {
  const expected = expectationOf(spec);
  return (value, pointer, faults) => {
    if (!accepts(value) && value !== REPORTED) {
      const range = Number.isSafeInteger(value) && ORDERED.has(spec.type);
      addFault(faults, faultOf(range, { pointer, expected, found: describeFound(value) }));
    }
    return value;
  };
}

function compileAmount(spec: Pick<AmountSpec, 'min' | 'max'> & FieldSpec): Check {
  const min = BigInt(spec.min);
  const max = BigInt(spec.max);
  const expected = expectationOf(spec);
  return (value, pointer, faults) => {
    const amount = toBigInt(value);
    if (amount !== undefined && amount >= min && amount <= max) return amount;
    if (value !== REPORTED) {
      const place = { pointer, expected, found: describeFound(value) };
      addFault(faults, faultOf(amount !== undefined, place));
    }
    return 0n;
  };
}

/** Money and quantity: a whole number beside a code. */
function compilePair(
  spec: FieldSpec & { type: 'money' | 'quantity' },
  codeName: 'currency' | 'unit',
  accepts: (code: string) => boolean,
): Check {
  const valueName = spec.type === 'money' ? 'minor' : 'value';
  const checkAmount = compileAmount({ ...spec, type: 'amount' });
  const table: FieldTable = {
    [valueName]: { type: 'amount', title: spec.title, min: spec.min, max: spec.max },
    [codeName]: { type: 'identifier', title: spec.title, max: 16 },
  };
  const expected = codeExpectation(spec);
  return (value, pointer, faults) => {
    if (value === REPORTED) return undefined;
    if (!isPlainObject(value)) {
      addFault(faults, { pointer, expected: expectationOf(spec), found: describeFound(value) });
      return undefined;
    }
    const code = value[codeName];
    const amount = checkAmount(value[valueName], `${pointer}/${valueName}`, faults);
    if (code !== REPORTED && (typeof code !== 'string' || !accepts(code))) {
      const found = describeFound(code);
      addFault(faults, { pointer: `${pointer}/${codeName}`, expected, found });
    }
    if (countDefined(value) !== 2) reportUnknown(value, table, { pointer, faults });
    return Object.freeze({ [codeName]: code, [valueName]: amount });
  };
}

function codeExpectation(spec: FieldSpec & { type: 'money' | 'quantity' }): string {
  const closed = spec.type === 'money' ? spec.currencies : spec.units;
  if (closed !== undefined) return `one of ${closed.join(', ')}`;
  return spec.type === 'money' ? 'an ISO 4217 currency code' : 'a UN/CEFACT unit code';
}

function compilePeriod(spec: FieldSpec): Check {
  const check = compileFields({
    start: { type: 'date', title: spec.title },
    end: { type: 'date', title: spec.title },
  });
  return (value, pointer, faults) => {
    const before = faults.length;
    const period = check(value, pointer, faults);
    const { start, end } = period;
    if (faults.length !== before || typeof start !== 'string' || typeof end !== 'string') {
      return period;
    }
    if (start > end) {
      const expected = `a date not before the start, ${start}`;
      addFault(faults, { pointer: `${pointer}/end`, expected, found: describeFound(end) });
    }
    return period;
  };
}

function compileList(spec: ListSpec): Check {
  const check = compileCheck(spec.item);
  const expected = expectationOf(spec);
  return (value, pointer, faults) => {
    if (value === REPORTED) return [];
    if (!Array.isArray(value) || value.length < spec.min || value.length > spec.max) {
      addFault(faults, { pointer, expected, found: describeFound(value) });
      return [];
    }
    const items = value.map((item, index) => check(item, `${pointer}/${index}`, faults));
    if (spec.unique === true) reportRepeated(items, pointer, faults);
    return Object.freeze(items);
  };
}

function reportRepeated(items: readonly unknown[], pointer: string, faults: InputFault[]): void {
  const seen = new Set<string>();
  for (const [index, item] of items.entries()) {
    const text = identityOf(item);
    if (seen.has(text)) {
      const found = describeFound(item);
      addFault(faults, { pointer: `${pointer}/${index}`, expected: 'each value once', found });
    }
    seen.add(text);
  }
}

/** A text that two items share exactly when they are equal. */
function identityOf(item: unknown): string {
  if (item instanceof Uint8Array) return `b${item.join(',')}`;
  if (Array.isArray(item)) return `[${item.map(identityOf).join(';')}]`;
  if (typeof item === 'object' && item !== null) {
    return `{${Object.entries(item)
      .map(([name, value]) => `${name}:${identityOf(value)}`)
      .join(';')}}`;
  }
  return typeof item === 'string' ? JSON.stringify(item) : String(item);
}

interface Place {
  readonly pointer: string;
  readonly faults: InputFault[];
}

function reportUnknown(
  value: Readonly<Record<string, unknown>>,
  table: FieldTable,
  { pointer, faults }: Place,
): void {
  const expected = `no field of this name; known are ${Object.keys(table).join(', ') || 'none'}`;
  for (const name of Object.keys(value)) {
    // A stranger names as many as a transaction holds.
    if (faults.length >= FAULTS_MAX) return;
    if (Object.hasOwn(table, name) || value[name] === undefined) continue;
    addFault(faults, {
      kind: 'unknown',
      pointer: memberPointer(pointer, name),
      expected,
      found: describeFound(value[name]),
    });
  }
}

function countDefined(value: Readonly<Record<string, unknown>>): number {
  let count = 0;
  for (const name in value) {
    if (value[name] !== undefined) count += 1;
  }
  return count;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Uint8Array);
}

function isIntegerWithin(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max;
}

function isBytesWithin(value: unknown, min: number, max: number): boolean {
  return value instanceof Uint8Array && value.length >= min && value.length <= max;
}

function toBigInt(value: unknown): bigint | undefined {
  if (typeof value === 'bigint') return value;
  return Number.isSafeInteger(value) ? BigInt(Number(value)) : undefined;
}
