/** Help for people at a terminal, from the tables of the verbs. */
import { EXIT_CODES } from '../exit-codes.ts';
import { optionsOf } from './parse.ts';
import type { Paint } from './style.ts';
import { renderPairs } from './style.ts';
import type { Operand, Option, Verb } from './verb.ts';

/** `FILE`, `[FILE]`, `FILE…`. */
export function operandText({ name, optional, many }: Operand): string {
  const text = `${name.toUpperCase()}${many === true ? '…' : ''}`;
  return optional === true ? `[${text}]` : text;
}

/** The first line of a verb's help, without `daybook`. */
export function usageOf(verb: Verb): string {
  const required = Object.entries(verb.options)
    .filter(([, option]) => option.required === true)
    .map(([name, option]) => `--${name} ${option.value ?? ''}`.trim());
  return [...verb.words, ...verb.operands.map(operandText), ...required, '[options]'].join(' ');
}

/** What an option takes and does, in one text. */
export function describeOption({
  help,
  choices,
  many,
  environment,
  default: value,
}: Option): string {
  const facts = [
    ...(choices === undefined ? [] : [`one of ${choices.join(', ')}`]),
    ...(many === true ? ['may be repeated'] : []),
    ...(environment === undefined ? [] : [`or ${environment}`]),
    ...(value === undefined ? [] : [`default ${value}`]),
  ];
  return facts.length === 0 ? help : `${help} (${facts.join('; ')})`;
}

/** Help of one verb. */
export function renderVerbHelp(verb: Verb, paint: Paint): string {
  const options = Object.entries(optionsOf(verb)).map(([name, option]) => ({
    title: `  --${name}${option.value === undefined ? '' : ` ${option.value}`}`,
    text: describeOption(option),
  }));
  const operands = verb.operands.map((operand) => ({
    title: `  ${operandText(operand)}`,
    text: operand.help,
  }));
  const examples = (verb.examples ?? []).map((line) => `  daybook ${line}`);
  return sections(paint, [
    [undefined, `${verb.title}${verb.help === undefined ? '' : `\n${verb.help}`}`],
    ['Usage', `  daybook ${usageOf(verb)}`],
    ['Operands', operands.length === 0 ? '' : renderPairs(operands, paint)],
    ['Options', renderPairs(options, paint)],
    ['Examples', examples.join('\n')],
  ]);
}

/** Help of the program, or of the verbs that begin with some words. */
export function renderOverview(
  verbs: readonly Pick<Verb, 'words' | 'title'>[],
  contracts: readonly { readonly name: string; readonly title: string }[],
  paint: Paint,
): string {
  const lines = verbs.map(({ words, title }) => ({ title: `  ${words.join(' ')}`, text: title }));
  const names = contracts.map(({ name, title }) => ({ title: `  ${name} ACTION`, text: title }));
  const exits = Object.values(EXIT_CODES).map(({ code, help }) => ({
    title: `  ${String(code).padStart(3)}`,
    text: help,
  }));
  return sections(paint, [
    [undefined, 'daybook: keys, genesis, transactions, records and proofs of a Daybook ledger.'],
    ['Usage', '  daybook VERB [operands] [options]\n  daybook VERB --help\n  daybook --version'],
    ['Verbs', renderPairs(lines, paint)],
    ['Actions of contracts', names.length === 0 ? '' : renderPairs(names, paint)],
    ['Exit codes', names.length === 0 ? '' : renderPairs(exits, paint)],
  ]);
}

function sections(
  paint: Paint,
  parts: readonly (readonly [title: string | undefined, text: string])[],
): string {
  return parts
    .filter(([, text]) => text !== '')
    .map(([title, text]) => (title === undefined ? text : `${paint('bold', title)}\n${text}`))
    .join('\n\n');
}
