/** One IATI activity to neutral records: budgets, commitments and payments with their parties. */
import { isCurrency } from '@daybook/contracts';
import { parseAmount, plainDecimal } from '../amount.ts';
import { compileDatePattern, parseDate } from '../civil-date.ts';
import type { Finding, LineFault } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import { countOccurrences, OCCURRENCE } from '../names.ts';
import type {
  Appropriation,
  Classification,
  Commitment,
  Money,
  Organisation,
  Party,
  Payment,
  Period,
  RecordSource,
} from '../records.ts';
import type { XmlElement } from '../xml.ts';
import {
  COMMITMENT_TYPES,
  dateType,
  OCCURRENCE_NAME,
  organisationRole,
  sectorScheme,
  transactionType,
} from './versions.ts';

/** An activity as far as it can be read; codes are those of IATI 2.03. */
export interface IatiActivity {
  readonly kind: 'activity';
  /** Physical line of the file on which the activity starts. */
  readonly line: number;
  /** Column of that line, from 1. */
  readonly column: number;
  /** IATI identifier; '' if it is missing, which is a finding. */
  readonly identifier: string;
  readonly title: string;
  readonly description?: string;
  readonly status?: string;
  readonly reporting?: Organisation;
  /** Code of the kind of organisation that reports. */
  readonly reportingType?: string;
  /** Roles: 1 funding, 2 accountable, 3 extending, 4 implementing. */
  readonly parties: readonly Party[];
  /** Actual dates where there are any, else planned ones. */
  readonly period: Period;
  /** Every date, with its code: 1 planned start, 2 actual start, 3 planned end, 4 actual end. */
  readonly dates: readonly { readonly type: string; readonly date: string }[];
  readonly classifications: readonly Classification[];
  /** Codes of recipient countries and regions. */
  readonly places: readonly string[];
  readonly budgets: readonly Appropriation[];
  /** Planned disbursements: what is meant to be paid in a period, not yet promised. */
  readonly planned: readonly Appropriation[];
  readonly commitments: readonly Commitment[];
  readonly payments: readonly Payment[];
  /** All of them in the order of the file, with their places. */
  readonly transactions: readonly IatiTransaction[];
  readonly findings: readonly Finding[];
}

/** Where a transaction stands, and what was read of it. */
export interface IatiTransaction {
  /** Of its start tag; of the first element that is wrong, if one is. */
  readonly line: number;
  readonly column: number;
  /** Undefined without an exact amount. */
  readonly record: Commitment | Payment | undefined;
  /** They stand among the findings of the activity, too. */
  readonly faults: readonly LineFault[];
}

const STYLE = { decimalSign: '.', groupSign: ',' };
const DATES = ['yyyy-MM-dd'].flatMap((pattern) => compileDatePattern(pattern) ?? []);

/** A transaction where it stands, with its number; refused ones have no record. */
export interface TransactionReading extends Pick<IatiTransaction, 'record'> {
  readonly element: XmlElement;
  readonly source: RecordSource;
}

/** An activity with the transactions of its file, in their order. */
export interface ActivityReading {
  readonly activity: IatiActivity;
  readonly transactions: readonly TransactionReading[];
}

/** Reads an activity; `path` is its place in the document, for findings. */
export function readActivity(element: XmlElement, file: string, path: string): ActivityReading {
  return new ActivityReader(element, file, path).read();
}

export const childrenOf = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter((child) => child.name === name);

export const childOf = (element: XmlElement, name: string): XmlElement | undefined =>
  element.children.find((child) => child.name === name);

const attribute = (element: XmlElement | undefined, name: string): string =>
  (element?.attributes[name] ?? '').trim();

/** Version 2 puts texts into narratives, the first of which is in the default language. */
function textOf(element: XmlElement | undefined): string {
  return (element && childOf(element, 'narrative')?.text) || (element?.text ?? '');
}

/** An organisation with its identifier; IATI references are whole org-id.guide identifiers. */
function organisationOf(element: XmlElement | undefined): Organisation | undefined {
  const ref = attribute(element, 'ref');
  const name = textOf(element) || ref;
  return name === ''
    ? undefined
    : { name, identifiers: ref === '' ? [] : [{ scheme: 'org-id', id: ref }] };
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [Key in Name]?: Value } {
  const empty = value === undefined || value === '';
  return empty ? {} : ({ [name]: value } as { readonly [Key in Name]?: Value });
}

function periodOf(dates: IatiActivity['dates']): Period {
  const byType = new Map(dates.map(({ type, date }) => [type, date]));
  return {
    ...optional('start', byType.get('2') ?? byType.get('1')),
    ...optional('end', byType.get('4') ?? byType.get('3')),
  };
}

function faultOf({ pointer, code, expected, found }: Finding): LineFault {
  return { field: pointer, code, expected, found };
}

class ActivityReader {
  readonly #element: XmlElement;
  readonly #file: string;
  readonly #path: string;
  readonly #identifier: string;
  readonly #findings: Finding[] = [];
  readonly #placed: IatiTransaction[] = [];
  readonly #occurrenceOf = countOccurrences();

  constructor(element: XmlElement, file: string, path: string) {
    this.#element = element;
    this.#file = file;
    this.#path = path;
    this.#identifier = childOf(element, 'iati-identifier')?.text ?? '';
  }

  read(): ActivityReading {
    const activity = this.#element;
    if (this.#identifier === '') {
      this.#report(activity, `${this.#path}/iati-identifier`, {
        code: 'FORMATS_FIELD_MISSING',
        expected: 'an identifier',
        found: '',
      });
    }
    const budgets = this.#plans('budget');
    const planned = this.#plans('planned-disbursement');
    const transactions = this.#transactions();
    const records = transactions.flatMap(({ record }) => record ?? []);
    const dates = this.#dates();
    const reporting = childOf(activity, 'reporting-org');
    const read: IatiActivity = {
      kind: 'activity',
      line: activity.line,
      column: activity.column,
      identifier: this.#identifier,
      title: textOf(childOf(activity, 'title')),
      ...optional('description', textOf(childOf(activity, 'description'))),
      ...optional('status', attribute(childOf(activity, 'activity-status'), 'code')),
      ...optional('reporting', organisationOf(reporting)),
      ...optional('reportingType', attribute(reporting, 'type')),
      parties: this.#parties(),
      period: periodOf(dates),
      dates,
      classifications: this.#sectors(activity),
      places: ['recipient-country', 'recipient-region'].flatMap((name) =>
        childrenOf(activity, name).map((place) => attribute(place, 'code')),
      ),
      budgets,
      planned,
      commitments: records.filter((record) => record.kind === 'commitment'),
      payments: records.filter((record) => record.kind === 'payment'),
      transactions: this.#placed,
      findings: this.#findings,
    };
    return { activity: read, transactions };
  }

  #report(
    element: XmlElement,
    pointer: string,
    { code, expected, found }: Pick<Finding, 'code' | 'expected' | 'found'>,
  ): void {
    const shown = found.slice(0, FOUND_SHOWN_MAX);
    this.#findings.push({
      file: this.#file,
      line: element.line,
      column: element.column,
      pointer,
      code,
      expected,
      found: shown,
    });
  }

  #parties(): readonly Party[] {
    return childrenOf(this.#element, 'participating-org').flatMap((element) => {
      const organisation = organisationOf(element);
      const role = organisationRole(attribute(element, 'role'));
      return organisation === undefined ? [] : [{ ...organisation, roles: [role] }];
    });
  }

  #dates(): IatiActivity['dates'] {
    return childrenOf(this.#element, 'activity-date').flatMap((element, index) => {
      const date = this.#date(element, `${this.#path}/activity-date[${index + 1}]`);
      return date === undefined ? [] : [{ type: dateType(attribute(element, 'type')), date }];
    });
  }

  /** A date with or without a zone; version 1 may write it as text. */
  #date(element: XmlElement | undefined, pointer: string): string | undefined {
    const text = attribute(element, 'iso-date') || (element?.text ?? '');
    const date = parseDate(text.replace(/(?:T.*|Z|[+-][0-9]{2}:[0-9]{2})$/, ''), DATES);
    if (date === undefined && element !== undefined && text !== '') {
      const code = 'FORMATS_DATE_UNREADABLE';
      this.#report(element, pointer, { code, expected: 'a date as yyyy-MM-dd', found: text });
    }
    return date;
  }

  #sectors(element: XmlElement): readonly Classification[] {
    return childrenOf(element, 'sector').flatMap((sector) => {
      const code = attribute(sector, 'code');
      const scheme = sectorScheme(attribute(sector, 'vocabulary'));
      return code === '' ? [] : [{ scheme, code, ...optional('title', textOf(sector)) }];
    });
  }

  /** Exact money of the value in an element; a fault is a finding. */
  #money(element: XmlElement, pointer: string): Money | undefined {
    const value = childOf(element, 'value');
    const text = value?.text ?? '';
    const currency =
      attribute(value, 'currency') || attribute(this.#element, 'default-currency') || '';
    const report = (code: Finding['code'], expected: string, found: string): undefined =>
      void this.#report(value ?? element, `${pointer}/value`, { code, expected, found });
    if (text === '') return report('FORMATS_FIELD_MISSING', 'an amount', '');
    if (!isCurrency(currency)) {
      return report('FORMATS_CURRENCY_UNREADABLE', 'an ISO 4217 code in use', currency);
    }
    const minor = parseAmount(plainDecimal(text), STYLE, currency);
    if (!minor.ok) return report(minor.reason, `an amount of ${currency}`, text);
    if (minor.value === 0n) {
      return report('FORMATS_AMOUNT_ZERO', 'an amount that is not zero', text);
    }
    return { minor: minor.value, currency };
  }

  /** Number of the publisher, else made of what does not change with a corrected amount. */
  #source(parts: readonly string[], ref = '', stated = ''): RecordSource {
    const number = ref || parts.filter((part) => part !== '').join('/');
    const reporting = attribute(childOf(this.#element, 'reporting-org'), 'ref');
    return {
      publisher: reporting,
      dataset: this.#identifier,
      number,
      occurrence: this.#occurrenceOf(number, OCCURRENCE.test(stated) ? Number(stated) : undefined),
    };
  }

  #plans(name: 'budget' | 'planned-disbursement'): readonly Appropriation[] {
    return childrenOf(this.#element, name).flatMap((element, index) => {
      const pointer = `${this.#path}/${name}[${index + 1}]`;
      const start = this.#date(childOf(element, 'period-start'), `${pointer}/period-start`);
      const end = this.#date(childOf(element, 'period-end'), `${pointer}/period-end`);
      const source = this.#source([name, attribute(element, 'type'), start ?? '', end ?? '']);
      const money = this.#money(element, pointer);
      if (money === undefined) return [];
      return [
        {
          kind: 'appropriation',
          source,
          title: textOf(childOf(this.#element, 'title')),
          ...optional('holder', organisationOf(childOf(this.#element, 'reporting-org'))),
          money,
          period: { ...optional('start', start), ...optional('end', end) },
          classifications: [],
        },
      ];
    });
  }

  #transactions(): readonly TransactionReading[] {
    return childrenOf(this.#element, 'transaction').map((element, index) => {
      const pointer = `${this.#path}/transaction[${index + 1}]`;
      const before = this.#findings.length;
      const type = transactionType(attribute(childOf(element, 'transaction-type'), 'code'));
      const date = this.#transactionDate(element, `${pointer}/transaction-date`);
      const source = this.#source(
        [type, date ?? ''],
        attribute(element, 'ref'),
        attribute(element, OCCURRENCE_NAME),
      );
      const money = this.#money(element, pointer);
      const record = money && this.#transaction(element, { type, date, source, money });
      const findings = this.#findings.slice(before);
      const { line = element.line, column = element.column } = findings[0] ?? {};
      this.#placed.push({ line, column, record, faults: findings.map(faultOf) });
      return { element, source, record };
    });
  }

  /** A payment without one is refused, so it is told where it is missing. */
  #transactionDate(transaction: XmlElement, pointer: string): string | undefined {
    const before = this.#findings.length;
    const element = childOf(transaction, 'transaction-date');
    const date = this.#date(element, pointer);
    if (date === undefined && this.#findings.length === before) {
      const missing = { code: 'FORMATS_FIELD_MISSING', expected: 'a date', found: '' } as const;
      this.#report(element ?? transaction, pointer, missing);
    }
    return date;
  }

  #transaction(
    element: XmlElement,
    {
      type,
      date,
      source,
      money,
    }: { type: string; date: string | undefined; source: RecordSource; money: Money },
  ): Commitment | Payment {
    const purpose = textOf(childOf(element, 'description'));
    const classifications = this.#sectors(element);
    const parties = {
      ...optional('payer', organisationOf(childOf(element, 'provider-org'))),
      ...optional('payee', organisationOf(childOf(element, 'receiver-org'))),
    };
    if (COMMITMENT_TYPES.has(type)) {
      return {
        kind: 'commitment',
        source,
        ...optional('title', textOf(childOf(this.#element, 'title'))),
        ...optional('description', purpose),
        fund: this.#identifier,
        ...parties,
        money,
        parts: [],
        period: { ...optional('start', date) },
        classifications,
        places: [],
      };
    }
    return {
      kind: 'payment',
      source,
      ...optional('id', attribute(element, 'ref')),
      ...optional('date', date),
      money,
      ...parties,
      ...optional('purpose', purpose),
      ...optional('type', type),
      ...(classifications.length === 0 ? {} : { classifications }),
    };
  }
}
