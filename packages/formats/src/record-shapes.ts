/**
 * Whether a value is one of the neutral records: every field is looked at before it gets its type,
 * because the details of a line on the ledger are what whoever may commit money wrote there. The
 * compiler holds each shape to its record, field for field.
 */
import { isCurrency } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { FOUND_SHOWN_MAX } from './errors.ts';
import { pointerTo } from './json-view.ts';
import type {
  Appropriation,
  Classification,
  Commitment,
  Identifier,
  Money,
  MoneyPart,
  Organisation,
  OtherCell,
  Party,
  Payment,
  Period,
  RecordSource,
} from './records.ts';

/** The first place where a value is not what it should be. */
export interface Misfit {
  /** RFC 6901 pointer; '' for the whole value. */
  readonly pointer: string;
  readonly expected: string;
  /** What came, shortened. */
  readonly found: string;
}

/** Reads a value at a pointer. */
export type Shape<T> = (value: unknown, pointer: string) => Result<T, Misfit>;

type Fields<T> = { readonly [Name in keyof Required<T>]: Shape<T[Name]> };

export const text: Shape<string> = (value, pointer) =>
  typeof value === 'string' ? ok(value) : misfit(pointer, 'a text', value);

/** A line or an occurrence. */
export const count: Shape<number> = (value, pointer) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
    ? ok(value)
    : misfit(pointer, 'a whole number from 1', value);

/** What may be absent. */
export function maybe<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, pointer) => (value === undefined ? ok(undefined) : shape(value, pointer));
}

export function only<const T extends string>(expected: T): Shape<T> {
  return (value, pointer) =>
    value === expected ? ok(expected) : misfit(pointer, JSON.stringify(expected), value);
}

export function listOf<T>(shape: Shape<T>): Shape<readonly T[]> {
  return (value, pointer) => {
    if (!Array.isArray(value)) return misfit(pointer, 'a list', value);
    const read: T[] = [];
    for (const [index, entry] of value.entries()) {
      const one = shape(entry, `${pointer}/${index}`);
      if (!one.ok) return one;
      read.push(one.value);
    }
    return ok(read);
  };
}

/** An object with these fields and no other: what no mapper writes is nothing to publish. */
export function objectOf<T extends object>(fields: Fields<T>): Shape<T> {
  const shapes = new Map(Object.entries<Shape<unknown>>(fields));
  return (value, pointer) => {
    if (!isObject(value)) return misfit(pointer, 'an object', value);
    const names = Object.keys(value);
    const stray = names.find((name) => !shapes.has(name));
    if (stray !== undefined) return misfit(pointerTo(pointer, stray), 'nothing', value[stray]);
    for (const [name, shape] of shapes) {
      const read = shape(
        Object.hasOwn(value, name) ? value[name] : undefined,
        `${pointer}/${name}`,
      );
      if (!read.ok) return read;
    }
    // Each of its fields was read by the shape that the type asks for, and there is no other.
    return ok(value as T);
  };
}

const minor: Shape<bigint> = (value, pointer) =>
  typeof value === 'bigint' ? ok(value) : misfit(pointer, 'minor units', value);

const currency: Shape<string> = (value, pointer) =>
  typeof value === 'string' && isCurrency(value)
    ? ok(value)
    : misfit(pointer, 'an ISO 4217 code in use', value);

const money = objectOf<Money>({ minor, currency });
const source = objectOf<RecordSource>({
  publisher: text,
  dataset: text,
  number: text,
  occurrence: count,
});
const identifiers = listOf(objectOf<Identifier>({ scheme: text, id: text }));
const named: Fields<Organisation> = { key: maybe(text), name: text, identifiers };
export const organisation = objectOf<Organisation>(named);
export const party = objectOf<Party>({ ...named, roles: listOf(text) });
export const period = objectOf<Period>({ start: maybe(text), end: maybe(text) });
export const classifications = listOf(
  objectOf<Classification>({ scheme: text, code: text, title: maybe(text) }),
);

const otherCell: Shape<OtherCell> = (value, pointer) => {
  const read = listOf(text)(value, pointer);
  if (!read.ok) return read;
  const [header, cell] = read.value;
  return header !== undefined && cell !== undefined && read.value.length === 2
    ? ok([header, cell])
    : misfit(pointer, 'a header and a text', value);
};
export const otherCells = listOf(otherCell);

export const appropriation = objectOf<Appropriation>({
  kind: only('appropriation'),
  source,
  title: text,
  holder: maybe(organisation),
  money,
  period,
  classifications,
});

export const commitment = objectOf<Commitment>({
  kind: only('commitment'),
  source,
  title: maybe(text),
  description: maybe(text),
  fund: text,
  payer: maybe(organisation),
  payee: maybe(organisation),
  money,
  parts: listOf(objectOf<MoneyPart>({ name: text, money })),
  period,
  classifications,
  places: listOf(text),
  placeLevels: maybe(listOf(text)),
  more: maybe(otherCells),
});

export const payment = objectOf<Payment>({
  kind: only('payment'),
  source,
  id: maybe(text),
  date: maybe(text),
  money,
  payer: maybe(organisation),
  payee: maybe(organisation),
  purpose: maybe(text),
  type: maybe(text),
  classifications: maybe(classifications),
  more: maybe(otherCells),
});

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function misfit(pointer: string, expected: string, value: unknown): Result<never, Misfit> {
  return fail({ pointer, expected, found: describe(value).slice(0, FOUND_SHOWN_MAX) });
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
