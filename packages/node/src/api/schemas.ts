/** JSON Schemas of what the generic routes answer; contract rows bring their own. */
import type { JsonSchema } from './route.ts';

export const hex = (bytes?: number): JsonSchema =>
  bytes === undefined
    ? { type: 'string', pattern: '^(?:[0-9a-f]{2})*$' }
    : { type: 'string', pattern: `^[0-9a-f]{${2 * bytes}}$` };
export const TEXT: JsonSchema = { type: 'string' };
export const COUNT: JsonSchema = { type: 'integer', minimum: 0 };
export const BOOLEAN: JsonSchema = { type: 'boolean' };
export const TIME: JsonSchema = { type: 'string', format: 'date-time' };
export const ANYTHING: JsonSchema = {};
export const NUMBER: JsonSchema = { type: 'number' };

/** An object; names ending in `?` may be missing. */
export function object(members: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [name, schema] of Object.entries(members)) {
    const optional = name.endsWith('?');
    const bare = optional ? name.slice(0, -1) : name;
    properties[bare] = schema;
    if (!optional) required.push(bare);
  }
  return { type: 'object', properties, required, additionalProperties: false };
}

export function list(items: JsonSchema): JsonSchema {
  return { type: 'array', items };
}

export function choice(...of: readonly string[]): JsonSchema {
  return { type: 'string', enum: of };
}

export function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** A reference to a schema of the document's components. */
export function named(name: keyof typeof COMPONENTS): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const CURSOR: JsonSchema = { type: 'string', pattern: '^[0-9]+\\.[0-9]+\\.[0-9]+$' };
const NEXT: JsonSchema = { ...TEXT, description: 'Cursor of the next page; absent on the last.' };

/** A page of something. */
export function page(
  name: string,
  items: JsonSchema,
  more: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  return object({ head: ref('Head'), [name]: list(items), ...more, 'next?': NEXT });
}

function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const HEADER_MEMBERS = {
  blockHash: hex(32),
  version: COUNT,
  height: COUNT,
  parentHash: hex(32),
  timestampMs: COUNT,
  time: TIME,
  proposer: hex(32),
  txRoot: hex(32),
  stateRoot: hex(32),
  resultRoot: hex(32),
  historyRoot: hex(32),
  validatorsHash: hex(32),
  nextValidatorsHash: hex(32),
  transactionCount: COUNT,
} as const;

/** Schemas that several routes share; `components.schemas` of the OpenAPI document. */
export const COMPONENTS = {
  Head: {
    description: 'The newest final block when the answer was made.',
    ...object({ height: COUNT, blockHash: hex(32), timestampMs: COUNT, time: TIME }),
  },
  InputFault: object({ 'pointer?': TEXT, 'parameter?': TEXT, expected: TEXT, 'found?': TEXT }),
  Problem: {
    description: 'Problem details (RFC 9457). `code` is listed at /docs/errors.',
    type: 'object',
    properties: {
      type: { type: 'string', format: 'uri-reference' },
      title: TEXT,
      status: { type: 'integer', minimum: 400, maximum: 599 },
      detail: TEXT,
      code: { type: 'string', pattern: '^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$' },
      remedy: TEXT,
      errors: list(ref('InputFault')),
    },
    required: ['type', 'title', 'status', 'detail', 'code', 'remedy'],
  },
  BlockOutline: object(HEADER_MEMBERS),
  Block: object({
    ...HEADER_MEMBERS,
    headerBytes: hex(),
    'certificate?': object({
      round: COUNT,
      validatorCount: COUNT,
      signers: list(COUNT),
      bytes: hex(),
    }),
  }),
  Failure: object({ code: TEXT, detail: TEXT, remedy: TEXT, 'errors?': list(ref('InputFault')) }),
  Event: object({ cursor: CURSOR, contract: TEXT, name: TEXT, fields: ANYTHING }),
  TransactionContent: object({
    kind: choice('signed', 'evidence', 'ready', 'recovery'),
    'signers?': list(object({ publicKey: hex(32), 'identity?': TEXT })),
    'nonce?': hex(16),
    'validUntilMs?': COUNT,
    'calls?': list(object({ contract: TEXT, action: TEXT, args: ANYTHING })),
    'payload?': ANYTHING,
  }),
  MerklePath: object({
    root: hex(32),
    size: COUNT,
    index: COUNT,
    leaf: hex(32),
    path: list(hex(32)),
  }),
  TransactionProof: object({
    headerBytes: hex(),
    certificateBytes: hex(),
    transactionBytes: hex(),
    resultBytes: hex(),
    transaction: ref('MerklePath'),
    result: ref('MerklePath'),
  }),
  Receipt: object({
    id: hex(32),
    state: choice('committed'),
    height: COUNT,
    index: COUNT,
    blockHash: hex(32),
    timestampMs: COUNT,
    time: TIME,
    succeeded: BOOLEAN,
    code: COUNT,
    'failure?': ref('Failure'),
    events: list(ref('Event')),
    writes: list(object({ treeKey: hex(), valueHash: orNull(hex(32)) })),
    'transaction?': ref('TransactionContent'),
    'proof?': ref('TransactionProof'),
    'head?': ref('Head'),
  }),
  Pending: object({
    id: hex(32),
    state: choice('received', 'accepted'),
    head: ref('Head'),
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>;
