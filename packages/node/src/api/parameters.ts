/** The kinds of parameters, each with its schema and its strict reading. */

import type { Hash, Height } from '@daybook/core';
import { asHash, fromHex, isTreeKey } from '@daybook/core';
import { decodeCursor } from './cursor.ts';
import { API_LIMITS } from './limits.ts';
import type { JsonSchema, Parameter } from './route.ts';

const HEIGHT = /^(?:0|[1-9][0-9]{0,15})$/;
const HASH = /^[0-9a-fA-F]{64}$/;

type Place = 'path' | 'query';

interface Options<T> {
  readonly in: Place;
  readonly help: string;
  readonly expected: string;
  readonly schema: JsonSchema;
  readonly absent: T;
  readonly example?: string;
  read(text: string): T | undefined;
}

/** A parameter of any kind; the others below are the usual ones. */
export function parameter<T>(options: Options<T>): Parameter<T> {
  return options;
}

function readHeight(text: string): Height | undefined {
  const height = HEIGHT.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(height) ? height : undefined;
}

function readHash(text: string): Hash | undefined {
  const bytes = HASH.test(text) ? fromHex(text.toLowerCase()) : undefined;
  return bytes === undefined ? undefined : asHash(bytes);
}

const HASH_SCHEMA = { type: 'string', pattern: '^[0-9a-fA-F]{64}$' } as const;
const HEIGHT_SCHEMA = { type: 'integer', minimum: 0 } as const;

/** A height in the query; undefined when left out. */
export function queryHeight(help: string): Parameter<Height | undefined> {
  return {
    in: 'query',
    help,
    expected: 'a height: a whole number from 0',
    schema: HEIGHT_SCHEMA,
    absent: undefined,
    read: readHeight,
  };
}

/** 32 bytes in hex in the path. */
export function pathHash(help: string): Parameter<Hash> {
  return {
    in: 'path',
    help,
    expected: '64 hexadecimal digits',
    schema: HASH_SCHEMA,
    absent: asHash(new Uint8Array(32)),
    read: readHash,
  };
}

/** A block by height or hash, or the word `head`. */
export type BlockReference =
  | { readonly by: 'height'; readonly height: Height }
  | { readonly by: 'hash'; readonly hash: Hash }
  | { readonly by: 'head' };

export function pathBlock(help: string): Parameter<BlockReference> {
  return {
    in: 'path',
    help,
    expected: 'a height, a block hash of 64 hexadecimal digits, or head',
    schema: { type: 'string', pattern: '^(?:head|0|[1-9][0-9]{0,15}|[0-9a-fA-F]{64})$' },
    absent: { by: 'head' },
    example: 'head',
    read: (text) => {
      if (text === 'head') return { by: 'head' };
      const height = readHeight(text);
      if (height !== undefined) return { by: 'height', height };
      const hash = readHash(text);
      return hash === undefined ? undefined : { by: 'hash', hash };
    },
  };
}

/** One of several words in the query; `absent` holds when it is left out. */
export function queryChoice<const C extends string>(options: {
  readonly of: readonly C[];
  readonly absent: NoInfer<C>;
  readonly help: string;
}): Parameter<C> {
  return {
    in: 'query',
    help: options.help,
    expected: `one of ${options.of.join(', ')}`,
    schema: { type: 'string', enum: options.of, default: options.absent },
    absent: options.absent,
    read: (text) => options.of.find((choice) => choice === text),
  };
}

/** A whole number within bounds in the query. */
export function queryInteger(options: {
  readonly min: number;
  readonly max: number;
  readonly absent: number;
  readonly help: string;
}): Parameter<number> {
  const { min, max, absent, help } = options;
  return {
    in: 'query',
    help,
    expected: `a whole number from ${min} to ${max}`,
    schema: { type: 'integer', minimum: min, maximum: max, default: absent },
    absent,
    read: (text) => {
      const value = readHeight(text);
      return value !== undefined && value >= min && value <= max ? value : undefined;
    },
  };
}

/** Entries of a page. */
export function queryLimit(): Parameter<number> {
  return queryInteger({
    min: 1,
    max: API_LIMITS.pageLimitMax,
    absent: API_LIMITS.pageLimitDefault,
    help: 'Entries of a page; fewer may come although more follow.',
  });
}

/** Where the page before ended; the text of `next`, kept as it is. */
export function queryCursor(): Parameter<Uint8Array | undefined> {
  return {
    in: 'query',
    help: 'The `next` of the page before; leave it out for the first page.',
    expected: 'a cursor as `next` gave it',
    schema: { type: 'string', maxLength: 2048 },
    absent: undefined,
    read: decodeCursor,
  };
}

/** A tree key in the query, in hexadecimal digits. */
export function queryTreeKey(help: string): Parameter<Uint8Array | undefined> {
  return {
    in: 'query',
    help,
    expected: 'a tree key of 72 or 104 hexadecimal digits',
    schema: { type: 'string', pattern: '^(?:[0-9a-f]{72}|[0-9a-f]{104})$' },
    absent: undefined,
    read: (text) => {
      const key = fromHex(text);
      return key !== undefined && isTreeKey(key) ? key : undefined;
    },
  };
}
