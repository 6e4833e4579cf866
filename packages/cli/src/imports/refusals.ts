/** What an import refuses as a person reads it: a table of places, and below it what to do. */
import { describeAmount } from '@daybook/contracts';
import type { Finding, ImportTotals } from '@daybook/formats';
import { CLI_ERRORS } from '../errors.ts';
import type { Paint } from '../frame/style.ts';
import { renderTable } from '../frame/style.ts';
import type { PlacedRelease } from './read-releases.ts';
import { wholePointer } from './read-releases.ts';

/** One thing that is wrong, in a file of any format. */
export interface Refusal {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Header of a column, path of an XML element, JSON pointer, or field of an action. */
  readonly field: string;
  readonly reason: string;
  readonly expected?: string;
  readonly found?: string;
}

const TITLES = ['File', 'Line', 'Field', 'Reason', 'Expected', 'Found'];
/** What is wrong is never cut short. */
const WHOLE: ReadonlySet<string> = new Set(TITLES);
/** Rows that a person may still go through; --json has all. */
const ROWS_MAX = 500;

/** What to do, by the code of the reason. */
export type Remedies = Readonly<Record<string, { readonly remedy: string }>>;

/** Of files and of this program; what contracts say stands in the reference of errors. */
export async function loadRemedies(): Promise<Remedies> {
  // Only imports read formats; loading them would slow the start of every other verb.
  const { FORMATS_ERRORS } = await import('@daybook/formats');
  return { ...FORMATS_ERRORS, ...CLI_ERRORS };
}

/**
 * The table, and below it the remedy of each reason; nothing where nothing was refused.
 * @returns lines, the last of them empty
 */
export function renderRefusals(
  list: readonly Refusal[],
  remedies: Remedies,
  paint: Paint,
): readonly string[] {
  if (list.length === 0) return [];
  const rows = list
    .slice(0, ROWS_MAX)
    .map(({ file, line, column, field, reason, expected = '', found = '' }) => [
      file,
      [line, column].filter((part) => part !== undefined).join(':'),
      field,
      reason,
      expected,
      found === '' ? 'nothing' : found,
    ]);
  const more = list.length - rows.length;
  const known = [...new Set(list.map(({ reason }) => reason))].flatMap((reason) => {
    const remedy = remedies[reason]?.remedy;
    return remedy === undefined ? [] : [`${paint('bold', reason)}: ${remedy}`];
  });
  return [
    renderTable(TITLES, rows, paint, WHOLE),
    ...(more === 0 ? [] : [`and ${more} more, which --json lists`]),
    '',
    ...known,
    ...(known.length === 0 ? [] : ['']),
  ];
}

export function refusalsOfReleases(releases: readonly PlacedRelease[]): readonly Refusal[] {
  return releases.map((release) => ({ ...release, field: wholePointer(release) }));
}

export function refusalsOfFindings(findings: readonly Finding[]): readonly Refusal[] {
  return findings.map(({ pointer, code, ...rest }) => ({ ...rest, field: pointer, reason: code }));
}

/** For a report in which lines are counted; none where all files could be read. */
export function filesRefused(
  unreadable: readonly Refusal[],
): readonly { readonly title: string; readonly text: string }[] {
  if (unreadable.length === 0) return [];
  return [{ title: 'Files refused', text: `${unreadable.length}, with all that stands in them` }];
}

/** How the sums of one currency add up, and what became of the lines that were not refused. */
export function totalText(
  { file, imported, refused, currency, linesWithoutAmount }: ImportTotals,
  outcome: 'imported' | 'read',
): string {
  const text = (amount: bigint): string => describeAmount(String(amount), currency);
  const lines = linesWithoutAmount === 1 ? '1 refused line' : `${linesWithoutAmount} refused lines`;
  const rest = linesWithoutAmount === 0 ? '' : `; ${lines} without a readable amount not counted`;
  return `${text(file)} in the files = ${text(imported)} ${outcome} + ${text(refused)} refused${rest}`;
}
