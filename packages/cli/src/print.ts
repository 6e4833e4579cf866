/** The two ways every verb answers: one JSON document for scripts, or lines for people. */
import { toHex } from '@daybook/core';
import type { Input } from './frame/input.ts';
import type { Paint } from './frame/style.ts';
import { paintFor, printable } from './frame/style.ts';
import type { World } from './frame/world.ts';

/** Bytes as hex, integers of 64 bits as decimal strings, as the API writes them. */
function jsonValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  return value;
}

/** Typed arrays have a toJSON of no use; they are turned before JSON.stringify sees them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

/** One JSON document on one line. */
export function jsonLine(value: unknown): string {
  return `${JSON.stringify(plain(value), jsonValue)}\n`;
}

/** Colours for standard output. */
export function paintOf({ out, environment }: Pick<World, 'out' | 'environment'>): Paint {
  return paintFor(out, environment);
}

/** Prints the answer of a verb: `json` with --json, else what `lines` makes of it. */
export function answer(
  input: Input,
  world: World,
  { json, lines }: { readonly json: unknown; readonly lines: (paint: Paint) => string },
): void {
  if (input.flag('json')) {
    world.out.write(`${JSON.stringify(plain(json), jsonValue, 2)}\n`);
    return;
  }
  const text = lines(paintOf(world));
  if (text !== '') world.out.write(`${printable(text)}\n`);
}

/** What was asked for is not there: a sentence for people, and `null` for scripts. */
export function answerNothing(input: Input, world: World, text: string): 'refused' {
  if (input.flag('json')) world.out.write(jsonLine(null));
  remark(world, text);
  return 'refused';
}

/** A line for people beside the answer; on standard error, so that it never mixes with it. */
export function remark(world: World, text: string): void {
  world.errors.write(`${printable(text)}\n`);
}

/** A line that something deserves attention. */
export function warn(world: World, text: string): void {
  const paint = paintFor(world.errors, world.environment);
  world.errors.write(`${paint('yellow', 'warning:')} ${printable(text)}\n`);
}
