/** `daybook check`: what an import of files would refuse, found without a node and without keys. */
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import type { MoneyFormat } from '../imports/read-money.ts';
import {
  FORMAT_HELP,
  MAPPING_OPTION,
  MONEY_FORMAT_NAMES,
  readMoneyFiles,
} from '../imports/read-money.ts';
import { faultOf, readReleaseFiles } from '../imports/read-releases.ts';
import {
  filesRefused,
  loadRemedies,
  refusalsOfFindings,
  refusalsOfReleases,
  renderRefusals,
  totalText,
} from '../imports/refusals.ts';
import { answer } from '../print.ts';

async function checkMoney(format: MoneyFormat, input: Input, world: World): Promise<Exit> {
  const { lines, unreadable } = await readMoneyFiles(format, {
    mapping: input.text('mapping'),
    files: input.operands('file'),
  });
  const { listFaults, totalLines } = await import('@daybook/formats');
  const linesRefused = listFaults(lines);
  const refused = [...unreadable, ...linesRefused];
  const linesRead = lines.filter(({ ok }) => ok).length;
  const totals = totalLines(lines);
  const remedies = await loadRemedies();
  const pairs = [
    { title: 'Lines that were read', text: String(linesRead) },
    { title: 'Lines refused', text: String(lines.length - linesRead) },
    ...filesRefused(unreadable),
    ...totals.map((one) => ({ title: `Sum, ${one.currency}`, text: totalText(one, 'read') })),
  ];
  answer(input, world, {
    json: { linesRead, linesRefused, filesRefused: unreadable, totals },
    lines: (paint) =>
      [...renderRefusals(refused, remedies, paint), renderPairs(pairs, paint)].join('\n'),
  });
  return refused.length === 0 ? 'done' : 'refused';
}

async function checkReleases(input: Input, world: World): Promise<Exit> {
  const { sources, findings, unreadable, locate } = await readReleaseFiles(input.operands('file'));
  const { planReleases } = await import('@daybook/formats');
  const plan = planReleases(sources, { publisher: '' });
  const refused = [...unreadable, ...locate(plan.refused.map(faultOf))];
  const differing = locate(plan.differing.map(faultOf));
  const remedies = await loadRemedies();
  const pairs = [
    { title: 'Releases that were read', text: String(plan.releases.length) },
    { title: 'In the files again', text: String(plan.repeated) },
    { title: 'Under an id of another', text: String(differing.length) },
    { title: 'Refused', text: String(refused.length) },
    { title: 'Findings', text: String(findings.length) },
  ];
  const list = [...refusalsOfReleases([...refused, ...differing]), ...refusalsOfFindings(findings)];
  answer(input, world, {
    json: { releases: plan.releases.length, repeated: plan.repeated, refused, differing, findings },
    lines: (paint) =>
      [...renderRefusals(list, remedies, paint), renderPairs(pairs, paint)].join('\n'),
  });
  return refused.length === 0 ? 'done' : 'refused';
}

const HELP =
  'Reads the files as an import does and says what it would refuse: file, line, column, what was ' +
  'expected and what was found, and what to do. No node is asked and nothing is added, so what ' +
  'only the ledger knows (budgets, holds, lines that are there already) shows in the import. Ends ' +
  'with code 1 if something would be refused.';

function checkVerb(format: MoneyFormat): Verb {
  const { holds, operand, example } = FORMAT_HELP[format];
  return {
    words: ['check', format],
    title: `Check ${holds}, before an import.`,
    help: HELP,
    operands: [{ name: 'file', help: operand, many: true }],
    options: MAPPING_OPTION,
    examples: [`check ${format} ${example} --mapping mapping.json`],
    run: (input, world) => checkMoney(format, input, world),
  };
}

export const CHECK_VERBS: readonly Verb[] = [
  ...MONEY_FORMAT_NAMES.map(checkVerb),
  {
    words: ['check', 'ocds'],
    title: 'Check OCDS packages and releases, before an import.',
    help: `${HELP} Findings, for which nothing is refused, are listed, too.`,
    operands: [{ name: 'file', help: 'JSON files as they were published.', many: true }],
    options: {},
    examples: ['check ocds releases/*.json'],
    run: checkReleases,
  },
];
