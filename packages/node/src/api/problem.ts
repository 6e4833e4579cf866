/**
 * Problem details (RFC 9457). Every answer that is not a success is built here from a code of the
 * catalogue, so that no failure leaves the node without a documented code, a status and a remedy.
 */
import type { ErrorEntry, ErrorTable } from '@daybook/core';
import type { Refusal } from './ports.ts';
import type { View } from './view.ts';

/** One wrong value: in the body (`pointer`, RFC 6901) or among the parameters (`parameter`). */
export interface InputFault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly expected: string;
  /** What came, shortened, or `nothing`; left out only where the code names what was found. */
  readonly found?: string;
}

/** What went wrong, before status and words are looked up. */
export interface Problem {
  readonly code: string;
  /** One sentence with the facts of this case; the summary of the code if left out. */
  readonly detail?: string;
  readonly errors?: readonly InputFault[];
  /** Further members of the answer. */
  readonly facts?: Readonly<Record<string, View>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Status, summary and remedy of every code an answer may carry. */
export type Catalogue = ReadonlyMap<string, ErrorEntry>;

const FALLBACK: ErrorEntry = {
  summary: 'The request could not be fulfilled.',
  remedy: 'Compare the request with GET /openapi.json.',
};
const STATUS_DEFAULT = 422;

/** Where people read about a code; served by the node itself. */
export function problemType(code: string): string {
  return `/docs/errors#${code}`;
}

/** @param tables  error tables of all packages; a code stands in one of them only */
export function buildCatalogue(tables: readonly ErrorTable[]): Catalogue {
  return new Map(tables.flatMap((table) => Object.entries(table)));
}

/** The status and the members of the answer. */
export function describeProblem(
  problem: Problem,
  catalogue: Catalogue,
): { readonly status: number; readonly body: Readonly<Record<string, View | undefined>> } {
  const entry = catalogue.get(problem.code) ?? FALLBACK;
  const status = entry.status ?? STATUS_DEFAULT;
  return {
    status,
    body: {
      type: problemType(problem.code),
      title: entry.summary,
      status,
      detail: problem.detail ?? entry.summary,
      code: problem.code,
      remedy: entry.remedy,
      errors: problem.errors?.map((fault) => ({ ...fault })),
      ...problem.facts,
    },
  };
}

/** A refusal of the node's parts as a problem. */
export function problemOf(refusal: Refusal): Problem {
  const { code, detail, errors } = refusal;
  return { code, detail, ...(errors !== undefined && { errors }) };
}

const FOUND_MAX = 80;

/** A foreign value as bounded, printable text. */
export function showFound(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  // Whatever is not printable would only mislead the reader of a log or a terminal.
  const printable = text.replace(/[^\p{L}\p{N}\p{P}\p{S}\p{Zs}]/gu, '\ufffd');
  return printable.length > FOUND_MAX ? `${printable.slice(0, FOUND_MAX)}…` : printable;
}
