/**
 * What is wrong with a value: where (JSON pointer), what was expected, what came. All faults of an
 * input are collected; a person who mends one should not meet the next only afterwards.
 */
import type { InputFault } from '@daybook/core';

/** Longest part of a stranger's text that a fault repeats. */
const FOUND_CHARACTERS_MAX = 80;

/** Faults of one input: more than this many say nothing new. */
export const FAULTS_MAX = 100;

/** Appends one fault while there is room. */
export function addFault(faults: InputFault[], fault: InputFault): void {
  if (faults.length < FAULTS_MAX) faults.push(fault);
}

/** A short description of what came; texts are quoted with control characters escaped. */
export function describeFound(found: unknown): string {
  if (found === undefined) return 'nothing';
  if (found === null) return 'null';
  if (found instanceof Uint8Array) return `${found.length} bytes`;
  if (Array.isArray(found)) return `a list of ${found.length}`;
  if (typeof found === 'object') return 'an object';
  const text = typeof found === 'string' ? JSON.stringify(found) : String(found);
  return text.length <= FOUND_CHARACTERS_MAX ? text : `${text.slice(0, FOUND_CHARACTERS_MAX)}…`;
}

/** The pointer of a member, escaped as RFC 6901 demands. */
export function memberPointer(pointer: string, name: string): string {
  if (!name.includes('~') && !name.includes('/')) return `${pointer}/${name}`;
  return `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
