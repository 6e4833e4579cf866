/** Amounts as people write them: the one place where minor units get their decimal point. */
import { CURRENCY_DECIMALS } from './currencies.ts';

/** Minor units as people write money: `1,234.56 GBP`; decimals after ISO 4217. */
export function describeAmount(minor: bigint | string, currency: string): string {
  const decimals = CURRENCY_DECIMALS.get(currency) ?? 0;
  const [whole = '', ...rest] = shiftDecimal(String(minor), decimals).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${[grouped, ...rest].join('.')} ${currency}`.trim();
}

/** A decimal point put into the digits of an integer. */
export function shiftDecimal(digits: string, decimals: number): string {
  if (decimals === 0) return digits;
  const sign = digits.startsWith('-') ? '-' : '';
  const padded = digits.slice(sign.length).padStart(decimals + 1, '0');
  return `${sign}${padded.slice(0, -decimals)}.${padded.slice(-decimals)}`;
}
