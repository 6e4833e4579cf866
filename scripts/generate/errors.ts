/** `docs/reference/errors.md`: every failure code of every package. */
import { applications } from '@daybook/applications';
import type { ManifestContract } from '@daybook/contracts';
import { createEngine, publicCodeOf } from '@daybook/contracts';
import type { ErrorEntry } from '@daybook/core';
import { loadTables, markdownTable, pageHead } from './packages.ts';

const INTRO = `Every failure has a code that never changes its meaning. The API answers with problem details
(RFC 9457) whose \`code\` is one of these; the CLI prints the code after its sentence. *HTTP* is the
status of the API's answer; *receipt* the number in the receipt of a transaction that failed in
execution, which is part of the protocol.`;

function isEntry(value: unknown): value is ErrorEntry {
  return value instanceof Object && 'summary' in value && 'remedy' in value;
}

/** Entries that people meet in receipts have their sentences in Chinese, too. */
type BilingualEntry = ErrorEntry & {
  readonly zh?: { readonly summary: string; readonly remedy: string };
};

function entryText(code: string, { summary, remedy, status, receipt, zh }: BilingualEntry): string {
  const facts = [
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(receipt === undefined ? [] : [`receipt ${receipt}`]),
  ];
  const tail = facts.length === 0 ? '' : `\n\n*${facts.join(', ')}*`;
  const chinese = zh === undefined ? '' : `\n\n${zh.summary}${zh.remedy}`;
  return `### ${code}\n\n${summary}\n\n**What to do:** ${remedy}${chinese}${tail}\n`;
}

/** The failures a contract declares; those of the ledger are the engine's, listed above. */
function contractText({ name, title, failures }: ManifestContract): string {
  const rows = Object.entries(failures).map(([code, { receipt, en, zh, remedy }]) => [
    `\`${publicCodeOf(name, code)}\``,
    String(receipt),
    `${en} ${zh}`,
    `${remedy.en} ${remedy.zh}`,
  ]);
  const table = markdownTable(['code', 'receipt', 'what happened', 'what to do'], rows);
  return `## Contract ${name}: ${title.en}\n\n${table}\n`;
}

export async function buildErrorsPage(): Promise<string> {
  const tables = await loadTables('_ERRORS', isEntry);
  const sections = tables.map(({ packageName, rows }) => {
    const entries = rows.map(([code, entry]) => entryText(code, entry));
    return `## ${packageName}\n\n${entries.join('\n')}`;
  });
  const contracts = createEngine(applications)
    .manifest()
    .contracts.filter(({ number, failures }) => number > 0 && Object.keys(failures).length > 0)
    .map(contractText);
  return [pageHead('Errors', INTRO), ...sections, ...contracts].join('\n');
}
