/**
 * Amounts of money from text to minor units, by exact decimal parsing: no floating-point number is
 * ever involved, and what is not exactly an amount is refused instead of guessed.
 */
import { CURRENCY_DECIMALS } from '@daybook/contracts';
import type { Result } from '@daybook/core';
import { assert, fail, ok } from '@daybook/core';

/** How a publisher writes numbers; each sign is one character. */
export interface AmountStyle {
  readonly decimalSign: string;
  readonly groupSign: string;
}

export type AmountFault =
  | 'FORMATS_AMOUNT_UNREADABLE'
  | 'FORMATS_AMOUNT_PRECISION'
  | 'FORMATS_AMOUNT_RANGE';

/** The largest amount of one line: a signed 64-bit integer holds a thousand of them. */
const AMOUNT_MAX = 10n ** 15n;
/** Signs that may stand for a currency's code at either end of the number. */
const CURRENCY_SIGNS: Readonly<Record<string, string>> = {
  CNY: '\u00a5',
  EUR: '\u20ac',
  GBP: '\u00a3',
  JPY: '\u00a5',
  USD: '$',
};

/**
 * Minor units of an amount: `1,234.5` in GBP is 123450n. A minus before or behind, or parentheses
 * around, mean negative; a currency sign or code may stand at either end.
 * @param currency ISO 4217 code in use, which decides the number of decimals
 */
export function parseAmount(
  text: string,
  style: AmountStyle,
  currency: string,
): Result<bigint, AmountFault> {
  const { negative, rest } = splitSign(text.trim(), currency);
  const [whole = '', fraction = '', more] = rest.split(style.decimalSign);
  const digits = whole === '' && fraction !== '' ? '0' : joinGroups(whole, style.groupSign);
  if (digits === undefined || more !== undefined || !/^[0-9]*$/.test(fraction)) {
    return fail('FORMATS_AMOUNT_UNREADABLE');
  }
  const places = decimalsOf(currency);
  if (/[1-9]/.test(fraction.slice(places))) {
    return fail('FORMATS_AMOUNT_PRECISION');
  }
  const minor = BigInt(digits + fraction.slice(0, places).padEnd(places, '0'));
  if (minor > AMOUNT_MAX) {
    return fail('FORMATS_AMOUNT_RANGE');
  }
  return ok(negative ? -minor : minor);
}

function splitSign(text: string, currency: string): { negative: boolean; rest: string } {
  const bare = withoutCurrency(text, currency);
  const signed = /^\((.*)\)$|^[-\u2212](.*)$|^(.*)[-\u2212]$/.exec(bare);
  const inner = signed?.[1] ?? signed?.[2] ?? signed?.[3] ?? bare;
  return { negative: signed !== null, rest: withoutCurrency(inner.trim(), currency) };
}

function withoutCurrency(text: string, currency: string): string {
  for (const mark of [currency, CURRENCY_SIGNS[currency] ?? currency]) {
    if (text.startsWith(mark)) {
      return text.slice(mark.length).trimStart();
    }
    if (text.endsWith(mark)) {
      return text.slice(0, -mark.length).trimEnd();
    }
  }
  return text;
}

/** Digits without their group signs; undefined unless the groups are of three. */
function joinGroups(whole: string, groupSign: string): string | undefined {
  const [first = '', ...groups] = whole.split(groupSign);
  const firstFits = groups.length === 0 ? /^[0-9]{1,18}$/ : /^[0-9]{1,3}$/;
  const fits = firstFits.test(first) && groups.every((group) => /^[0-9]{3}$/.test(group));
  return fits && groups.length <= 5 ? first + groups.join('') : undefined;
}

function decimalsOf(currency: string): number {
  const decimals = CURRENCY_DECIMALS.get(currency);
  assert(decimals !== undefined, `${currency} is a currency in use`);
  return decimals;
}

/** The amount as people write it: `-1234.50` for -123450n in GBP. */
export function formatAmount(minor: bigint, currency: string): string {
  const places = decimalsOf(currency);
  const digits = (minor < 0n ? -minor : minor).toString().padStart(places + 1, '0');
  const whole = digits.slice(0, digits.length - places);
  const fraction = places === 0 ? '' : `.${digits.slice(-places)}`;
  return `${minor < 0n ? '-' : ''}${whole}${fraction}`;
}

/** Larger powers of ten are no amount of money. */
const EXPONENT_MAX = 18;

/** A number of JSON without exponent: `1.1e3` is `1100`. What is no such number stays as it is. */
export function plainDecimal(text: string): string {
  const parts = /^(-?)([0-9]+)(?:\.([0-9]+))?[eE]([+-]?[0-9]{1,2})$/.exec(text);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts ?? [];
  const shift = Number(exponent);
  if (parts === null || Math.abs(shift) > EXPONENT_MAX) {
    return text;
  }
  const digits = '0'.repeat(EXPONENT_MAX) + whole + fraction + '0'.repeat(EXPONENT_MAX);
  const point = EXPONENT_MAX + whole.length + shift;
  const bare = digits.slice(0, point).replace(/^0+(?=[0-9])/, '');
  const rest = digits.slice(point).replace(/0+$/, '');
  return rest === '' ? sign + bare : `${sign}${bare}.${rest}`;
}

/** A number as a publisher writes it, in groups of three or without groups. */
function plainNumber(text: string, { decimalSign, groupSign }: AmountStyle): string | undefined {
  const [whole = '', fraction = '', more] = text.replace(/^-/, '').split(decimalSign);
  const digits = joinGroups(whole, groupSign);
  const fits = digits !== undefined && more === undefined && /^[0-9]*$/.test(fraction);
  return fits ? `${text.startsWith('-') ? '-' : ''}${digits}.${fraction}` : undefined;
}

/**
 * Minor units of an amount that is given in multiples, such as millions.
 * @param factor decimal text, not negative
 */
export function parseScaledAmount(
  text: string,
  factor: string,
  style: AmountStyle,
  currency: string,
): Result<bigint, AmountFault> {
  if (factor === '1') {
    return parseAmount(text, style, currency);
  }
  const plain = plainNumber(text, style);
  const product = plain === undefined ? undefined : multiplyDecimals(plain, plainDecimal(factor));
  return product === undefined
    ? fail('FORMATS_AMOUNT_UNREADABLE')
    : parseAmount(product, { decimalSign: '.', groupSign: ',' }, currency);
}

/** The exact product of two decimal numbers with `.` as sign; undefined if one is none. */
export function multiplyDecimals(text: string, factor: string): string | undefined {
  const form = /^(-?)([0-9]+)(?:\.([0-9]*))?$/;
  const a = form.exec(text);
  const b = form.exec(factor);
  if (a === null || b === null) {
    return undefined;
  }
  const [, signA = '', wholeA = '', fractionA = ''] = a;
  const [, signB = '', wholeB = '', fractionB = ''] = b;
  const places = fractionA.length + fractionB.length;
  const product = BigInt(wholeA + fractionA) * BigInt(wholeB + fractionB);
  const digits = product.toString().padStart(places + 1, '0');
  const sign = signA === signB ? '' : '-';
  const whole = digits.slice(0, digits.length - places);
  return places === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-places)}`;
}
