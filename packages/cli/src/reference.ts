/** docs/reference/cli.md, from the tables of the verbs: a pure function, so that a test can compare. */
import type { ManifestContract } from '@daybook/contracts';
import { actionVerbs, BUILD_OPTIONS } from './actions/action-verb.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { describeOption, operandText, usageOf } from './frame/help.ts';
import type { Options, Verb } from './frame/verb.ts';
import { COMMON_OPTIONS } from './frame/verb.ts';
import { GENERAL_VERBS } from './verbs.ts';

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function optionTable(options: Options): readonly string[] {
  const rows = Object.entries(options).map(([name, option]) => {
    const value = option.value === undefined ? '' : ` ${option.value}`;
    return `| \`--${name}${value}\` | ${cell(describeOption(option))} |`;
  });
  return rows.length === 0 ? [] : ['| option | meaning |', '| --- | --- |', ...rows, ''];
}

function verbSection(verb: Verb, options: Options): readonly string[] {
  const { words, title, help, operands, examples = [] } = verb;
  const lines = operands.map((operand) => `- \`${operandText(operand)}\`: ${operand.help}`);
  return [
    `### ${words.join(' ')}`,
    '',
    help === undefined ? title : `${title} ${help}`,
    '',
    '```',
    `daybook ${usageOf(verb)}`,
    '```',
    '',
    ...(lines.length === 0 ? [] : [...lines, '']),
    ...optionTable(options),
    ...(examples.length === 0
      ? []
      : ['```', ...examples.map((line) => `daybook ${line}`), '```', '']),
  ];
}

function contractSection(contract: ManifestContract): readonly string[] {
  const verbs = actionVerbs(contract);
  if (verbs.length === 0) return [];
  return [
    `## ${contract.title.en} · ${contract.title.zh}`,
    '',
    contract.help.en,
    '',
    ...verbs.flatMap((verb) => {
      const own = Object.entries(verb.options).filter(
        ([name]) => !Object.hasOwn(BUILD_OPTIONS, name),
      );
      const { examples: _examples, ...rest } = verb;
      return verbSection(rest, Object.fromEntries(own));
    }),
  ];
}

/** The reference page. @param contracts  those whose actions are shown as verbs */
export function renderCliReference(contracts: readonly ManifestContract[]): string {
  const exits = Object.values(EXIT_CODES).map(({ code, help }) => `| ${code} | ${help} |`);
  return [
    '# Commands',
    '',
    'Generated from the tables of `packages/cli` by `npm run generate`; do not edit.',
    '',
    'Every verb takes:',
    '',
    ...optionTable(COMMON_OPTIONS),
    'Answers go to standard output; progress, warnings and errors to standard error. With `--json`, ' +
      'an error is one line `{"error": {"code", "message", "remedy"}}` on standard error. Colours and ' +
      'progress bars appear on terminals only; `NO_COLOR` turns colours off.',
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '| --- | --- |',
    ...exits,
    '',
    '## Verbs',
    '',
    ...GENERAL_VERBS.flatMap((verb) => verbSection(verb, verb.options)),
    '## Verbs of contracts',
    '',
    'One for each action, derived from the contract: `daybook CONTRACT ACTION`. A contract that only ' +
      'the chain knows has its verbs as soon as a node is named with `--url`. Besides their own options ' +
      'they all take:',
    '',
    ...optionTable(BUILD_OPTIONS),
    ...contracts.flatMap(contractSection),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
}
