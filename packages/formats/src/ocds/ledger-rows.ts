/**
 * One OCDS release as arguments of `procurement.publishRelease`: the rows that can be queried. What
 * does not fit into a row (a long text, the two hundred and first item) is cut here and whole in the
 * JSON that is kept beside the rows.
 */
import type { CallArguments, CborValue } from '@daybook/core';
import { wordFor } from '../names.ts';
import type {
  Appropriation,
  Award,
  Contract,
  Item,
  Money,
  Organisation,
  Payment,
  Period,
  ProcurementRelease,
  Tender,
} from '../records.ts';
import { cleanText } from '../text.ts';

/** Limits of the contract, in characters and entries. */
const ID_MAX = 128;
const NAME_MAX = 500;
const SUMMARY_MAX = 1_000;
const TEXT_MAX = 4_000;
const BUDGET_MAX = 200;
const CODE_MAX = 64;
const MOMENT = /^[ -~]{1,40}$/;
const ENTRIES_MAX = 200;
const SUPPLIERS_MAX = 64;

const METHODS: ReadonlySet<string> = new Set(['open', 'selective', 'limited', 'direct']);
const STATES = {
  tender: new Set([
    'planning',
    'planned',
    'active',
    'cancelled',
    'unsuccessful',
    'complete',
    'withdrawn',
  ]),
  award: new Set(['pending', 'active', 'cancelled', 'unsuccessful']),
  contract: new Set(['pending', 'active', 'cancelled', 'terminated']),
} as const satisfies Readonly<Record<string, ReadonlySet<string>>>;

type Entry = readonly [name: string, value: CborValue | undefined];

/** An object of the members that have a value. */
function defined(...entries: readonly Entry[]): CallArguments {
  const filled = entries.flatMap(([name, value]): readonly (readonly [string, CborValue])[] =>
    value === undefined ? [] : [[name, value]],
  );
  return Object.fromEntries(filled);
}

/** A text as a row takes it; undefined where there is none. */
function cut(text: string | undefined, max: number): string | undefined {
  const characters = [...cleanText(text ?? '')];
  if (characters.length === 0) return undefined;
  if (characters.length <= max) return characters.join('');
  return `${characters.slice(0, max - 1).join('')}…`.normalize('NFC');
}

/** An identifier as a key takes it: itself, or, where it is too long or unclean, a word for it. */
export function idOf(id: string, max = ID_MAX): string {
  return cleanText(id) === id && id !== '' && [...id].length <= max ? id : wordFor(id);
}

const moment = (text: string | undefined): string | undefined =>
  text !== undefined && MOMENT.test(text) ? text : undefined;

const oneOf = (text: string | undefined, allowed: ReadonlySet<string>): string | undefined =>
  text !== undefined && allowed.has(text) ? text : undefined;

function periodOf({ start, end }: Period): CallArguments | undefined {
  const period = defined(['start', moment(start)], ['end', moment(end)]);
  return Object.keys(period).length === 0 ? undefined : period;
}

function moneyOf(money: Money | undefined): CallArguments | undefined {
  return money && { minor: money.minor, currency: money.currency };
}

/** Undefined for an organisation without name and identifier. */
export function partyOf(organisation: Organisation | undefined): CallArguments | undefined {
  if (organisation === undefined) return undefined;
  const { key, name, identifiers } = organisation;
  const id = key ?? identifiers[0]?.id ?? '';
  const party = defined(['id', id === '' ? undefined : idOf(id)], ['name', cut(name, NAME_MAX)]);
  return Object.keys(party).length === 0 ? undefined : party;
}

function partiesOf(
  organisations: readonly Organisation[],
  max: number,
): readonly CallArguments[] | undefined {
  const parties = organisations.flatMap((one): readonly CallArguments[] => {
    const party = partyOf(one);
    return party === undefined ? [] : [party];
  });
  return parties.length === 0 ? undefined : parties.slice(0, max);
}

/** No list for none: a release without items leaves those of the releases before it. */
function itemsOf(items: readonly Item[]): readonly CallArguments[] | undefined {
  if (items.length === 0) return undefined;
  return items
    .slice(0, ENTRIES_MAX)
    .map(({ id, description, classification, unit }) =>
      defined(
        ['id', idOf(id)],
        ['description', cut(description, SUMMARY_MAX)],
        ['scheme', cut(classification?.scheme, CODE_MAX)],
        ['classification', cut(classification?.code, ID_MAX)],
        ['unitValue', moneyOf(unit?.price)],
      ),
    );
}

function planningOf({ title, source, money }: Appropriation): CallArguments {
  return defined(
    ['budgetId', cut(source.number, BUDGET_MAX)],
    ['project', cut(title, NAME_MAX)],
    ['amount', moneyOf(money)],
  );
}

function tenderOf(tender: Tender): CallArguments {
  return defined(
    ['id', idOf(tender.id)],
    ['status', oneOf(tender.status, STATES.tender)],
    ['title', cut(tender.title, NAME_MAX)],
    ['description', cut(tender.description, TEXT_MAX)],
    ['procuringEntity', partyOf(tender.procuringEntity)],
    ['value', moneyOf(tender.money)],
    ['procurementMethod', oneOf(tender.method, METHODS)],
    ['tenderPeriod', periodOf(tender.period)],
    ['items', itemsOf(tender.items)],
    ['tenderers', partiesOf(tender.tenderers, ENTRIES_MAX)],
  );
}

function awardOf(award: Award): CallArguments {
  return defined(
    ['id', idOf(award.id)],
    ['status', oneOf(award.status, STATES.award)],
    ['title', cut(award.title, NAME_MAX)],
    ['description', cut(award.description, TEXT_MAX)],
    ['date', moment(award.date)],
    ['value', moneyOf(award.money)],
    ['suppliers', partiesOf(award.suppliers, SUPPLIERS_MAX)],
    ['items', itemsOf(award.items)],
  );
}

function contractOf(contract: Contract): CallArguments {
  return defined(
    ['id', idOf(contract.id)],
    ['awardId', contract.award === '' ? undefined : idOf(contract.award)],
    ['status', oneOf(contract.status, STATES.contract)],
    ['title', cut(contract.title, NAME_MAX)],
    ['description', cut(contract.description, TEXT_MAX)],
    ['period', periodOf(contract.period)],
    ['value', moneyOf(contract.money)],
    ['dateSigned', moment(contract.signed)],
    ['items', itemsOf(contract.items)],
  );
}

function transactionOf(contract: string, payment: Payment): CallArguments {
  return defined(
    ['contract', idOf(contract)],
    ['id', idOf(payment.id ?? payment.source.number)],
    ['date', moment(payment.date)],
    ['value', moneyOf(payment.money)],
    ['payer', partyOf(payment.payer)],
    ['payee', partyOf(payment.payee)],
  );
}

/** Later entries of one identifier win, as they do when releases are merged. */
function entries(list: readonly CallArguments[]): readonly CallArguments[] | undefined {
  const byId = new Map(list.map((entry) => [`${entry.contract ?? ''} ${entry.id}`, entry]));
  return byId.size === 0 ? undefined : [...byId.values()].slice(0, ENTRIES_MAX);
}

/** The rows of a release, as the action takes them. */
export function rowsOfRelease({
  budget,
  tender,
  awards,
  contracts,
}: ProcurementRelease): CallArguments {
  const payments = contracts.flatMap(({ id, payments: list }) =>
    list.map((payment) => transactionOf(id, payment)),
  );
  return defined(
    ['planning', budget && planningOf(budget)],
    ['tender', tender && tenderOf(tender)],
    ['awards', entries(awards.map(awardOf))],
    ['contracts', entries(contracts.map(contractOf))],
    ['transactions', entries(payments)],
  );
}

/** The same rows without items, for a release whose rows would not fit into a transaction. */
export function withoutItems(rows: CallArguments): CallArguments {
  const bare = Object.entries(rows).map(([name, value]): readonly [string, CborValue] =>
    Array.isArray(value) ? [name, value.map(dropItems)] : [name, dropItems(value)],
  );
  return Object.fromEntries(bare);
}

function dropItems(value: CborValue): CborValue {
  if (typeof value !== 'object' || value === null) return value;
  const { items: _items, ...rest } = value as CallArguments;
  return rest;
}
