/**
 * Contracting processes that are conducted on the ledger, as OCDS 1.1.5: a release says what the rows
 * of its process said after its block. Bids are those of the OCDS bid extension; the treasury
 * commitment that a contract is paid from stands beside it as `treasuryCommitment`, the payment of a
 * transaction as `treasuryPayment`.
 */
import { formatAmount } from '../amount.ts';
import type { ExactJson, ExactObject } from '../exact-json.ts';
import { exactNumber } from '../exact-json.ts';
import type { Money } from '../records.ts';
import type {
  ConductedRelease,
  ConductedRows,
  DocumentRow,
  ItemRow,
  Reference,
  Span,
  Titled,
} from './conducted-rows.ts';
import { fieldsOf } from './write.ts';

/** Where the bid extension is described. */
export const BID_EXTENSION =
  'https://raw.githubusercontent.com/open-contracting-extensions/ocds_bid_extension/v1.1.5/extension.json';

const MILLIONTHS = 6;
/** Of the bid extension; a bid that was never opened stays pending. */
const BID_STATES: Readonly<Record<string, string>> = {
  sealed: 'pending',
  revealed: 'valid',
  disqualified: 'disqualified',
  withdrawn: 'withdrawn',
};

/** The release as OCDS writes it. */
export function conductedReleaseJson(
  { release, date, tag }: ConductedRelease,
  rows: ConductedRows,
): ExactObject {
  const { process, tender, awards, contracts, bids } = rows;
  return fieldsOf({
    ocid: process.ocid,
    id: release,
    date: instantText(date),
    tag,
    initiationType: process.initiationType,
    language: process.language,
    parties: partiesOf(rows),
    buyer: process.buyer && referenceJson(process.buyer),
    planning: process.planning && planningJson(process.planning),
    tender: tender && tenderJson(tender, rows),
    bids: fieldsOf({ details: bids.map(bidJson) }),
    awards: awards.map(awardJson),
    contracts: contracts.map((contract) => contractJson(contract, rows)),
  });
}

type Rows<Name extends keyof ConductedRows> = ConductedRows[Name] extends readonly (infer Row)[]
  ? Row
  : NonNullable<ConductedRows[Name]>;

/** Every organisation once, with all that it does. */
function partiesOf(rows: ConductedRows): readonly ExactObject[] {
  const { process, tender, bids, awards, transactions } = rows;
  const named: readonly (readonly [string, Reference | undefined])[] = [
    ['buyer', process.buyer],
    ['procuringEntity', tender?.procuringEntity],
    ...bids.map(({ tenderer }) => ['tenderer', { organisation: tenderer }] as const),
    ...awards.flatMap(({ suppliers }) => suppliers.map((one) => ['supplier', one] as const)),
    ...transactions.flatMap(({ payer, payee }) => [
      ['payer', payer] as const,
      ['payee', payee] as const,
    ]),
  ];
  const parties = new Map<string, { readonly name: string; readonly roles: Set<string> }>();
  for (const [role, reference] of named) {
    if (reference === undefined) continue;
    const { id, name } = idOf(reference);
    const party = parties.get(id) ?? { name, roles: new Set<string>() };
    parties.set(id, party);
    party.roles.add(role);
  }
  return [...parties].map(([id, { name, roles }]) => ({ id, name, roles: [...roles] }));
}

function idOf({ id, name, organisation }: Reference): {
  readonly id: string;
  readonly name: string;
} {
  const key = id ?? organisation ?? name ?? '';
  return { id: key, name: name ?? organisation ?? key };
}

function referenceJson(reference: Reference): ExactObject {
  return { ...idOf(reference) };
}

function moneyJson(money: Money | undefined): ExactJson | undefined {
  if (money === undefined) return undefined;
  const { minor, currency } = money;
  return { amount: exactNumber(formatAmount(minor, currency)), currency };
}

function planningJson(planning: NonNullable<ConductedRows['process']['planning']>): ExactObject {
  const { rationale, budgetId, project, amount } = planning;
  const budget = fieldsOf({ id: budgetId, project, amount: moneyJson(amount) });
  return fieldsOf({ rationale, budget });
}

function tenderJson(
  tender: Rows<'tender'>,
  { process, bids, amendments }: ConductedRows,
): ExactObject {
  const { id, procuringEntity, tenderPeriod, closes, revealBy, awardBy } = tender;
  const period = tenderPeriod ?? { end: closes === undefined ? undefined : instantText(closes) };
  return fieldsOf({
    // OCDS wants one; a process of this ledger has one tender.
    id: id ?? process.ocid,
    ...titledFields(tender),
    procuringEntity: procuringEntity && referenceJson(procuringEntity),
    procurementMethod: tender.procurementMethod,
    mainProcurementCategory: tender.mainProcurementCategory,
    awardCriteria: tender.awardCriteria,
    tenderPeriod: periodJson(period),
    awardPeriod: fieldsOf({
      startDate: revealBy === undefined ? undefined : instantText(revealBy),
      endDate: awardBy === undefined ? undefined : instantText(awardBy),
    }),
    tenderers: [...new Set(bids.map(({ tenderer }) => tenderer))].map((tenderer) =>
      referenceJson({ organisation: tenderer }),
    ),
    documents: tender.documents?.map(documentJson),
    amendments: amendments.filter(({ of }) => of === 'tender').map(amendmentJson),
  });
}

function titledFields({ title, description, status, value, items }: Titled) {
  return {
    title,
    description,
    status: status === 'unstated' ? undefined : status,
    value: moneyJson(value),
    items: items.map(itemJson),
  };
}

function bidJson({ bid, tenderer, status, submitted, value }: Rows<'bids'>): ExactObject {
  return fieldsOf({
    id: bid,
    date: instantText(submitted),
    status: BID_STATES[status] ?? status,
    tenderers: [referenceJson({ organisation: tenderer })],
    value: moneyJson(value),
  });
}

function awardJson(award: Rows<'awards'>): ExactObject {
  return fieldsOf({
    id: award.award,
    ...titledFields(award),
    date: award.date && dateTimeOf(award.date),
    suppliers: award.suppliers.map(referenceJson),
    relatedBid: award.bid,
  });
}

function contractJson(contract: Rows<'contracts'>, rows: ConductedRows): ExactObject {
  const { contract: id, awardId, period, dateSigned, fund, commitment } = contract;
  const ofThis = (row: { readonly contract?: string | undefined }): boolean => row.contract === id;
  return fieldsOf({
    id,
    awardID: awardId,
    ...titledFields(contract),
    period: period && periodJson(period),
    dateSigned: dateSigned && dateTimeOf(dateSigned),
    treasuryCommitment: fieldsOf({ fund, commitment }),
    implementation: fieldsOf({
      transactions: rows.transactions.filter(ofThis).map(transactionJson),
      milestones: rows.milestones.filter(ofThis).map(milestoneJson),
    }),
    amendments: rows.amendments
      .filter((one) => one.of === 'contract' && ofThis(one))
      .map(amendmentJson),
  });
}

function transactionJson(row: Rows<'transactions'>): ExactObject {
  const { transaction, date, value, payer, payee, fund, payment } = row;
  return fieldsOf({
    id: transaction,
    treasuryPayment: fieldsOf({ fund, payment }),
    date: date && dateTimeOf(date),
    value: moneyJson(value),
    payer: payer && referenceJson(payer),
    payee: payee && referenceJson(payee),
  });
}

function milestoneJson(row: Rows<'milestones'>): ExactObject {
  const { milestone, title, dueDate, dateMet, status } = row;
  const met = dateMet && dateTimeOf(dateMet);
  return fieldsOf({ id: milestone, title, dueDate: dateTimeOf(dueDate), dateMet: met, status });
}

function amendmentJson(row: Rows<'amendments'>): ExactObject {
  const { amendment, date, rationale, amendsReleaseID, releaseID } = row;
  return fieldsOf({
    id: amendment,
    date: instantText(date),
    rationale,
    amendsReleaseID,
    releaseID,
  });
}

function documentJson({ id, documentType, title, url, hash }: DocumentRow): ExactObject {
  const sha256 = hash && Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return fieldsOf({ id, documentType, title, url, sha256 });
}

function itemJson(item: ItemRow): ExactObject {
  const { id, description, scheme, classification, quantity, unitValue } = item;
  return fieldsOf({
    id,
    description,
    classification: fieldsOf({ scheme, id: classification }),
    quantity: quantity && exactNumber(decimalOf(quantity.value)),
    unit: fieldsOf({
      scheme: quantity && 'UNCEFACT',
      id: quantity?.unit,
      value: moneyJson(unitValue),
    }),
  });
}

/** Millionths as a decimal without zeros at its end. */
function decimalOf(millionths: bigint): string {
  const digits = String(millionths < 0n ? -millionths : millionths).padStart(MILLIONTHS + 1, '0');
  const fraction = digits.slice(-MILLIONTHS).replace(/0+$/, '');
  const whole = `${millionths < 0n ? '-' : ''}${digits.slice(0, -MILLIONTHS)}`;
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

function periodJson({ start, end }: Span): ExactObject {
  return fieldsOf({ startDate: start && dateTimeOf(start), endDate: end && dateTimeOf(end) });
}

/** OCDS takes a date-time where the ledger has a day. */
function dateTimeOf(text: string): string {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text;
}

function instantText(ms: number): string {
  return new Date(ms).toISOString();
}
