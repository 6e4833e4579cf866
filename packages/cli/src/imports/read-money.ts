/** Files of a publisher of money as lines, by the mapping that says how it writes them. */
import type { FormatsFailure, MONEY_FORMATS, MoneyLine, PlannedPart } from '@daybook/formats';
import type { CliError } from '../errors.ts';
import { malformed, readJson } from '../files.ts';
import { readPackageFiles, readSourceFiles } from './source-files.ts';

export type MoneyFormat = keyof typeof MONEY_FORMATS;

/** What a verb says about a format. */
export interface FormatHelp {
  /** What the files hold. */
  readonly holds: string;
  readonly operand: string;
  readonly example: string;
}

export const FORMAT_HELP: Readonly<Record<MoneyFormat, FormatHelp>> = {
  spend: {
    holds: 'public spending files, each payment signed by two officers',
    operand: 'CSV files as they were published.',
    example: '2019-*.csv',
  },
  funds: {
    holds: 'lists of funded projects, each a commitment',
    operand: 'CSV files as they were published.',
    example: 'projects.csv',
  },
  iati: {
    holds: 'aid activities of IATI 1.01 to 2.03 with their commitments and payments',
    operand: 'XML files as they were published.',
    example: 'activities.xml',
  },
  fiscal: {
    holds: 'a Fiscal Data Package, budget lines or payments',
    operand: 'The descriptor, datapackage.json, and the tables that it names.',
    example: 'datapackage.json data/*.csv',
  },
};

export const MONEY_FORMAT_NAMES = Object.keys(FORMAT_HELP) as readonly MoneyFormat[];

export const MAPPING_OPTION = {
  mapping: {
    value: 'FILE',
    help: 'How the publisher writes its files (JSON).',
    required: true,
  },
} as const;

export interface MoneyFiles {
  readonly mapping: string;
  readonly files: readonly string[];
  /** Organisation that keeps the books, if the publisher is no member. */
  readonly holder?: string | undefined;
}

export interface MoneyReading {
  readonly lines: readonly MoneyLine[];
  /** Of the files themselves, where no line holds all of them. */
  readonly parts: readonly PlannedPart[];
}

/** @throws CliError where a whole file, or the mapping, cannot be read */
export async function readMoneyFiles(
  format: MoneyFormat,
  { mapping, files: names, holder }: MoneyFiles,
): Promise<MoneyReading> {
  // Only these verbs read formats; loading them would slow the start of every other.
  const {
    explainFormats,
    MONEY_FORMATS: formats,
    planKeptFiles,
  } = await import('@daybook/formats');
  const json = await readJson(mapping);
  const files = await (format === 'fiscal' ? readPackageFiles(names) : readSourceFiles(names));
  const keeper = holder === undefined ? {} : { holder };
  const lines = formats[format](files, json, keeper);
  const unreadable = (reason: FormatsFailure): CliError => {
    const fact = explainFormats(reason);
    return malformed(reason.code === 'FORMATS_MAPPING_INVALID' ? mapping : reason.file, fact);
  };
  if (!lines.ok) throw unreadable(lines.reason);
  const parts = planKeptFiles(format, files, { mapping: json, ...keeper });
  if (!parts.ok) throw unreadable(parts.reason);
  return { lines: lines.value, parts: parts.value };
}
