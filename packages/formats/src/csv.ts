/**
 * Comma-separated text as real publishers write it (RFC 4180 with mixed line ends). Our own scanner
 * because a refused line must name its physical line, and because one stray quote must cost one
 * line and not the rest of the file; `csv.test.ts` holds it to csv-parse on well-formed input.
 */

/** A record may not be longer, so that a quote that is never closed costs a bounded look-ahead. */
export const CSV_ROW_CHARS_MAX = 65_536;

/** Why the text at a line is not a record. */
export type CsvFault = 'quote-not-closed' | 'text-after-quote' | 'row-too-long';

/** One record, or a line that is none. `line` is the physical line it starts on, from 1. */
export type CsvRow =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly fault: CsvFault; readonly text: string };

type Scan =
  | { readonly cells: readonly string[]; readonly next: number }
  | { readonly fault: CsvFault };

const QUOTE = '"';

/**
 * Records of a text in order; lines without any character are passed over. A record that spans
 * several lines but has not the width of the first record was most likely opened by a stray quote:
 * only its first line is refused, and reading goes on with the second.
 * @param separator one character
 */
export function* readCsvRows(text: string, separator = ','): Generator<CsvRow> {
  let at = 0;
  let line = 1;
  let width = 0;
  while (at < text.length) {
    const lineEnd = nextLineEnd(text, at);
    const scan = scanRow(text, at, separator);
    const spans = 'fault' in scan ? 1 : countLines(text, at, scan.next);
    if ('fault' in scan) {
      yield { line, fault: scan.fault, text: text.slice(at, lineEnd) };
    } else if (spans > 1 && width > 0 && scan.cells.length !== width) {
      yield { line, fault: 'quote-not-closed', text: text.slice(at, lineEnd) };
    } else {
      if (scan.next - at > 0 && lineEnd > at) {
        width ||= scan.cells.length;
        yield { line, cells: scan.cells };
      }
      at = scan.next;
      line += spans;
      continue;
    }
    at = afterLineEnd(text, lineEnd);
    line += 1;
  }
}

function scanRow(text: string, from: number, separator: string): Scan {
  const cells: string[] = [];
  let at = from;
  while (true) {
    const cell = text[at] === QUOTE ? scanQuoted(text, at) : scanPlain(text, at, separator);
    if ('fault' in cell) {
      return cell;
    }
    if (cell.next - from > CSV_ROW_CHARS_MAX) {
      return { fault: 'row-too-long' };
    }
    cells.push(cell.value);
    at = cell.next;
    if (text[at] !== separator) {
      break;
    }
    at += 1;
  }
  return at === text.length || isLineEnd(text, at)
    ? { cells, next: afterLineEnd(text, at) }
    : { fault: 'text-after-quote' };
}

type Cell = { readonly value: string; readonly next: number } | { readonly fault: CsvFault };

function scanQuoted(text: string, from: number): Cell {
  let value = '';
  let at = from + 1;
  while (true) {
    const close = text.indexOf(QUOTE, at);
    if (close === -1 || close - from > CSV_ROW_CHARS_MAX) {
      return { fault: 'quote-not-closed' };
    }
    value += text.slice(at, close);
    at = close + 1;
    if (text[at] !== QUOTE) {
      return { value, next: at };
    }
    value += QUOTE;
    at += 1;
  }
}

function scanPlain(text: string, from: number, separator: string): Cell {
  let at = from;
  while (at < text.length && text[at] !== separator && !isLineEnd(text, at)) {
    at += 1;
  }
  return { value: text.slice(from, at), next: at };
}

function isLineEnd(text: string, at: number): boolean {
  return text[at] === '\n' || text[at] === '\r';
}

function nextLineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineEnd(text, at)) {
    at += 1;
  }
  return at;
}

function afterLineEnd(text: string, at: number): number {
  return Math.min(text.length, text[at] === '\r' && text[at + 1] === '\n' ? at + 2 : at + 1);
}

function countLines(text: string, from: number, next: number): number {
  let lines = 0;
  let at = from;
  while (at < next) {
    at = afterLineEnd(text, nextLineEnd(text, at));
    lines += 1;
  }
  return lines;
}

/** Records as RFC 4180 writes them, cells quoted where they must be. */
export function writeCsvRows(rows: Iterable<readonly string[]>, separator = ','): string {
  const quoted = (cell: string): string =>
    cell.includes(QUOTE) || cell.includes(separator) || /[\r\n]/.test(cell)
      ? QUOTE + cell.replaceAll(QUOTE, QUOTE + QUOTE) + QUOTE
      : cell;
  const lines = [...rows].map((cells) => cells.map(quoted).join(separator));
  // A line without any character would be passed over when it is read.
  return lines.map((line) => `${line === '' ? QUOTE + QUOTE : line}\r\n`).join('');
}
