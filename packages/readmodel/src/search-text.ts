/**
 * Texts as searches compare them: in small letters, signs and runs of space as one space. A row's
 * are made once, when it is written, so that a search reads one column and changes no letter.
 */

/** Signs that end a word as a space does. */
const BETWEEN_WORDS = /[\s\-/,.;:()_"|]+/g;
/** Stands between the texts of a row, with a space on either side. */
export const CELL_END = '|';

/** The words of a text with one space between two of them; empty where there is none. */
export function searchWords(text: string): string {
  return text.toLowerCase().replace(BETWEEN_WORDS, ' ').trim();
}

/** All texts of a row; each begins and ends with a space, so that every word has one before it. */
export function searchText(cells: readonly string[]): string {
  const texts = cells.map((cell) => ` ${searchWords(cell)} `);
  return `${CELL_END}${texts.join(CELL_END)}${CELL_END}`;
}
