/**
 * What contracts mean, put in JSON by the manifest: arguments of calls, events, rows, and the words
 * of refusals. A call or event may be older than the manifest, or never have been valid; then its
 * bare values are shown instead of none.
 */
import type { JsonValue, Manifest, ManifestContract, ManifestRecord } from '@daybook/contracts';
import {
  argumentsToJson,
  civilDateOf,
  decodeRecord,
  eventToJson,
  instantText,
  keyToJson,
  overdueOf,
  publicCodeOf,
} from '@daybook/contracts';
import type { CallArguments, ErrorTable, LedgerEvent } from '@daybook/core';
import { AssertionError, toHex } from '@daybook/core';
import { timeText } from './chain-view.ts';
import type { StoredRecord } from './ports.ts';
import type { View } from './view.ts';
import { Dual, toJson } from './view.ts';

export interface ContractViews {
  readonly manifest: Manifest;
  contract(name: string): ManifestContract | undefined;
  call(contract: string, action: string, args: CallArguments): View;
  event(event: LedgerEvent): View;
}

export function createContractViews(manifest: Manifest): ContractViews {
  const byName = new Map(manifest.contracts.map((contract) => [contract.name, contract]));
  return {
    manifest,
    contract: (name) => byName.get(name),
    call: (contract, action, args) => {
      const spec = byName.get(contract)?.actions[action];
      const json = spec && readable(() => argumentsToJson(spec, args));
      return new Dual(json ?? toJson(args), args);
    },
    event: ({ contract, name, fields }) => {
      const owner = byName.get(contract);
      const known = owner?.events[name] !== undefined;
      const json = known ? readable(() => eventToJson(owner, name, fields)) : undefined;
      return new Dual(json ?? toJson(fields), fields);
    },
  };
}

/** Undefined for values of another shape than the manifest says. */
function readable<T>(convert: () => T): T | undefined {
  try {
    return convert();
  } catch (error) {
    if (error instanceof AssertionError) return undefined;
    throw error;
  }
}

/**
 * One version of a record: for people its fields and who wrote them, in CBOR the stored bytes, whose
 * hash the state commits to.
 * @param at.timeMs     block time by which deadlines are judged; undefined for past versions
 * @param at.blockTime  when a block was made
 */
export function rowView(
  spec: ManifestRecord,
  { key, value }: StoredRecord,
  { timeMs, blockTime }: RowTimes,
): View {
  const decoded = decodeRecord(spec, value);
  const keyJson = keyToJson(spec, key.key) ?? {};
  const cbor = { set: key.set, partition: key.partition ?? null, key: key.key, value };
  if (decoded === undefined) return new Dual({ row: keyJson, value: toHex(value) }, cbor);
  const row: Readonly<Record<string, JsonValue>> = { ...keyJson, ...decoded.fields };
  const overdue = timeMs === undefined ? undefined : overdueAt(spec, decoded.fields, timeMs);
  const { stamp } = decoded;
  const written = blockTime(stamp.height);
  const time = written === undefined ? {} : { time: timeText(written) };
  return new Dual({ row, stamp, ...time, ...(overdue && { overdue }) }, cbor);
}

interface RowTimes {
  readonly timeMs?: number;
  readonly blockTime: (height: number) => number | undefined;
}

/** Deadline fields that have passed; undefined for records without deadlines. */
export function overdueAt(
  spec: ManifestRecord,
  fields: Readonly<Record<string, JsonValue>>,
  timeMs: number,
): readonly string[] | undefined {
  if (spec.deadlines.length === 0) return undefined;
  return overdueOf(spec, fields, { today: civilDateOf(timeMs), instant: instantText(timeMs) });
}

const FAILURE_STATUS = 422;

/** Failures that contracts declare, in the form of the packages' error tables. */
export function contractErrors(manifest: Manifest): ErrorTable {
  const entries = manifest.contracts.flatMap((contract) =>
    Object.entries(contract.failures).map(([name, { receipt, en, remedy }]) => [
      publicCodeOf(contract.name, name),
      { summary: en, remedy: remedy.en, status: FAILURE_STATUS, receipt },
    ]),
  );
  return Object.fromEntries(entries);
}
