/** Key fields of records in paths and queries. */
import type { FieldSpec, ManifestRecord } from '@daybook/contracts';
import { expectationOf, recordKeyOf, schemaOf } from '@daybook/contracts';
import type { RecordKey, Result } from '@daybook/core';
import { fail } from '@daybook/core';
import { parameter } from '../parameters.ts';
import type { Problem } from '../problem.ts';
import type { JsonSchema, Parameter, Parameters } from '../route.ts';

/** A key field as text; the record's own check judges it. */
function keyParameter(place: 'path' | 'query', spec: FieldSpec): Parameter<string | undefined> {
  return parameter<string | undefined>({
    in: place,
    help: `${spec.title.en} · ${spec.title.zh}`,
    expected: expectationOf(spec),
    schema: schemaOf(spec) as JsonSchema,
    absent: undefined,
    read: (text) => text,
  });
}

/** Key fields as parameters. */
export function keyParameters(place: 'path' | 'query', spec: ManifestRecord): Parameters {
  const entries = Object.entries(spec.key).map(([name, field]) => [
    parameterName(name),
    keyParameter(place, field),
  ]);
  return Object.fromEntries(entries);
}

/** Key fields keep their names unless a name is taken by every list. */
const TAKEN: readonly string[] = ['limit', 'cursor', 'height', 'proof', 'from'];

/** What a key field is called as a parameter. */
export function parameterName(field: string): string {
  return TAKEN.includes(field) ? `${field}Key` : field;
}

/** Parameters as they were read. */
export type Values = Readonly<Record<string, unknown>>;

/** Key fields in JSON form: integers are numbers there, everything else is text. */
export function keyJson(spec: ManifestRecord, values: Values): Readonly<Record<string, unknown>> {
  const json: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(spec.key)) {
    const text = values[parameterName(name)];
    if (typeof text !== 'string') continue;
    const isNumber = field.type === 'integer' && /^(?:0|[1-9][0-9]{0,15})$/.test(text);
    json[name] = isNumber ? Number(text) : text;
  }
  return json;
}

/** The key that the parameters name. */
export function readKey(spec: ManifestRecord, values: Values): Result<RecordKey, Problem> {
  const key = recordKeyOf(spec, keyJson(spec, values));
  if (key.ok) return key;
  const errors = key.reason.map(({ pointer, expected, found }) => ({
    parameter: parameterName(pointer.slice(1)),
    expected,
    found,
  }));
  return fail({ code: 'NODE_INPUT_INVALID', errors });
}
