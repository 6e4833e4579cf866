/**
 * From JSON to bytes that officers sign: checks the arguments of one action by the manifest and
 * builds the canonical body. The node never sees a secret key, and whoever signs can decode the body
 * and compare it with what was asked.
 */
import type { ManifestAction } from '@daybook/contracts';
import { validateInput } from '@daybook/contracts';
import type { Hash, InputReader, Result, TransactionBody, TransactionSigner } from '@daybook/core';
import {
  asPublicKey,
  createInputReader,
  encodeBody,
  fail,
  fromHex,
  generateNonce,
  isGoodPublicKey,
  LIMITS,
  NONCE_SIZE,
  ok,
  TRANSACTION_VERSION,
  transactionIdOf,
  transactionSignBytes,
} from '@daybook/core';
import { timeText } from './chain-view.ts';
import type { Problem } from './problem.ts';
import type { JsonSchema } from './route.ts';
import { COUNT, hex, list, object, TEXT, TIME } from './schemas.ts';
import type { ViewMap } from './view.ts';

export interface PrepareContext {
  readonly chain: Hash;
  /** Block time or clock, whichever is later. */
  readonly nowMs: number;
  readonly validityMaxMs: number;
}

/** Long enough to carry a body to a second officer, if the chain allows it. */
const VALIDITY_DEFAULT_MS = 300_000;

/** Schema of the request around the action's own arguments. */
export function prepareSchema(args: JsonSchema): JsonSchema {
  return object({
    args,
    signers: { ...list(object({ publicKey: hex(32), 'identity?': TEXT })), minItems: 1 },
    'validForMs?': { ...COUNT, minimum: 1, description: 'Default 5 minutes, or what is allowed.' },
    'nonce?': { ...hex(NONCE_SIZE), description: 'Random if left out.' },
  });
}

export const PREPARED_SCHEMA = object({
  id: hex(32),
  body: { ...hex(), description: 'Canonical body, the bytes that the id is the hash of.' },
  signBytes: { ...hex(), description: 'What each signer signs with Ed25519.' },
  nonce: hex(NONCE_SIZE),
  validUntilMs: COUNT,
  validUntil: TIME,
});

function readSigner(reader: InputReader): TransactionSigner {
  const text = reader.text('publicKey', { max: 64 });
  const identity = reader.optionalText('identity', { max: 2 * LIMITS.nameCharactersMax + 1 });
  const bytes = fromHex(text);
  const isGood = bytes?.length === 32 && isGoodPublicKey(bytes);
  if (!isGood) reader.fault('publicKey', 'a 32-byte Ed25519 public key in hex', text);
  reader.finish();
  const publicKey = asPublicKey(isGood ? bytes : new Uint8Array(32));
  return identity === undefined ? { publicKey } : { publicKey, identity };
}

function readNonce(reader: InputReader): Uint8Array {
  const text = reader.optionalText('nonce', { max: 2 * NONCE_SIZE });
  if (text === undefined) return generateNonce();
  const bytes = fromHex(text);
  if (bytes?.length === NONCE_SIZE) return bytes;
  reader.fault('nonce', `${NONCE_SIZE} bytes in hex`, text);
  return new Uint8Array(NONCE_SIZE);
}

/** Builds the body, or says every fault of the request by its JSON pointer. */
export function prepareBody(
  action: ManifestAction,
  json: unknown,
  context: PrepareContext,
): Result<ViewMap, Problem> {
  const { args: given, rest } = splitArguments(json);
  const reader = createInputReader(rest);
  const names = reader.names();
  const signers = reader.objects('signers', { countMax: LIMITS.signersMax }).map(readSigner);
  if (names.includes('signers') && signers.length === 0) {
    reader.fault('signers', 'at least one signer', []);
  }
  const nonce = readNonce(reader);
  const { validityMaxMs } = context;
  const validForMs = names.includes('validForMs')
    ? reader.integer('validForMs', { min: 1, max: validityMaxMs })
    : Math.min(VALIDITY_DEFAULT_MS, validityMaxMs);
  const args = validateInput(action, given, '/args');
  reader.finish();
  const found = [...reader.faults(), ...(args.ok ? [] : args.reason)];
  const faults = found.map(({ pointer, expected, found: what }) => ({
    pointer,
    expected,
    found: what,
  }));
  if (faults.length > 0 || !args.ok) {
    return fail({ code: 'NODE_INPUT_INVALID', errors: faults });
  }
  const { contract, name } = action;
  const body: TransactionBody = {
    version: TRANSACTION_VERSION,
    chain: context.chain,
    signers,
    nonce,
    validUntilMs: context.nowMs + validForMs,
    calls: [{ contract, action: name, args: args.value }],
  };
  return describeBody(body);
}

/** The arguments are for the contract's schema; everything else is ours to read. */
function splitArguments(json: unknown): { readonly args: unknown; readonly rest: unknown } {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { args: undefined, rest: json };
  }
  const { args, ...rest } = json as { readonly args?: unknown };
  return { args, rest };
}

/** What a signature adds to the wire form. */
const SIGNATURE_BYTES = 66;

function describeBody(body: TransactionBody): Result<ViewMap, Problem> {
  const bytes = encodeBody(body);
  const bytesMax = LIMITS.transactionBytesMax - body.signers.length * SIGNATURE_BYTES - 8;
  if (bytes.length > bytesMax) {
    const detail = `The body has ${bytes.length} bytes; ${bytesMax} leave room for the signatures.`;
    return fail({ code: 'CORE_TOO_LARGE', detail });
  }
  return ok({
    id: transactionIdOf(bytes),
    body: bytes,
    signBytes: transactionSignBytes(bytes),
    nonce: body.nonce,
    validUntilMs: body.validUntilMs,
    validUntil: timeText(body.validUntilMs),
  });
}
