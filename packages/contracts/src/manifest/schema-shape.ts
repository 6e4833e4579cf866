/**
 * The shape of the words for a record as they come out of a file. Whoever decodes them has not
 * compared hashes yet, so nothing may be taken for what it is not: each part is looked at, down to
 * the last field, before it gets its type.
 */
import type { FieldSpec } from '../fields/spec.ts';
import type { ManifestContract, ManifestRecord } from './manifest.ts';

/** What a proof carries of a contract: who it is, and the record that is shown in its words. */
export type SchemaContract = Pick<
  ManifestContract,
  'number' | 'name' | 'version' | 'title' | 'help' | 'records'
>;

/** The contract's part of it. */
export type SchemaFace = Omit<SchemaContract, 'records'>;

type Check = (value: unknown) => boolean;
type Checks = Readonly<Record<string, Check>>;

const isText: Check = (value) => typeof value === 'string';
const isCount: Check = Number.isSafeInteger;
const isFlag: Check = (value) => value === true;
const isChecked: Check = (value) => typeof value === 'boolean';
const isTexts = listOf(isText);
const isWords = membersOf({ en: isText, zh: isText });
const isSpecTable = tableOf((value) => isSpec(value));

const COMMON: Checks = { title: isWords, help: optional(isWords), optional: optional(isFlag) };
const BOUNDS: Checks = { min: isText, max: isText };

/** What each type of field has besides its words. */
const MEMBERS = new Map<unknown, Checks>(
  Object.entries({
    text: { min: isCount, max: isCount, lines: optional(isFlag), characters: optional(isText) },
    slug: {},
    identifier: { max: isCount },
    identity: { organisations: optional(isFlag) },
    integer: { min: isCount, max: isCount },
    amount: { ...BOUNDS, currencyOf: optional(isText) },
    money: { ...BOUNDS, currencies: optional(isTexts) },
    currency: {},
    quantity: { ...BOUNDS, decimals: isCount, units: optional(isTexts) },
    date: {},
    period: {},
    instant: {},
    boolean: {},
    choice: { of: tableOf(isWords) },
    bytes: { min: isCount, max: isCount },
    hash: {},
    publicKey: {},
    blinded: { purpose: isText },
    sealed: {},
    reference: { record: isText, checked: isChecked, max: isCount },
    list: { item: (value) => isSpec(value), min: isCount, max: isCount, unique: optional(isFlag) },
    object: { fields: isSpecTable },
  } satisfies Record<FieldSpec['type'], Checks>),
);

const isStates = membersOf({ field: isText, initial: isTexts, transitions: tableOf(isTexts) });
const isDeadlines = listOf(membersOf({ field: isText, open: isTexts }));
const isLinks = tableOf(membersOf({ record: isText, by: tableOf(isText) }));
const isSum = membersOf({ record: isText, field: (value) => value === null || isText(value) });

const isRecord = membersOf({
  contract: isText,
  name: isText,
  set: isCount,
  title: isWords,
  help: optional(isWords),
  key: isSpecTable,
  partition: isCount,
  fields: isSpecTable,
  states: optional(isStates),
  deadlines: isDeadlines,
  links: optional(isLinks),
  sumOf: optional(isSum),
});

const isFace = membersOf({
  number: isCount,
  name: isText,
  version: isCount,
  title: isWords,
  help: isWords,
});

/** Whether a decoded part is the face of a contract. */
export function isSchemaFace(value: unknown): value is SchemaFace {
  return isFace(value);
}

/** Whether a decoded part is records by name. */
export function isRecordTable(value: unknown): value is Readonly<Record<string, ManifestRecord>> {
  return tableOf(isRecord)(value);
}

function isSpec(value: unknown): boolean {
  if (!isObject(value)) return false;
  const own = MEMBERS.get(value.type);
  return own !== undefined && hasMembers(value, COMMON) && hasMembers(value, own);
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value);
}

function listOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function tableOf(check: Check): Check {
  return (value) => isObject(value) && Object.values(value).every(check);
}

function membersOf(checks: Checks): Check {
  return (value) => isObject(value) && hasMembers(value, checks);
}

/** Every member as its check says. What a newer release says besides is none of our business. */
function hasMembers(value: Readonly<Record<string, unknown>>, checks: Checks): boolean {
  return Object.entries(checks).every(([name, check]) => check(value[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
