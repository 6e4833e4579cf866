/**
 * What changed between IATI 1.x and 2.x: words became numbers. Codes of the neutral records are
 * those of 2.03; a code that is not in its table stays as it is.
 */

export const IATI_VERSIONS: ReadonlySet<string> = new Set([
  '1.01',
  '1.02',
  '1.03',
  '1.04',
  '1.05',
  '2.01',
  '2.02',
  '2.03',
]);

/** Attribute of a transaction in a file that we wrote: how often its number came, from 1. */
export const OCCURRENCE_NAME = 'daybook:occurrence';
/** Declares the prefix of `OCCURRENCE_NAME`. */
export const OCCURRENCE_NAMESPACE = { prefix: 'daybook', uri: 'urn:daybook:import' } as const;

const TRANSACTION_TYPES: Readonly<Record<string, string>> = {
  IF: '1',
  C: '2',
  D: '3',
  E: '4',
  IR: '5',
  LR: '6',
  R: '7',
  QP: '8',
  QS: '9',
  CG: '10',
};

const ROLES: Readonly<Record<string, string>> = {
  funding: '1',
  accountable: '2',
  extending: '3',
  implementing: '4',
};

const DATES: Readonly<Record<string, string>> = {
  'start-planned': '1',
  'start-actual': '2',
  'end-planned': '3',
  'end-actual': '4',
};

/** Transaction types of money that the reporter promises. */
export const COMMITMENT_TYPES: ReadonlySet<string> = new Set(['2']);

/** Of money that comes in, is promised to the reporter, or is pledged to it. */
export const INCOMING_TYPES: ReadonlySet<string> = new Set(['1', '11', '13']);

export function transactionType(code: string): string {
  return TRANSACTION_TYPES[code] ?? code;
}

export function organisationRole(code: string): string {
  return ROLES[code.toLowerCase()] ?? code;
}

export function dateType(code: string): string {
  return DATES[code] ?? code;
}

/** Vocabulary of a sector: the OECD DAC's five digits unless the element says otherwise. */
export function sectorScheme(vocabulary: string): string {
  return ['', '1', 'DAC'].includes(vocabulary) ? 'DAC' : `IATI-sector-${vocabulary}`;
}

/** The vocabulary of a scheme that `sectorScheme` gave. */
export function sectorVocabulary(scheme: string): string {
  return scheme === 'DAC' ? '1' : scheme.replace(/^IATI-sector-/, '');
}
