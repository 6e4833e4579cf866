/**
 * Options of an action, derived from its input fields: one for each value, `--payee-name` for a part
 * of an object, repeated for a list. What stands behind an option is put into the JSON form of its
 * field and judged by the same check as on every node.
 */
import type { Language } from '@daybook/client';
import type { FieldSpec, FieldTable } from '@daybook/contracts';
import { CURRENCY_DECIMALS, expectationOf } from '@daybook/contracts';
import type { Option, Options } from '../frame/verb.ts';

/** One option and the place of its value in the input. */
export interface Flag {
  /** Without the leading dashes. */
  readonly name: string;
  /** Member names from the input down. */
  readonly path: readonly string[];
  readonly spec: FieldSpec;
  readonly isRequired: boolean;
}

/** Options of an action; names that verbs use already get `field-` before them. */
export function flagsOf(table: FieldTable, taken: Options): readonly Flag[] {
  return collect(table, [], true).map((flag) =>
    Object.hasOwn(taken, flag.name) ? { ...flag, name: `field-${flag.name}` } : flag,
  );
}

function collect(
  table: FieldTable,
  above: readonly string[],
  isRequired: boolean,
): readonly Flag[] {
  return Object.entries(table).flatMap(([name, spec]): readonly Flag[] => {
    const path = [...above, name];
    const needed = isRequired && spec.optional !== true;
    if (spec.type === 'object') return collect(spec.fields, path, needed);
    return [{ name: path.map(kebab).join('-'), path, spec, isRequired: needed }];
  });
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The option's row in the table of the verb. */
export function optionOf({ spec, isRequired }: Flag, language: Language): Option {
  const help = spec.help === undefined ? '' : ` ${spec.help[language]}`;
  const need = isRequired ? '' : ' Optional.';
  const choices = spec.type === 'choice' ? Object.keys(spec.of) : undefined;
  return {
    value: placeholderOf(spec),
    help: `${spec.title[language]}: ${formOf(spec)}.${help}${need}`,
    ...(spec.type === 'list' && { many: true as const }),
    ...(choices !== undefined && { choices }),
  };
}

function placeholderOf(spec: FieldSpec): string {
  const inner = spec.type === 'list' ? spec.item : spec;
  return inner.type.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function formOf(spec: FieldSpec): string {
  switch (spec.type) {
    case 'money':
      return 'for example "1234.56 GBP"';
    case 'quantity':
      return `for example "12.5 KGM", at most ${spec.decimals} decimals`;
    case 'period':
      return 'first and last day, for example 2026-01-01..2026-12-31';
    case 'amount':
      return 'a whole number of minor units';
    case 'instant':
      return 'for example 2026-01-31T09:00:00Z';
    case 'bytes':
    case 'hash':
    case 'publicKey':
    case 'blinded':
    case 'sealed':
      return 'in hex';
    case 'boolean':
      return 'true or false';
    case 'list':
      return spec.item.type === 'object' ? 'each as JSON' : formOf(spec.item);
    default:
      return expectationOf(spec);
  }
}

/** The JSON form of what was typed; what cannot be read stays text, for the check to refuse. */
export function jsonOf(spec: FieldSpec, texts: readonly string[]): unknown {
  if (spec.type === 'list') return texts.map((text) => jsonOf(spec.item, [text]));
  const text = texts[0] ?? '';
  switch (spec.type) {
    case 'money':
      return moneyOf(text) ?? text;
    case 'quantity':
      return quantityOf(text, spec.decimals) ?? text;
    case 'period':
      return periodOf(text) ?? text;
    case 'integer':
      return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
    case 'boolean':
      return booleanOf(text);
    case 'object':
      return parsed(text);
    default:
      return text;
  }
}

function booleanOf(text: string): unknown {
  if (text === 'true') return true;
  return text === 'false' ? false : text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the check says what was expected in its place.
    return text;
  }
}

/** Commas only where groups of digits end: a decimal comma would make the amount a hundred times as large. */
const MONEY = /^(-?)(\d+|\d{1,3}(?:,\d{2,3})*,\d{3})(?:\.(\d+))? ?([A-Z]{3})$/;

/** `1,234.56 GBP` in minor units; undefined if it has more decimals than the currency. */
export function moneyOf(
  text: string,
): { readonly minor: string; readonly currency: string } | undefined {
  const [, sign = '', whole = '', fraction = '', currency = ''] = MONEY.exec(text.trim()) ?? [];
  const decimals = CURRENCY_DECIMALS.get(currency);
  if (decimals === undefined) return undefined;
  const minor = shifted(`${sign}${whole.replaceAll(',', '')}`, fraction, decimals);
  return minor === undefined ? undefined : { minor, currency };
}

const QUANTITY = /^(-?\d+)(?:\.(\d+))? ?(\S+)$/;

function quantityOf(text: string, decimals: number): unknown {
  const [, whole = '', fraction = '', unit = ''] = QUANTITY.exec(text.trim()) ?? [];
  const value = shifted(whole, fraction, decimals);
  return value === undefined || unit === '' ? undefined : { value, unit };
}

/** Digits before and after the point as one integer of the smallest unit. */
function shifted(whole: string, fraction: string, decimals: number): string | undefined {
  if (!/^-?\d{1,18}$/.test(whole) || fraction.length > decimals) return undefined;
  return BigInt(`${whole}${fraction.padEnd(decimals, '0')}`).toString();
}

function periodOf(text: string): unknown {
  const [start, end, ...more] = text.split('..');
  return start === undefined || end === undefined || more.length > 0 ? undefined : { start, end };
}

/** Puts values in their places; `base` is what a JSON file said, and options go before it. */
export function assemble(
  flags: readonly Flag[],
  valuesOf: (name: string) => readonly string[],
  base: unknown,
): unknown {
  const isObject = typeof base === 'object' && base !== null && !Array.isArray(base);
  if (base !== undefined && !isObject) return base;
  const root: Record<string, unknown> = isObject
    ? (structuredClone(base as object) as Record<string, unknown>)
    : {};
  for (const { name, path, spec } of flags) {
    const texts = valuesOf(name);
    if (texts.length > 0) place(root, path, jsonOf(spec, texts));
  }
  return root;
}

function place(root: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    root[name] = value;
    return;
  }
  const inner = root[name];
  const isObject = typeof inner === 'object' && inner !== null && !Array.isArray(inner);
  const next: Record<string, unknown> = isObject ? (inner as Record<string, unknown>) : {};
  root[name] = next;
  place(next, rest, value);
}

/** What an option takes that is typed otherwise than its JSON form; undefined for others. */
export function typedForm(flags: readonly Flag[], pointer: string): string | undefined {
  const { spec } = flags.find(({ path }) => `/${path.join('/')}` === pointer) ?? {};
  const isOther = spec?.type === 'money' || spec?.type === 'quantity' || spec?.type === 'period';
  return isOther ? formOf(spec) : undefined;
}

/** The option that a JSON pointer of the input belongs to, with the place in its JSON, for messages. */
export function flagAt(flags: readonly Flag[], pointer: string): string | undefined {
  const ownOf = ({ path }: Flag): string => `/${path.join('/')}`;
  const flag = flags.find((one) => `${pointer}/`.startsWith(`${ownOf(one)}/`));
  if (flag === undefined) return undefined;
  const inner = pointer.slice(ownOf(flag).length);
  const holdsJson = flag.spec.type === 'list' || flag.spec.type === 'text';
  return holdsJson && inner !== '' ? `--${flag.name} ${inner}` : `--${flag.name}`;
}
