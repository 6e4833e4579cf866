/**
 * Everything that is specific to an application, derived from the manifest: one path per action,
 * record set and query. Nothing here knows any contract.
 */
import type { Manifest, ManifestAction, ManifestBy, ManifestContract } from '@daybook/contracts';
import { isForPeople, jsonSchemaOf, manifestHashOf } from '@daybook/contracts';
import { assert, toHex } from '@daybook/core';
import type { Clock } from '../../clock.ts';
import type { ContractViews } from '../contract-view.ts';
import { API_LIMITS } from '../limits.ts';
import { CBOR_TYPE, JSON_TYPE } from '../media-type.ts';
import { parameter } from '../parameters.ts';
import type { Chain } from '../ports.ts';
import { PREPARED_SCHEMA, prepareBody, prepareSchema } from '../prepare.ts';
import { refuse, view } from '../reply.ts';
import type { Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { ANYTHING, object } from '../schemas.ts';
import type { View } from '../view.ts';
import type { RecordParts } from './records.ts';
import { recordRoutes } from './records.ts';

export interface ContractParts extends RecordParts {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly views: ContractViews;
}

const TAG = 'Contracts';
/** Names that stand for something else below a contract. */
const RESERVED = ['schema', 'queries'];

/** Whom an action is for, in words. */
function entitlementWords(by: ManifestBy): string {
  switch (by) {
    case 'anyone':
      return 'Anyone may do this.';
    case 'officer':
      return 'Any active officer may do this.';
    case 'contract':
      return 'Only other contracts may do this.';
    case 'governance':
      return 'Only the members may do this, by vote.';
    default: {
      const organisation =
        by.organisation === undefined ? '' : ` of the organisation in \`${by.organisation}\``;
      const scope = by.scope === undefined ? '' : ` reaching the scope in \`${by.scope}\``;
      return `Needs an officer${organisation} with the role \`${by.role}\`${scope}.`;
    }
  }
}

function approvalWords({ approvals }: ManifestAction): string {
  if (approvals === undefined) return '';
  const { officers, organisations, role, days } = approvals;
  const together = days === 0 ? 'in one transaction' : `within ${days} days`;
  return ` ${officers} officers of ${organisations} organisations must agree ${together} (\`${role}\`).`;
}

function actionRoute(
  contract: ManifestContract,
  action: ManifestAction,
  parts: ContractParts,
): Route {
  const { chain, clock } = parts;
  const help = action.help === undefined ? '' : `${action.help.en} `;
  return defineRoute({
    id: `${contract.name}.${action.name}.prepare`,
    method: 'POST',
    path: `/v1/contracts/${contract.name}/${action.name}`,
    tag: `${contract.title.en} · ${contract.title.zh}`,
    title: `${action.title.en} · ${action.title.zh}`,
    help:
      `${help}${entitlementWords(action.by)}${approvalWords(action)} ` +
      'Checks the arguments and returns the body to sign; hand in the signed transaction with ' +
      'POST /v1/transactions. The node never sees a secret key.',
    parameters: {},
    body: {
      bytesMax: API_LIMITS.bodyBytesMax,
      content: { [JSON_TYPE]: prepareSchema(jsonSchemaOf(action.input)) },
    },
    responses: {
      200: {
        help: 'The canonical, unsigned body.',
        content: { [JSON_TYPE]: PREPARED_SCHEMA, [CBOR_TYPE]: PREPARED_SCHEMA },
      },
    },
    problems: [
      'NODE_MEDIA_TYPE_UNSUPPORTED',
      'NODE_BODY_TOO_LARGE',
      'NODE_BODY_MALFORMED',
      'NODE_OVERLOADED',
      'NODE_INPUT_INVALID',
      'CORE_TOO_LARGE',
    ],
    handle: ({ body }) => {
      const prepared = prepareBody(action, body, {
        chain: chain.genesis.chain,
        nowMs: Math.max(chain.head().timestampMs, Math.floor(clock.wall())),
        validityMaxMs: chain.parameters().validityMaxMs,
      });
      return prepared.ok ? view(prepared.value) : refuse(prepared.reason);
    },
  });
}

function asView(data: unknown): View {
  // A manifest and JSON Schemas hold texts, safe integers, booleans, null, lists and objects only.
  return data as View;
}

function manifestRoute(manifest: Manifest): Route {
  const tag = toHex(manifestHashOf(manifest));
  return defineRoute({
    id: 'getContracts',
    method: 'GET',
    path: '/v1/contracts',
    tag: TAG,
    title: 'The manifest: all contracts with their actions, records and words',
    help:
      'The state commits to it: the record `ledger.activation` holds its hash, made contract by ' +
      'contract as docs/protocol says. The order of fields has meaning, so there is no CBOR form.',
    parameters: {},
    responses: {
      200: { help: 'The manifest.', content: { [JSON_TYPE]: ANYTHING } },
    },
    problems: [],
    handle: () => view(asView(manifest), { kind: 'tagged', tag }),
  });
}

function schemaRoute(contract: ManifestContract): Route {
  const schemasOf = (parts: Readonly<Record<string, Parameters<typeof jsonSchemaOf>[0]>>) =>
    Object.fromEntries(Object.entries(parts).map(([name, table]) => [name, jsonSchemaOf(table)]));
  const pick = <T>(
    parts: Readonly<Record<string, T>>,
    tableOf: (part: T) => Parameters<typeof jsonSchemaOf>[0],
  ) => schemasOf(Object.fromEntries(Object.entries(parts).map(([k, part]) => [k, tableOf(part)])));
  const schemas = {
    actions: pick(contract.actions, ({ input }) => input),
    records: pick(contract.records, ({ key, fields }) => ({ ...key, ...fields })),
    events: pick(contract.events, ({ fields }) => fields),
  };
  return defineRoute({
    id: `${contract.name}.schema`,
    method: 'GET',
    path: `/v1/contracts/${contract.name}/schema`,
    tag: `${contract.title.en} · ${contract.title.zh}`,
    title: 'What the contract declares, with JSON Schemas',
    help: contract.help.en,
    parameters: {},
    responses: {
      200: {
        help: 'Declarations and schemas.',
        content: {
          [JSON_TYPE]: object({
            contract: ANYTHING,
            actions: ANYTHING,
            records: ANYTHING,
            events: ANYTHING,
          }),
        },
      },
    },
    problems: [],
    handle: () => view(asView({ contract, ...schemas })),
  });
}

/** Better errors than "no such path" for what lies below /v1/contracts. */
function strayRoutes(manifest: Manifest): readonly Route[] {
  const contract = parameter<string>({
    in: 'path',
    help: 'Contract.',
    expected: 'a name',
    schema: { type: 'string' },
    absent: '',
    read: (text) => text,
  });
  const names = new Set(manifest.contracts.map(({ name }) => name));
  const stray = (method: 'GET' | 'POST', depth: number): Route => {
    const part = { ...contract };
    const rest = Array.from({ length: depth }, (_, index) => `part${'abcdefgh'[index]}`);
    return defineRoute({
      id: `stray.${method}.${depth}`,
      method,
      path: ['/v1/contracts/{contract}', ...rest.map((name) => `{${name}}`)].join('/'),
      tag: TAG,
      title: 'Nothing is here',
      hidden: true,
      parameters: {
        contract,
        ...Object.fromEntries(rest.map((name) => [name, part])),
      },
      responses: {},
      problems: [],
      handle: ({ values }) => {
        if (!names.has(values.contract)) return refuse({ code: 'NODE_CONTRACT_UNKNOWN' });
        const code = method === 'POST' ? 'NODE_ACTION_UNKNOWN' : 'NODE_RECORD_SET_UNKNOWN';
        return refuse({ code });
      },
    });
  };
  return [stray('POST', 1), ...[0, 1, 2, 3, 4].map((depth) => stray('GET', depth))];
}

/** All routes of the contracts of a manifest. */
export function contractRoutes(parts: ContractParts): readonly Route[] {
  const { manifest } = parts.views;
  const specific = manifest.contracts.flatMap((contract) => {
    for (const name of RESERVED) {
      assert(!Object.hasOwn(contract.records, name), `no record is called ${name}`);
    }
    const actions = Object.values(contract.actions).filter(isForPeople);
    return [
      schemaRoute(contract),
      ...actions.map((action) => actionRoute(contract, action, parts)),
      ...recordRoutes(contract, parts),
    ];
  });
  return [manifestRoute(manifest), ...specific, ...strayRoutes(manifest)];
}
