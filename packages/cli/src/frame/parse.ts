/** Reads the words after a verb by its table; the first thing wrong is named with what to do. */
import { parseArgs } from 'node:util';
import { CliError } from '../errors.ts';
import type { Found } from './input.ts';
import type { Operand, Option, Options, Verb } from './verb.ts';
import { COMMON_OPTIONS } from './verb.ts';

/** All options of a verb. */
export function optionsOf(verb: Pick<Verb, 'options'>): Options {
  return { ...verb.options, ...COMMON_OPTIONS };
}

/** @throws CliError naming the first fault, with the nearest name for a slip of the pen */
export function parseWords(verb: Verb, words: readonly string[]): Found {
  const table = optionsOf(verb);
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(
      Object.entries(table).map(([name, { value }]) => [
        name,
        { type: value === undefined ? ('boolean' as const) : ('string' as const) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options = new Map<string, readonly string[]>();
  const flags = new Set<string>();
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') rest.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = optionNamed(table, name, rawName);
    if (option.value === undefined) {
      if (value !== undefined) throw invalid(rawName, 'no value');
      flags.add(name);
    } else {
      options.set(
        name,
        withValue(options.get(name), checked(option, rawName, value), option, rawName),
      );
    }
  }
  checkRequired(table, options, flags);
  return { operands: assign(verb.operands, rest, flags.has('help')), options, flags };
}

function optionNamed(table: Options, name: string, rawName: string): Option {
  const option = Object.hasOwn(table, name) ? table[name] : undefined;
  if (option !== undefined) return option;
  const nearest = nearestOf(name, Object.keys(table));
  const suggestion = nearest === undefined ? undefined : `--${nearest}`;
  throw new CliError({ code: 'CLI_OPTION_UNKNOWN', name: rawName, suggestion });
}

function invalid(option: string, expected: string): CliError {
  return new CliError({ code: 'CLI_OPTION_INVALID', option, expected });
}

function checked({ choices, value: placeholder }: Option, rawName: string, value?: string): string {
  if (value === undefined) throw invalid(rawName, `a value: ${placeholder}`);
  if (choices !== undefined && !choices.includes(value)) {
    throw invalid(rawName, `one of ${choices.join(', ')}`);
  }
  return value;
}

function withValue(
  before: readonly string[] | undefined,
  value: string,
  { many }: Option,
  rawName: string,
): readonly string[] {
  if (before !== undefined && many !== true) throw invalid(rawName, 'one value only');
  return [...(before ?? []), value];
}

/** Environment and defaults may stand in for an option, so only those without either are missing. */
function checkRequired(
  table: Options,
  given: ReadonlyMap<string, unknown>,
  flags: ReadonlySet<string>,
): void {
  if (flags.has('help')) return;
  for (const [name, option] of Object.entries(table)) {
    const isMissing = option.required === true && !given.has(name);
    if (isMissing && option.environment === undefined && option.default === undefined) {
      throw new CliError({ code: 'CLI_OPERAND_MISSING', name: `--${name} ${option.value ?? ''}` });
    }
  }
}

function assign(
  operands: readonly Operand[],
  rest: readonly string[],
  isLenient: boolean,
): ReadonlyMap<string, readonly string[]> {
  const assigned = new Map<string, readonly string[]>();
  let next = 0;
  for (const { name, optional, many } of operands) {
    const values = many === true ? rest.slice(next) : rest.slice(next, next + 1);
    if (values.length === 0 && optional !== true && !isLenient) {
      throw new CliError({ code: 'CLI_OPERAND_MISSING', name: name.toUpperCase() });
    }
    if (values.length > 0) assigned.set(name, values);
    next += values.length;
  }
  const surplus = rest[next];
  if (surplus === undefined || isLenient) return assigned;
  throw new CliError({ code: 'CLI_OPERAND_SURPLUS', found: surplus });
}

/** The name that differs least, if it differs little. */
export function nearestOf(name: string, names: readonly string[]): string | undefined {
  const ranked = names
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  const limit = Math.max(1, Math.floor(name.length / 3));
  return best !== undefined && best.distance <= limit ? best.candidate : undefined;
}

/** Letters to insert, drop or exchange (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const change = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(change, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
