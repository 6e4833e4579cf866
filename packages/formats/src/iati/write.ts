/**
 * Activities as IATI 2.03, in the order of elements that its schema asks for. What the schema
 * requires and the source did not say stays absent: nothing is made up.
 */
import { encodeUtf8 } from '@daybook/core';
import { formatAmount } from '../amount.ts';
import { countOccurrences } from '../names.ts';
import type {
  Appropriation,
  Classification,
  Commitment,
  Money,
  Organisation,
  Payment,
  SourceFile,
} from '../records.ts';
import type { IatiActivity } from './activity.ts';
import {
  COMMITMENT_TYPES,
  OCCURRENCE_NAME,
  OCCURRENCE_NAMESPACE,
  sectorVocabulary,
} from './versions.ts';

/** What is written of an activity. */
export type WrittenActivity = Pick<
  IatiActivity,
  | 'identifier'
  | 'title'
  | 'description'
  | 'status'
  | 'reporting'
  | 'reportingType'
  | 'parties'
  | 'dates'
  | 'classifications'
  | 'places'
  | 'budgets'
  | 'planned'
  | 'commitments'
  | 'payments'
>;

type Attributes = Readonly<Record<string, string | undefined>>;

const [COMMITMENT_TYPE = ''] = COMMITMENT_TYPES;
const { prefix, uri } = OCCURRENCE_NAMESPACE;
const OCCURRENCE = { [`xmlns:${prefix}`]: uri };
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

/** A file of activities; reading it gives the same records. */
export function writeIatiFile(name: string, activities: Iterable<WrittenActivity>): SourceFile {
  const written = Array.from(activities, activityXml).join('');
  const text = `<?xml version="1.0" encoding="UTF-8"?>\n${element('iati-activities', { version: '2.03' }, [written])}\n`;
  return { name, bytes: encodeUtf8(text) };
}

function activityXml(activity: WrittenActivity): string {
  const { identifier, reporting, reportingType, status } = activity;
  const transactions = inOrder([...activity.commitments, ...activity.payments]);
  const occurrenceOf = countOccurrences();
  return `\n${element('iati-activity', {}, [
    element('iati-identifier', {}, [escaped(identifier)]),
    reporting && organisation('reporting-org', reporting, { type: reportingType }),
    narrated('title', activity.title),
    activity.description && narrated('description', activity.description),
    ...activity.parties.map(({ roles: [role], ...party }) =>
      organisation('participating-org', party, { role }),
    ),
    status && element('activity-status', { code: status }),
    ...activity.dates.map(({ type, date }) => element('activity-date', { type, 'iso-date': date })),
    ...activity.places.map((code) => element(placeName(code), { code })),
    ...activity.classifications.map(sector),
    ...activity.budgets.map((budget) => plan('budget', budget)),
    ...activity.planned.map((planned) => plan('planned-disbursement', planned)),
    ...transactions.map((record) => transaction(record, occurrenceOf(record.source.number))),
  ])}\n`;
}

/** Reading counts how often a number came: what stood first under it must stand first again. */
function inOrder(records: readonly (Commitment | Payment)[]): readonly (Commitment | Payment)[] {
  const groups = new Map(
    [...Map.groupBy(records, ({ source }) => source.number)].map(([number, group]) => [
      number,
      group.toSorted((a, b) => a.source.occurrence - b.source.occurrence).values(),
    ]),
  );
  return records.map((record) => groups.get(record.source.number)?.next().value ?? record);
}

/** Countries have two letters, regions are numbers. */
function placeName(code: string): string {
  return /^[0-9]+$/.test(code) ? 'recipient-region' : 'recipient-country';
}

function organisation(name: string, { name: title, identifiers }: Organisation, more: Attributes) {
  const ref = identifiers[0]?.id;
  return element(name, { ref, ...more }, [title !== ref && narrative(title)]);
}

function sector({ scheme, code, title }: Classification): string {
  const vocabulary = sectorVocabulary(scheme);
  return element('sector', { vocabulary, code }, [title && narrative(title)]);
}

function plan(name: 'budget' | 'planned-disbursement', { source, money, period }: Appropriation) {
  const { start, end } = period;
  return element(name, { type: planType(source.number, name) }, [
    start && element('period-start', { 'iso-date': start }),
    end && element('period-end', { 'iso-date': end }),
    value(money, start),
  ]);
}

/** The number of a plan is made of its name, its type where it has one, and its dates. */
function planType(number: string, name: string): string | undefined {
  const [first, second = ''] = number.split('/');
  return first === name && !second.includes('-') && second !== '' ? second : undefined;
}

/** @param counted  the occurrence of its number that reading would count */
function transaction(record: Commitment | Payment, counted: number): string {
  const isPromise = record.kind === 'commitment';
  const type = isPromise ? COMMITMENT_TYPE : record.type;
  const date = isPromise ? record.period.start : record.date;
  const text = isPromise ? record.description : record.purpose;
  // Without a number of the publisher it was made of type and date.
  const { number, occurrence } = record.source;
  const ref = number === [type, date].filter(Boolean).join('/') ? undefined : number;
  // Transactions with the same number were refused: the schema takes attributes of other namespaces.
  const stated =
    occurrence === counted ? {} : { ...OCCURRENCE, [OCCURRENCE_NAME]: `${occurrence}` };
  return element('transaction', { ref, ...stated }, [
    element('transaction-type', { code: type }),
    date && element('transaction-date', { 'iso-date': date }),
    value(record.money, date),
    text && narrated('description', text),
    record.payer && organisation('provider-org', record.payer, {}),
    record.payee && organisation('receiver-org', record.payee, {}),
    ...(record.classifications ?? []).map(sector),
  ]);
}

function value({ minor, currency }: Money, date: string | undefined): string {
  return element('value', { currency, 'value-date': date }, [formatAmount(minor, currency)]);
}

function narrated(name: string, text: string): string {
  return element(name, {}, [narrative(text)]);
}

function narrative(text: string): string {
  return element('narrative', {}, [escaped(text)]);
}

/** An element with its attributes and content; what is undefined or empty is left out. */
function element(
  name: string,
  attributes: Attributes,
  content: readonly (string | false | undefined)[] = [],
): string {
  const written = Object.entries(attributes).flatMap(([key, text]) =>
    text === undefined || text === '' ? [] : [` ${key}="${escaped(text)}"`],
  );
  const inside = content.filter((part) => part !== false && part !== undefined).join('');
  const start = `<${name}${written.join('')}`;
  return inside === '' ? `${start}/>` : `${start}>${inside}</${name}>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"\n\r\t]/g, (character) => ENTITIES[character] ?? character);
}
