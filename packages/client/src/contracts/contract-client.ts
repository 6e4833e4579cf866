/**
 * A contract as its callers see it: calls with arguments checked here by the functions that every
 * node uses, and records as rows. Typed by the contract's definition, or untyped (JSON values) from
 * a manifest that a node served; both are made from the same manifest.
 */
import type {
  Contract,
  Fields,
  FieldTable,
  InferFields,
  JsonValue,
  KeyOf,
  ManifestAction,
  ManifestContract,
  ManifestRecord,
  RecordDefinition,
  RowOf,
} from '@daybook/contracts';
import { buildManifest, checkInput, instantText, validateInput } from '@daybook/contracts';
import type { Call, InputFault, Result } from '@daybook/core';
import { assert, toHex } from '@daybook/core';
import { ClientError } from '../errors.ts';
import type {
  AtHeight,
  FoundRecord,
  JsonRow,
  LeadingKey,
  ListOptions,
  ProofStart,
  RecordReader,
  RecordVersion,
} from '../reads/record-reader.ts';

type Records = Readonly<Record<string, RecordDefinition>>;

/** One record set. */
export interface RecordClient<K, T> {
  readonly spec: ManifestRecord;
  get(key: K, at?: AtHeight): Promise<FoundRecord<T> | undefined>;
  /** Rows in key order; leading key fields, from the first on, narrow the list. */
  list(leading?: Partial<K>, options?: ListOptions): AsyncIterable<FoundRecord<T>>;
  /** Every version, newest first. */
  history(key: K, options?: ListOptions): AsyncIterable<RecordVersion<T>>;
  /** The proof bundle of the record, or of its absence: verify it before relying on it. */
  prove(key: K, at?: AtHeight): Promise<Uint8Array>;
  /** The bundle of the whole list, of one partition, or of as much as one file holds. */
  proveList(leading?: Partial<K>, at?: ProofStart): Promise<Uint8Array>;
}

/** A contract typed by its definition. */
export interface ContractClient<R extends Records, A extends Readonly<Record<string, Fields>>> {
  readonly manifest: ManifestContract;
  /** Makes a call of an action. @throws ClientError CLIENT_INPUT_INVALID naming every fault */
  readonly calls: { readonly [K in keyof A]: (args: InferFields<A[K]>) => Call };
  readonly records: { readonly [K in keyof R]: RecordClient<KeyOf<R[K]>, RowOf<R[K]>> };
}

/** A contract by its manifest alone: everything in JSON form. */
export interface JsonContractClient {
  readonly manifest: ManifestContract;
  call(action: string, args: unknown): Call;
  /** @throws ClientError CLIENT_RECORD_SET_UNKNOWN */
  records(name: string): RecordClient<JsonRow, JsonRow>;
  query(name: string, by?: LeadingKey, options?: ListOptions): AsyncIterable<FoundRecord>;
}

/** The client of a contract whose definition is at hand. */
export function createContractClient<R extends Records, A extends Readonly<Record<string, Fields>>>(
  contract: Contract<R, A>,
  reader: RecordReader,
): ContractClient<R, A> {
  const [manifest] = buildManifest([contract.definition]).contracts;
  assert(manifest !== undefined, 'a manifest describes the contract it was built from');
  const calls = mapMembers(
    manifest.actions,
    (action) => (args: unknown) => callOf(action, checkInput(action, args)),
  );
  const specs = Object.entries(manifest.records).filter(([, spec]) => spec.sumOf === undefined);
  const records = mapMembers(Object.fromEntries(specs), (spec) =>
    typedRecords({ contract: manifest, spec }, reader),
  );
  // Manifest and types come from one definition: the same actions, records and fields.
  return { manifest, calls, records } as unknown as ContractClient<R, A>;
}

/** The client of a contract that only a manifest describes. */
export function createJsonContractClient(
  manifest: ManifestContract,
  reader: RecordReader,
): JsonContractClient {
  return {
    manifest,
    call: (name, args) => {
      const action = memberOf(manifest.actions, name, 'CLIENT_ACTION_UNKNOWN');
      return callOf(action, validateInput(action, args));
    },
    records: (name) => {
      const spec = memberOf(manifest.records, name, 'CLIENT_RECORD_SET_UNKNOWN');
      return jsonRecords({ contract: manifest, spec }, reader);
    },
    query: (name, by = {}, options = {}) => {
      memberOf(manifest.queries, name, 'CLIENT_RECORD_SET_UNKNOWN');
      return reader.query(manifest, name, by, options);
    },
  };
}

/** A member by its name. @throws ClientError with the names there are */
export function memberOf<T>(
  members: Readonly<Record<string, T>>,
  name: string,
  code: 'CLIENT_ACTION_UNKNOWN' | 'CLIENT_RECORD_SET_UNKNOWN',
): T {
  const member = Object.hasOwn(members, name) ? members[name] : undefined;
  if (member !== undefined) return member;
  throw new ClientError({ code, name, known: Object.keys(members) });
}

function callOf(
  { contract, name }: ManifestAction,
  args: Result<Call['args'], readonly InputFault[]>,
): Call {
  if (args.ok) return { contract, action: name, args: args.value };
  throw new ClientError({ code: 'CLIENT_INPUT_INVALID', faults: args.reason });
}

interface Place {
  readonly contract: ManifestContract;
  readonly spec: ManifestRecord;
}

function jsonRecords(place: Place, reader: RecordReader): RecordClient<JsonRow, JsonRow> {
  return {
    spec: place.spec,
    get: (key, at) => reader.get(place, key, at),
    list: (leading = {}, options = {}) => reader.list(place, leading, options),
    history: (key, options) => reader.history(place, key, options),
    prove: (key, at) => reader.prove(place, key, at),
    proveList: (leading = {}, at = {}) => reader.proveList(place, leading, at),
  };
}

type Row = Readonly<Record<string, unknown>>;

/** The JSON face of a record set, with values as handlers see them on both sides. */
function typedRecords(place: Place, reader: RecordReader): RecordClient<Row, Row> {
  const { spec } = place;
  const json = jsonRecords(place, reader);
  const typed = (row: JsonRow): Row => rowOf(place, row);
  return {
    spec,
    get: async (key, at) => {
      const found = await json.get(keyToJsonRow(spec.key, key), at);
      return found && { ...found, row: typed(found.row) };
    },
    list: (leading = {}, options = {}) =>
      mapEach(json.list(keyToJsonRow(spec.key, leading), options), (found) => ({
        ...found,
        row: typed(found.row),
      })),
    history: (key, options) =>
      mapEach(json.history(keyToJsonRow(spec.key, key), options), ({ row, ...version }) => ({
        ...version,
        ...(row !== undefined && { row: typed(row) }),
      })),
    prove: (key, at) => json.prove(keyToJsonRow(spec.key, key), at),
    proveList: (leading = {}, at = {}) => json.proveList(keyToJsonRow(spec.key, leading), at),
  };
}

/** A row as JSON carries it, checked and widened to the values that handlers see. */
function rowOf({ spec }: Place, row: JsonRow): Row {
  const values = validateInput({ input: { ...spec.key, ...spec.fields } }, row);
  if (values.ok) return values.value;
  const record = `${spec.contract}.${spec.name}`;
  throw new ClientError({ code: 'CLIENT_ROW_FOREIGN', record, faults: values.reason });
}

/** Key values as JSON; what is not of its field's type is left to the check of the key. */
function keyToJsonRow(table: FieldTable, key: Row): JsonRow {
  const json: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(key)) {
    if (value === undefined) continue;
    const isInstant = table[name]?.type === 'instant' && Number.isSafeInteger(value);
    if (value instanceof Uint8Array) json[name] = toHex(value);
    else if (isInstant) json[name] = instantText(Number(value));
    else json[name] = typeof value === 'number' ? value : String(value);
  }
  return json;
}

function mapMembers<T, V>(
  members: Readonly<Record<string, T>>,
  convert: (member: T) => V,
): Readonly<Record<string, V>> {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [name, convert(member)]),
  );
}

async function* mapEach<T, V>(
  items: AsyncIterable<T>,
  convert: (item: T) => V,
): AsyncGenerator<V, void, void> {
  for await (const item of items) yield convert(item);
}
