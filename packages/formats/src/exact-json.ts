/**
 * JSON whose numbers keep their text, so that an amount is never a float and what was read can be
 * written again without loss. Bounded in bytes, depth, length of lists and of names before anything
 * recursive or quadratic touches it.
 */
import type { Result } from '@daybook/core';
import { fail, ok } from '@daybook/core';
import type { DuplicateKeyInfo } from 'lossless-json';
import { LosslessNumber, parse, stringify } from 'lossless-json';
import type { Finding, FormatsFailure } from './errors.ts';
import { FOUND_SHOWN_MAX } from './errors.ts';
import { checkSize } from './file-size.ts';
import type { SourceFile } from './records.ts';
import { decodeText } from './text.ts';

/** A number as it was written. */
export interface ExactNumber {
  readonly isLosslessNumber: boolean;
  toString(): string;
}
export type ExactJson = null | boolean | string | ExactNumber | readonly ExactJson[] | ExactObject;
export interface ExactObject {
  readonly [name: string]: ExactJson;
}

/** Levels of nesting; OCDS and data packages need about ten. */
export const JSON_DEPTH_MAX = 64;
/** Entries of one list inside a record: validation compares them with each other. */
export const JSON_LIST_MAX = 5_000;
/** Characters of a name: schemas match them against patterns. */
export const JSON_NAME_MAX = 200;

/** A file of JSON, and the names that came twice in one object of it. */
export interface JsonFile {
  readonly json: ExactJson;
  readonly findings: readonly Finding[];
}

/** Longest sentence of the parser that is told: it may repeat what it found. */
const SAID_MAX = 300;

/**
 * Reads a file of JSON in UTF-8.
 * @returns its value, or why it is no JSON within the limits
 */
export function readExactJson(file: SourceFile): Result<JsonFile, FormatsFailure> {
  const tooLarge = checkSize(file);
  if (tooLarge !== undefined) {
    return fail(tooLarge);
  }
  const decoded = decodeText(file.bytes, ['utf-8']);
  if (decoded === undefined) {
    return fail({ code: 'FORMATS_ENCODING_UNKNOWN', file: file.name, encodings: ['utf-8'] });
  }
  if (depthOf(decoded.text) > JSON_DEPTH_MAX) {
    return fail({ code: 'FORMATS_NESTED_TOO_DEEP', file: file.name, depthMax: JSON_DEPTH_MAX });
  }
  return parseText(file.name, decoded.text);
}

function parseText(file: string, text: string): Result<JsonFile, FormatsFailure> {
  const findings: Finding[] = [];
  // Names come in the order of the text, so each line is counted once however many there are.
  let counted = 0;
  let line = 1;
  const onDuplicateKey = ({ key, position, newValue }: DuplicateKeyInfo): unknown => {
    line += lineAt(text.slice(counted, Math.max(counted, position)), position) - 1;
    counted = Math.max(counted, position);
    const found = key.slice(0, FOUND_SHOWN_MAX);
    findings.push({
      file,
      line,
      pointer: '',
      code: 'FORMATS_NAME_TWICE',
      expected: 'each name once in an object',
      found,
    });
    return newValue;
  };
  try {
    const json = parse(text, null, {
      parseNumber: (number) => new LosslessNumber(number),
      onDuplicateKey,
    });
    return ok({ json: json as ExactJson, findings });
  } catch (error) {
    // The parser can say only by throwing that the text is no JSON.
    const message = error instanceof Error ? error.message : String(error);
    const position = Number(/position (\d+)/.exec(message)?.[1] ?? 0);
    const column = position - text.lastIndexOf('\n', position - 1);
    const [said = ''] = message.split('\n');
    const found = said.slice(0, SAID_MAX);
    return fail({
      code: 'FORMATS_JSON_INVALID',
      file,
      line: lineAt(text, position),
      column,
      found,
    });
  }
}

/** Deepest nesting of brackets outside of texts; works on any input without recursion. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign === '\\') at += 1;
      quoted = sign !== '"';
    } else if (sign === '"') {
      quoted = true;
    } else if (sign === '{' || sign === '[') {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (sign === '}' || sign === ']') {
      depth -= 1;
    }
  }
  return deepest;
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}

/** The text of JSON with every number as it was; two spaces a level. */
export function writeExactJson(json: ExactJson): string {
  return `${stringify(json, undefined, 2) ?? 'null'}\n`;
}

/** A number for export, from its decimal text. */
export function exactNumber(text: string): ExactNumber {
  return new LosslessNumber(text);
}

export function isExactNumber(json: ExactJson | undefined): json is ExactNumber {
  return json instanceof LosslessNumber;
}

export function isExactObject(json: ExactJson | undefined): json is ExactObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json) && !isExactNumber(json);
}

/**
 * The value with numbers as floats, for a validator that only looks at types and forms.
 * @returns undefined if a list or a name is too long to be validated in bounded time
 */
export function toPlainJson(json: ExactJson): unknown {
  if (isExactNumber(json)) {
    return Number(json.toString());
  }
  if (Array.isArray(json)) {
    const items = json.length > JSON_LIST_MAX ? undefined : json.map(toPlainJson);
    return items?.includes(undefined) ? undefined : items;
  }
  if (!isExactObject(json)) {
    return json;
  }
  const entries = Object.entries(json).map(([name, value]) => [name, toPlainJson(value)] as const);
  const fits = entries.every(
    ([name, value]) => name.length <= JSON_NAME_MAX && value !== undefined,
  );
  return fits ? Object.fromEntries(entries) : undefined;
}
