/**
 * Drafts: a transaction on its way from officer to officer, as a JSON file. The bytes under `body`
 * are what is signed; everything readable beside them is made from those bytes again when the file
 * is read, and a file that shows anything else is refused.
 */

import type { CborValue, Result } from '@daybook/core';
import {
  asPublicKey,
  asSignature,
  assert,
  decodeBody,
  fail,
  fromHex,
  ok,
  SIGNATURE_SIZE,
  toHex,
  transactionIdOf,
  transactionSignBytes,
  verifyStrict,
} from '@daybook/core';
import type { ClientFailure } from '../errors.ts';
import { timeText } from '../time-text.ts';
import type { Decoder } from '../wire/decode.ts';
import { anything, decodeAnswer, hash, list, object, oneOf, text } from '../wire/decode.ts';
import type { BodySignature, UnsignedTransaction } from './build.ts';

export const DRAFT_FORMAT = 'daybook-draft/1';

/** A transaction and the signatures it has so far. */
export interface Draft {
  readonly transaction: UnsignedTransaction;
  readonly signatures: readonly BodySignature[];
}

/** The readable half: all of it follows from the body. */
interface ReadablePart {
  readonly chain: string;
  readonly id: string;
  readonly validUntil: string;
  readonly signers: readonly { readonly identity: string | null; readonly publicKey: string }[];
  readonly calls: readonly {
    readonly contract: string;
    readonly action: string;
    readonly args: unknown;
  }[];
}

const READABLE_MEMBERS = ['chain', 'id', 'validUntil', 'signers', 'calls'] as const;

/** CBOR as JSON without a schema: bytes as hex, integers of 64 bits as decimal strings. */
function plainJson(value: CborValue): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map((item: CborValue) => plainJson(item));
  const entries = Object.entries(value as Readonly<Record<string, CborValue>>);
  return Object.fromEntries(entries.map(([name, member]) => [name, plainJson(member)]));
}

/** Made from the bytes and from nothing else: values come out as every reader will see them. */
function readablePart({
  bodyBytes,
  id,
}: Pick<UnsignedTransaction, 'bodyBytes' | 'id'>): ReadablePart {
  const decoded = decodeBody(bodyBytes);
  assert(decoded.ok, 'a body that was built or read decodes');
  const body = decoded.value;
  return {
    chain: toHex(body.chain),
    id: toHex(id),
    validUntil: timeText(body.validUntilMs),
    signers: body.signers.map(({ identity, publicKey }) => ({
      identity: identity ?? null,
      publicKey: toHex(publicKey),
    })),
    calls: body.calls.map(({ contract, action, args }) => ({
      contract,
      action,
      args: plainJson(args),
    })),
  };
}

/** The text of a draft file, ending in a line break. */
export function renderDraft({ transaction, signatures }: Draft): string {
  const document = {
    format: DRAFT_FORMAT,
    ...readablePart(transaction),
    body: toHex(transaction.bodyBytes),
    signatures: signatures.map(({ publicKey, signature }) => ({
      publicKey: toHex(publicKey),
      signature: toHex(signature),
    })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

const decodeDraftFile = object({
  format: oneOf(DRAFT_FORMAT),
  body: text,
  signatures: list(object({ publicKey: hash, signature: text })),
});

type DraftFailure = Extract<
  ClientFailure,
  { code: 'CLIENT_DRAFT_MALFORMED' | 'CLIENT_DRAFT_DIFFERS' }
>;

function malformed(fact: string): Result<never, DraftFailure> {
  return fail({ code: 'CLIENT_DRAFT_MALFORMED', fact });
}

/** Reads a draft; signatures that do not fit the body make it malformed. */
export function readDraft(json: unknown): Result<Draft, DraftFailure> {
  const file = decodeAnswer(json, decodeDraftFile);
  if (!file.ok) return malformed(file.reason.replace('the answer', 'the file'));
  const bodyBytes = fromHex(file.value.body);
  if (bodyBytes === undefined) return malformed('/body is not hex');
  const body = decodeBody(bodyBytes);
  if (!body.ok) return malformed(`/body does not decode (${body.reason.code})`);
  const transaction = { body: body.value, bodyBytes, id: transactionIdOf(bodyBytes) };

  const member = differingMember(json, readablePart(transaction));
  if (member !== undefined) return fail({ code: 'CLIENT_DRAFT_DIFFERS', member });

  const signatures: BodySignature[] = [];
  for (const [index, { publicKey, signature }] of file.value.signatures.entries()) {
    const read = readSignature(transaction, asPublicKey(publicKey), signature);
    if (read === undefined) return malformed(`/signatures/${index} is no signature of this body`);
    signatures.push(read);
  }
  return ok({ transaction, signatures });
}

function differingMember(json: unknown, expected: ReadablePart): string | undefined {
  const shown = decodeAnswer(json, membersOf(READABLE_MEMBERS));
  if (!shown.ok) return READABLE_MEMBERS[0];
  // Both sides are JSON made by one function from one body, or they differ.
  return READABLE_MEMBERS.find(
    (name) => JSON.stringify(shown.value[name]) !== JSON.stringify(expected[name]),
  );
}

function membersOf(names: readonly string[]): Decoder<Readonly<Record<string, unknown>>> {
  return object(Object.fromEntries(names.map((name) => [name, anything])));
}

function readSignature(
  { body, bodyBytes }: UnsignedTransaction,
  publicKey: BodySignature['publicKey'],
  hex: string,
): BodySignature | undefined {
  const signature = fromHex(hex);
  const isNamed = body.signers.some((signer) => toHex(signer.publicKey) === toHex(publicKey));
  if (signature?.length !== SIGNATURE_SIZE || !isNamed) return undefined;
  if (!verifyStrict(publicKey, transactionSignBytes(bodyBytes), signature)) return undefined;
  return { publicKey, signature: asSignature(signature) };
}
