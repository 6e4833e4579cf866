/**
 * Neutral records to OCDS 1.1.5, and packages around releases. What is written is validated by the
 * same schema as what is read; a release that was imported can be put into a package as it was.
 */
import { formatAmount } from '../amount.ts';
import type { Finding } from '../errors.ts';
import type { ExactJson, ExactObject } from '../exact-json.ts';
import { exactNumber, writeExactJson } from '../exact-json.ts';
import { JsonView } from '../json-view.ts';
import type * as records from '../records.ts';
import type { OcdsMetadata } from './package.ts';
import type { OcdsPart, OcdsValidator } from './validator.ts';

/** A package as text, with what the schema finds in it: nothing, if the input was complete. */
export interface WrittenPackage {
  readonly text: string;
  readonly findings: readonly Finding[];
}

/** A release package. */
export function writeReleasePackage(
  metadata: OcdsMetadata,
  releases: readonly ExactObject[],
  validate: OcdsValidator,
): WrittenPackage {
  const parts = releases.map((json, index) => ({
    part: 'release' as const,
    json,
    pointer: `/releases/${index}`,
  }));
  const whole = { part: 'releasePackage' as const, json: metadata, pointer: '' };
  return written({ ...metadata, releases }, [whole, ...parts], validate);
}

/**
 * A record package.
 * @param records  as imported, or `{ ocid, releases, compiledRelease? }`, where releases are whole
 *                 or links, from oldest to newest
 */
export function writeRecordPackage(
  metadata: OcdsMetadata,
  records: readonly ExactObject[],
  validate: OcdsValidator,
): WrittenPackage {
  const parts = records.flatMap((json, index): readonly Part[] => {
    const record = new JsonView(json, `/records/${index}`);
    const compiled = record.object('compiledRelease');
    const releases = record.objects('releases').map((release) => {
      const part = release.get('ocid') === undefined ? 'linkedRelease' : 'release';
      return { part, json: release.json, pointer: release.pointer } as const;
    });
    return [
      { part: 'record', json, pointer: record.pointer },
      ...releases,
      ...(compiled
        ? [{ part: 'release', json: compiled.json, pointer: compiled.pointer } as const]
        : []),
    ];
  });
  const whole = { part: 'recordPackage' as const, json: metadata, pointer: '' };
  return written({ ...metadata, records }, [whole, ...parts], validate);
}

interface Part {
  readonly part: OcdsPart;
  readonly json: ExactObject;
  readonly pointer: string;
}

function written(
  json: ExactObject,
  parts: readonly Part[],
  validate: OcdsValidator,
): WrittenPackage {
  const findings = parts.flatMap(({ part, json: own, pointer }) =>
    validate(part, own, { file: '', pointer }),
  );
  return { text: writeExactJson(json), findings };
}

type Fields = Readonly<Record<string, ExactJson | undefined>>;

/** An object of the fields that have a value; empty lists and objects are left out. */
export function fieldsOf(fields: Fields): ExactObject {
  const full = Object.entries(fields).filter((entry): entry is [string, ExactJson] => {
    const [, value] = entry;
    return value !== undefined && !isEmpty(value);
  });
  return Object.fromEntries(full);
}

function isEmpty(value: ExactJson): boolean {
  return Array.isArray(value)
    ? value.length === 0
    : value !== null && typeof value === 'object' && Object.keys(value).length === 0;
}

/** The release as OCDS writes it. */
export function releaseJson(release: records.ProcurementRelease): ExactObject {
  const { budget, buyer, tender } = release;
  return fieldsOf({
    ocid: release.process,
    id: release.id,
    date: release.date,
    tag: release.tags,
    initiationType: release.initiation,
    language: release.language,
    parties: release.parties.map(partyJson),
    buyer: buyer && referenceJson(buyer, release),
    planning: budget && {
      budget: fieldsOf({
        id: budget.source.number,
        description: budget.title === '' ? undefined : budget.title,
        amount: moneyJson(budget.money),
      }),
    },
    tender: tender && tenderJson(tender, release),
    awards: release.awards.map((award) => awardJson(award, release)),
    contracts: release.contracts.map((contract) => contractJson(contract, release)),
  });
}

function moneyJson({ minor, currency }: records.Money): ExactObject {
  return { amount: exactNumber(formatAmount(minor, currency)), currency };
}

function identifierJson({ scheme, id }: records.Identifier): ExactObject {
  return fieldsOf({ scheme: scheme === '' ? undefined : scheme, id });
}

function organisationJson({ key, name, identifiers }: records.Organisation): Fields {
  const [main, ...others] = identifiers;
  return {
    id: key,
    name: name === '' ? undefined : name,
    identifier: main && identifierJson(main),
    additionalIdentifiers: distinct(others).map(identifierJson),
  };
}

/** Each identifier once: the schema lets no list say one twice. */
function distinct(identifiers: readonly records.Identifier[]): readonly records.Identifier[] {
  return [...new Map(identifiers.map((one) => [`${one.scheme} ${one.id}`, one])).values()];
}

function partyJson({ roles, ...organisation }: records.Party): ExactObject {
  return fieldsOf({ ...organisationJson(organisation), roles });
}

/** Id and name of a party; an organisation that is no party stands in place. */
function referenceJson(
  organisation: records.Organisation,
  { parties }: records.ProcurementRelease,
): ExactObject {
  const { key, name } = organisation;
  return key !== undefined && parties.some((party) => party.key === key)
    ? fieldsOf({ id: key, name: name === '' ? undefined : name })
    : fieldsOf(organisationJson(organisation));
}

function periodJson({ start, end }: records.Period): ExactObject {
  return fieldsOf({ startDate: start, endDate: end });
}

function itemJson({ id, description, classification, quantity, unit }: records.Item): ExactObject {
  return fieldsOf({
    id,
    description,
    classification:
      classification &&
      fieldsOf({
        scheme: classification.scheme === '' ? undefined : classification.scheme,
        id: classification.code,
        description: classification.title,
      }),
    quantity: quantity === undefined ? undefined : exactNumber(quantity),
    unit: unit && fieldsOf({ name: unit.name, value: unit.price && moneyJson(unit.price) }),
  });
}

function tenderJson(tender: records.Tender, release: records.ProcurementRelease): ExactObject {
  const { id, title, description, status, method, procuringEntity, money } = tender;
  return fieldsOf({
    id,
    title,
    description,
    status,
    procurementMethod: method,
    procuringEntity: procuringEntity && referenceJson(procuringEntity, release),
    value: money && moneyJson(money),
    tenderPeriod: periodJson(tender.period),
    items: tender.items.map(itemJson),
    tenderers: tender.tenderers.map((tenderer) => referenceJson(tenderer, release)),
  });
}

function awardJson(award: records.Award, release: records.ProcurementRelease): ExactObject {
  const { id, title, description, status, date, money } = award;
  return fieldsOf({
    id,
    title,
    description,
    status,
    date,
    value: money && moneyJson(money),
    suppliers: award.suppliers.map((supplier) => referenceJson(supplier, release)),
    items: award.items.map(itemJson),
  });
}

function contractJson(
  contract: records.Contract,
  release: records.ProcurementRelease,
): ExactObject {
  const { id, award, title, description, status, signed, money, payments } = contract;
  return fieldsOf({
    id,
    awardID: award === '' ? undefined : award,
    title,
    description,
    status,
    period: periodJson(contract.period),
    dateSigned: signed,
    value: money && moneyJson(money),
    items: contract.items.map(itemJson),
    implementation: fieldsOf({
      transactions: payments.map((payment) => paymentJson(payment, release)),
    }),
  });
}

function paymentJson(payment: records.Payment, release: records.ProcurementRelease): ExactObject {
  const { id, date, money, payer, payee } = payment;
  return fieldsOf({
    id,
    date,
    value: moneyJson(money),
    payer: payer && referenceJson(payer, release),
    payee: payee && referenceJson(payee, release),
  });
}
