/**
 * The official JSON Schema of OCDS 1.1.5 as findings. Packages, records and releases are validated
 * apart, so that one wrong release says nothing about its neighbours and the choice between linked
 * and embedded releases does not report every fault twice.
 */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import type { Finding } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { ExactObject } from '../exact-json.ts';
import { toPlainJson } from '../exact-json.ts';
import recordPackageSchema from '../schemas/ocds-1.1.5/record-package-schema.json' with {
  type: 'json',
};
import releasePackageSchema from '../schemas/ocds-1.1.5/release-package-schema.json' with {
  type: 'json',
};
import releaseSchema from '../schemas/ocds-1.1.5/release-schema.json' with { type: 'json' };

/** What can be validated: metadata is a package without its releases or records. */
export type OcdsPart = 'release' | 'releasePackage' | 'recordPackage' | 'record' | 'linkedRelease';

/** Findings of one part; `pointer` is where it stands in the file. */
export type OcdsValidator = (
  part: OcdsPart,
  json: ExactObject,
  place: { readonly file: string; readonly pointer: string },
) => readonly Finding[];

const VALUES_SHOWN_MAX = 20;

/**
 * Compiles the schemas, which takes about a fifth of a second: make one and keep it.
 *
 * OCDS writes its schemas in draft-04 but uses nothing that draft-07 reads differently; only `id`
 * has to be called `$id`.
 */
export function createOcdsValidator(): OcdsValidator {
  const ajv = new Ajv({ allErrors: true, verbose: true, strict: false });
  addFormats.default(ajv);
  const compile = (schema: object): ValidateFunction => ajv.compile(schema);
  const { record } = recordPackageSchema.definitions;
  const [linked] = record.properties.releases.oneOf;
  const validators: Readonly<Record<OcdsPart, ValidateFunction>> = {
    release: compile(withoutDraft(releaseSchema)),
    releasePackage: compile(metadataOf(releasePackageSchema, 'releases')),
    recordPackage: compile(metadataOf(recordPackageSchema, 'records')),
    record: compile({
      type: 'object',
      required: record.required,
      properties: { ocid: record.properties.ocid, releases: { type: 'array', minItems: 1 } },
    }),
    linkedRelease: compile(linked?.items ?? {}),
  };
  return (part, json, place) => {
    const plain = toPlainJson(json);
    if (plain === undefined) {
      const expected = 'lists and names of a length that can be checked';
      return [{ ...place, code: 'FORMATS_RECORD_TOO_LARGE', expected, found: 'a longer one' }];
    }
    const validate = validators[part];
    return validate(plain) ? [] : (validate.errors ?? []).map((error) => findingOf(error, place));
  };
}

function withoutDraft({ id, $schema, ...schema }: { id: string; $schema: string }): object {
  return { $id: id, ...schema };
}

function metadataOf(
  schema: typeof releasePackageSchema | typeof recordPackageSchema,
  list: 'releases' | 'records',
): object {
  const properties = Object.entries(schema.properties).filter(([name]) => name !== list);
  return {
    type: 'object',
    required: schema.required.filter((name) => name !== list),
    properties: Object.fromEntries(properties),
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
