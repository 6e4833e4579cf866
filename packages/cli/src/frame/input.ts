/** What stood on the command line, read by the table of its verb. */
import { CliError } from '../errors.ts';
import type { Options } from './verb.ts';

export interface Input {
  /** @throws CliError CLI_OPERAND_MISSING */
  operand(name: string): string;
  operands(name: string): readonly string[];
  optionalOperand(name: string): string | undefined;
  /** @throws CliError CLI_OPERAND_MISSING if the option is neither given nor has a default */
  text(option: string): string;
  optionalText(option: string): string | undefined;
  /** Every value of an option that may be given several times. */
  texts(option: string): readonly string[];
  flag(option: string): boolean;
  /** @throws CliError CLI_OPTION_INVALID */
  integer(
    option: string,
    bounds: { readonly min: number; readonly max: number },
  ): number | undefined;
}

/** What the parser found. */
export interface Found {
  readonly operands: ReadonlyMap<string, readonly string[]>;
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Switches that were given. */
  readonly flags: ReadonlySet<string>;
}

const INTEGER = /^(?:0|[1-9][0-9]{0,15})$/;

/** @param options  the verb's table, for environment and defaults */
export function createInput(
  found: Found,
  options: Options,
  environment: Readonly<Record<string, string | undefined>>,
): Input {
  const texts = (name: string): readonly string[] => {
    const given = found.options.get(name);
    if (given !== undefined) return given;
    const option = options[name];
    const fromEnvironment =
      option?.environment === undefined ? undefined : environment[option.environment];
    if (fromEnvironment !== undefined && fromEnvironment !== '') {
      return option?.many === true ? fromEnvironment.split(/[\s,]+/) : [fromEnvironment];
    }
    return option?.default === undefined ? [] : [option.default];
  };
  const input: Input = {
    operands: (name) => found.operands.get(name) ?? [],
    optionalOperand: (name) => input.operands(name)[0],
    operand: (name) => orMissing(input.optionalOperand(name), name),
    texts,
    optionalText: (name) => texts(name)[0],
    text: (name) => orMissing(texts(name)[0], `--${name}`),
    flag: (name) => found.flags.has(name),
    integer: (name, { min, max }) => {
      const text = texts(name)[0];
      if (text === undefined) return undefined;
      const value = INTEGER.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      const expected = `a whole number from ${min} to ${max}`;
      throw new CliError({ code: 'CLI_OPTION_INVALID', option: `--${name}`, expected });
    },
  };
  return input;
}

function orMissing(value: string | undefined, name: string): string {
  if (value !== undefined) return value;
  throw new CliError({ code: 'CLI_OPERAND_MISSING', name });
}
