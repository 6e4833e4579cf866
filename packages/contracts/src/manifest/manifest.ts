/**
 * The manifest: everything a stranger must know of the contracts to call them, read their records
 * and explain their refusals, as plain data. Every node serves it, its hash is part of the state,
 * and API, CLI, client and pages derive from it alone.
 */
import { recordSetOf } from '@daybook/core';
import { tableOf } from '../fields/field.ts';
import type { FieldSpec, FieldTable, Words } from '../fields/spec.ts';
import { AMOUNT_MAX } from '../fields/spec.ts';
import type { ErasedAction, ErasedDefinition } from '../language/definition.ts';
import type { Link, RecordDefinition, SumDefinition } from '../language/parts.ts';

export const MANIFEST_FORMAT = 'daybook-manifest/1';

export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  /** Ascending by number. */
  readonly contracts: readonly ManifestContract[];
}

export interface ManifestContract {
  readonly number: number;
  readonly name: string;
  readonly version: number;
  readonly title: Words;
  readonly help: Words;
  /** Names of the contracts it reads and calls. */
  readonly uses: readonly string[];
  /** Records and engine-kept sums by name. */
  readonly records: Readonly<Record<string, ManifestRecord>>;
  readonly actions: Readonly<Record<string, ManifestAction>>;
  readonly events: Readonly<Record<string, { readonly title: Words; readonly fields: FieldTable }>>;
  readonly roles: Readonly<Record<string, ManifestRole>>;
  readonly parameters: Readonly<Record<string, ManifestParameter>>;
  readonly queries: Readonly<Record<string, ManifestQuery>>;
  readonly invariants: Readonly<Record<string, Words>>;
  readonly guards: Readonly<Record<string, ManifestGuard>>;
  readonly failures: Readonly<Record<string, ManifestFailure>>;
}

export interface ManifestRecord {
  readonly contract: string;
  readonly name: string;
  /** Record set: contract number << 16 | record number. */
  readonly set: number;
  readonly title: Words;
  readonly help?: Words;
  readonly key: FieldTable;
  /** How many leading key fields form the partition; 0 for none. */
  readonly partition: number;
  readonly fields: FieldTable;
  readonly states?: {
    readonly field: string;
    readonly initial: readonly string[];
    readonly transitions: Readonly<Record<string, readonly string[]>>;
  };
  readonly deadlines: readonly { readonly field: string; readonly open: readonly string[] }[];
  /** Records that a row names by several fields. */
  readonly links?: Readonly<Record<string, Link>>;
  /** Present for sums: what is summed over which record. */
  readonly sumOf?: { readonly record: string; readonly field: string | null };
}

export interface ManifestAction {
  readonly contract: string;
  readonly name: string;
  readonly title: Words;
  readonly help?: Words;
  readonly by: ManifestBy;
  readonly approvals?: ManifestApprovals;
  readonly discretion: boolean;
  readonly guarded: boolean;
  readonly callers: readonly string[];
  readonly input: FieldTable;
}

/** `role` is the full name `contract.role`; `organisation` and `scope` name input fields. */
export type ManifestBy =
  | 'anyone'
  | 'officer'
  | 'contract'
  | 'governance'
  | { readonly role: string; readonly organisation?: string; readonly scope?: string };

export interface ManifestApprovals {
  readonly officers: number;
  readonly organisations: number;
  /** Full name of the role of those who join. */
  readonly role: string;
  /** 0 when all must sign at once. */
  readonly days: number;
}

export interface ManifestRole {
  readonly title: Words;
  readonly help?: Words;
  readonly grantedBy: 'organisation' | 'governance';
}

export interface ManifestParameter {
  readonly field: FieldSpec;
  /** The default as text, see `parameterText`. */
  readonly default: string;
}

export interface ManifestQuery {
  readonly title: Words;
  readonly record: string;
  readonly by: readonly string[];
  readonly where?: { readonly field: string; readonly is: readonly string[] };
  readonly overdue?: string;
  readonly inTime?: string;
}

export interface ManifestGuard {
  readonly title: Words;
  readonly actions: readonly string[];
  readonly release: ManifestApprovals;
}

export interface ManifestFailure {
  /** The number in a receipt: contract number * 1000 + the contract's own code. */
  readonly receipt: number;
  readonly en: string;
  readonly zh: string;
  readonly remedy: Words;
}

/** The manifest of some contracts, one version each. */
export function buildManifest(definitions: readonly ErasedDefinition[]): Manifest {
  const contracts = definitions.map(describeContract);
  contracts.sort((a, b) => a.number - b.number);
  return { format: MANIFEST_FORMAT, contracts };
}

/** Receipts of a contract start here. */
export function receiptOf(contractNumber: number, code: number): number {
  return contractNumber * 1000 + code;
}

function describeContract(definition: ErasedDefinition): ManifestContract {
  const { name, number, version, title, help } = definition;
  return {
    number,
    name,
    version,
    title,
    help,
    uses: Object.values(definition.uses ?? {}).map((contract) => contract.name),
    records: describeRecords(definition),
    actions: mapParts(definition.actions, (action, key) => describeAction(action, name, key)),
    events: mapParts(definition.events, (event) => ({
      title: event.title,
      fields: tableOf(event.fields),
    })),
    roles: mapParts(definition.roles, (role) => role),
    parameters: mapParts(definition.parameters, (parameter) => ({
      field: parameter.field.spec,
      default: String(parameter.default),
    })),
    queries: mapParts(definition.queries, (query) => ({ ...query, by: query.by ?? [] })),
    invariants: mapParts(definition.invariants, (invariant) => invariant.title),
    guards: mapParts(definition.guards, (guard) => ({
      title: guard.title,
      actions: guard.actions,
      release: describeApprovals(guard.release, name, guard.release.role ?? ''),
    })),
    failures: mapParts(definition.failures, ({ code, en, zh, remedy }) => ({
      receipt: receiptOf(number, code),
      en,
      zh,
      remedy,
    })),
  };
}

function describeRecords(definition: ErasedDefinition): Record<string, ManifestRecord> {
  const { name, number } = definition;
  return {
    ...mapParts(definition.records, (record, key) => describeRecord(record, key, { name, number })),
    ...mapParts(definition.sums, (sum, key) => describeSum(sum, key, definition)),
  };
}

function describeRecord(
  record: RecordDefinition,
  name: string,
  contract: { readonly name: string; readonly number: number },
): ManifestRecord {
  return {
    contract: contract.name,
    name,
    set: recordSetOf(contract.number, record.number),
    title: record.title,
    ...(record.help !== undefined && { help: record.help }),
    key: tableOf(record.key),
    partition: record.partition?.length ?? 0,
    fields: tableOf(record.fields),
    ...(record.states !== undefined && { states: record.states }),
    deadlines: (record.deadlines ?? []).map(({ field, open }) => ({ field, open: open ?? [] })),
    ...(record.links !== undefined && { links: record.links }),
  };
}

const TOTAL_TITLE: Words = { en: 'Total', zh: '合计' };
const COUNT_TITLE: Words = { en: 'Count', zh: '笔数' };
const CURRENCY_TITLE: Words = { en: 'Currency', zh: '币种' };

/** A sum is a record like any other; it can be read, listed and proven. */
export function describeSum(
  sum: SumDefinition,
  name: string,
  definition: ErasedDefinition,
): ManifestRecord {
  const record = definition.records[sum.record];
  const table: FieldTable = { ...tableOf(record?.key ?? {}), ...tableOf(record?.fields ?? {}) };
  const key: Record<string, FieldSpec> = {};
  for (const field of sum.by) {
    const spec = table[field];
    if (spec !== undefined) key[field] = spec;
  }
  const summed = sum.of === undefined ? undefined : table[sum.of];
  if (summed?.type === 'money') key.currency = { type: 'currency', title: CURRENCY_TITLE };
  const max = String(AMOUNT_MAX);
  return {
    contract: definition.name,
    name,
    set: recordSetOf(definition.number, sum.number),
    title: sum.title,
    key,
    partition: 0,
    fields: {
      total: { type: 'amount', title: TOTAL_TITLE, min: `-${max}`, max },
      count: { type: 'integer', title: COUNT_TITLE, min: 0, max: Number.MAX_SAFE_INTEGER },
    },
    deadlines: [],
    sumOf: { record: sum.record, field: sum.of ?? null },
  };
}

function describeAction(action: ErasedAction, contract: string, name: string): ManifestAction {
  const { by } = action;
  const role = typeof by === 'string' ? '' : by.role;
  return {
    contract,
    name,
    title: action.title,
    ...(action.help !== undefined && { help: action.help }),
    by: typeof by === 'string' ? by : { ...by, role: `${contract}.${by.role}` },
    ...(action.approvals !== undefined && {
      approvals: describeApprovals(action.approvals, contract, role),
    }),
    discretion: action.discretion === true,
    guarded: action.guarded === true,
    callers: action.callers ?? [],
    input: tableOf(action.input),
  };
}

function describeApprovals(
  approvals: NonNullable<ErasedAction['approvals']>,
  contract: string,
  role: string,
): ManifestApprovals {
  return {
    officers: approvals.officers,
    organisations: approvals.organisations ?? 1,
    role: `${contract}.${approvals.role ?? role}`,
    days: approvals.days ?? 0,
  };
}

function mapParts<T, V>(
  parts: Readonly<Record<string, T>> | undefined,
  describe: (part: T, name: string) => V,
): Record<string, V> {
  return Object.fromEntries(
    Object.entries(parts ?? {}).map(([name, part]) => [name, describe(part, name)]),
  );
}
