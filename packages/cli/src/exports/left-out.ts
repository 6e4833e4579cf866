/** Lines that a publication leaves out, as every `publish` of imported money tells them. */
import type { KeptFinding } from '@daybook/formats';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';

interface Publication {
  /** What was written, for the JSON answer. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The same for people. */
  readonly pairs: Parameters<typeof renderPairs>[0];
  readonly findings: readonly KeptFinding[];
  /** Lines that were read and came in another format. */
  readonly others: number;
}

/**
 * A misspelt name must not come out as an empty file that looks whole.
 * @param name  what was asked for
 * @throws CliError CLI_PUBLICATION_EMPTY where nothing was read of it
 */
export function checkFound(
  name: string,
  { records, findings, others }: Pick<Publication, 'findings' | 'others'> & { records: number },
): void {
  if (records + findings.length + others > 0) return;
  throw new CliError({ code: 'CLI_PUBLICATION_EMPTY', name });
}

/** For the help of each of those verbs. */
export const LEFT_OUT_HELP =
  'A line whose details tell other than the ledger is left out and reported, and ends it with code 1.';

const TITLES = ['Data set', 'Number', 'Field', 'Reason', 'Expected', 'Found'];

/** Tells what was written and what was left out; ends with code 1 where anything was. */
export function answerPublication(
  { json, pairs, findings, others }: Publication,
  input: Input,
  world: World,
): Exit {
  const leftOut = findings.map(({ source, field, code: reason, expected, found }) => ({
    ...source,
    field,
    reason,
    expected,
    found,
  }));
  const rows = leftOut.map(({ dataset, number, occurrence, field, reason, expected, found }) => [
    dataset,
    occurrence === 1 ? number : `${number} (${occurrence})`,
    field,
    reason,
    expected,
    found,
  ]);
  const counts = [
    { title: 'Left out', text: String(leftOut.length) },
    { title: 'Of other formats', text: String(others) },
  ];
  answer(input, world, {
    json: { ...json, leftOut, others },
    lines: (paint) =>
      [
        ...(rows.length === 0 ? [] : [renderTable(TITLES, rows, paint), '']),
        renderPairs([...pairs, ...counts], paint),
      ].join('\n'),
  });
  return leftOut.length === 0 ? 'done' : 'refused';
}
