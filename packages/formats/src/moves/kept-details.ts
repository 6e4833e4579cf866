/**
 * What the details of an imported line are: a record, read by its shape, that belongs under the very
 * identity the ledger keeps the line by. That identity also tells the format, and it names files
 * that are written: details may not choose another.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { FiscalRecord } from '../fiscal/package.ts';
import type { Misfit, Shape } from '../record-shapes.ts';
import {
  appropriation,
  commitment,
  maybe,
  objectOf,
  otherCells,
  payment,
  text,
} from '../record-shapes.ts';
import type { Commitment, Payment, RecordSource } from '../records.ts';
import { readDetails } from './details.ts';
import { fiscalSource } from './fiscal.ts';
import { fundsSource } from './funds.ts';
import { activitySource, iatiSource } from './iati.ts';
import type { KeptPart } from './kept-activities.ts';
import { activityHead } from './kept-activities.ts';
import type { SpendDetails } from './spend.ts';

/** A record with the format that it was imported in. */
export type KeptRecord =
  | { readonly origin: 'spend'; readonly record: Payment }
  | { readonly origin: 'funds'; readonly record: Commitment }
  | { readonly origin: 'fiscal'; readonly record: FiscalRecord }
  | ({ readonly origin: 'iati' } & KeptPart);

/** The identity of an imported line, what it became, and what was written beside. */
interface DetailedLine {
  readonly source: RecordSource;
  readonly action: string;
  readonly details?: string | undefined;
}

type Reading = Result<KeptRecord, Misfit>;

const spendDetails = objectOf<SpendDetails>({
  payee: maybe(text),
  area: maybe(text),
  body: maybe(text),
  more: maybe(otherCells),
});
/** A series, and the name of a file without its ending, as `datasetOf` writes them. */
const FILE_DATASET = /^[a-z0-9-]+\/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
/** What XML cannot say. */
const NO_XML = /[^\P{Cc}\t\n\r\u007f-\u009f]|\p{Cs}|[\ufffe\uffff]/u;

/** Details of a spending line, which are no record of their own; undefined where they are one. */
export function readSpendDetails({
  source,
  details = '{}',
}: DetailedLine): Result<SpendDetails, Misfit> | undefined {
  const read = readDetails(details);
  if (read !== undefined && Object.hasOwn(read, 'kind')) return undefined;
  return FILE_DATASET.test(source.dataset)
    ? spendDetails(read, '')
    : misfit('/dataset', 'a series and the name of a file', source.dataset);
}

/** The record in the details of a line. */
export function readKeptRecord(line: DetailedLine): Reading {
  const details = readDetails(line.details ?? '');
  switch (line.action) {
    case 'allocate':
      return details?.kind === 'activity' ? readHead(details, line) : readBudget(details, line);
    case 'commit':
      return readProject(details, line);
    case 'increaseCommitment':
    case 'returnCommitment':
      return readPart(commitment, details, line);
    case 'disburse':
    case 'credit':
      return readPayment(details, line);
    default:
      return misfit('', 'a line that moves money', line.action);
  }
}

function readHead(details: unknown, { source }: DetailedLine): Reading {
  const head = activityHead(details, '');
  if (!head.ok) return head;
  const part = { series: source.dataset, record: head.value };
  return isSame(source, activitySource(head.value, seriesOf(source)))
    ? xmlPart(part)
    : otherLine('/identifier', source, head.value.identifier);
}

function readBudget(details: unknown, { source }: DetailedLine): Reading {
  const budget = appropriation(details, '');
  if (!budget.ok) return budget;
  return isSame(source, fiscalSource(budget.value.source, seriesOf(source)))
    ? ok({ origin: 'fiscal', record: budget.value })
    : otherLine('/source', source, sourceText(budget.value.source));
}

function readProject(details: unknown, { source }: DetailedLine): Reading {
  const project = commitment(details, '');
  if (!project.ok) return project;
  return FILE_DATASET.test(source.dataset) && isSame(source, fundsSource(project.value.source))
    ? ok({ origin: 'funds', record: project.value })
    : otherLine('/source', source, sourceText(project.value.source));
}

function readPart(
  shape: Shape<Commitment | Payment>,
  details: unknown,
  { source }: DetailedLine,
): Reading {
  const move = shape(details, '');
  if (!move.ok) return move;
  const series = seriesOf(source);
  return isSame(source, iatiSource(move.value.source, series))
    ? xmlPart({ series: series.dataset, record: move.value })
    : otherLine('/source', source, sourceText(move.value.source));
}

function readPayment(details: unknown, line: DetailedLine): Reading {
  const paid = payment(details, '');
  if (!paid.ok) return paid;
  const { source } = line;
  return isSame(source, fiscalSource(paid.value.source, seriesOf(source)))
    ? ok({ origin: 'fiscal', record: paid.value })
    : readPart(payment, details, line);
}

/** Activities come out as XML, so that nothing in them may be what no XML file can have said. */
function xmlPart(part: KeptPart): Reading {
  const wrong = textsIn(part.record).find((one) => NO_XML.test(one));
  return wrong === undefined
    ? ok({ origin: 'iati', ...part })
    : misfit('', 'text that XML can hold', JSON.stringify(wrong));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

/** The part of an identity that the mapping gave. */
function seriesOf({ publisher, dataset }: RecordSource) {
  return { publisher, dataset: dataset.replace(/\/.*$/s, '') };
}

function isSame(a: RecordSource, b: RecordSource): boolean {
  return sourceText(a) === sourceText(b);
}

function sourceText({ publisher, dataset, number, occurrence }: RecordSource): string {
  return JSON.stringify([publisher, dataset, number, occurrence]);
}

function otherLine(pointer: string, source: RecordSource, found: string): Result<never, Misfit> {
  return misfit(pointer, `the line ${sourceText(source)}`, found);
}

function misfit(pointer: string, expected: string, found: string): Result<never, Misfit> {
  return fail({ pointer, expected, found });
}
