/**
 * Where the values that JSON pointers name stand in a text: the parser forgets it, and only what is
 * wrong needs it. One pass over the text, which enters nothing that no pointer leads into.
 */
import { assert } from '@daybook/core';
import type { Finding } from './errors.ts';
import type { SourceFile } from './records.ts';
import { decodeText } from './text.ts';

/** Line and column of the first sign of a value, both from 1, the column in UTF-16 units. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** A step of the pointers that are looked for. */
interface Step {
  readonly children: Map<string, Step>;
  /** Where its value begins; undefined as long as none was found. */
  offset: number | undefined;
}

/**
 * Looks pointers up in a text that has been parsed as JSON before.
 * @returns of each pointer the place of its value; if that is missing, of what it is missing in
 */
export function locateJson(
  text: string,
  pointers: Iterable<string>,
): ReadonlyMap<string, TextPlace> {
  const root: Step = { children: new Map(), offset: 0 };
  const wanted = [...new Set(pointers)].map(
    (pointer) => [pointer, stepsTo(root, pointer)] as const,
  );
  new Walker(text).value(root);
  const offsets = wanted.map(
    ([pointer, steps]) => [pointer, steps.findLast(isFound)?.offset ?? 0] as const,
  );
  return placesOf(text, offsets);
}

function isFound({ offset }: Step): boolean {
  return offset !== undefined;
}

/** The steps of a pointer from the root, which are made where no other pointer has them. */
function stepsTo(root: Step, pointer: string): readonly Step[] {
  const steps = [root];
  let last = root;
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const next: Step = last.children.get(name) ?? { children: new Map(), offset: undefined };
    last.children.set(name, next);
    steps.push(next);
    last = next;
  }
  return steps;
}

const SPACE = /[ \t\r\n]*/y;
const COMMA = /[ \t\r\n]*,?[ \t\r\n]*/y;
const COLON = /[ \t\r\n]*:/y;
const LITERAL = /[^,\]}\s]*/y;

/** Goes over JSON that is known to be well-formed and not nested too deep. */
class Walker {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(step: Step | undefined): void {
    this.#skip(SPACE);
    if (step !== undefined) step.offset = this.#at;
    const sign = this.#text[this.#at];
    if (sign === '"') this.#string();
    else if (sign === '{' || sign === '[') this.#members(sign === '{', step);
    else this.#skip(LITERAL);
  }

  #members(isObject: boolean, step: Step | undefined): void {
    const end = isObject ? '}' : ']';
    this.#at += 1;
    this.#skip(SPACE);
    for (let index = 0; this.#text[this.#at] !== end; index += 1) {
      const name = isObject ? this.#name(step) : String(index);
      const before = this.#at;
      this.value(step?.children.get(name));
      assert(this.#at > before, 'text that was parsed as JSON has a value here');
      this.#skip(COMMA);
    }
    this.#at += 1;
  }

  /** The name before a value; '' where no pointer asks for it. */
  #name(step: Step | undefined): string {
    const start = this.#at;
    this.#string();
    const written = this.#text.slice(start, this.#at);
    this.#skip(COLON);
    return step === undefined || step.children.size === 0 ? '' : (JSON.parse(written) as string);
  }

  /** By hand: a pattern would remember every sign of a text of many megabytes. */
  #string(): void {
    this.#at += 1;
    while (this.#text[this.#at] !== '"' && this.#at < this.#text.length) {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += 1;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    if (pattern.test(this.#text)) this.#at = pattern.lastIndex;
  }
}

/** Counts each line once, however many places are asked for. */
function placesOf(
  text: string,
  offsets: readonly (readonly [pointer: string, offset: number])[],
): ReadonlyMap<string, TextPlace> {
  const places = new Map<string, TextPlace>();
  let line = 1;
  let lineStart = 0;
  for (const [pointer, offset] of offsets.toSorted(([, a], [, b]) => a - b)) {
    for (let end = text.indexOf('\n', lineStart); end >= 0 && end < offset; ) {
      line += 1;
      lineStart = end + 1;
      end = text.indexOf('\n', lineStart);
    }
    places.set(pointer, { line, column: offset - lineStart + 1 });
  }
  return places;
}

/** Findings of a JSON file with the line and column of each, where its reader did not know them. */
export function locateFindings(
  { name, bytes }: SourceFile,
  findings: readonly Finding[],
): readonly Finding[] {
  const isOpen = ({ file, line }: Finding): boolean => file === name && line === undefined;
  const pointers = findings.filter(isOpen).map(({ pointer }) => pointer);
  const decoded = pointers.length === 0 ? undefined : decodeText(bytes, ['utf-8']);
  if (decoded === undefined) return findings;
  const places = locateJson(decoded.text, pointers);
  return findings.map((finding) =>
    isOpen(finding) ? { ...finding, ...places.get(finding.pointer) } : finding,
  );
}
