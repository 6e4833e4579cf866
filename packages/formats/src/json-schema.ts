/**
 * JSON Schema as findings: every fault of a value with its pointer, what the schema expects there
 * and what came. Schemas are ours or shipped with the repository, never foreign.
 */
import type { ErrorObject } from 'ajv';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import type { Finding } from './errors.ts';
import { FOUND_SHOWN_MAX } from './errors.ts';
import type { ExactObject } from './exact-json.ts';
import { toPlainJson } from './exact-json.ts';

const VALUES_SHOWN_MAX = 20;

/** Where a value stands in its file. */
export interface JsonPlace {
  readonly file: string;
  readonly pointer: string;
}

/** Holds a value against one schema. */
export type SchemaCheck = (json: ExactObject, place: JsonPlace) => readonly Finding[];

/** Compiles schemas of draft-07 or of what draft-07 reads alike; they may refer to each other. */
export function createSchemaCompiler(): (schema: object) => SchemaCheck {
  // Data Package schemas carry hints for forms; `textarea` is no format of a value.
  const formats = { textarea: true as const };
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, formats });
  addFormats.default(ajv);
  return (schema) => {
    const validate = ajv.compile(schema);
    return (json, place) => {
      const plain = toPlainJson(json);
      if (plain === undefined) {
        const expected = 'lists and names of a length that can be checked';
        return [{ ...place, code: 'FORMATS_RECORD_TOO_LARGE', expected, found: 'a longer one' }];
      }
      return validate(plain) ? [] : (validate.errors ?? []).map((error) => findingOf(error, place));
    };
  };
}

function findingOf(
  { instancePath, keyword, params, data }: ErrorObject,
  { file, pointer }: { readonly file: string; readonly pointer: string },
): Finding {
  const code = 'FORMATS_SCHEMA_MISMATCH';
  if (keyword === 'required') {
    const missing = String(params.missingProperty);
    return {
      file,
      pointer: `${pointer}${instancePath}/${missing}`,
      code,
      expected: 'a value',
      found: '',
    };
  }
  const found = (JSON.stringify(data) ?? '').slice(0, FOUND_SHOWN_MAX);
  return {
    file,
    pointer: pointer + instancePath,
    code,
    expected: expectedBy(keyword, params),
    found,
  };
}

function expectedBy(keyword: string, params: Readonly<Record<string, unknown>>): string {
  switch (keyword) {
    case 'type':
      return [params.type].flat().join(' or ');
    case 'enum': {
      const values = [params.allowedValues].flat();
      const shown = values.slice(0, VALUES_SHOWN_MAX).join(', ');
      return values.length > VALUES_SHOWN_MAX ? `one of ${shown}, …` : `one of ${shown}`;
    }
    case 'format':
      return `a ${String(params.format)}`;
    case 'minItems':
    case 'minLength':
      return `at least ${String(params.limit)}`;
    case 'uniqueItems':
      return 'no entry twice';
    default:
      return `what the schema says by ${keyword}`;
  }
}
