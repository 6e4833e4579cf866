/**
 * Records in JSON form, addressed by the manifest: one, a list page by page, every version of one,
 * and the proof of one. The typed contract clients are built on this.
 */
import type { JsonValue, ManifestContract, ManifestRecord, Stamp } from '@daybook/contracts';
import { recordKeyOf } from '@daybook/contracts';
import type { Height } from '@daybook/core';
import { toHex } from '@daybook/core';
import { ClientError, isRefusal } from '../errors.ts';
import type { Requester } from '../transport/requester.ts';
import { buildPath } from '../transport/url.ts';
import type { Decoder } from '../wire/decode.ts';
import { bytes, integer, list, object, objectOfAnything, optional, text } from '../wire/decode.ts';
import type { Head } from '../wire/receipt.ts';
import { decodeHead } from '../wire/receipt.ts';

/** A row as JSON carries it. */
export type JsonRow = Readonly<Record<string, JsonValue>>;

/** Leading key fields of a list; the rest is left out. */
export type LeadingKey = Readonly<Record<string, JsonValue | undefined>>;

/** A record at some height. */
export interface FoundRecord<T = JsonRow> {
  /** The block whose state was read. */
  readonly head: Head;
  /** Key fields and other fields; key fields alone for a version that cannot be shown as fields. */
  readonly row: T;
  /** Which contract version wrote it, at which height and place, and who. */
  readonly stamp?: Stamp;
  /** Of the block that wrote it, as RFC 3339; nodes say it, proofs show it. */
  readonly time?: string;
  /** Deadline fields that have passed. */
  readonly overdue?: readonly string[];
}

/** One version of a record. */
export interface RecordVersion<T = JsonRow> {
  /** The block that wrote it. */
  readonly height: Height;
  readonly row?: T;
  readonly stamp?: Stamp;
  /** Of that block, as RFC 3339. */
  readonly time?: string;
  /** This version is the removal. */
  readonly removed?: boolean;
  /**
   * Set when the node has dropped old versions: all that were in force at this height or later are
   * there, of older ones some may be missing.
   */
  readonly completeFrom?: Height;
}

export interface AtHeight {
  /** State after this height, as long as nodes keep it; the newest if left out. */
  readonly height?: Height;
  readonly signal?: AbortSignal;
}

export interface ListOptions extends AtHeight {
  /** Rows of one request, at most 200; more are fetched as they are consumed. */
  readonly pageSize?: number;
}

/** Which record set of which contract. */
export interface RecordPlace {
  readonly contract: Pick<ManifestContract, 'name'>;
  readonly spec: ManifestRecord;
}

export interface RecordReader {
  /** @throws ClientError CLIENT_INPUT_INVALID for a key that cannot exist */
  get(place: RecordPlace, key: JsonRow, at?: AtHeight): Promise<FoundRecord | undefined>;
  /** Rows in key order; the leading key fields narrow the list. */
  list(place: RecordPlace, leading: LeadingKey, options?: ListOptions): AsyncIterable<FoundRecord>;
  /** Rows of a named query of the contract; `by` are the key fields it asks for. */
  query(
    contract: Pick<ManifestContract, 'name'>,
    name: string,
    by: LeadingKey,
    options?: ListOptions,
  ): AsyncIterable<FoundRecord>;
  /** Every version, newest first. */
  history(place: RecordPlace, key: JsonRow, options?: ListOptions): AsyncIterable<RecordVersion>;
  /** The proof bundle of a record, or of its absence: not yet verified. */
  prove(place: RecordPlace, key: JsonRow, at?: AtHeight): Promise<Uint8Array>;
  /**
   * The bundle of a list, or of as much of it as one file holds: not yet verified.
   * @param leading  no key fields for the whole record set, or those of a partition
   */
  proveList(place: RecordPlace, leading: LeadingKey, at?: ProofStart): Promise<Uint8Array>;
}

export interface ProofStart extends AtHeight {
  /** Tree key where the next file of a long list begins. */
  readonly from?: Uint8Array;
}

const PAGE_SIZE = 200;
const PROOF_TYPE = 'application/vnd.daybook.proof+cbor';
/** Names that every list gives to something else; a key field of that name gets `Key` appended. */
const TAKEN: ReadonlySet<string> = new Set(['limit', 'cursor', 'height', 'proof', 'from']);

const decodeStamp: Decoder<Stamp> = object({
  contractVersion: integer,
  recordVersion: integer,
  height: integer,
  txIndex: integer,
  writer: text,
});

// A node's JSON was parsed by JSON.parse, so every member is a JSON value.
const decodeRow = objectOfAnything as Decoder<JsonRow>;

const RECORD_MEMBERS = {
  row: decodeRow,
  stamp: optional(decodeStamp),
  time: optional(text),
  overdue: optional(list(text)),
  value: optional(bytes),
} as const;

const decodeFound = object({ head: decodeHead, record: object(RECORD_MEMBERS) });
const decodePage = object({
  head: decodeHead,
  rows: list(object(RECORD_MEMBERS)),
  next: optional(text),
});
const decodeHistory = object({
  head: decodeHead,
  versions: list(
    object({
      height: integer,
      record: optional(object(RECORD_MEMBERS)),
      removed: optional((value) => value === true || undefined),
      time: optional(text),
    }),
  ),
  completeFrom: optional(integer),
  next: optional(text),
});

export function createRecordReader(requester: Requester): RecordReader {
  return {
    get: async (place, key, { height, signal } = {}) => {
      const path = pathOf(place, key);
      try {
        const spec = { path, query: { height }, signal };
        const { head, record } = await requester.json(spec, decodeFound);
        return { head, ...record };
      } catch (error) {
        if (isRefusal(error, 'NODE_RECORD_UNKNOWN')) return undefined;
        throw error;
      }
    },
    list: ({ contract, spec }, leading, options = {}) => {
      const path = `/v1/contracts${buildPath(contract.name, spec.name)}`;
      return readRows(requester, { path, query: queryOf(leading), options });
    },
    query: (contract, name, by, options = {}) => {
      const path = `/v1/contracts${buildPath(contract.name, 'queries', name)}`;
      return readRows(requester, { path, query: queryOf(by), options });
    },
    history: (place, key, options = {}) =>
      readVersions(requester, `${pathOf(place, key)}/history`, options),
    prove: async (place, key, { height, signal } = {}) => {
      const query = { proof: 'bundle', height };
      const answer = await requester.send({ path: pathOf(place, key), query, signal }, PROOF_TYPE);
      return answer.bytes;
    },
    proveList: async ({ contract, spec }, leading, { height, from, signal } = {}) => {
      const path = `/v1/contracts${buildPath(contract.name, spec.name)}`;
      const start = from && { from: toHex(from) };
      const query = { ...queryOf(leading), proof: 'bundle', height, ...start };
      return (await requester.send({ path, query, signal }, PROOF_TYPE)).bytes;
    },
  };
}

/** The path of a record; its key is checked here, so that a fault costs no request. */
function pathOf({ contract, spec }: RecordPlace, key: JsonRow): string {
  const checked = recordKeyOf(spec, key);
  if (!checked.ok) {
    throw new ClientError({ code: 'CLIENT_INPUT_INVALID', faults: checked.reason });
  }
  const values = Object.keys(spec.key).map((name) => String(key[name]));
  return `/v1/contracts${buildPath(contract.name, spec.name, ...values)}`;
}

function queryOf(leading: LeadingKey): Readonly<Record<string, string>> {
  const given = Object.entries(leading).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [TAKEN.has(name) ? `${name}Key` : name, String(value)]),
  );
}

interface Walk {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly options: ListOptions;
}

/** All pages see one height, so that rows neither repeat nor slip away while people read. */
async function* readRows(
  requester: Requester,
  { path, query, options }: Walk,
): AsyncGenerator<FoundRecord, void, void> {
  const { signal, pageSize: limit = PAGE_SIZE } = options;
  let { height } = options;
  let cursor: string | undefined;
  do {
    const spec = { path, query: { ...query, height, limit, cursor }, signal };
    const { head, rows, next } = await requester.json(spec, decodePage);
    for (const row of rows) yield { head, ...row };
    cursor = next;
    height ??= head.height;
  } while (cursor !== undefined);
}

async function* readVersions(
  requester: Requester,
  path: string,
  { signal, pageSize: limit = PAGE_SIZE }: ListOptions,
): AsyncGenerator<RecordVersion, void, void> {
  let cursor: string | undefined;
  do {
    const spec = { path, query: { limit, cursor }, signal };
    const { versions, completeFrom = 0, next } = await requester.json(spec, decodeHistory);
    const dropped = completeFrom > 0 && { completeFrom };
    for (const { record, ...version } of versions) yield { ...version, ...record, ...dropped };
    cursor = next;
  } while (cursor !== undefined);
}
