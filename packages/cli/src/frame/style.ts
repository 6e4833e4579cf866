/** Colours on terminals that want them, and tables that fit. */
import type { Output } from './world.ts';

type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

const CODES: Readonly<Record<Colour, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
};

/** Control characters, and the signs that turn the direction of a line. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}]/gu;
const HARMLESS: ReadonlySet<string> = new Set(['\n', '\t']);
const ESCAPE = '\u001b';
const COLOUR_CODE = new RegExp(`${ESCAPE}\\[\\d{1,2}m`, 'g');

/** Scripts whose signs take two columns, by East Asian Width. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/u;

/** Paints text, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string;

/** No colours where nobody watches, NO_COLOR is set (no-color.org), or the terminal is dumb. */
export function paintFor(
  { isTerminal }: Output,
  environment: Readonly<Record<string, string | undefined>>,
): Paint {
  const isPlain = !isTerminal || (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  if (isPlain) return (_colour, text) => text;
  return (colour, text) => {
    const [on, off] = CODES[colour];
    return `${ESCAPE}[${on}m${text}${ESCAPE}[${off}m`;
  };
}

/**
 * Text that a terminal shows and does not obey: nodes and files may hold anything. Colours stay,
 * because they are this program's own, and harmless where they are not.
 */
export function printable(text: string): string {
  const colours = text.match(COLOUR_CODE) ?? [];
  const parts = text
    .split(COLOUR_CODE)
    .map((part) => part.replace(UNPRINTABLE, (sign) => (HARMLESS.has(sign) ? sign : '\ufffd')));
  return parts.map((part, index) => part + (colours[index] ?? '')).join('');
}

/** How many columns of a terminal a text takes: wide characters take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) width += WIDE.test(letter) ? 2 : 1;
  return width;
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

function shortened(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const letter of text) {
    if (widthOf(kept + letter) >= width) break;
    kept += letter;
  }
  return `${kept}…`;
}

const CELL_WIDTH_MAX = 44;
const GAP = '  ';

/**
 * Rows under titles; long cells are shortened, because --json has them whole.
 * @param whole  titles of columns that are not
 */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  paint: Paint,
  whole: ReadonlySet<string> = new Set(),
): string {
  const cells = rows.map((row) =>
    row.map((cell, column) =>
      whole.has(titles[column] ?? '') ? cell : shortened(cell, CELL_WIDTH_MAX),
    ),
  );
  const widths = titles.map((title, column) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[column] ?? ''))),
  );
  const lineOf = (row: readonly string[]): string =>
    row
      .map((cell, column) => padded(cell, widths[column] ?? 0))
      .join(GAP)
      .trimEnd();
  return [paint('bold', lineOf(titles)), ...cells.map(lineOf)].join('\n');
}

/** Pairs of title and text, one a line, the texts under one another. */
export function renderPairs(
  pairs: readonly { readonly title: string; readonly text: string }[],
  paint: Paint,
): string {
  const width = Math.max(0, ...pairs.map(({ title }) => widthOf(title)));
  return pairs
    .map(({ title, text }) => `${paint('dim', padded(title, width))}${GAP}${text}`)
    .join('\n');
}
