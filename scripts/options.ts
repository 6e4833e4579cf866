/** Options of the scripts: what opens the file of a script is its help, so that the two are one. */
import { readFileSync } from 'node:fs';
import type { ParseArgsConfig } from 'node:util';
import { parseArgs } from 'node:util';

const OPENING = /^\/\*\*\n(?<words>.*?)\n \*\/\n/su;

/** How a command that was given no sense ends. */
const EXIT_USAGE = 2;

/**
 * As `parseArgs` of Node reads them. `--help` prints the comment that opens `file` and ends the
 * process; an option that is none prints what is wrong and the same, and ends it with code 2.
 */
export function parseOptions<const T extends ParseArgsConfig>(
  file: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  answerHelp(file);
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${helpOf(file)}`);
    process.exit(EXIT_USAGE);
  }
}

/** Prints the comment that opens `file` and ends the process, if `--help` is among its words. */
export function answerHelp(file: string): void {
  if (!process.argv.slice(2).includes('--help')) return;
  process.stdout.write(helpOf(file));
  process.exit();
}

/** A whole number, 0 or more; any other text of an option ends the process with code 2. */
export function numberOf(text: string, name: string): number {
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} takes a whole number, not ${JSON.stringify(text)}\n`);
  process.exit(EXIT_USAGE);
}

function helpOf(file: string): string {
  const words = OPENING.exec(readFileSync(file, 'utf8'))?.groups?.words ?? '';
  return `${words.replaceAll(/^ \* ?/gmu, '')}\n`;
}
