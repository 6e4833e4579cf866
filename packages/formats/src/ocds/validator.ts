/**
 * The official JSON Schema of OCDS 1.1.5 as findings. Packages, records and releases are validated
 * apart, so that one wrong release says nothing about its neighbours and the choice between linked
 * and embedded releases does not report every fault twice.
 */
import type { Finding } from '../errors.ts';
import type { ExactObject } from '../exact-json.ts';
import type { JsonPlace, SchemaCheck } from '../json-schema.ts';
import { createSchemaCompiler } from '../json-schema.ts';
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
  place: JsonPlace,
) => readonly Finding[];

/**
 * Compiles the schemas, which takes about a fifth of a second: make one and keep it.
 *
 * OCDS writes its schemas in draft-04 but uses nothing that draft-07 reads differently; only `id`
 * has to be called `$id`.
 */
export function createOcdsValidator(): OcdsValidator {
  const compile = createSchemaCompiler();
  const { record } = recordPackageSchema.definitions;
  const [linked] = record.properties.releases.oneOf;
  const validators: Readonly<Record<OcdsPart, SchemaCheck>> = {
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
  return (part, json, place) => validators[part](json, place);
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
