/**
 * What a client, a CLI or an API does with a manifest: check input and make arguments of it, find a
 * record's key, read a stored value, explain a receipt. Everything works from the manifest alone,
 * whether it was built from definitions or fetched from a node.
 */
import type { CallArguments, InputFault, RecordKey, Result } from '@daybook/core';
import { decodeCanonical, fail, LIMITS, ok, toHex } from '@daybook/core';
import type { CheckFields } from '../fields/check.ts';
import { compileFields } from '../fields/check.ts';
import type { JsonValue } from '../fields/json.ts';
import { fieldsFromJson, fieldsToJson } from '../fields/json.ts';
import { decodeKey, encodeKey } from '../fields/key-bytes.ts';
import type { FieldTable, Words } from '../fields/spec.ts';
import type { Stamp } from '../language/context.ts';
import type {
  Manifest,
  ManifestAction,
  ManifestContract,
  ManifestFailure,
  ManifestRecord,
} from './manifest.ts';

/** A stored version of a record, in JSON form. */
export interface DecodedRecord {
  readonly stamp: Stamp;
  /** Fields without the key, by the names of the version that wrote them. */
  readonly fields: Readonly<Record<string, JsonValue>>;
}

/** Turns JSON into call arguments. @returns them, or every fault with its pointer below `pointer` */
export function validateInput(
  action: Pick<ManifestAction, 'input'>,
  json: unknown,
  pointer = '',
): Result<CallArguments, readonly InputFault[]> {
  // Checked values are CBOR values throughout.
  return valuesOf(action.input, json, pointer) as Result<CallArguments, readonly InputFault[]>;
}

/** As `validateInput` for values as handlers see them: amounts as bigint, bytes as bytes. */
export function checkInput(
  action: Pick<ManifestAction, 'input'>,
  values: unknown,
  pointer = '',
): Result<CallArguments, readonly InputFault[]> {
  const faults: InputFault[] = [];
  const checked = checkOf(action.input)(values, pointer, faults);
  // Checked values are CBOR values throughout.
  return faults.length === 0 ? ok(checked as CallArguments) : fail(faults);
}

/** Compiled checks by the table they were made from: clients check the same action many times. */
const checks = new WeakMap<FieldTable, CheckFields>();

function checkOf(table: FieldTable): CheckFields {
  const known = checks.get(table);
  if (known !== undefined) return known;
  const check = compileFields(table);
  checks.set(table, check);
  return check;
}

/** Whether people sign calls of it; others are for contracts, or for what members adopted. */
export function isForPeople({ by }: Pick<ManifestAction, 'by'>): boolean {
  return by !== 'contract' && by !== 'governance';
}

/** Arguments of a call as JSON again: for showing what a transaction says. */
export function argumentsToJson(
  action: Pick<ManifestAction, 'input'>,
  args: CallArguments,
): Readonly<Record<string, JsonValue>> {
  return fieldsToJson(action.input, args);
}

/** Where a record lives, from its key fields in JSON. */
export function recordKeyOf(
  record: Pick<ManifestRecord, 'set' | 'key' | 'partition'>,
  json: unknown,
): Result<RecordKey, readonly InputFault[]> {
  const { set, key, partition } = record;
  const values = valuesOf(key, json, '');
  if (!values.ok) return values;
  const bytes = encodeKey(key, values.value);
  if (partition === 0) return ok({ set, key: bytes });
  return ok({ set, partition: encodeKey(key, values.value, partition), key: bytes });
}

/**
 * Where a list begins: the bytes that every key with these leading key fields starts with.
 * @param json  values of the first key fields, in any number; nothing else
 */
export function keyPrefixOf(
  record: Pick<ManifestRecord, 'set' | 'key'>,
  json: Readonly<Record<string, unknown>>,
): Result<{ readonly set: number; readonly prefix: Uint8Array }, readonly InputFault[]> {
  const names = Object.keys(record.key);
  const count = names.findIndex((name) => json[name] === undefined);
  const leading: FieldTable = Object.fromEntries(
    Object.entries(record.key).slice(0, count < 0 ? names.length : count),
  );
  const values = valuesOf(leading, json, '');
  if (!values.ok) return values;
  return ok({ set: record.set, prefix: encodeKey(leading, values.value) });
}

/** Key fields as JSON from the bytes of a key; undefined for bytes that are none. */
export function keyToJson(
  record: Pick<ManifestRecord, 'key'>,
  key: Uint8Array,
): Readonly<Record<string, JsonValue>> | undefined {
  const values = decodeKey(record.key, key);
  return values === undefined ? undefined : fieldsToJson(record.key, values);
}

/** Decodes a stored value; undefined for bytes that are none of this record. */
export function decodeRecord(
  record: Pick<ManifestRecord, 'fields'>,
  value: Uint8Array,
): DecodedRecord | undefined {
  const decoded = decodeCanonical(value, {
    bytesMax: LIMITS.blockBytesHardMax,
    depthMax: LIMITS.argumentDepthMax + 4,
  });
  if (!decoded.ok || !Array.isArray(decoded.value) || decoded.value.length !== 6) return undefined;
  const [contractVersion, recordVersion, height, txIndex, writer, fields] =
    decoded.value as readonly unknown[];
  const numbers = [contractVersion, recordVersion, height, txIndex];
  if (!numbers.every(Number.isSafeInteger) || typeof writer !== 'string') return undefined;
  const faults: InputFault[] = [];
  const checked = checkOf(record.fields)(fields, '', faults);
  if (faults.length > 0) return undefined;
  return {
    stamp: {
      contractVersion: Number(contractVersion),
      recordVersion: Number(recordVersion),
      height: Number(height),
      txIndex: Number(txIndex),
      writer,
    },
    // Checked values are CBOR values throughout.
    fields: fieldsToJson(record.fields, checked as CallArguments),
  };
}

/** Event fields as JSON; what the manifest does not know stays out. */
export function eventToJson(
  contract: ManifestContract | undefined,
  name: string,
  fields: CallArguments,
): Readonly<Record<string, JsonValue>> {
  return fieldsToJson(contract?.events[name]?.fields ?? {}, fields);
}

/** A receipt's failure in the manifest. */
export interface FoundFailure extends ManifestFailure {
  readonly contract: string;
  /** As people know it: `TREASURY_FUND_UNKNOWN`. */
  readonly code: string;
}

/** The failure that a receipt number stands for; undefined for 0 and for unknown numbers. */
export function failureOf(manifest: Manifest, receipt: number): FoundFailure | undefined {
  const contract = manifest.contracts.find(({ number }) => number === Math.floor(receipt / 1000));
  const entries = Object.entries(contract?.failures ?? {});
  const found = entries.find(([, failure]) => failure.receipt === receipt);
  if (contract === undefined || found === undefined) return undefined;
  const [code, failure] = found;
  return { ...failure, contract: contract.name, code: publicCodeOf(contract.name, code) };
}

/** The code by which people know a failure of a contract; the engine's stand as they are. */
export function publicCodeOf(contract: string, code: string): string {
  return contract === 'ledger' ? code : `${contract.toUpperCase()}_${code}`;
}

/** A text with its `{name}` places filled in from facts; unknown places stay as they are. */
export function fillWords(words: Words, facts: Readonly<Record<string, unknown>>): Words {
  return { en: filled(words.en, facts), zh: filled(words.zh, facts) };
}

/** Deadline fields of a record that have passed, given its JSON and the present time. */
export function overdueOf(
  record: Pick<ManifestRecord, 'deadlines' | 'states'>,
  fields: Readonly<Record<string, JsonValue>>,
  now: { readonly today: string; readonly instant: string },
): readonly string[] {
  const state = record.states === undefined ? undefined : fields[record.states.field];
  return record.deadlines
    .filter(({ open }) => open.length === 0 || open.includes(String(state)))
    .map(({ field }) => field)
    .filter((field) => {
      const due = fields[field];
      if (typeof due !== 'string') return false;
      return due < (due.length === now.today.length ? now.today : now.instant);
    });
}

function valuesOf(
  table: FieldTable,
  json: unknown,
  pointer: string,
): Result<Readonly<Record<string, unknown>>, readonly InputFault[]> {
  const faults: InputFault[] = [];
  const converted = fieldsFromJson(table, json, pointer, faults);
  const values = checkOf(table)(converted, pointer, faults);
  return faults.length === 0 ? ok(values) : fail(inOrder(faults));
}

/** Conversion and check report apart; people read faults in the order of the fields. */
function inOrder(faults: readonly InputFault[]): readonly InputFault[] {
  return [...faults].sort((a, b) => {
    if (a.pointer === b.pointer) return 0;
    return a.pointer < b.pointer ? -1 : 1;
  });
}

function filled(text: string, facts: Readonly<Record<string, unknown>>): string {
  let result = text;
  for (const [name, value] of Object.entries(facts)) {
    result = result.replaceAll(`{${name}}`, () => factText(value));
  }
  return result;
}

function factText(value: unknown): string {
  if (value instanceof Uint8Array) {
    return toHex(value);
  }
  if (Array.isArray(value)) return value.map(factText).join(', ');
  if (typeof value === 'object' && value !== null) {
    return Object.values(value).map(factText).join(' ');
  }
  return String(value);
}
