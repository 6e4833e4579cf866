/**
 * Search for words in the texts of a row: which rows have them all, and how well each fits, as SQL
 * that PostgreSQL and DuckDB understand.
 */
import type { InputFault, Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import { likePart, quoted, textLiteral } from '../sql-text.ts';
import type { Column, Table } from '../tables.ts';

export interface Search {
  /** Every word in one of the columns of text. */
  readonly filters: readonly string[];
  /** A whole number, larger where the words fit better. */
  readonly rank: string;
}

/** Words of one search. */
const WORDS_MAX = 8;
/** Signs that end a word as a space does. */
const SIGNS = '-/,.;:()_"';
/** What a word counts: as a word of its own, as the beginning of one, anywhere. */
const WHOLE = 4;
const START = 2;
const PART = 1;
/** What all words together count: as the whole text of a column, as they stand in one. */
const CELL = 8;
const PHRASE = 4;

/** @returns undefined when there is no word to search for */
export function searchSql(table: Table, text: string): Result<Search | undefined, InputFault> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length === 0) return ok(undefined);
  if (words.length > WORDS_MAX) {
    const expected = `at most ${WORDS_MAX} words`;
    return fail({ pointer: '/text', expected, found: `${words.length}` });
  }
  const columns = table.fields.filter(({ type }) => type === 'VARCHAR');
  if (columns.length === 0) return ok({ filters: ['FALSE'], rank: '0' });
  const whole = columns.map(({ name }) => `COALESCE(${quoted(name)}, '')`).join(` || ' ' || `);
  return ok({
    filters: words.map((word) => like(whole, `%${likePart(word)}%`)),
    rank: rankSql(columns, whole, words),
  });
}

function like(left: string, pattern: string): string {
  return `${left} ILIKE ${textLiteral(pattern)} ESCAPE '\\'`;
}

/** Words of a row stand between spaces, the first and the last, too. */
function rankSql(columns: readonly Column[], whole: string, words: readonly string[]): string {
  const spaced = `TRANSLATE(' ' || ${whole} || ' ', ${textLiteral(SIGNS)}, ${textLiteral(' '.repeat(SIGNS.length))})`;
  const scores = words.map((word) => {
    // The signs are spaces in the row by now, so they are in the word that is looked for.
    const plain = likePart(
      Array.from(word, (sign) => (SIGNS.includes(sign) ? ' ' : sign)).join(''),
    );
    const [asWord, asStart] = [like(spaced, `% ${plain} %`), like(spaced, `% ${plain}%`)];
    return `CASE WHEN ${asWord} THEN ${WHOLE} WHEN ${asStart} THEN ${START} ELSE ${PART} END`;
  });
  const phrase = words.join(' ');
  const isCell = columns.map(({ name }) => like(`COALESCE(${quoted(name)}, '')`, likePart(phrase)));
  const together =
    words.length > 1 ? ` WHEN ${like(whole, `%${likePart(phrase)}%`)} THEN ${PHRASE}` : '';
  scores.push(`CASE WHEN ${isCell.join(' OR ')} THEN ${CELL}${together} ELSE 0 END`);
  return scores.join(' + ');
}
