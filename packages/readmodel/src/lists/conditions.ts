/**
 * What a list is asked for, as text: `amount_minor>=100000;payee_name~college` and
 * `-amount_minor,date`. Read once here for the API and the command line.
 */
import type { InputFault, Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';

export const OPERATORS = ['>=', '<=', '!=', '=', '>', '<', '~'] as const;
export type Operator = (typeof OPERATORS)[number];

/** One column against one value; `~` finds a part of a text whatever its case. */
export interface Condition {
  readonly column: string;
  readonly operator: Operator;
  /** Empty with `=` and `!=`: nothing there, something there. */
  readonly value: string;
}

export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
}

/** Conditions of one list; each multiplies the work of a row. */
const CONDITIONS_MAX = 16;
const SORT_KEYS_MAX = 4;

const NAME = '[a-z_][a-z0-9_]{0,127}';
const CONDITION = new RegExp(`^(${NAME})(${OPERATORS.join('|')})(.*)$`, 's');
const SORT_KEY = new RegExp(`^(-?)(${NAME})$`);

/** @param text  conditions joined by `;`, which a value writes as `\;`; empty for none */
export function readConditions(text: string): Result<readonly Condition[], InputFault> {
  const parts = text === '' ? [] : text.split(/(?<!\\);/);
  if (parts.length > CONDITIONS_MAX) return tooMany('where', CONDITIONS_MAX, parts.length);
  const conditions: Condition[] = [];
  for (const part of parts) {
    const [, column = '', operator, value = ''] = CONDITION.exec(part.trimStart()) ?? [];
    const known = OPERATORS.find((one) => one === operator);
    if (known === undefined) {
      const expected = `COLUMN, one of ${OPERATORS.join(' ')}, and a value`;
      return fail({ pointer: '/where', expected, found: part.slice(0, 80) });
    }
    conditions.push({ column, operator: known, value: value.replaceAll('\\;', ';') });
  }
  return ok(conditions);
}

/** @param text  columns joined by commas, `-` before one that descends; empty for none */
export function readSort(text: string): Result<readonly SortKey[], InputFault> {
  const parts = text === '' ? [] : text.split(',');
  if (parts.length > SORT_KEYS_MAX) return tooMany('sort', SORT_KEYS_MAX, parts.length);
  const keys: SortKey[] = [];
  for (const part of parts) {
    const [, minus, column] = SORT_KEY.exec(part.trim()) ?? [];
    if (column === undefined) {
      const expected = 'columns joined by commas, - before one that descends';
      return fail({ pointer: '/sort', expected, found: part.slice(0, 80) });
    }
    keys.push({ column, descending: minus === '-' });
  }
  return ok(keys);
}

function tooMany(name: string, max: number, count: number): Result<never, InputFault> {
  return fail({ pointer: `/${name}`, expected: `at most ${max}`, found: `${count}` });
}
