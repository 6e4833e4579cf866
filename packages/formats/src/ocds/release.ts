/**
 * One OCDS release to a neutral record. Reads 1.1 and, where 1.0 wrote the same thing elsewhere
 * (organisations in place, `amount` of transactions), 1.0 too. What the neutral record has no
 * place for stays in the JSON that is kept beside it.
 */

import { isCurrency } from '@daybook/contracts';
import { parseAmount, plainDecimal } from '../amount.ts';
import type { Finding } from '../errors.ts';
import { FOUND_SHOWN_MAX } from '../errors.ts';
import type { JsonView } from '../json-view.ts';
import type {
  Appropriation,
  Award,
  Classification,
  Contract,
  Identifier,
  Item,
  Money,
  Organisation,
  Party,
  Payment,
  Period,
  ProcurementRelease,
  RecordSource,
  Tender,
} from '../records.ts';

/** A release read as far as it goes; undefined if it lacks what identifies it. */
export interface ReleaseReading {
  readonly release: ProcurementRelease | undefined;
  readonly findings: readonly Finding[];
}

interface Context {
  readonly file: string;
  readonly findings: Finding[];
  readonly parties: ReadonlyMap<string, Organisation>;
  readonly process: string;
}

const STYLE = { decimalSign: '.', groupSign: ',' };

/** Reads a release that the schema has been held against already. */
export function readRelease(view: JsonView, file: string): ReleaseReading {
  const findings: Finding[] = [];
  const process = view.text('ocid');
  const id = view.id('id');
  const date = view.text('date');
  if (process === undefined || id === undefined || date === undefined) {
    return { release: undefined, findings };
  }
  const parties = view.objects('parties').map(readParty);
  const byKey = parties.flatMap(({ roles: _, ...party }) =>
    party.key === undefined ? [] : ([[party.key, party]] as const),
  );
  const context: Context = { file, findings, parties: new Map(byKey), process };
  const tender = view.object('tender');
  const awards = view.objects('awards').flatMap((award) => readAward(award, context));
  checkUnknownAwards(view, awards, context);
  const release: ProcurementRelease = {
    kind: 'release',
    source: sourceOf(process, id),
    process,
    id,
    date,
    tags: view.texts('tag'),
    ...present('initiation', view.text('initiationType')),
    ...present('language', view.text('language')),
    parties,
    ...present('buyer', readReference(view, 'buyer', context)),
    ...present('budget', readBudget(view, context)),
    ...present('tender', tender === undefined ? undefined : readTender(tender, context)),
    awards,
    contracts: view.objects('contracts').flatMap((contract) => readContract(contract, context)),
  };
  return { release, findings };
}

/** The registered prefix of an Open Contracting ID names its publisher. */
function sourceOf(process: string, number: string): RecordSource {
  const publisher = process.split('-').slice(0, 2).join('-');
  return { publisher, dataset: process, number, occurrence: 1 };
}

type Present<Name extends string, Value> = { readonly [Key in Name]?: Value };

/** `{ name: value }`, or nothing if there is no value. */
function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Present<Name, Value> {
  return value === undefined ? {} : ({ [name]: value } as Present<Name, Value>);
}

function texts<Name extends string>(
  view: JsonView,
  ...names: readonly Name[]
): { readonly [Key in Name]?: string } {
  const found = names.flatMap((name) => {
    const text = view.text(name);
    return text === undefined ? [] : ([[name, text]] as const);
  });
  return Object.fromEntries(found) as { readonly [Key in Name]?: string };
}

function readIdentifier(view: JsonView): readonly Identifier[] {
  const id = view.id('id');
  return id === undefined ? [] : [{ scheme: view.text('scheme') ?? '', id }];
}

function readOrganisation(view: JsonView): Organisation {
  const main = view.object('identifier');
  const others = view.objects('additionalIdentifiers');
  return {
    ...present('key', view.id('id')),
    name: view.text('name') ?? main?.text('legalName') ?? '',
    identifiers: [...(main === undefined ? [] : [main]), ...others].flatMap(readIdentifier),
  };
}

function readParty(view: JsonView): Party {
  return { ...readOrganisation(view), roles: view.texts('roles') };
}

function readReference(view: JsonView, name: string, context: Context): Organisation | undefined {
  const reference = view.object(name);
  return reference === undefined ? undefined : resolve(reference, context);
}

/** The party that is meant; a reference without one stands for itself, as OCDS 1.0 wrote it. */
function resolve(view: JsonView, { file, findings, parties }: Context): Organisation | undefined {
  const written = readOrganisation(view);
  const party = parties.get(written.key ?? '');
  if (party !== undefined) {
    return party;
  }
  if (written.key !== undefined && parties.size > 0) {
    const found = written.key.slice(0, FOUND_SHOWN_MAX);
    const expected = 'the id of a party';
    const pointer = view.at('id');
    findings.push({ file, pointer, code: 'FORMATS_REFERENCE_UNKNOWN', expected, found });
  }
  return written.key === undefined && written.name === '' && written.identifiers.length === 0
    ? undefined
    : written;
}

function resolveAll(view: JsonView, name: string, context: Context): readonly Organisation[] {
  return view.objects(name).flatMap((reference) => resolve(reference, context) ?? []);
}

/** Money of a value, exact; a value without amount says nothing. */
function readMoney(view: JsonView, name: string, context: Context): Money | undefined {
  const value = view.object(name);
  const amount = value?.number('amount');
  if (value === undefined || amount === undefined) {
    return undefined;
  }
  const { file, findings } = context;
  const currency = value.text('currency') ?? '';
  if (!isCurrency(currency)) {
    const code = 'FORMATS_CURRENCY_UNREADABLE';
    const expected = 'an ISO 4217 code in use';
    findings.push({ file, pointer: value.at('currency'), code, expected, found: currency });
    return undefined;
  }
  const minor = parseAmount(plainDecimal(amount), STYLE, currency);
  if (!minor.ok) {
    const expected = `an amount of ${currency}`;
    findings.push({
      file,
      pointer: value.at('amount'),
      code: minor.reason,
      expected,
      found: amount,
    });
    return undefined;
  }
  return { minor: minor.value, currency };
}

function readPeriod(view: JsonView | undefined): Period {
  return {
    ...present('start', view?.text('startDate')),
    ...present('end', view?.text('endDate')),
  };
}

function readClassification(view: JsonView | undefined): Classification | undefined {
  const code = view?.id('id');
  return view === undefined || code === undefined
    ? undefined
    : {
        scheme: view.text('scheme') ?? '',
        code,
        ...present('title', view.text('description')),
      };
}

function readItem(view: JsonView, context: Context): readonly Item[] {
  const id = view.id('id');
  if (id === undefined) {
    return [];
  }
  const unit = view.object('unit');
  const priced = unit === undefined ? undefined : readMoney(unit, 'value', context);
  const named = { ...present('name', unit?.text('name')), ...present('price', priced) };
  return [
    {
      id,
      ...texts(view, 'description'),
      ...present('classification', readClassification(view.object('classification'))),
      ...present('quantity', view.number('quantity')),
      ...present('unit', Object.keys(named).length === 0 ? undefined : named),
    },
  ];
}

function readItems(view: JsonView, context: Context): readonly Item[] {
  return view.objects('items').flatMap((item) => readItem(item, context));
}

function readBudget(view: JsonView, context: Context): Appropriation | undefined {
  const budget = view.object('planning')?.object('budget');
  const money = budget === undefined ? undefined : readMoney(budget, 'amount', context);
  if (budget === undefined || money === undefined) {
    return undefined;
  }
  return {
    kind: 'appropriation',
    source: sourceOf(context.process, budget.id('id') ?? 'budget'),
    title: budget.text('description') ?? budget.text('project') ?? '',
    money,
    period: {},
    classifications: [],
  };
}

function readTender(view: JsonView, context: Context): Tender | undefined {
  const id = view.id('id');
  return id === undefined
    ? undefined
    : {
        kind: 'tender',
        id,
        ...texts(view, 'title', 'description', 'status'),
        ...present('method', view.text('procurementMethod')),
        ...present('procuringEntity', readReference(view, 'procuringEntity', context)),
        ...present('money', readMoney(view, 'value', context)),
        period: readPeriod(view.object('tenderPeriod')),
        items: readItems(view, context),
        tenderers: resolveAll(view, 'tenderers', context),
      };
}

function readAward(view: JsonView, context: Context): readonly Award[] {
  const id = view.id('id');
  return id === undefined
    ? []
    : [
        {
          kind: 'award',
          id,
          ...texts(view, 'title', 'description', 'status', 'date'),
          ...present('money', readMoney(view, 'value', context)),
          suppliers: resolveAll(view, 'suppliers', context),
          items: readItems(view, context),
        },
      ];
}

function readContract(view: JsonView, context: Context): readonly Contract[] {
  const id = view.id('id');
  if (id === undefined) {
    return [];
  }
  const transactions = view.object('implementation')?.objects('transactions') ?? [];
  return [
    {
      kind: 'contract',
      id,
      award: view.id('awardID') ?? '',
      ...texts(view, 'title', 'description', 'status'),
      period: readPeriod(view.object('period')),
      ...present('signed', view.text('dateSigned')),
      ...present('money', readMoney(view, 'value', context)),
      items: readItems(view, context),
      payments: transactions.flatMap((payment) => readPayment(payment, id, context)),
    },
  ];
}

/** OCDS 1.0 called the value `amount` and the parties provider and receiver. */
function readPayment(view: JsonView, contract: string, context: Context): readonly Payment[] {
  const id = view.id('id');
  const money = readMoney(view, 'value', context) ?? readMoney(view, 'amount', context);
  if (id === undefined || money === undefined) {
    return [];
  }
  const party = (name: string, old: string): Organisation | undefined =>
    readReference(view, name, context) ?? readReference(view, old, context);
  return [
    {
      kind: 'payment',
      source: sourceOf(context.process, `${contract}/${id}`),
      id,
      ...texts(view, 'date'),
      money,
      ...present('payer', party('payer', 'providerOrganization')),
      ...present('payee', party('payee', 'receiverOrganization')),
    },
  ];
}

/** A contract names its award; a release of a contract alone may leave the award to an earlier one. */
function checkUnknownAwards(
  view: JsonView,
  awards: readonly Award[],
  { file, findings }: Context,
): void {
  for (const contract of awards.length === 0 ? [] : view.objects('contracts')) {
    const award = contract.id('awardID') ?? '';
    if (!awards.some(({ id }) => id === award)) {
      const pointer = contract.at('awardID');
      const expected = 'the id of an award';
      const found = award.slice(0, FOUND_SHOWN_MAX);
      findings.push({ file, pointer, code: 'FORMATS_REFERENCE_UNKNOWN', expected, found });
    }
  }
}
