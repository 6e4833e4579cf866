/**
 * The files that the tidy rules read, once: path, lines, and the lines again with comments and the
 * contents of strings blanked out, so that a rule about code never trips over prose.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

export interface Source {
  /** Relative to the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** Same lines without comments and without what stands in quotes. */
  readonly code: readonly string[];
}

/** What a rule reports: where, what is wrong, and what to do. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

export function faultLine({ path, line, message }: Fault): string {
  return `${path}:${line}: ${message}`;
}

/** The message every ban has. */
export function banned(what: string, use: string): string {
  return `${what} is banned, use ${use}`;
}

const CODE_GLOBS = [
  'packages/*/{src,test,bench,bin}/**/*.{ts,js}',
  'scripts/**/*.ts',
  'test/**/*.ts',
];
const TEXT_GLOBS = [
  '*.{md,json,jsonc}',
  '.ci/*',
  '.github/**/*.yml',
  'config/**/*',
  'docs/**/*.md',
  'packages/*/{README.md,package.json,tsconfig.json}',
];

function isOwn(path: string): boolean {
  return !/(^|\/)(node_modules|dist|fixtures)\//.test(path) && path !== 'package-lock.json';
}

function read(globs: readonly string[], blank: boolean): readonly Source[] {
  const entries = globSync([...globs], { cwd: ROOT, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
  return paths
    .filter(isOwn)
    .sort()
    .map((path) => {
      const text = readFileSync(join(ROOT, path), 'utf8');
      return blank ? sourceOf(path, text) : plainSourceOf(path, text);
    });
}

function plainSourceOf(path: string, text: string): Source {
  const lines = text.split('\n');
  return { path, text, lines, code: lines };
}

/** A file of code; the tests of the rules make theirs with it. */
export function sourceOf(path: string, text: string): Source {
  return { path, text, lines: text.split('\n'), code: blankOut(text).split('\n') };
}

/** TypeScript of the packages, their tests, the scripts and this folder. */
export function readCode(): readonly Source[] {
  return read(CODE_GLOBS, true);
}

/** Documents and configuration. */
export function readTexts(): readonly Source[] {
  return read(TEXT_GLOBS, false);
}

/**
 * Comments, then strings (template placeholders go with their string), then regular expressions
 * where an expression may start. Order matters: the first alternative that matches wins.
 */
const BLANKED =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\[\s\S])*`|(?<=[=(,:[!&|?{};\n]\s*|return\s+)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;

function blankOut(text: string): string {
  return text.replace(BLANKED, (match) => {
    const quote = /^['"`]/.test(match) ? match.charAt(0) : '';
    const inside = match.slice(quote.length, match.length - quote.length);
    return quote + inside.replace(/[^\n]/g, ' ') + quote;
  });
}
