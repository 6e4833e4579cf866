/**
 * What a descriptor must be: a Data Package by the published schema, with the model that makes it a
 * fiscal one.
 */
import type { Finding } from '../errors.ts';
import type { ExactObject } from '../exact-json.ts';
import { createSchemaCompiler } from '../json-schema.ts';
import dataPackageSchema from '../schemas/data-package-1.0/data-package.json' with { type: 'json' };

/** Holds a descriptor against the schemas. */
export type FiscalValidator = (descriptor: ExactObject, file: string) => readonly Finding[];

/**
 * What Fiscal Data Package adds to Data Package. The published profile refers to a dictionary that
 * was never published with it, so its few lines are restated here; `mapping` is version 0.2.
 */
const FISCAL_SCHEMA = {
  type: 'object',
  properties: {
    model: { type: 'object', required: ['measures', 'dimensions'] },
    mapping: { type: 'object', required: ['amount'] },
    granularity: { enum: ['aggregated', 'transactional'] },
    fiscalPeriod: {
      type: 'object',
      required: ['start'],
      properties: {
        start: { type: 'string', pattern: '^\\d{4}-(0?[1-9]|1[012])-(0?[1-9]|[12]\\d|3[01])' },
        end: { type: 'string', pattern: '^\\d{4}-(0?[1-9]|1[012])-(0?[1-9]|[12]\\d|3[01])' },
      },
    },
  },
  anyOf: [{ required: ['model'] }, { required: ['mapping'] }],
};

/** Compiles the schemas: make one and keep it. */
export function createFiscalValidator(): FiscalValidator {
  const compile = createSchemaCompiler();
  const checks = [compile(dataPackageSchema), compile(FISCAL_SCHEMA)];
  return (descriptor, file) => checks.flatMap((check) => check(descriptor, { file, pointer: '' }));
}
