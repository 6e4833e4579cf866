/** Handing in transactions and reading what became of them. */
import type { Result } from '@daybook/core';
import {
  asTransactionId,
  decodeBodyEntry,
  decodeCanonical,
  fail,
  fromHex,
  LIMITS,
  ok,
  toHex,
} from '@daybook/core';
import { entryView, headView } from '../chain-view.ts';
import { withDeadline } from '../deadline.ts';
import { READ_PROBLEMS } from '../final-blocks.ts';
import { API_LIMITS } from '../limits.ts';
import { CBOR_TYPE, JSON_TYPE } from '../media-type.ts';
import { pathHash, queryChoice, queryInteger } from '../parameters.ts';
import type { Catalogue, Problem } from '../problem.ts';
import { describeProblem, showFound } from '../problem.ts';
import type { Reply } from '../reply.ts';
import { refuse, view } from '../reply.ts';
import type { ApiRequest, Route } from '../route.ts';
import { defineRoute } from '../route.ts';
import { COUNT, list, named, object } from '../schemas.ts';
import type { Shares } from '../shares.ts';
import { transactionProofView } from '../transaction-proof.ts';
import type { ViewMap } from '../view.ts';
import type { Outcome, WaitingParts } from '../waiting.ts';
import { readReceipt, submitAndWait } from '../waiting.ts';

export interface TransactionParts extends WaitingParts {
  readonly shares: Shares;
}

const TAG = 'Transactions';
const WIRE_HEX = {
  type: 'string',
  pattern: '^(?:[0-9a-f]{2})+$',
  maxLength: 2 * LIMITS.transactionBytesMax,
  description: 'Wire bytes of a signed transaction in hex: canonical CBOR [body, signatures].',
} as const;
const WIRE_BYTES = { type: 'string', contentMediaType: CBOR_TYPE } as const;

const WAIT_PARAMETERS = {
  wait: queryChoice({
    of: ['none', 'accepted', 'committed'],
    absent: 'none',
    help:
      'How far the transaction must have come before the answer: none = admitted here; accepted = ' +
      'held by f+1 validators, which survives f of them; committed = final, which survives all.',
  }),
  timeoutMs: queryInteger({
    min: 1,
    max: API_LIMITS.waitMsMax,
    absent: API_LIMITS.waitMsDefault,
    help: 'Longest waiting; then the answer says how far it has come (202).',
  }),
} as const;

const ADMISSION_PROBLEMS = [
  'NODE_MEDIA_TYPE_UNSUPPORTED',
  'NODE_BODY_TOO_LARGE',
  'NODE_BODY_MALFORMED',
  'NODE_OVERLOADED',
  'NODE_INPUT_INVALID',
  'CORE_TRUNCATED',
  'CORE_TRAILING_BYTES',
  'CORE_TOO_LARGE',
  'CORE_TOO_DEEP',
  'CORE_MALFORMED',
  'CORE_NOT_CANONICAL',
  'CORE_TRANSACTION_SHAPE',
  'NODE_TRANSACTION_CHAIN',
  'NODE_TRANSACTION_EXPIRED',
  'NODE_TRANSACTION_VALIDITY',
  'NODE_TRANSACTION_REPLAYED',
  'NODE_TRANSACTION_KEY',
  'NODE_TRANSACTION_SIGNATURE',
  'NODE_QUOTA_EXCEEDED',
  'NODE_MEMPOOL_FULL',
  'NODE_SYNCING',
  'NODE_TRANSACTION_FAILED',
] as const;

type WaitRequest = ApiRequest<{
  readonly wait: 'none' | 'accepted' | 'committed';
  readonly timeoutMs: number;
}>;

/** Hex in JSON, or the bytes themselves. */
function readWire(value: unknown, pointer: string): Result<Uint8Array, Problem> {
  const expected = `a signed transaction of at most ${LIMITS.transactionBytesMax} bytes in hex`;
  const bytes = typeof value === 'string' ? fromHex(value) : undefined;
  if (bytes !== undefined && bytes.length > 0) return ok(bytes);
  const errors = [{ pointer, expected, found: showFound(value) }];
  return fail({ code: 'NODE_INPUT_INVALID', errors });
}

type Members = Readonly<Record<string, unknown>>;

function readMember(body: unknown, name: string): Result<unknown, Problem> {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const members = isObject ? (body as Members) : {};
  const other = Object.keys(members).find((key) => key !== name);
  if (isObject && other === undefined && Object.hasOwn(members, name)) return ok(members[name]);
  const found = other === undefined ? 'nothing' : showFound(other);
  const errors = [{ pointer: '', expected: `an object with the one member ${name}`, found }];
  return fail({ code: 'NODE_INPUT_INVALID', errors });
}

function readOne(body: unknown): Result<Uint8Array, Problem> {
  if (body instanceof Uint8Array) return ok(body);
  const member = readMember(body, 'transaction');
  return member.ok ? readWire(member.value, '/transaction') : member;
}

function readMany(body: unknown): Result<readonly Uint8Array[], Problem> {
  const items = body instanceof Uint8Array ? readCborList(body) : readMember(body, 'transactions');
  if (!items.ok) return items;
  if (!Array.isArray(items.value) || items.value.length === 0) {
    const expected = 'a list of at least one transaction';
    const errors = [{ pointer: '/transactions', expected, found: showFound(items.value) }];
    return fail({ code: 'NODE_INPUT_INVALID', errors });
  }
  const found = items.value.length;
  if (found > API_LIMITS.batchCountMax) {
    const detail = `The batch has ${found} transactions; at most ${API_LIMITS.batchCountMax} are taken.`;
    return fail({ code: 'NODE_BATCH_TOO_MANY', detail });
  }
  const wires: Uint8Array[] = [];
  for (const [index, item] of (items.value as readonly unknown[]).entries()) {
    const wire = item instanceof Uint8Array ? ok(item) : readWire(item, `/transactions/${index}`);
    if (!wire.ok) return wire;
    wires.push(wire.value);
  }
  return ok(wires);
}

/** Canonical CBOR: an array of byte strings. */
function readCborList(bytes: Uint8Array): Result<unknown, Problem> {
  const decoded = decodeCanonical(bytes, { bytesMax: API_LIMITS.batchBytesMax, depthMax: 2 });
  return decoded.ok ? decoded : fail({ code: decoded.reason.code });
}

function throttle(request: WaitRequest, count: number, shares: Shares): Problem | undefined {
  const waitMs = shares.take(request.client, 'transactions', count);
  if (waitMs === 0) return undefined;
  const headers = { 'retry-after': String(Math.ceil(waitMs / 1000)) };
  return { code: 'NODE_RATE_LIMITED', detail: 'This client submits too fast.', headers };
}

async function submit(
  wires: readonly Uint8Array[],
  request: WaitRequest,
  parts: TransactionParts,
): Promise<readonly Outcome[]> {
  const { wait, timeoutMs } = request.values;
  return await withDeadline(request.signal, timeoutMs, (signal) =>
    submitAndWait(wires, { for: wait, signal }, parts),
  );
}

function replyOne(outcome: Outcome): Reply {
  switch (outcome.kind) {
    case 'pending':
      return { kind: 'view', status: 202, view: outcome.view, freshness: { kind: 'never' } };
    case 'committed':
      return view(outcome.view);
    case 'failed':
    case 'refused':
      return refuse(outcome.problem);
  }
}

function itemView(outcome: Outcome, catalogue: Catalogue): ViewMap {
  switch (outcome.kind) {
    case 'pending':
      return { status: 202, pending: outcome.view };
    case 'committed':
      return { status: 200, receipt: outcome.view };
    case 'failed':
    case 'refused': {
      const { status, body } = describeProblem(outcome.problem, catalogue);
      return { status, problem: body };
    }
  }
}

function submitRoute(parts: TransactionParts): Route {
  return defineRoute({
    id: 'submitTransaction',
    method: 'POST',
    path: '/v1/transactions',
    tag: TAG,
    title: 'Hand in one signed transaction',
    help:
      'Handing in the same bytes again does no harm. A transaction that became final but was ' +
      'refused by a contract is answered as a problem that carries its receipt.',
    parameters: WAIT_PARAMETERS,
    body: {
      bytesMax: API_LIMITS.bodyBytesMax,
      content: { [JSON_TYPE]: object({ transaction: WIRE_HEX }), [CBOR_TYPE]: WIRE_BYTES },
    },
    responses: {
      200: {
        help: 'Final (only with wait=committed).',
        content: { [JSON_TYPE]: named('Receipt'), [CBOR_TYPE]: named('Receipt') },
      },
      202: {
        help: 'Waiting to become final.',
        content: { [JSON_TYPE]: named('Pending'), [CBOR_TYPE]: named('Pending') },
      },
    },
    problems: ADMISSION_PROBLEMS,
    handle: async (request) => {
      const wire = readOne(request.body);
      if (!wire.ok) return refuse(wire.reason);
      const throttled = throttle(request, 1, parts.shares);
      if (throttled !== undefined) return refuse(throttled);
      const [outcome] = await submit([wire.value], request, parts);
      return outcome === undefined ? refuse({ code: 'NODE_INTERNAL' }) : replyOne(outcome);
    },
  });
}

const BATCH_ITEM = object({
  status: COUNT,
  'pending?': named('Pending'),
  'receipt?': named('Receipt'),
  'problem?': named('Problem'),
});

function batchRoute(parts: TransactionParts): Route {
  const answer = object({ items: list(BATCH_ITEM), head: named('Head') });
  return defineRoute({
    id: 'submitTransactions',
    method: 'POST',
    path: '/v1/transactions/batch',
    tag: TAG,
    title: 'Hand in many signed transactions',
    help:
      `Up to ${API_LIMITS.batchCountMax} transactions. They do not depend on one another: each ` +
      'has its own outcome, in the order of the request.',
    parameters: WAIT_PARAMETERS,
    body: {
      bytesMax: API_LIMITS.batchBytesMax,
      content: {
        [JSON_TYPE]: object({ transactions: list(WIRE_HEX) }),
        [CBOR_TYPE]: { ...WIRE_BYTES, description: 'Canonical CBOR: an array of byte strings.' },
      },
    },
    responses: {
      200: {
        help: 'One outcome per transaction.',
        content: { [JSON_TYPE]: answer, [CBOR_TYPE]: answer },
      },
    },
    problems: [...ADMISSION_PROBLEMS, 'NODE_BATCH_TOO_MANY'],
    handle: async (request) => {
      const wires = readMany(request.body);
      if (!wires.ok) return refuse(wires.reason);
      const throttled = throttle(request, wires.value.length, parts.shares);
      if (throttled !== undefined) return refuse(throttled);
      const outcomes = await submit(wires.value, request, parts);
      const items = outcomes.map((outcome) => itemView(outcome, parts.catalogue()));
      return view({ items, head: headView(parts.chain.head()) });
    },
  });
}

function receiptRoute(parts: TransactionParts): Route {
  const either = { oneOf: [named('Receipt'), named('Pending')] };
  return defineRoute({
    id: 'getTransaction',
    method: 'GET',
    path: '/v1/transactions/{id}',
    tag: TAG,
    title: 'What became of a transaction',
    help: 'The receipt once it is final; before that how far it has come on this node.',
    parameters: {
      id: pathHash('Transaction id: tagged hash of the body.'),
      proof: queryChoice({
        of: ['none', 'path'],
        absent: 'none',
        help: 'path adds inclusion paths to the header, and the certificate that makes it final.',
      }),
    },
    responses: {
      200: { help: 'Receipt or state.', content: { [JSON_TYPE]: either, [CBOR_TYPE]: either } },
    },
    problems: ['NODE_TRANSACTION_UNKNOWN', ...READ_PROBLEMS],
    handle: async ({ values }) => {
      const id = asTransactionId(values.id);
      const place = await parts.chain.locate(id);
      if (place === undefined) {
        const state = parts.submissions.pending(id);
        if (state === undefined) return refuse({ code: 'NODE_TRANSACTION_UNKNOWN' });
        return view({ id, state, head: headView(parts.chain.head()) });
      }
      const head = parts.chain.head();
      // Its block is written before the head moves: between the two it is as good as pending.
      if (place.height > head.height) return view({ id, state: 'accepted', head: headView(head) });
      const receipt = await readReceipt(place, parts);
      const block = await parts.blocks.at(place.height);
      if (receipt === undefined || block === undefined)
        return refuse({ code: 'NODE_BLOCK_PRUNED' });
      const entry = decodeBodyEntry(block.body[place.index] ?? new Uint8Array());
      const proof = values.proof === 'path' ? transactionProofView(block, place.index) : undefined;
      const tag = `${toHex(id)}-${values.proof}`;
      return view(
        {
          ...receipt,
          transaction: entry.ok ? entryView(entry.value, parts.views()) : undefined,
          proof,
        },
        { kind: 'immutable', tag },
      );
    },
  });
}

export function transactionRoutes(parts: TransactionParts): readonly Route[] {
  return [submitRoute(parts), batchRoute(parts), receiptRoute(parts)];
}
