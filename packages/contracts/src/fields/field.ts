/**
 * How a contract writes down its fields. Each builder returns a specification (plain data, see
 * `spec.ts`) that carries its TypeScript type, so input and records are typed without generated
 * code: `Infer<typeof something>`.
 */
import { assert } from '@daybook/core';
import type { CharacterSet, FieldSpec, FieldTable, Words } from './spec.ts';
import { AMOUNT_MAX } from './spec.ts';

/** A specification and, for the compiler only, the type of its values. */
export interface Field<T> {
  readonly spec: FieldSpec;
  /** Never present at run time. */
  readonly valueType?: T;
}

/** A field that may be left out of its object. */
export interface OptionalField<T> extends Field<T> {
  readonly optional: true;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The type of a field's values. */
export type Infer<F> = F extends Field<infer T> ? T : never;

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends OptionalField<unknown> ? K : never;
}[keyof F];

/** The type of an object with these fields. */
export type InferFields<F extends Fields> = {
  readonly [K in Exclude<keyof F, OptionalNames<F>>]: Infer<F[K]>;
} & {
  readonly [K in OptionalNames<F>]?: Infer<F[K]> | undefined;
};

/** An amount with its currency: minor units, ISO 4217 code. */
export interface Money {
  readonly minor: bigint;
  readonly currency: string;
}

/** A whole number of 10^-decimals (see the field) of a unit, UN/CEFACT code. */
export interface Quantity {
  readonly value: bigint;
  readonly unit: string;
}

/** First and last day, both included, `YYYY-MM-DD`. */
export interface Period {
  readonly start: string;
  readonly end: string;
}

/** Titles of a field: two languages, and a sentence of help where the title is not enough. */
export interface Titles extends Words {
  readonly help?: Words;
}

interface AmountBounds {
  readonly min?: bigint;
  readonly max?: bigint;
}

/** The builders. Amounts default to not negative; say `min` to allow less. */
export const field = {
  text: (
    options: Titles & { min?: number; max: number; lines?: true; characters?: CharacterSet },
  ): Field<string> => ({
    spec: {
      type: 'text',
      ...titled(options),
      min: options.min ?? 1,
      max: options.max,
      ...(options.lines === true && { lines: true }),
      ...(options.characters !== undefined && { characters: options.characters }),
    },
  }),

  slug: (options: Titles): Field<string> => ({ spec: { type: 'slug', ...titled(options) } }),

  identifier: (options: Titles & { max?: number }): Field<string> => ({
    spec: { type: 'identifier', ...titled(options), max: options.max ?? 128 },
  }),

  /** `organisation/name`; with `organisations: true` an organisation alone is accepted too. */
  identity: (options: Titles & { organisations?: true }): Field<string> => ({
    spec: {
      type: 'identity',
      ...titled(options),
      ...(options.organisations === true && { organisations: true }),
    },
  }),

  /** Why discretion was used: 3 to 2,000 characters, lines allowed. */
  reason: (options: Partial<Titles> = {}): Field<string> => ({
    spec: {
      type: 'text',
      title: { en: options.en ?? 'Reason', zh: options.zh ?? '理由' },
      ...(options.help !== undefined && { help: options.help }),
      min: 3,
      max: 2000,
      lines: true,
    },
  }),

  integer: (options: Titles & { min?: number; max?: number }): Field<number> => ({
    spec: {
      type: 'integer',
      ...titled(options),
      min: options.min ?? 0,
      max: options.max ?? Number.MAX_SAFE_INTEGER,
    },
  }),

  /** Minor units alone; `currencyOf` names the field beside it that holds the currency. */
  amount: (options: Titles & AmountBounds & { currencyOf?: string }): Field<bigint> => ({
    spec: {
      type: 'amount',
      ...titled(options),
      ...bounds(options),
      ...(options.currencyOf !== undefined && { currencyOf: options.currencyOf }),
    },
  }),

  money: (options: Titles & AmountBounds & { currencies?: readonly string[] }): Field<Money> => ({
    spec: {
      type: 'money',
      ...titled(options),
      ...bounds(options),
      ...(options.currencies !== undefined && { currencies: options.currencies }),
    },
  }),

  /** An ISO 4217 code. */
  currency: (options: Titles): Field<string> => ({
    spec: { type: 'currency', ...titled(options) },
  }),

  quantity: (
    options: Titles & AmountBounds & { decimals?: number; units?: readonly string[] },
  ): Field<Quantity> => ({
    spec: {
      type: 'quantity',
      ...titled(options),
      ...bounds(options),
      decimals: options.decimals ?? 0,
      ...(options.units !== undefined && { units: options.units }),
    },
  }),

  date: (options: Titles): Field<string> => ({ spec: { type: 'date', ...titled(options) } }),

  period: (options: Titles): Field<Period> => ({ spec: { type: 'period', ...titled(options) } }),

  instant: (options: Titles): Field<number> => ({ spec: { type: 'instant', ...titled(options) } }),

  boolean: (options: Titles): Field<boolean> => ({ spec: { type: 'boolean', ...titled(options) } }),

  choice: <const K extends string>(
    options: Titles & { of: Readonly<Record<K, Words>> },
  ): Field<K> => ({ spec: { type: 'choice', ...titled(options), of: options.of } }),

  bytes: (options: Titles & { min?: number; max: number }): Field<Uint8Array> => ({
    spec: { type: 'bytes', ...titled(options), min: options.min ?? 1, max: options.max },
  }),

  hash: (options: Titles): Field<Uint8Array> => ({ spec: { type: 'hash', ...titled(options) } }),

  publicKey: (options: Titles): Field<Uint8Array> => ({
    spec: { type: 'publicKey', ...titled(options) },
  }),

  blinded: (options: Titles & { purpose: string }): Field<Uint8Array> => ({
    spec: { type: 'blinded', ...titled(options), purpose: options.purpose },
  }),

  sealed: (options: Titles): Field<Uint8Array> => ({
    spec: { type: 'sealed', ...titled(options) },
  }),

  /**
   * The key of another record, `contract.record`, whose key is one textual field. In an action's
   * input the engine refuses what does not exist unless `checked` is false.
   */
  reference: (
    options: Titles & { record: string; checked?: boolean; max?: number },
  ): Field<string> => ({
    spec: {
      type: 'reference',
      ...titled(options),
      record: options.record,
      checked: options.checked ?? true,
      max: options.max ?? 128,
    },
  }),

  list: <T>(
    item: Field<T>,
    options: Titles & { min?: number; max: number; unique?: true },
  ): Field<readonly T[]> => ({
    spec: {
      type: 'list',
      ...titled(options),
      item: item.spec,
      min: options.min ?? 0,
      max: options.max,
      ...(options.unique === true && { unique: true }),
    },
  }),

  object: <F extends Fields>(fields: F, options: Titles): Field<InferFields<F>> => ({
    spec: { type: 'object', ...titled(options), fields: tableOf(fields) },
  }),

  optional: <T>(inner: Field<T>): OptionalField<T> => ({
    spec: { ...inner.spec, optional: true },
    optional: true,
  }),
} as const;

/** The specifications of a set of fields, in their order. */
export function tableOf(fields: Fields): FieldTable {
  const table: Record<string, FieldSpec> = {};
  for (const [name, { spec }] of Object.entries(fields)) {
    assert(/^[a-z][A-Za-z0-9]{0,47}$/.test(name), `a field name is camelCase ASCII: ${name}`);
    table[name] = spec;
  }
  return Object.freeze(table);
}

function titled(options: Titles): { title: Words; help?: Words } {
  const title = { en: options.en, zh: options.zh };
  return options.help === undefined ? { title } : { title, help: options.help };
}

function bounds(options: AmountBounds): { min: string; max: string } {
  return { min: String(options.min ?? 0n), max: String(options.max ?? AMOUNT_MAX) };
}
