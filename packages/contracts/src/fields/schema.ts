/**
 * JSON Schema (draft 2020-12, as OpenAPI 3.1 uses it) of fields in their JSON form. A schema can say
 * less than the check (it knows no calendar); what it refuses the check refuses, too.
 */
import { assertNever } from '@daybook/core';
import type { JsonValue } from './json.ts';
import type { FieldSpec, FieldTable } from './spec.ts';

/** A schema is plain JSON. */
export type JsonSchema = { readonly [name: string]: JsonValue };

const SLUG_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$';
const OFFICER_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]/[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$';
const DECIMAL: JsonSchema = { type: 'string', pattern: '^(0|-?[1-9][0-9]{0,19})$' };
const CURRENCY: JsonSchema = { type: 'string', pattern: '^[A-Z]{3}$' };

/** The schema of an object with these fields; nothing else may be in it. */
export function jsonSchemaOf(table: FieldTable): JsonSchema {
  const properties: Record<string, JsonValue> = {};
  const required: string[] = [];
  for (const [name, spec] of Object.entries(table)) {
    properties[name] = schemaOf(spec);
    if (spec.optional !== true) required.push(name);
  }
  return object(properties, required);
}

/** The schema of one field, with its title and help in English. */
export function schemaOf(spec: FieldSpec): JsonSchema {
  const words = {
    title: spec.title.en,
    ...(spec.help !== undefined && { description: spec.help.en }),
  };
  return { ...words, ...shapeOf(spec) };
}

function shapeOf(spec: FieldSpec): JsonSchema {
  switch (spec.type) {
    case 'text':
      return { type: 'string', minLength: spec.min, maxLength: spec.max };
    case 'identifier':
    case 'reference':
      return { type: 'string', minLength: 1, maxLength: spec.max, pattern: '^[!-~]+$' };
    case 'slug':
      return { type: 'string', pattern: SLUG_PATTERN };
    case 'identity':
      return spec.organisations === true
        ? { type: 'string', anyOf: [{ pattern: OFFICER_PATTERN }, { pattern: SLUG_PATTERN }] }
        : { type: 'string', pattern: OFFICER_PATTERN };
    case 'integer':
      return { type: 'integer', minimum: spec.min, maximum: spec.max };
    case 'amount':
      return DECIMAL;
    case 'currency':
      return CURRENCY;
    case 'date':
      return { type: 'string', format: 'date' };
    case 'instant':
      return { type: 'string', format: 'date-time' };
    case 'boolean':
      return { type: 'boolean' };
    case 'choice':
      return { type: 'string', enum: Object.keys(spec.of) };
    case 'bytes':
      return hex(spec.min, spec.max);
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      return hex(32, 32);
    case 'money':
    case 'quantity':
    case 'period':
      return pairOf(spec);
    case 'list':
      return {
        type: 'array',
        items: schemaOf(spec.item),
        minItems: spec.min,
        maxItems: spec.max,
        ...(spec.unique === true && { uniqueItems: true }),
      };
    case 'object':
      return jsonSchemaOf(spec.fields);
    default:
      return assertNever(spec);
  }
}

function pairOf(spec: FieldSpec & { type: 'money' | 'quantity' | 'period' }): JsonSchema {
  switch (spec.type) {
    case 'money': {
      const closed = spec.currencies;
      const currency = closed === undefined ? CURRENCY : { type: 'string', enum: closed };
      return object({ minor: DECIMAL, currency }, ['minor', 'currency']);
    }
    case 'quantity': {
      const unit =
        spec.units === undefined
          ? { type: 'string', minLength: 1, maxLength: 16 }
          : { type: 'string', enum: spec.units };
      return object({ value: DECIMAL, unit }, ['value', 'unit']);
    }
    case 'period': {
      const date = { type: 'string', format: 'date' };
      return object({ start: date, end: date }, ['start', 'end']);
    }
    default:
      return assertNever(spec);
  }
}

function object(
  properties: Readonly<Record<string, JsonValue>>,
  required: readonly string[],
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

function hex(min: number, max: number): JsonSchema {
  const pattern = '^([0-9a-f]{2})*$';
  return { type: 'string', pattern, minLength: 2 * min, maxLength: 2 * max };
}
