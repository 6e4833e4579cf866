/** Files of a publisher of money as lines, by the mapping that says how it writes them. */
import type { Result } from '@daybook/core';
import { ok } from '@daybook/core';
import type {
  FormatsFailure,
  MONEY_FORMATS,
  MoneyLine,
  PlannedPart,
  SourceFile,
} from '@daybook/formats';
import { malformed, readJson } from '../files.ts';
import type { RefusedFile } from './refused-file.ts';
import { refusalOfFile } from './refused-file.ts';
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

interface FilesTogether {
  readonly lines: readonly MoneyLine[];
  /** Of the files themselves, where no line holds all of them. */
  readonly parts: readonly PlannedPart[];
}

export interface MoneyReading extends FilesTogether {
  /** Files of which nothing could be read; the others are. */
  readonly unreadable: readonly RefusedFile[];
}

/**
 * Every file that can be read; the tables of a package are one with its descriptor.
 * @throws CliError where the mapping, or a package, cannot be read
 */
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
  const isPackage = format === 'fiscal';
  const files = await (isPackage ? readPackageFiles(names) : readSourceFiles(names));
  const keeper = holder === undefined ? {} : { holder };
  const readTogether = (group: readonly SourceFile[]): Result<FilesTogether, FormatsFailure> => {
    const read = formats[format](group, json, keeper);
    if (!read.ok) return read;
    const kept = planKeptFiles(format, group, { mapping: json, ...keeper });
    return kept.ok ? ok({ lines: read.value, parts: kept.value }) : kept;
  };
  const groups = isPackage ? [files] : inOrder(files).map((file) => [file]);
  const read = groups.map(readTogether);
  const unreadable = read.flatMap((one): RefusedFile[] => {
    if (one.ok) return [];
    const { reason } = one;
    const words = explainFormats(reason);
    if (reason.code === 'FORMATS_MAPPING_INVALID') throw malformed(mapping, words);
    if (isPackage) throw malformed(reason.file, words);
    return [refusalOfFile(reason.file, reason, { expected: EXPECTED[format], words })];
  });
  const together = read.flatMap((one) => (one.ok ? [one.value] : []));
  return {
    lines: together.flatMap(({ lines }) => lines),
    parts: together.flatMap(({ parts }) => parts),
    unreadable,
  };
}

/** A report is the same whatever the shell made of `*`. */
function inOrder(files: readonly SourceFile[]): readonly SourceFile[] {
  return files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const EXPECTED: Readonly<Record<MoneyFormat, string>> = {
  spend: 'a CSV file as the mapping describes it',
  funds: 'a CSV file as the mapping describes it',
  iati: 'a file of IATI activities in XML',
  fiscal: 'a Fiscal Data Package',
};
