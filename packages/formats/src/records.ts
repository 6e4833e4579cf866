/**
 * The records that public formats hold, in the words of the treasury and procurement contracts and
 * free of any format: mappers make them, planners turn them into calls. Money is minor units, an
 * organisation keeps the identifiers its publisher gave, and everything knows where it came from.
 */

/** A file as it was published. */
export interface SourceFile {
  /** Name without folder; without its ending it becomes part of the import identity. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Where a line stands. */
export interface SourcePlace {
  readonly file: string;
  /** Physical line of the file on which the record starts, from 1. */
  readonly line: number;
  /** Column of that line on which the record starts, from 1, where lines may be long: in XML. */
  readonly column?: number;
}

/**
 * Import identity: who published, in which file of which series, under which number, and how often
 * that number had appeared in the file before. Counting within the file, and not over all files,
 * keeps the identity when a month is imported alone, again, or before an earlier one.
 */
export interface RecordSource {
  readonly publisher: string;
  /** `<dataset of the mapping>/<file name without ending>`. */
  readonly dataset: string;
  readonly number: string;
  /** From 1, counted over all lines of the file with this number, refused ones included. */
  readonly occurrence: number;
}

export interface Money {
  /** Minor units of the currency; negative where money comes back. */
  readonly minor: bigint;
  /** ISO 4217 code in use. */
  readonly currency: string;
}

/** An identifier under the list that gives it, such as `GB-COH` and a company number. */
export interface Identifier {
  /** Code of org-id.guide where one is known; '' where the publisher names no list. */
  readonly scheme: string;
  readonly id: string;
}

export interface Organisation {
  /** Its key within the file or process, where the format has one. */
  readonly key?: string;
  readonly name: string;
  /** The publisher's main identifier first. */
  readonly identifiers: readonly Identifier[];
}

/** A code of a classification, such as COFOG or the sectors of the OECD DAC. */
export interface Classification {
  readonly scheme: string;
  readonly code: string;
  readonly title?: string;
}

/** As exact as the source: `YYYY`, `YYYY-MM`, `YYYY-MM-DD` or a date-time of RFC 3339. */
export interface Period {
  readonly start?: string;
  readonly end?: string;
}

/** A cell that no field of the record holds: header and text, exactly as the publisher wrote them. */
export type OtherCell = readonly [header: string, text: string];

/** Who takes part in money under which name of the format, such as `subsidy` or `matching`. */
export interface MoneyPart {
  readonly name: string;
  readonly money: Money;
}

/** Money set aside for a purpose. */
export interface Appropriation {
  readonly kind: 'appropriation';
  readonly source: RecordSource;
  readonly title: string;
  readonly holder?: Organisation;
  readonly money: Money;
  readonly period: Period;
  readonly classifications: readonly Classification[];
}

/** Money promised to a payee out of a fund. */
export interface Commitment {
  readonly kind: 'commitment';
  readonly source: RecordSource;
  /** Absent where the publisher left it empty. */
  readonly title?: string;
  readonly description?: string;
  /** Name of the fund or of the activity that pays. */
  readonly fund: string;
  readonly payer?: Organisation;
  readonly payee?: Organisation;
  /** What the fund itself promises. */
  readonly money: Money;
  /** Every amount the source states, the fund's own included. */
  readonly parts: readonly MoneyPart[];
  readonly period: Period;
  readonly classifications: readonly Classification[];
  /** Places from the largest to the smallest. */
  readonly places: readonly string[];
  /** What the format calls the level of each of them, such as `postcode`. */
  readonly placeLevels?: readonly string[];
  /** Of a line of a table, from the left. */
  readonly more?: readonly OtherCell[];
}

/** Money that moved. */
export interface Payment {
  readonly kind: 'payment';
  readonly source: RecordSource;
  /** Identifier of the payment within its process or activity. */
  readonly id?: string;
  readonly date?: string;
  readonly money: Money;
  readonly payer?: Organisation;
  readonly payee?: Organisation;
  /** What the money was for, in the words of the source. */
  readonly purpose?: string;
  /** Code of the format for the kind of payment, such as an IATI transaction type. */
  readonly type?: string;
  readonly classifications?: readonly Classification[];
  /** Of a line of a table, from the left. */
  readonly more?: readonly OtherCell[];
}

/** Goods, works or services. */
export interface Item {
  readonly id: string;
  readonly description?: string;
  readonly classification?: Classification;
  /** Decimal text: a quantity may have a fraction and is never a float. */
  readonly quantity?: string;
  readonly unit?: { readonly name?: string; readonly price?: Money };
}

/** An invitation to bid. */
export interface Tender {
  readonly kind: 'tender';
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly status?: string;
  /** OCDS codelist method: open, selective, limited, direct. */
  readonly method?: string;
  readonly procuringEntity?: Organisation;
  readonly money?: Money;
  /** When bids are taken. */
  readonly period: Period;
  readonly items: readonly Item[];
  readonly tenderers: readonly Organisation[];
}

export interface Award {
  readonly kind: 'award';
  readonly id: string;
  readonly title?: string;
  readonly description?: string;
  readonly status?: string;
  readonly date?: string;
  readonly money?: Money;
  readonly suppliers: readonly Organisation[];
  readonly items: readonly Item[];
}

export interface Contract {
  readonly kind: 'contract';
  readonly id: string;
  /** Identifier of the award that it carries out. */
  readonly award: string;
  readonly title?: string;
  readonly description?: string;
  readonly status?: string;
  readonly period: Period;
  readonly signed?: string;
  readonly money?: Money;
  readonly items: readonly Item[];
  readonly payments: readonly Payment[];
}

/** An organisation with what it does in a contracting process: buyer, supplier, tenderer, … */
export interface Party extends Organisation {
  readonly roles: readonly string[];
}

/** What one OCDS release says, from budget to payment. */
export interface ProcurementRelease {
  readonly kind: 'release';
  readonly source: RecordSource;
  /** Open Contracting ID of the process. */
  readonly process: string;
  readonly id: string;
  /** Date-time of RFC 3339. */
  readonly date: string;
  readonly tags: readonly string[];
  readonly initiation?: string;
  readonly language?: string;
  readonly parties: readonly Party[];
  readonly buyer?: Organisation;
  /** The budget that pays, where the planning names its amount. */
  readonly budget?: Appropriation;
  readonly tender?: Tender;
  readonly awards: readonly Award[];
  readonly contracts: readonly Contract[];
}
