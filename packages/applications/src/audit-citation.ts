/**
 * How a finding, a hit or a report names a record: `contract.record/key/key`. A key may hold `/` itself, as the number
 * of an invoice does, so that `%` and `/` inside of a key are written `%25` and `%2F`.
 */

/** A record as a finding cites it. */
export interface Citation {
  readonly contract: string;
  readonly record: string;
  /** Its key fields as text, in their order. */
  readonly key: readonly string[];
}

/** @returns undefined for a text that is none, also when a `%` in it escapes nothing */
export function readCitation(text: string): Citation | undefined {
  const [, contract, record, keys] = /^([^./]+)\.([^./]+)\/(.+)$/s.exec(text) ?? [];
  if (contract === undefined || record === undefined || keys === undefined) return undefined;
  if (/%(?!25|2F)/.test(keys)) return undefined;
  const key = keys.split('/').map((part) => part.replaceAll('%2F', '/').replaceAll('%25', '%'));
  return { contract, record, key };
}

/**
 * The text that cites a record.
 * @param record  `contract.record`
 * @param key     its key fields as text, in their order
 */
export function cite(record: string, ...key: readonly string[]): string {
  const parts = key.map((part) => part.replaceAll('%', '%25').replaceAll('/', '%2F'));
  return [record, ...parts].join('/');
}

/** The SQL text that cites a record, by the rule of `cite`. @param columns  of its key fields, in their order */
export function citeSql(record: string, columns: readonly string[]): string {
  const keys = columns.map((column) => `REPLACE(REPLACE(${column}, '%', '%25'), '/', '%2F')`);
  return [`'${record}'`, ...keys].join(` || '/' || `);
}
