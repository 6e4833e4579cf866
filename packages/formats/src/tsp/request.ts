/** Reads the request of a time-stamp, TimeStampReq of RFC 3161. */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { Element } from './der.ts';
import { oidText, readElements, TAG } from './der.ts';

export const TSP_HASHES = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', size: 32 },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', size: 48 },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', size: 64 },
} as const;
export type TspHash = keyof typeof TSP_HASHES;

export interface TimeStampRequest {
  readonly hashAlgorithm: TspHash;
  readonly hashedMessage: Uint8Array;
  /** The imprint as it came: the token repeats it byte by byte. */
  readonly messageImprint: Uint8Array;
  /** Dotted identifier of the policy asked for. */
  readonly policy?: string;
  /** Content of the integer: two's complement, as it came. */
  readonly nonce?: Uint8Array;
  /** The token must hold the certificate. */
  readonly certReq: boolean;
}

/** Why an authority refuses (PKIFailureInfo), with its bit. */
export const TSP_REFUSALS = {
  badAlg: 0,
  badRequest: 2,
  badDataFormat: 5,
  timeNotAvailable: 14,
  unacceptedPolicy: 15,
  unacceptedExtension: 16,
  systemFailure: 25,
} as const;

export interface TspRefusal {
  readonly refusal: keyof typeof TSP_REFUSALS;
  readonly fact: string;
}

/** Bytes of a request; real ones have some hundred. */
export const TSP_REQUEST_BYTES_MAX = 4096;
export const TSP_NONCE_BYTES_MAX = 32;
const EXTENSIONS_TAG = 0xa0;

function refuse(refusal: TspRefusal['refusal'], fact: string): Result<never, TspRefusal> {
  return fail({ refusal, fact });
}

/** Reads a request. What it asks for beyond RFC 3161 is refused, as it must be. */
export function readTimeStampRequest(bytes: Uint8Array): Result<TimeStampRequest, TspRefusal> {
  if (bytes.length > TSP_REQUEST_BYTES_MAX) {
    return refuse('badDataFormat', `the request has more than ${TSP_REQUEST_BYTES_MAX} bytes`);
  }
  const [outer, ...surplus] = readElements(bytes) ?? [];
  const members = outer?.tag === TAG.sequence ? readElements(outer.content) : undefined;
  const [version, imprint, ...options] = members ?? [];
  if (version === undefined || imprint === undefined || surplus.length > 0) {
    return refuse('badDataFormat', 'the request is no TimeStampReq in DER');
  }
  if (!isInteger(version, 1)) return refuse('badRequest', 'the version is not 1');
  const read = readImprint(imprint);
  if (!read.ok) return read;
  const optional = readOptions(options);
  return optional.ok ? ok({ ...read.value, ...optional.value }) : optional;
}

function isInteger({ tag, content }: Element, value: number): boolean {
  return tag === TAG.integer && content.length === 1 && content[0] === value;
}

type Imprint = Pick<TimeStampRequest, 'hashAlgorithm' | 'hashedMessage' | 'messageImprint'>;

function readImprint({ tag, content, whole }: Element): Result<Imprint, TspRefusal> {
  const [algorithm, hashed] = (tag === TAG.sequence && readElements(content)) || [];
  const [name] = (algorithm?.tag === TAG.sequence && readElements(algorithm.content)) || [];
  if (name?.tag !== TAG.oid || hashed?.tag !== TAG.octets) {
    return refuse('badDataFormat', 'the message imprint cannot be read');
  }
  const asked = oidText(name.content);
  const found = Object.entries(TSP_HASHES).find(([, { oid }]) => oid === asked);
  if (found === undefined) {
    return refuse('badAlg', 'the hash is none of SHA-256, SHA-384 and SHA-512');
  }
  const [hashAlgorithm, { size }] = found;
  if (hashed.content.length !== size) {
    return refuse('badDataFormat', `a hash of ${hashAlgorithm} has ${size} bytes`);
  }
  // A key of the table, by construction.
  const known = { hashAlgorithm: hashAlgorithm as TspHash };
  return ok({ ...known, hashedMessage: hashed.content, messageImprint: whole });
}

type Optional = Pick<TimeStampRequest, 'policy' | 'nonce' | 'certReq'>;

/** The optional members stand in this order, each at most once. */
function readOptions(elements: readonly Element[]): Result<Optional, TspRefusal> {
  const order = [TAG.oid, TAG.integer, TAG.boolean, EXTENSIONS_TAG] as const;
  const found = new Map<number, Uint8Array>();
  let from = 0;
  for (const { tag, content } of elements) {
    const at = order.findIndex((one, index) => one === tag && index >= from);
    if (at < 0) return refuse('badDataFormat', 'members of the request are out of order');
    from = at + 1;
    found.set(tag, content);
  }
  if (found.has(EXTENSIONS_TAG)) {
    return refuse('unacceptedExtension', 'no extension is known here');
  }
  const [policyBytes, nonce] = [found.get(TAG.oid), found.get(TAG.integer)];
  if (nonce !== undefined && (nonce.length === 0 || nonce.length > TSP_NONCE_BYTES_MAX)) {
    return refuse('badRequest', `the nonce has more than ${TSP_NONCE_BYTES_MAX} bytes`);
  }
  const policy = policyBytes && oidText(policyBytes);
  if (policyBytes !== undefined && policy === undefined) {
    return refuse('badDataFormat', 'the policy is no object identifier');
  }
  const certReq = found.get(TAG.boolean)?.[0] === 0xff;
  return ok({ ...(policy !== undefined && { policy }), ...(nonce && { nonce }), certReq });
}
