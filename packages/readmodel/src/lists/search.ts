/**
 * Search for words in the texts of a row: which rows have them all, and how well each fits, as SQL
 * that PostgreSQL and DuckDB understand.
 */
import type { InputFault, Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { CELL_END, searchWords } from '../search-text.ts';
import { likePart, quoted, textLiteral } from '../sql-text.ts';
import { TEXT_COLUMN } from '../tables.ts';

export interface Search {
  /** Every word in one of the columns of text. */
  readonly filters: readonly string[];
  /** A whole number, larger where the words fit better. */
  readonly rank: string;
}

/** Words of one search. */
const WORDS_MAX = 8;
/** What a word counts: as a word of its own, as the beginning of one, anywhere. */
const WHOLE = 4;
const START = 2;
const PART = 1;
/** What all words together count: as the whole text of a column, as they stand in one. */
const CELL = 8;
const PHRASE = 4;

/** @returns undefined for an empty text; signs without a word are refused, as they would find all rows */
export function searchSql(text: string): Result<Search | undefined, InputFault> {
  const words = text
    .split(/\s+/)
    .map(searchWords)
    .filter((word) => word !== '');
  if (text.trim() === '') return ok(undefined);
  if (words.length === 0) {
    return fail({ pointer: '/text', expected: 'at least one word', found: text.slice(0, 80) });
  }
  if (words.length > WORDS_MAX) {
    const expected = `at most ${WORDS_MAX} words`;
    return fail({ pointer: '/text', expected, found: `${words.length}` });
  }
  return ok({ filters: words.map(holds), rank: rankSql(words) });
}

/** Without an escape where none is needed: databases look for a plain text much faster. */
function holds(part: string): string {
  const pattern = likePart(part);
  const escaped = pattern === part ? '' : ` ESCAPE '\\'`;
  return `${quoted(TEXT_COLUMN.name)} LIKE ${textLiteral(`%${pattern}%`)}${escaped}`;
}

/** Each word adds what it counts, and all of them together what they do. */
function rankSql(words: readonly string[]): string {
  const scores = words.map(
    (word) =>
      `CASE WHEN ${holds(` ${word} `)} THEN ${WHOLE} ` +
      `WHEN ${holds(` ${word}`)} THEN ${START} ELSE ${PART} END`,
  );
  const phrase = words.join(' ');
  const together = words.length > 1 ? ` WHEN ${holds(phrase)} THEN ${PHRASE}` : '';
  const cell = `${CELL_END} ${phrase} ${CELL_END}`;
  scores.push(`CASE WHEN ${holds(cell)} THEN ${CELL}${together} ELSE 0 END`);
  return scores.join(' + ');
}
