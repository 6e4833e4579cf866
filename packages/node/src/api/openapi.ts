/** The OpenAPI 3.1 document, derived from the routes. Pure. */
import { CBOR_TYPE, PROBLEM_TYPE } from './media-type.ts';
import type { Catalogue } from './problem.ts';
import type { JsonSchema, Route } from './route.ts';
import { COMMON_PROBLEMS } from './route.ts';
import { COMPONENTS } from './schemas.ts';

export interface DocumentWords {
  readonly title: string;
  readonly version: string;
  readonly description: string;
}

/** @param routes  hidden ones are left out */
export function buildOpenApi(
  routes: readonly Route[],
  words: DocumentWords,
  catalogue: Catalogue,
): JsonSchema {
  const visible = routes.filter(({ hidden }) => hidden !== true);
  const paths: Record<string, Record<string, unknown>> = {};
  const shared = createSharedResponses();
  for (const route of visible) {
    const item = paths[route.path] ?? {};
    item[route.method.toLowerCase()] = describeOperation(route, catalogue, shared);
    paths[route.path] = item;
  }
  const named = Object.assign({}, ...visible.map(({ schemas }) => schemas));
  return {
    openapi: '3.1.0',
    info: {
      ...words,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    servers: [{ url: '/', description: 'This node.' }],
    tags: [...new Set(visible.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: { schemas: { ...COMPONENTS, ...named }, responses: shared.all() },
  };
}

/** Problem responses by their words: most routes fail in the same few ways. */
interface SharedResponses {
  /** A reference to the response, which is added the first time. */
  refer(status: number, codes: readonly string[]): JsonSchema;
  all(): JsonSchema;
}

function createSharedResponses(): SharedResponses {
  const responses: Record<string, JsonSchema> = {};
  const names = new Map<string, string>();
  return {
    refer: (status, codes) => {
      const description = `${codes.join(', ')}.`;
      const known = names.get(description);
      const name = known ?? `Problem${status}.${names.size + 1}`;
      if (known === undefined) {
        names.set(description, name);
        const content = { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };
        responses[name] = { description, content };
      }
      return { $ref: `#/components/responses/${name}` };
    },
    all: () => responses,
  };
}

function describeOperation(
  route: Route,
  catalogue: Catalogue,
  shared: SharedResponses,
): JsonSchema {
  const parameters = Object.entries(route.parameters).map(([name, parameter]) => ({
    name,
    in: parameter.in,
    required: parameter.in === 'path',
    description: parameter.help,
    schema: parameter.schema,
    ...(parameter.example !== undefined && { example: parameter.example }),
  }));
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.title,
    ...(route.help !== undefined && { description: route.help }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body !== undefined && { requestBody: describeBody(route.body) }),
    responses: { ...describeSuccesses(route), ...describeProblems(route, catalogue, shared) },
  };
}

function describeBody(body: NonNullable<Route['body']>): JsonSchema {
  const content = Object.entries(body.content).map(([mediaType, schema]) => {
    const example = mediaType !== CBOR_TYPE && body.example !== undefined;
    return [mediaType, { schema, ...(example && { example: body.example }) }];
  });
  return {
    required: true,
    description: `At most ${body.bytesMax} bytes.`,
    content: Object.fromEntries(content),
  };
}

function describeSuccesses(route: Route): Readonly<Record<string, JsonSchema>> {
  const entries = Object.entries(route.responses).map(([status, { help, content }]) => {
    const media = Object.entries(content).map(([type, schema]) => [type, { schema }]);
    return [status, { description: help, content: Object.fromEntries(media) }];
  });
  return Object.fromEntries(entries);
}

/** Codes by status, so that a reader sees which failures hide behind a number. */
function describeProblems(
  route: Route,
  catalogue: Catalogue,
  shared: SharedResponses,
): Readonly<Record<string, JsonSchema>> {
  const byStatus = new Map<number, string[]>();
  for (const code of new Set([...route.problems, ...COMMON_PROBLEMS])) {
    const status = catalogue.get(code)?.status;
    if (status !== undefined) byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const ordered = [...byStatus].sort(([a], [b]) => a - b);
  return Object.fromEntries(
    ordered.map(([status, codes]) => [String(status), shared.refer(status, codes)]),
  );
}
