/**
 * Which texts a field takes. Every rule is decided character by character in one pass, so the time
 * is linear in the length whatever a stranger sends.
 */
import { isCanonicalText } from '@daybook/core';
import type { CharacterSet, TextSpec } from './spec.ts';

const SLUG_MIN = 2;
export const SLUG_MAX = 64;

/**
 * Control characters, line and paragraph separators, and the marks that turn text around so that
 * it reads as something else. One character class: no backtracking is possible.
 */
const DISGUISING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose.
  /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff]/;
const DISGUISING_IN_LINES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the purpose.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufff9-\uffff]/;

/** Letters a to z by their code; one comparison each. */
const isLower = (code: number): boolean => code >= 97 && code <= 122;
const isUpper = (code: number): boolean => code >= 65 && code <= 90;
const isDigit = (code: number): boolean => code >= 48 && code <= 57;

const HYPHEN = 45;
const FIRST_PRINTABLE = 33;
const LAST_PRINTABLE = 126;

type CodeTest = (code: number) => boolean;

const CHARACTER_TESTS: Readonly<Record<Exclude<CharacterSet, 'any'>, CodeTest>> = {
  ascii: (code) => code === 10 || (code >= 32 && code <= LAST_PRINTABLE),
  name: (code) => isLower(code) || isUpper(code) || isDigit(code) || code === HYPHEN,
  path: (code) => isLower(code) || isDigit(code) || code === HYPHEN || code === 47,
  digits: isDigit,
  hex: (code) => isDigit(code) || (code >= 97 && code <= 102),
};

/** How a character set is named to people. */
export const CHARACTER_SET_WORDS: Readonly<Record<CharacterSet, string>> = {
  any: 'of printable characters',
  ascii: 'of printable ASCII',
  name: 'of A-Z, a-z, 0-9 and -',
  path: 'of a-z, 0-9, - and /',
  digits: 'of digits',
  hex: 'of lower-case hex digits',
};

/** Whether a text obeys its field. Length counts code points. */
export function isText(spec: TextSpec, text: string): boolean {
  if (!hasLength(text, spec.min, spec.max)) return false;
  const set = spec.characters ?? 'any';
  if (set !== 'any') return everyCode(text, CHARACTER_TESTS[set]);
  const disguising = spec.lines === true ? DISGUISING_IN_LINES : DISGUISING;
  return !disguising.test(text) && isCanonicalText(text);
}

/** `[a-z0-9-]{2,64}` without a hyphen at either end. */
export function isSlug(text: string): boolean {
  const { length } = text;
  if (length < SLUG_MIN || length > SLUG_MAX) return false;
  if (text.charCodeAt(0) === HYPHEN || text.charCodeAt(length - 1) === HYPHEN) return false;
  return everyCode(text, (code) => isLower(code) || isDigit(code) || code === HYPHEN);
}

/** An officer, `organisation/name`. */
export function isOfficer(text: string): boolean {
  const slash = text.indexOf('/');
  return slash > 0 && isSlug(text.slice(0, slash)) && isSlug(text.slice(slash + 1));
}

/** Printable ASCII without spaces, 1 to `max` characters. */
export function isIdentifier(text: string, max: number): boolean {
  if (text.length < 1 || text.length > max) return false;
  return everyCode(text, (code) => code >= FIRST_PRINTABLE && code <= LAST_PRINTABLE);
}

function hasLength(text: string, min: number, max: number): boolean {
  // A code point takes one or two units, so most texts are decided without counting.
  const units = text.length;
  if (units < min || units > 2 * max) return false;
  if (units <= max && units >= 2 * min) return true;
  let count = 0;
  for (const _ of text) count += 1;
  return count >= min && count <= max;
}

function everyCode(text: string, test: CodeTest): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (!test(text.charCodeAt(index))) return false;
  }
  return true;
}
