/**
 * Verbs as data: what each is called, what it takes, and what it says about itself. The parser, the
 * help, the completion scripts and docs/reference/cli.md derive from this form alone.
 */
import type { Exit } from '../exit-codes.ts';
import type { Input } from './input.ts';
import type { World } from './world.ts';

/** `--name VALUE`, or a switch. */
export interface Option {
  /** Placeholder of the value in help; a switch has none. */
  readonly value?: string;
  readonly help: string;
  /** May be given several times. */
  readonly many?: true;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** Environment variable that is read when the option is left out. */
  readonly environment?: string;
  /** Holds when the option is left out; for help, and for the verb. */
  readonly default?: string;
  /** The verb cannot do without. */
  readonly required?: true;
}

export type Options = Readonly<Record<string, Option>>;

/** What stands on the line without a dash. */
export interface Operand {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  /** Takes all that is left; the last operand only. */
  readonly many?: true;
}

/** Does what a verb says. @returns how it ended */
export type Runner = (input: Input, world: World) => Promise<Exit>;

export interface Verb {
  /** The words that call it: `['init', 'keys']`. */
  readonly words: readonly string[];
  /** One sentence. */
  readonly title: string;
  /** A paragraph, where the sentence is not enough. */
  readonly help?: string;
  readonly operands: readonly Operand[];
  readonly options: Options;
  /** Command lines that work, without `daybook`. */
  readonly examples?: readonly string[];
  /** Ends when it is interrupted, and cleans up by itself. */
  readonly runsUntilTold?: true;
  readonly run: Runner;
}

/** Options that every verb has. */
export const COMMON_OPTIONS = {
  json: { help: 'One JSON document on standard output, for scripts.' },
  help: { help: 'What the verb does and takes.' },
} as const satisfies Options;
