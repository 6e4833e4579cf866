/** What the ledger holds of an import already: read once, list by list, before anything is planned. */
import type { treasury } from '@daybook/applications';
import type { ContractClient } from '@daybook/client';
import { decodeCanonical } from '@daybook/core';
import type { MoneyLine, PlannedRecord, Present, RecordSource } from '@daybook/formats';
import { movedBy } from '@daybook/formats';

type Books = ContractClient<(typeof treasury)['records'], never>['records'];

function rowId(record: PlannedRecord['record'], fund: string, name: string): string {
  return `${record} ${fund} ${name}`;
}

function sourceId({ publisher, dataset, number, occurrence }: RecordSource): string {
  return `${publisher} ${dataset} ${occurrence} ${number}`;
}

async function readFund(books: Books, fund: string, left: Map<string, bigint>): Promise<void> {
  const appropriation = await books.appropriation.get({ fund });
  if (appropriation === undefined) return;
  left.set(rowId('appropriation', fund, fund), appropriation.row.left);
  for await (const { row } of books.allocation.list({ fund })) {
    left.set(rowId('allocation', fund, row.allocation), row.left);
  }
  for await (const { row } of books.commitment.list({ fund })) {
    left.set(rowId('commitment', fund, row.commitment), row.left);
  }
}

const SOURCE_FIELDS = ['publisher', 'dataset', 'number', 'occurrence'] as const;
const ARGUMENTS_DEPTH_MAX = 32;

/** Lines of one publisher that were imported before, of this source and of others. */
async function readLines(
  books: Books,
  publisher: string,
  amounts: Map<string, bigint>,
): Promise<void> {
  for await (const { row } of books.source.list({ publisher })) {
    amounts.set(sourceId(row), movedBy(row));
  }
}

/** A kept call, as the ledger's own contract lists it. */
export interface PendingCall {
  readonly call: string;
  readonly contract: string;
  readonly status: string;
  /** It waited its time: nobody can release or approve it any more. */
  readonly isExpired: boolean;
  /** Canonical CBOR. */
  readonly args: Uint8Array;
}

/**
 * Lines that wait for somebody's release or approval, by the arguments of their calls. One that
 * waited in vain keeps its status and is left out, so that its line is handed in anew.
 */
export async function readHeld(
  pending: AsyncIterable<PendingCall>,
): Promise<(args: unknown) => string | undefined> {
  const held = new Map<string, string>();
  for await (const { call, contract, status, isExpired, args } of pending) {
    const isWaiting = (status === 'held' || status === 'waiting') && !isExpired;
    if (contract !== 'treasury' || !isWaiting) continue;
    const decoded = decodeCanonical(args, { bytesMax: args.length, depthMax: ARGUMENTS_DEPTH_MAX });
    const source = decoded.ok ? sourceIn(decoded.value) : undefined;
    if (source !== undefined)
      held.set(sourceId(source), `call ${call}, ${status} since an earlier run`);
  }
  return (args) => {
    const source = sourceIn(args);
    return source && held.get(sourceId(source));
  };
}

/** The identity of the line that a call with these arguments imports; undefined for other calls. */
function sourceIn(args: unknown): RecordSource | undefined {
  const source = memberOf(args, 'source');
  const [publisher, dataset, number, occurrence] = SOURCE_FIELDS.map((name) =>
    memberOf(source, name),
  );
  const isSource = [publisher, dataset, number].every((one) => typeof one === 'string');
  if (!isSource || typeof occurrence !== 'number') return undefined;
  return {
    publisher: String(publisher),
    dataset: String(dataset),
    number: String(number),
    occurrence,
  };
}

function memberOf(value: unknown, name: string): unknown {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return isObject ? Object.entries(value).find(([one]) => one === name)?.[1] : undefined;
}

/** @param lines  what is to be imported */
export async function readPresent(books: Books, lines: readonly MoneyLine[]): Promise<Present> {
  const moves = lines.flatMap((line) => (line.ok ? line.move : []));
  const funds = new Set(moves.flatMap(({ rows }) => rows[0]?.name ?? []));
  const publishers = new Set(moves.map(({ source }) => source.publisher));
  const left = new Map<string, bigint>();
  const amounts = new Map<string, bigint>();
  await Promise.all([
    ...[...funds].map((fund) => readFund(books, fund, left)),
    ...[...publishers].map((publisher) => readLines(books, publisher, amounts)),
  ]);
  return {
    amountOf: (source) => amounts.get(sourceId(source)),
    leftIn: ({ record, fund, name }) => left.get(rowId(record, fund, name)),
  };
}
