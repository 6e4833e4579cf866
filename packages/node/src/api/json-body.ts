/**
 * JSON from strangers: well-formed UTF-8, bounded nesting, no member twice and none that could reach
 * a prototype. `JSON.parse` alone would silently keep the last of two members of one name.
 */
import type { Result } from '@daybook/core';
import { decodeUtf8, fail, ok } from '@daybook/core';
import { API_LIMITS } from './limits.ts';
import type { Problem } from './problem.ts';

const FORBIDDEN_NAME = '__proto__';

function malformed(detail: string): Result<never, Problem> {
  return fail({ code: 'NODE_BODY_MALFORMED', detail });
}

/** The value of a JSON body, or the first thing wrong with it. */
export function readJsonBody(bytes: Uint8Array): Result<unknown, Problem> {
  const text = decodeUtf8(bytes, 'body');
  if (!text.ok) return malformed('The body is not well-formed UTF-8.');
  const depth = depthFault(text.value);
  if (depth !== undefined) return malformed(depth);
  try {
    const value: unknown = JSON.parse(text.value);
    const repeated = findRepeated(text.value);
    if (repeated !== undefined) return malformed(repeated);
    return ok(value);
  } catch (error) {
    // V8 quotes part of the body in its message; only the position is ours to repeat.
    const at =
      error instanceof SyntaxError ? /at position (\d+)/.exec(error.message)?.[1] : undefined;
    const where = at === undefined ? '' : ` at character ${at}`;
    return malformed(`The body is not JSON${where}.`);
  }
}

/** Runs before parsing, so that nesting costs nobody a stack. */
function depthFault(text: string): string | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '"') at = endOfString(text, at);
    else if (letter === '{' || letter === '[') depth += 1;
    else if (letter === '}' || letter === ']') depth -= 1;
    if (depth > API_LIMITS.jsonDepthMax) {
      return `The body nests deeper than ${API_LIMITS.jsonDepthMax} levels at character ${at}.`;
    }
  }
  return undefined;
}

/** Index of the quote that ends the string starting at `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length;
}

/** Walks well-formed JSON and looks at member names only. */
function findRepeated(text: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (letter === '{') open.push(new Set());
    else if (letter === '[') open.push(undefined);
    else if (letter === '}' || letter === ']') open.pop();
    if (letter !== '"') continue;
    const end = endOfString(text, at);
    const names = isName(text, end) ? open.at(-1) : undefined;
    const fault = names && nameFault(names, text.slice(at, end + 1));
    if (fault !== undefined) return `${fault} at character ${at}.`;
    at = end;
  }
  return undefined;
}

/** @param literal  the name with its quotes, as it stands in the body */
function nameFault(names: Set<string>, literal: string): string | undefined {
  const name = JSON.parse(literal) as string;
  if (names.has(name)) return 'A member name stands twice in one object';
  names.add(name);
  return name === FORBIDDEN_NAME ? `A member must not be called ${FORBIDDEN_NAME}` : undefined;
}

/** A string inside an object is a name exactly when a colon follows it. */
function isName(text: string, end: number): boolean {
  let at = end + 1;
  while (at < text.length && ' \t\n\r'.includes(text[at] ?? '')) at += 1;
  return text[at] === ':';
}
