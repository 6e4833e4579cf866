/**
 * Turns definitions into what execution needs at hand: checks compiled, keys ordered, sums and
 * invariants attached to the records they watch. Done once, when an engine is created.
 */
import type { Hash } from '@daybook/core';
import { assert } from '@daybook/core';
import type { CheckFields } from '../fields/check.ts';
import { compileFields } from '../fields/check.ts';
import { tableOf } from '../fields/field.ts';
import { keyFormOf } from '../fields/key-bytes.ts';
import type { FieldTable } from '../fields/spec.ts';
import type { Stamp } from '../language/context.ts';
import type {
  ErasedAction,
  ErasedDefinition,
  ErasedInvariant,
  Values,
} from '../language/definition.ts';
import type { Upcast } from '../language/parts.ts';
import { contractHashOf } from '../manifest/canonical.ts';
import type { ManifestAction, ManifestContract, ManifestRecord } from '../manifest/manifest.ts';
import { buildManifest, receiptOf } from '../manifest/manifest.ts';
import type { KeyOrder } from './value-codec.ts';
import { keyOrderOf } from './value-codec.ts';

export interface LinkedContract {
  readonly name: string;
  readonly number: number;
  readonly version: number;
  readonly definition: ErasedDefinition;
  readonly manifest: ManifestContract;
  /** What a manifest commits to for it: every start asks, and the words are long. */
  readonly hash: () => Hash;
  readonly records: Readonly<Record<string, LinkedRecord>>;
  readonly sums: Readonly<Record<string, LinkedRecord>>;
  readonly actions: ReadonlyMap<string, LinkedAction>;
  readonly events: ReadonlyMap<string, CheckFields>;
  /** Receipt numbers by failure name. */
  readonly receipts: ReadonlyMap<string, number>;
}

export interface LinkedRecord {
  /** `contract.record`. */
  readonly fullName: string;
  readonly contract: string;
  readonly contractVersion: number;
  readonly manifest: ManifestRecord;
  readonly set: number;
  readonly key: FieldTable;
  readonly keyNames: readonly string[];
  readonly partition: number;
  /** Fields that are not in the key, in canonical order. */
  readonly order: readonly KeyOrder[];
  /** Checks a whole row, key fields and others. */
  readonly check: CheckFields;
  readonly erasable: boolean;
  readonly upcast: Upcast | undefined;
  /** Sums over this record; filled while linking. */
  readonly sums: LinkedSum[];
  /** What must hold of a touched row; filled while linking. */
  readonly invariants: LinkedInvariant[];
  /** Rows that were decoded lately, by key within the set; see `rows.ts`. */
  readonly decoded: Map<string | number, DecodedRow>;
}

/** What some stored bytes say, which is the same for ever. */
export interface DecodedRow {
  readonly value: Uint8Array;
  /** Frozen. */
  readonly row: Values;
  readonly stamp: Stamp;
}

export interface LinkedSum {
  readonly record: LinkedRecord;
  /** The summed field; undefined when rows are only counted. */
  readonly of: string | undefined;
  readonly isMoney: boolean;
  readonly by: readonly string[];
  readonly where: { readonly field: string; readonly is: ReadonlySet<string> } | undefined;
}

export interface LinkedInvariant {
  readonly contract: string;
  readonly name: string;
  readonly invariant: ErasedInvariant;
}

export interface LinkedAction {
  readonly fullName: string;
  readonly definition: ErasedAction;
  readonly manifest: ManifestAction;
  readonly check: CheckFields;
  /** Input fields that name a record which must exist. */
  readonly references: readonly Reference[];
}

/** Where an input names a record: field names from the input down; lists are walked through. */
export interface Reference {
  readonly path: readonly string[];
  readonly record: string;
}

/** Links one definition. */
export function linkContract(definition: ErasedDefinition): LinkedContract {
  const { name, number, version } = definition;
  const [manifest] = buildManifest([definition]).contracts;
  assert(manifest !== undefined, 'a manifest describes the contract it was built from');
  const records: Record<string, LinkedRecord> = {};
  const sums: Record<string, LinkedRecord> = {};
  for (const [key, described] of Object.entries(manifest.records)) {
    const linked = linkRecord(described, definition);
    if (described.sumOf === undefined) records[key] = linked;
    else sums[key] = linked;
  }
  attachSums(definition, records, sums);
  attachInvariants(definition, records, sums);
  const failures = Object.entries(definition.failures);
  let hash: Hash | undefined;
  return {
    name,
    number,
    version,
    definition,
    manifest,
    hash: () => {
      hash ??= contractHashOf(manifest);
      return hash;
    },
    records,
    sums,
    actions: new Map(
      Object.entries(definition.actions).map(([key, action]) => [
        key,
        linkAction(action, manifest.actions[key]),
      ]),
    ),
    events: new Map(
      Object.entries(manifest.events).map(([key, event]) => [key, compileFields(event.fields)]),
    ),
    receipts: new Map(failures.map(([key, { code }]) => [key, receiptOf(number, code)])),
  };
}

function linkRecord(described: ManifestRecord, definition: ErasedDefinition): LinkedRecord {
  const { key, fields } = described;
  return {
    fullName: `${described.contract}.${described.name}`,
    contract: described.contract,
    contractVersion: definition.version,
    manifest: described,
    set: described.set,
    key,
    keyNames: Object.keys(key),
    partition: described.partition,
    order: keyOrderOf(Object.keys(fields)),
    check: compileFields({ ...key, ...fields }),
    erasable: definition.records[described.name]?.erasable === true,
    upcast: definition.upcasts?.[described.name],
    sums: [],
    invariants: [],
    decoded: new Map(),
  };
}

function attachSums(
  definition: ErasedDefinition,
  records: Readonly<Record<string, LinkedRecord>>,
  sums: Readonly<Record<string, LinkedRecord>>,
): void {
  for (const [name, sum] of Object.entries(definition.sums ?? {})) {
    const watched = records[sum.record];
    const record = sums[name];
    assert(watched !== undefined && record !== undefined, `the sum ${name} has its records`);
    const table: FieldTable = { ...watched.key, ...watched.manifest.fields };
    watched.sums.push({
      record,
      of: sum.of,
      isMoney: sum.of !== undefined && table[sum.of]?.type === 'money',
      by: sum.by,
      where:
        sum.where === undefined ? undefined : { field: sum.where.field, is: new Set(sum.where.is) },
    });
  }
}

function attachInvariants(
  definition: ErasedDefinition,
  records: Readonly<Record<string, LinkedRecord>>,
  sums: Readonly<Record<string, LinkedRecord>>,
): void {
  for (const [name, invariant] of Object.entries(definition.invariants ?? {})) {
    const { record, sum } = invariant;
    const watched = record === undefined ? sums[sum ?? ''] : records[record];
    assert(watched !== undefined, `the invariant ${name} watches something`);
    watched.invariants.push({ contract: definition.name, name, invariant });
  }
}

function linkAction(definition: ErasedAction, manifest: ManifestAction | undefined): LinkedAction {
  assert(manifest !== undefined, 'a manifest describes every action');
  return {
    fullName: `${manifest.contract}.${manifest.name}`,
    definition,
    manifest,
    check: compileFields(tableOf(definition.input)),
    references: referencesIn(manifest.input, []),
  };
}

function referencesIn(table: FieldTable, path: readonly string[]): readonly Reference[] {
  return Object.entries(table).flatMap(([name, spec]) => {
    const here = [...path, name];
    const inner = spec.type === 'list' ? spec.item : spec;
    if (inner.type === 'object') return referencesIn(inner.fields, here);
    const isChecked = inner.type === 'reference' && inner.checked;
    return isChecked ? [{ path: here, record: inner.record }] : [];
  });
}

/**
 * Checks what contracts say of one another.
 * @throws AssertionError for a reference to no record, an unknown guard target, calls in a circle
 */
export function checkLinks(contracts: readonly LinkedContract[]): void {
  const byName = new Map(contracts.map((contract) => [contract.name, contract]));
  for (const { name, number } of contracts) {
    const twin = contracts.find((other) => (other.name === name) !== (other.number === number));
    assert(twin === undefined, `${name} has a name and a number of its own`);
  }
  for (const contract of contracts) {
    const { name, manifest } = contract;
    for (const used of manifest.uses) {
      assert(byName.has(used), `${name} uses ${used}, which is there`);
    }
    for (const [key, guard] of Object.entries(manifest.guards)) {
      for (const target of guard.actions) {
        const [owner = '', action = ''] = target.split('.');
        const found = byName.get(owner)?.manifest.actions[action];
        assert(found?.guarded === true, `${name}.${key} guards ${target}, declared guarded`);
      }
    }
    for (const table of tablesOf(manifest)) checkReferences(table, name, byName);
    for (const record of Object.values(manifest.records))
      checkRecordLinks(record, contract, byName);
    assert(depthOf(contract, byName, new Set()) > 0, `${name} is called in no circle`);
  }
}

function tablesOf(manifest: ManifestContract): readonly FieldTable[] {
  return [
    ...Object.values(manifest.records).flatMap(({ key, fields }) => [key, fields]),
    ...Object.values(manifest.actions).map(({ input }) => input),
  ];
}

function checkReferences(
  table: FieldTable,
  place: string,
  contracts: ReadonlyMap<string, LinkedContract>,
): void {
  for (const [name, spec] of Object.entries(table)) {
    const inner = spec.type === 'list' ? spec.item : spec;
    if (inner.type === 'object') checkReferences(inner.fields, place, contracts);
    if (inner.type !== 'reference') continue;
    const [owner = '', record = ''] = inner.record.split('.');
    const target = contracts.get(owner)?.manifest.records[record];
    const isSingle = target !== undefined && Object.keys(target.key).length === 1;
    assert(isSingle, `${place}.${name}: ${inner.record} is a record with one key field`);
    const [keySpec] = Object.values(target.key);
    const isTextual = keySpec !== undefined && keyFormOf(keySpec) === 'text';
    assert(isTextual, `${place}.${name}: the key of ${inner.record} is a text`);
  }
}

/** A link goes by all key fields of a record that the contract may read, in the same form. */
function checkRecordLinks(
  { name, key, fields, links }: ManifestRecord,
  { name: owner, manifest }: LinkedContract,
  contracts: ReadonlyMap<string, LinkedContract>,
): void {
  const own: FieldTable = { ...key, ...fields };
  for (const [link, { record, by }] of Object.entries(links ?? {})) {
    const place = `${owner}.${name}.${link}`;
    const [contract = '', target = ''] = record.split('.');
    const isReadable = contract === owner || manifest.uses.includes(contract);
    assert(isReadable, `${place}: ${record} is of the own contract or of one it uses`);
    const targetKey = contracts.get(contract)?.manifest.records[target]?.key ?? {};
    const isWhole = Object.keys(targetKey).join() === Object.keys(by).join();
    assert(isWhole, `${place}: names the key fields of ${record} in their order`);
    for (const [there, here] of Object.entries(by)) {
      const [theirs, ours] = [targetKey[there], own[here]];
      const isAlike = theirs && ours && keyFormOf(theirs) === keyFormOf(ours);
      assert(isAlike === true, `${place}: ${here} is of the kind of ${there}`);
    }
  }
}

function depthOf(
  contract: LinkedContract,
  contracts: ReadonlyMap<string, LinkedContract>,
  above: ReadonlySet<string>,
): number {
  assert(!above.has(contract.name), `${contract.name} is called in no circle`);
  const here = new Set([...above, contract.name]);
  let depth = 1;
  for (const used of contract.manifest.uses) {
    const next = contracts.get(used);
    if (next !== undefined) depth = Math.max(depth, 1 + depthOf(next, contracts, here));
  }
  return depth;
}
