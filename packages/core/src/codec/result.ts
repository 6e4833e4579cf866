/**
 * The value form of "foreign input may be wrong": every decoder and every check of input returns
 * one of these and never throws, so that a caller cannot forget the second case.
 */

/** Either the value, or a reason with a code and its facts. */
export type Result<T, F> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: F };

/** Wraps what was found. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps why nothing was found; `reason` is a flat record with a `code` of an error table. */
export function fail<F>(reason: F): { readonly ok: false; readonly reason: F } {
  return { ok: false, reason };
}
