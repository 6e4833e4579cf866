/**
 * Checks that a list is whole: these records are in the state, and no other of the list is. A long
 * list comes in several files, whose ranges must stand side by side under one block.
 */
import type { DecodedRecord, ManifestRecord, SchemaContract } from '@daybook/contracts';
import { decodeRecord, keyToJson } from '@daybook/contracts';
import type { ListClaim, Result, TreeRange } from '@daybook/core';
import { decodeListBundle, equalBytes, fail, keyAfter, ok, treePrefixOf } from '@daybook/core';
import type { VerifyFailure } from '../errors.ts';
import type { NamedRecord } from './claims.ts';
import { nameRecord, verifyList } from './claims.ts';
import type { ProvenFrame, VerdictOf } from './proof.ts';
import { verifyFile } from './proof.ts';
import type { Trust } from './trust.ts';

/** A record of a proven list. */
export interface ProvenRow {
  /** Key fields as JSON. */
  readonly key: NamedRecord['key'];
  readonly value: Uint8Array;
  readonly stored: DecodedRecord | undefined;
}

/** What the bundle of a list says: these records are there, and no other in the range. */
export interface ProvenList extends ProvenFrame {
  readonly contract: SchemaContract;
  readonly spec: ManifestRecord;
  /** Key fields that all its records share, as JSON; none for a whole record set. */
  readonly within: NamedRecord['key'];
  /** What all tree keys of the list begin with. */
  readonly prefix: Uint8Array;
  /** Tree keys that are covered. */
  readonly range: TreeRange;
  /** Whether that is the whole list; otherwise other files prove the rest. */
  readonly isWhole: boolean;
  readonly rows: readonly ProvenRow[];
}

export type ListVerdict = VerdictOf<ProvenList>;

/** Checks the bundle of a list against what is trusted. */
export function verifyListBundle(bytes: Uint8Array, trust: Trust): ListVerdict {
  return verifyFile(decodeListBundle(bytes), trust, ({ list }, contract, stateRoot) => {
    const claimed = verifyList(list, stateRoot);
    return claimed.ok ? readRows(list, contract) : claimed;
  });
}

/** The records of a list in the words of their contract. */
function readRows(
  { set, partition, range, records }: ListClaim,
  contract: SchemaContract,
): Result<Omit<ProvenList, keyof ProvenFrame>, VerifyFailure> {
  const spec = Object.values(contract.records).find((one) => one.set === set);
  if (spec === undefined) {
    return fail({ code: 'CLIENT_SCHEMA_UNPROVEN', fact: 'it describes other records' });
  }
  const leading = Object.fromEntries(Object.entries(spec.key).slice(0, spec.partition));
  const within = partition === undefined ? {} : keyToJson({ key: leading }, partition);
  if (within === undefined) {
    return fail({ code: 'CLIENT_LIST_UNPROVEN', fact: 'the partition is none of these records' });
  }
  const rows: ProvenRow[] = [];
  for (const { value, ...key } of records) {
    const named = nameRecord({ ...key, set }, contract);
    if (!named.ok) return named;
    rows.push({ key: named.value.key, value, stored: decodeRecord(spec, value) });
  }
  const prefix = treePrefixOf({ set, ...(partition && { partition }) });
  const isWhole = isWholeRange(range, prefix);
  return ok({ contract, spec, within, prefix, range, isWhole, rows });
}

/** Where the file after this one begins; undefined when it was the last. */
export function nextOfList({ range, prefix }: Pick<ProvenList, 'range' | 'prefix'>) {
  return equalBytes(range.to, prefix) ? undefined : keyAfter(range.to);
}

/** Checks the files of one list, in the order of their ranges, and joins them. */
export function verifyListBundles(files: readonly Uint8Array[], trust: Trust): ListVerdict {
  const [first, ...rest] = files.map((bytes) => verifyListBundle(bytes, trust));
  if (first === undefined) {
    return { outcome: 'invalid', reason: { code: 'CLIENT_PROOF_MALFORMED', fact: 'no file' } };
  }
  return rest.reduce(joinVerdicts, first);
}

function joinVerdicts(left: ListVerdict, right: ListVerdict): ListVerdict {
  if (left.outcome === 'invalid') return left;
  if (right.outcome === 'invalid') return right;
  const fault = faultBetween(left.facts, right.facts);
  if (fault !== undefined) {
    return { outcome: 'invalid', reason: { code: 'CLIENT_LIST_UNPROVEN', fact: fault } };
  }
  const range = { from: left.facts.range.from, to: right.facts.range.to };
  const facts = {
    ...left.facts,
    range,
    isWhole: isWholeRange(range, left.facts.prefix),
    rows: [...left.facts.rows, ...right.facts.rows],
  };
  return right.outcome === 'unknown' ? { ...right, facts } : { ...left, facts };
}

function faultBetween(left: ProvenList, right: ProvenList): string | undefined {
  if (!equalBytes(left.block.blockHash, right.block.blockHash)) {
    return 'the files are of different blocks';
  }
  if (!equalBytes(left.prefix, right.prefix)) return 'the files are of different lists';
  const next = nextOfList(left);
  const isNext = next !== undefined && equalBytes(next, right.range.from);
  return isNext ? undefined : 'the files do not stand side by side';
}

function isWholeRange({ from, to }: TreeRange, prefix: Uint8Array): boolean {
  return equalBytes(from, prefix) && equalBytes(to, prefix);
}

/** Checks the files of a list that must leave nothing out. */
export function verifyWholeList(files: readonly Uint8Array[], trust: Trust): ListVerdict {
  const verdict = verifyListBundles(files, trust);
  if (verdict.outcome === 'invalid' || verdict.facts.isWhole) return verdict;
  const fact = 'the proof files do not cover the whole list';
  return { outcome: 'invalid', reason: { code: 'CLIENT_LIST_UNPROVEN', fact } };
}
