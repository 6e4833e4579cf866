/**
 * A list as one SELECT that PostgreSQL and DuckDB understand: conditions and words narrow it, sort
 * keys order it, and a page begins after the last row of the page before, so that rows which come
 * in between are neither shown twice nor lost. Values stand in the text as literals of the column's
 * type, read strictly first.
 */
import { parseInstant } from '@daybook/contracts';
import type { InputFault, Result } from '@daybook/core';
import { assertNever, fail, ok } from '@daybook/core';
import { likePart, quoted, textLiteral } from '../sql-text.ts';
import type { Column, SqlType, Table } from '../tables.ts';
import type { Condition, SortKey } from './conditions.ts';
import { searchSql } from './search.ts';

export interface ListRequest {
  readonly where: readonly Condition[];
  /** The row's key follows, so that the order is whole. Empty: what fits the words best is first. */
  readonly sort: readonly SortKey[];
  /** Words that must all appear in the texts of a row, whatever their case; empty for none. */
  readonly text: string;
  /** Rows of a page, from 1. */
  readonly limit: number;
  /** Values of the columns of `orderOfList` in the last row of the page before. */
  readonly after?: readonly (string | null)[];
}

const KEY = { name: '_key', type: 'VARCHAR' } as const satisfies Column;
/** How well a row fits the words; a column of lists that are ordered by it. */
const RANK = { name: '_rank', type: 'BIGINT' } as const satisfies Column;

/** The SELECT of a page; it asks for one row more, which tells that there is a next page. */
export function listSql(table: Table, request: ListRequest): Result<string, InputFault> {
  const filters: string[] = [];
  for (const condition of request.where) {
    const filter = filterOf(table, condition);
    if (!filter.ok) return filter;
    filters.push(filter.value);
  }
  const search = searchSql(request.text);
  if (!search.ok) return search;
  const order = orderOf(table, request);
  if (!order.ok) return order;
  const page = request.after === undefined ? ok([]) : pageFilter(order.value, request.after);
  if (!page.ok) return page;
  const isRanked = order.value.some(({ column }) => column === RANK);
  const rank = isRanked ? [`${search.value?.rank ?? '0'} AS ${quoted(RANK.name)}`] : [];
  const columns = [...table.columns.map(({ name }) => quoted(name)), ...rank].join(', ');
  const narrowed = whereOf([...filters, ...(search.value?.filters ?? [])]);
  // A rank has a name only outside of the SELECT that makes it.
  const found = `(SELECT ${columns} FROM ${quoted(table.name)}${narrowed}) AS found`;
  const sorted = order.value.map(
    ({ column, descending }) => `${quoted(column.name)} ${descending ? 'DESC' : 'ASC'} NULLS LAST`,
  );
  return ok(
    `SELECT * FROM ${found}${whereOf(page.value)} ` +
      `ORDER BY ${sorted.join(', ')} LIMIT ${request.limit + 1}`,
  );
}

/** Names of the columns by which a list is in order: a row's values in them are its place. */
export function orderOfList({ sort, text }: Pick<ListRequest, 'sort' | 'text'>): readonly string[] {
  const given =
    sort.length === 0 && text.trim() !== '' ? [RANK.name] : sort.map((key) => key.column);
  return [...given, KEY.name];
}

function whereOf(filters: readonly string[]): string {
  return filters.length === 0 ? '' : ` WHERE ${filters.map((one) => `(${one})`).join(' AND ')}`;
}

interface Ordered {
  readonly column: Column;
  readonly descending: boolean;
}

/** Columns by which a list is in order, the key last. */
function orderOf(
  table: Table,
  { sort, text }: Pick<ListRequest, 'sort' | 'text'>,
): Result<readonly Ordered[], InputFault> {
  const order: Ordered[] = [];
  for (const name of orderOfList({ sort, text })) {
    const column = name === RANK.name && sort.length === 0 ? RANK : columnOf(table, name);
    if (column === undefined) return unknownColumn('sort', table, name);
    const isDown = sort.some((key) => key.column === name && key.descending);
    order.push({ column, descending: isDown || column === RANK });
  }
  return ok(order);
}

function columnOf({ columns }: Table, name: string): Column | undefined {
  return columns.find((column) => column.name === name);
}

function unknownColumn(where: string, table: Table, found: string): Result<never, InputFault> {
  const names = table.columns.map(({ name }) => name).join(', ');
  return fail({ pointer: `/${where}`, expected: `a column of ${table.name}: ${names}`, found });
}

function filterOf(
  table: Table,
  { column: name, operator, value }: Condition,
): Result<string, InputFault> {
  const column = columnOf(table, name);
  if (column === undefined) return unknownColumn('where', table, name);
  const left = quoted(name);
  if (operator === '~')
    return ok(`CAST(${left} AS VARCHAR) ILIKE ${textLiteral(`%${likePart(value)}%`)} ESCAPE '\\'`);
  if (value === '' && operator === '=') return ok(`${left} IS NULL`);
  if (value === '' && operator === '!=') return ok(`${left} IS NOT NULL`);
  const right = literalOf(column, value, '/where');
  if (!right.ok) return right;
  return ok(
    operator === '!='
      ? `${left} IS DISTINCT FROM ${right.value}`
      : `${left} ${operator} ${right.value}`,
  );
}

/** Rows after the last one of the page before, in the order of the list. */
function pageFilter(
  order: readonly Ordered[],
  after: readonly (string | null)[],
): Result<readonly string[], InputFault> {
  if (after.length !== order.length) {
    return fail({ pointer: '/cursor', expected: 'the cursor of this list', found: 'another' });
  }
  const steps: string[] = [];
  const equal: string[] = [];
  for (const [index, { column, descending }] of order.entries()) {
    const value = after[index] ?? null;
    const literal = value === null ? ok('NULL') : literalOf(column, value, '/cursor');
    if (!literal.ok) return literal;
    const name = quoted(column.name);
    // NULL stands last, so nothing but NULL comes after it.
    const later = `${name} ${descending ? '<' : '>'} ${literal.value} OR ${name} IS NULL`;
    if (value !== null) steps.push([...equal, `(${later})`].join(' AND '));
    equal.push(`${name} IS NOT DISTINCT FROM ${literal.value}`);
  }
  return ok([steps.map((step) => `(${step})`).join(' OR ')]);
}

const FORMS: Readonly<Record<SqlType, string>> = {
  VARCHAR: 'a text',
  BIGINT: 'a whole number of 64 bits',
  BOOLEAN: 'true or false',
  DATE: 'a day as YYYY-MM-DD',
  TIMESTAMP: 'a time as YYYY-MM-DDThh:mm:ssZ',
};
const BIGINT_MAX = 2n ** 63n;

/** A value as a literal of its column's type; `pointer` is what the request calls its place. */
function literalOf(
  { name, type }: Column,
  value: string,
  pointer: '/where' | '/cursor',
): Result<string, InputFault> {
  const literal = readLiteral(type, value);
  if (literal !== undefined) return ok(literal);
  return fail({ pointer, expected: `${FORMS[type]} for ${name}`, found: value.slice(0, 80) });
}

function readLiteral(type: SqlType, value: string): string | undefined {
  switch (type) {
    case 'VARCHAR':
      return value.includes('\u0000') ? undefined : textLiteral(value);
    case 'BIGINT':
      return isBigint(value) ? value : undefined;
    case 'BOOLEAN':
      return value === 'true' || value === 'false' ? value.toUpperCase() : undefined;
    case 'DATE':
      return isDay(value) ? `DATE ${textLiteral(value)}` : undefined;
    case 'TIMESTAMP':
      return timestampOf(value);
    default:
      return assertNever(type);
  }
}

/** Days before 1970 are days, too, so this is not about instants. */
function isDay(value: string): boolean {
  const day = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(value)
    ? new Date(`${value}T00:00:00Z`)
    : undefined;
  return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value);
}

function isBigint(value: string): boolean {
  if (!/^-?[0-9]{1,19}$/.test(value)) return false;
  const number = BigInt(value);
  return number >= -BIGINT_MAX && number < BIGINT_MAX;
}

/** As people write it, or as an answer shows it. */
function timestampOf(value: string): string | undefined {
  const iso = /^[0-9-]{10} [0-9:.]+$/.test(value) ? `${value.replace(' ', 'T')}Z` : value;
  return parseInstant(iso) === undefined ? undefined : `TIMESTAMP ${textLiteral(iso.slice(0, -1))}`;
}
