/**
 * Parameters of contracts: declared with a default, changed by governance from a height on. Their
 * values are plain, so they stand in the state as texts that people can read.
 */
import type { InputFault } from '@daybook/core';
import { assert } from '@daybook/core';
import { compileCheck } from '../fields/check.ts';
import { expectationOf } from '../fields/expectation.ts';
import { parseDecimal } from '../fields/json.ts';
import type { FieldSpec } from '../fields/spec.ts';

/** A value and the changes decided for later heights, ascending. */
export interface ParameterRow {
  readonly value?: string | undefined;
  readonly changes: readonly { readonly fromHeight: number; readonly value: string }[];
}

/** Changes that may wait for one parameter; the record takes no more. */
export const PARAMETER_CHANGES_MAX = 32;

/** The text in effect at a height; undefined while the default holds. */
export function textAt(row: ParameterRow | undefined, height: number): string | undefined {
  const due = row?.changes.filter(({ fromHeight }) => fromHeight <= height).at(-1);
  return due?.value ?? row?.value;
}

/** The row after one more change; those in effect at `height` become the value. */
export function withChange(
  row: ParameterRow | undefined,
  change: { readonly fromHeight: number; readonly value: string },
  height: number,
): ParameterRow {
  const value = textAt(row, height);
  const later = (row?.changes ?? []).filter(
    ({ fromHeight }) => fromHeight > height && fromHeight < change.fromHeight,
  );
  // A later decision replaces what was decided for the same height or beyond it.
  const changes = [...later, change];
  return { ...(value !== undefined && { value }), changes };
}

/** The value that a text stands for; undefined if the field does not take it. */
export function parseParameter(spec: FieldSpec, text: string): unknown {
  const faults: InputFault[] = [];
  const value = compileCheck(spec)(plainOf(spec, text), '', faults);
  return faults.length === 0 ? value : undefined;
}

/** Why the field does not take the text, or undefined. */
export function faultOfText(spec: FieldSpec, text: string): string | undefined {
  return parseParameter(spec, text) === undefined ? expectationOf(spec) : undefined;
}

/** A parameter stored as text was checked when it was decided. */
export function storedParameter(spec: FieldSpec, text: string): unknown {
  const value = parseParameter(spec, text);
  assert(value !== undefined, 'a stored parameter obeys its field');
  return value;
}

function plainOf(spec: FieldSpec, text: string): unknown {
  switch (spec.type) {
    case 'integer': {
      const value = parseDecimal(text);
      return value === undefined ? text : Number(value);
    }
    case 'amount':
      return parseDecimal(text) ?? text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    default:
      return text;
  }
}
