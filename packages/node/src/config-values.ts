/**
 * One raw setting against its row of the table: types, bounds, forms. Sizes may be written as
 * `64 MiB`; texts from the environment are taken for what the row asks.
 */
import path from 'node:path';
import type { SettingRow } from './config.ts';
import type { ConfigFault, RawSetting } from './config-yaml.ts';

export type Checked =
  | { readonly value: string | number | readonly string[] | undefined }
  | { readonly fault: ConfigFault };

const SIZE_UNITS = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;
const FOUND_MAX = 80;
const TEXT_MAX = 4096;
const LIST_MAX = 64;

/** @param base  directory from which relative paths count */
export function checkValue(row: SettingRow, raw: RawSetting, base: string): Checked {
  const bad = (expected: string, value: unknown = raw.value): Checked => ({
    fault: { place: raw.place, setting: raw.name, expected, found: show(value) },
  });
  if (raw.value === null) {
    return row.default === undefined ? { value: undefined } : bad('expected a value');
  }
  switch (row.type) {
    case 'integer':
    case 'size':
      return checkNumber(row, row.type === 'size' ? sizeOf(raw.value) : raw.value, bad);
    case 'choice': {
      const known = row.of?.find((choice) => choice === raw.value);
      return known === undefined ? bad(`expected one of ${row.of?.join(', ')}`) : { value: known };
    }
    case 'path':
      if (!isText(raw.value)) return bad('expected a path');
      return { value: path.resolve(base, raw.value) };
    case 'text':
      if (!isText(raw.value) || row.form?.pattern.test(raw.value) === false) {
        return bad(`expected ${row.form?.words ?? 'text'}`);
      }
      return { value: raw.value };
    case 'list':
      return checkList(row, raw.value, bad);
  }
}

type Bad = (expected: string, value?: unknown) => Checked;

function checkNumber(row: SettingRow, value: unknown, bad: Bad): Checked {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = row;
  const fits = typeof value === 'number' && Number.isSafeInteger(value);
  if (!fits || value < min || value > max) {
    const unit = row.unit === undefined ? '' : ` ${row.unit}`;
    const size = row.type === 'size' ? ', written as a number or like 64 MiB' : '';
    return bad(`expected a whole number from ${min} to ${max}${unit}${size}`);
  }
  return { value };
}

function checkList(row: SettingRow, value: unknown, bad: Bad): Checked {
  const words = row.form?.words ?? 'text';
  if (!Array.isArray(value)) return bad(`expected a list, each item ${words}`);
  const max = row.max ?? LIST_MAX;
  if (value.length > max) return bad(`expected at most ${max} items`, value.length);
  for (const item of value as readonly unknown[]) {
    if (!isText(item) || row.form?.pattern.test(item) === false)
      return bad(`expected ${words}`, item);
  }
  const items = value as readonly string[];
  const repeated = items.find((item, index) => items.indexOf(item) !== index);
  return repeated === undefined ? { value: items } : bad('expected each item once', repeated);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= TEXT_MAX;
}

/** Bytes of `64 MiB` or `67108864`; anything else stays as it is and is refused by the bounds. */
function sizeOf(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = /^([0-9]{1,15})\s?(B|KiB|MiB|GiB)?$/.exec(value);
  if (match === null) return value;
  const [, digits, unit = 'B'] = match;
  return Number(digits) * SIZE_UNITS[unit as keyof typeof SIZE_UNITS];
}

/** A value on one line of bounded length, as JSON. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > FOUND_MAX ? `${text.slice(0, FOUND_MAX)}…` : text;
}
