/** Rows of the contract `procurement`, as far as releases of its own processes are made of them. */
import type { Money } from '../records.ts';

export interface Reference {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly organisation?: string | undefined;
}

export interface Span {
  readonly start?: string | undefined;
  readonly end?: string | undefined;
}

export interface ItemRow {
  readonly id: string;
  readonly description?: string | undefined;
  readonly scheme?: string | undefined;
  readonly classification?: string | undefined;
  /** In millionths of the unit. */
  readonly quantity?: { readonly value: bigint; readonly unit: string } | undefined;
  readonly unitValue?: Money | undefined;
}

export interface Titled {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly status: string;
  readonly value?: Money | undefined;
  readonly items: readonly ItemRow[];
}

export interface DocumentRow {
  readonly id: string;
  readonly documentType?: string | undefined;
  readonly title?: string | undefined;
  readonly url?: string | undefined;
  readonly hash?: Uint8Array | undefined;
}

/** Rows of the contract `procurement` about one process, after one block; instants in ms. */
export interface ConductedRows {
  readonly process: {
    readonly ocid: string;
    readonly buyer?: Reference | undefined;
    readonly language?: string | undefined;
    readonly initiationType: string;
    readonly planning?:
      | {
          readonly rationale?: string | undefined;
          readonly budgetId?: string | undefined;
          readonly project?: string | undefined;
          readonly amount?: Money | undefined;
        }
      | undefined;
  };
  readonly tender?:
    | (Titled & {
        readonly id?: string | undefined;
        readonly procuringEntity?: Reference | undefined;
        readonly procurementMethod?: string | undefined;
        readonly mainProcurementCategory?: string | undefined;
        readonly awardCriteria?: string | undefined;
        readonly tenderPeriod?: Span | undefined;
        readonly documents?: readonly DocumentRow[] | undefined;
        readonly closes?: number | undefined;
        readonly revealBy?: number | undefined;
        readonly awardBy?: number | undefined;
      })
    | undefined;
  readonly bids: readonly {
    readonly bid: string;
    readonly tenderer: string;
    readonly status: string;
    readonly submitted: number;
    readonly value?: Money | undefined;
  }[];
  readonly awards: readonly (Titled & {
    readonly award: string;
    readonly date?: string | undefined;
    readonly suppliers: readonly Reference[];
    readonly bid?: string | undefined;
  })[];
  readonly contracts: readonly (Titled & {
    readonly contract: string;
    readonly awardId?: string | undefined;
    readonly period?: Span | undefined;
    readonly dateSigned?: string | undefined;
    readonly fund?: string | undefined;
    readonly commitment?: string | undefined;
  })[];
  readonly transactions: readonly {
    readonly contract: string;
    readonly transaction: string;
    readonly date?: string | undefined;
    readonly value?: Money | undefined;
    readonly payer?: Reference | undefined;
    readonly payee?: Reference | undefined;
    readonly fund?: string | undefined;
    readonly payment?: string | undefined;
  }[];
  readonly milestones: readonly {
    readonly contract: string;
    readonly milestone: string;
    readonly title: string;
    readonly dueDate: string;
    readonly dateMet?: string | undefined;
    readonly status: string;
  }[];
  readonly amendments: readonly {
    readonly amendment: string;
    readonly of: string;
    readonly contract?: string | undefined;
    readonly date: number;
    readonly rationale: string;
    readonly amendsReleaseID?: string | undefined;
    readonly releaseID: string;
  }[];
}

/** A release of a process that is conducted on the ledger. */
export interface ConductedRelease {
  readonly release: string;
  /** Milliseconds since 1970. */
  readonly date: number;
  readonly tag: readonly string[];
}
