/**
 * What binds money on its way down, judged by the rows themselves: purposes, period, currency,
 * controller and payee. Handlers refuse with facts what would leave these bounds; invariants use
 * the same rules, so that a handler that forgot to ask cannot take money out of them.
 */
import type { Period } from '@daybook/contracts';
import { equalBytes } from '@daybook/core';

export interface Earmark {
  readonly currency: string;
  readonly controller: string;
  readonly period: Period;
  readonly purposes: readonly string[];
}

export interface PayeeFields {
  readonly name?: string | undefined;
  readonly organisation?: string | undefined;
  readonly person?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
}

/** The first purpose that no allowed path covers. @returns undefined if all are covered */
export function purposeOutside(
  allowed: readonly string[],
  asked: readonly string[],
): string | undefined {
  return asked.find((purpose) => !allowed.some((path) => covers(path, purpose)));
}

function covers(path: string, purpose: string): boolean {
  return purpose === path || purpose.startsWith(`${path}/`);
}

export function isPeriodInside(outer: Period, inner: Period): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

/** Whether what binds a row is as narrow as what binds the row above, or narrower. */
export function isWithin(above: Earmark, below: Earmark): boolean {
  return (
    below.currency === above.currency &&
    below.controller === above.controller &&
    isPeriodInside(above.period, below.period) &&
    purposeOutside(above.purposes, below.purposes) === undefined
  );
}

/** Whether a row is bound as it was: what lies below it was judged by that. */
export function isBoundAsBefore(before: Earmark, after: Earmark): boolean {
  return (
    isWithin(before, after) &&
    isPeriodInside(after.period, before.period) &&
    purposeOutside(after.purposes, before.purposes) === undefined
  );
}

export function isSamePayee(a: PayeeFields, b: PayeeFields): boolean {
  return (
    a.name === b.name &&
    a.organisation === b.organisation &&
    isSameValue(a.person, b.person) &&
    isSameValue(a.key, b.key)
  );
}

function isSameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
