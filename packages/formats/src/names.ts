/**
 * Names of records made from a publisher's texts: readable, always the same for the same text, and
 * different for different texts however long or foreign they are.
 */
import { encodeUtf8, sha256, toHex } from '@daybook/core';

/** 48 bits: enough that no publisher's own texts meet by chance. */
const HASH_CHARACTERS = 12;
const SLUG_READABLE_MAX = 48;
const WORD = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;

/** Lower case words of ASCII letters and digits joined by hyphens, cut at `lengthMax`; may be ''. */
export function slugOf(text: string, lengthMax: number): string {
  return text
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, lengthMax)
    .replace(/-$/, '');
}

/**
 * A slug of at most 61 characters for a list of texts: the last one readable, all of them hashed.
 * Case does not matter, because publishers write the same name in several cases.
 */
export function slugFor(texts: readonly string[]): string {
  const readable = slugOf(texts.at(-1) ?? '', SLUG_READABLE_MAX);
  const hash = hashOf(texts.map((text) => text.toUpperCase()));
  return readable === '' ? `n-${hash}` : `${readable}-${hash}`;
}

/** The text itself if it is one plain word, else a slug with its hash. */
export function wordFor(text: string): string {
  return WORD.test(text) && text.length <= SLUG_READABLE_MAX
    ? text
    : `${slugOf(text, SLUG_READABLE_MAX)}-${hashOf([text])}`;
}

function hashOf(texts: readonly string[]): string {
  // No clean text holds a control character, so the join cannot be ambiguous.
  return toHex(sha256(encodeUtf8(texts.join('\u0000')))).slice(0, HASH_CHARACTERS);
}

/** Second part of an import identity: the series, and the file without its ending. */
export function datasetOf({ dataset }: { readonly dataset: string }, file: string): string {
  return `${dataset}/${wordFor(file.replace(/\.[^.]*$/, ''))}`;
}

/** An occurrence as a file states it. */
export const OCCURRENCE = /^[1-9][0-9]{0,8}$/;

/**
 * Counts how often each number has come, from 1. A file that we wrote may state a higher count, where
 * lines before were refused and are not in it; none is given twice.
 */
export function countOccurrences(): (number: string, stated?: number) => number {
  const occurrences = new Map<string, number>();
  return (number, stated = 0) => {
    const occurrence = Math.max((occurrences.get(number) ?? 0) + 1, stated);
    occurrences.set(number, occurrence);
    return occurrence;
  };
}
