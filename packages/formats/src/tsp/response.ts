/**
 * Writes the answer of a time-stamp authority, TimeStampResp of RFC 3161: a token that the
 * authority's certificate vouches for (CMS, RFC 5652; ESSCertIDv2, RFC 5816), or a refusal.
 */
import { assert, encodeUtf8, sha256 } from '@daybook/core';
import {
  element,
  integer,
  octets,
  oid,
  readElements,
  sequence,
  setOf,
  TAG,
  tagged,
  text,
} from './der.ts';
import type { TimeStampRequest, TspRefusal } from './request.ts';
import { TSP_HASHES, TSP_REFUSALS } from './request.ts';

export interface TimeStampInfo {
  /** Dotted identifier of the policy under which the token is issued. */
  readonly policy: string;
  readonly serialNumber: bigint;
  /** Milliseconds since 1970. */
  readonly genTimeMs: number;
  readonly request: TimeStampRequest;
}

/** Who signs. */
export interface TspSigner {
  /** Certificates in DER: that of the key first, then those that lead to a root. */
  readonly certificates: readonly Uint8Array[];
  /** Algorithm of the key, with SHA-256. */
  readonly algorithm: 'rsa' | 'ecdsa';
  /** The signature over the bytes; of ECDSA in DER. */
  sign(bytes: Uint8Array): Uint8Array;
}

const OID = {
  signedData: '1.2.840.113549.1.7.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
} as const;
const NULL = element(0x05);
const ALGORITHMS = {
  rsa: sequence(oid('1.2.840.113549.1.1.11'), NULL),
  ecdsa: sequence(oid('1.2.840.10045.4.3.2')),
} as const;
const SHA256 = sequence(oid(TSP_HASHES.sha256.oid));
const STATUS = { granted: 0n, rejection: 2n } as const;
const DIRECTORY_NAME = 4;

/** The answer with a token. */
export function writeTimeStampToken(info: TimeStampInfo, signer: TspSigner): Uint8Array {
  const content = infoOf(info);
  const [own] = signer.certificates;
  assert(own !== undefined, 'an authority has a certificate');
  const certificates = info.request.certReq ? [setOf(signer.certificates, 0xa0)] : [];
  const signedData = sequence(
    integer(3n),
    setOf([SHA256]),
    sequence(oid(OID.tstInfo), tagged(0, octets(content))),
    ...certificates,
    setOf([signerInfo(content, own, signer)]),
  );
  const token = sequence(oid(OID.signedData), tagged(0, signedData));
  return sequence(sequence(integer(STATUS.granted)), token);
}

/** The answer without one. */
export function writeTimeStampRefusal({ refusal, fact }: TspRefusal): Uint8Array {
  const bit = TSP_REFUSALS[refusal];
  const bytes = new Uint8Array(Math.floor(bit / 8) + 1);
  bytes[bytes.length - 1] = 0x80 >> (bit % 8);
  const info = element(TAG.bitString, Uint8Array.of(7 - (bit % 8)), bytes);
  return sequence(sequence(integer(STATUS.rejection), sequence(text(fact)), info));
}

/** TSTInfo: the imprint and the nonce as they came, so that they are equal byte by byte. */
function infoOf({ policy, serialNumber, genTimeMs, request }: TimeStampInfo): Uint8Array {
  const { messageImprint, nonce } = request;
  return sequence(
    integer(1n),
    oid(policy),
    messageImprint,
    integer(serialNumber),
    element(TAG.time, encodeUtf8(timeText(genTimeMs))),
    ...(nonce === undefined ? [] : [element(TAG.integer, nonce)]),
  );
}

/** GeneralizedTime with milliseconds, without zeros at its end (RFC 3161, 2.4.2). */
function timeText(ms: number): string {
  const [seconds = '', fraction = ''] = new Date(ms)
    .toISOString()
    .replace(/[-:TZ]/g, '')
    .split('.');
  const rest = fraction.replace(/0+$/, '');
  return `${seconds}${rest === '' ? '' : `.${rest}`}Z`;
}

function signerInfo(content: Uint8Array, certificate: Uint8Array, signer: TspSigner): Uint8Array {
  const { issuer, serial } = issuerOf(certificate);
  const general = sequence(tagged(DIRECTORY_NAME, issuer));
  const certId = sequence(octets(sha256(certificate)), sequence(general, serial));
  const attributes = [
    attribute(OID.contentType, oid(OID.tstInfo)),
    attribute(OID.messageDigest, octets(sha256(content))),
    attribute(OID.signingCertificateV2, sequence(sequence(certId))),
  ];
  return sequence(
    integer(1n),
    sequence(issuer, serial),
    SHA256,
    setOf(attributes, 0xa0),
    ALGORITHMS[signer.algorithm],
    // Signed as the set that they are, not under the tag they stand under (RFC 5652, 5.4).
    octets(signer.sign(setOf(attributes))),
  );
}

function attribute(name: string, value: Uint8Array): Uint8Array {
  return sequence(oid(name), setOf([value]));
}

/** Issuer and serial number of a certificate, as they stand in it. */
function issuerOf(certificate: Uint8Array) {
  const [outer] = readElements(certificate) ?? [];
  const [signed] = (outer && readElements(outer.content)) ?? [];
  const members = (signed && readElements(signed.content)) ?? [];
  const [serial, , issuer] = members[0]?.tag === 0xa0 ? members.slice(1) : members;
  assert(serial !== undefined && issuer !== undefined, 'the certificate is one of X.509');
  return { issuer: issuer.whole, serial: serial.whole };
}
