/** The tables of docs/protocol that the code holds: tags, fixed limits, chain parameters. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METER_LIMITS, PRICES_NS } from '@daybook/contracts';
import { LIMITS, PARAMETERS, TAG_LAYOUTS } from '@daybook/core';
import { markdownTable } from './packages.ts';

const LIMITS_FILE = join(import.meta.dirname, '../../packages/core/src/chain/limits.ts');

/** The sentence above each limit in its source, which is where limits are explained. */
function limitMeanings(): ReadonlyMap<string, string> {
  const text = readFileSync(LIMITS_FILE, 'utf8');
  const found = text.matchAll(/\/\*\* ([^\n]+) \*\/\n {2}(\w+):/g);
  return new Map([...found].map(([, meaning = '', name = '']) => [name, meaning]));
}

function limitsTable(): string {
  const meanings = limitMeanings();
  const rows = Object.entries(LIMITS).map(([name, value]) => [
    `\`${name}\``,
    String(value),
    meanings.get(name) ?? '',
  ]);
  return markdownTable(['limit', 'value', 'meaning'], rows);
}

function parametersTable(): string {
  const rows = Object.entries(PARAMETERS).map(([name, row]) => [
    `\`${name}\``,
    String(row.default),
    String(row.min),
    String(row.max),
    row.unit,
    row.help,
  ]);
  return markdownTable(['parameter', 'default', 'least', 'most', 'unit', 'meaning'], rows);
}

function meterTable(): string {
  const limits: readonly Readonly<Record<string, number>>[] = [
    METER_LIMITS.call,
    METER_LIMITS.transaction,
  ];
  const rows = Object.entries(PRICES_NS).map(([operation, price]) => [
    operation,
    ...limits.map((limit) => String(limit[operation] ?? '')),
    String(price),
  ]);
  return markdownTable(['operation', 'per call', 'per transaction', 'price in ns'], rows);
}

function tagsTable(): string {
  const rows = Object.entries(TAG_LAYOUTS).map(([name, layout]) => [`\`DBK1:${name}\``, layout]);
  return markdownTable(['tag', 'what follows'], rows);
}

const TABLES: Readonly<Record<string, () => string>> = {
  limits: limitsTable,
  meter: meterTable,
  parameters: parametersTable,
  tags: tagsTable,
};

const BLOCK = /(<!-- generated: (\w+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** Fills each `<!-- generated: name -->` block of a page and leaves the rest as it is. */
export function fillProtocolTables(present: string): string {
  return present.replace(BLOCK, (_match, head: string, name: string, tail: string) => {
    const build = TABLES[name];
    if (build === undefined) throw new Error(`there is no generated table '${name}'`);
    return `${head}\n${build()}\n\n${tail}`;
  });
}
