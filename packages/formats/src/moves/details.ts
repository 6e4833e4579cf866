/**
 * What the treasury has no field for, as text of a record: JSON in ASCII, so that any text of a
 * publisher comes back exactly, whatever characters it has.
 */
import type { Money } from '../records.ts';

/** Longest details of one line, in characters. */
export const DETAILS_MAX = 32_768;

/** Neutral records, or parts of them, as text; minor units become decimal texts. */
export function writeDetails(record: object): string {
  const json = JSON.stringify(record, (_name, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return json.replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Reads what `writeDetails` wrote.
 * @param text  from the ledger
 * @returns the record with money exact; undefined if this is no JSON object
 */
export function readDetails(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(text, (_name, value: unknown) =>
      isMoney(value) ? { ...value, minor: BigInt(value.minor) } : value,
    );
    return isObject(json) ? json : undefined;
  } catch {
    // Whoever may commit money may write other details by hand; they are no record of a format.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type MoneyJson = { readonly [Name in keyof Money]: string };

function isMoney(value: unknown): value is MoneyJson {
  return (
    isObject(value) &&
    typeof value.minor === 'string' &&
    /^-?[0-9]{1,20}$/.test(value.minor) &&
    typeof value.currency === 'string'
  );
}
