/**
 * Decoders of what a node answers in JSON: each checks one form and names the place where an answer
 * has another. Members that are not asked for are let pass, so that a node may add to its answers.
 */
import type { Hash, Result } from '@daybook/core';
import { asHash, fail, fromHex, ok } from '@daybook/core';

/** Reads a value found at `place` (an RFC 6901 pointer). */
export type Decoder<T> = (value: unknown, place: string) => T;

/** Carries the first fault to `decodeAnswer` and never leaves this file. */
class Misshapen extends Error {}

/** Ends decoding: what stands at a place is not what was expected. */
export function wrong(place: string, expected: string): never {
  throw new Misshapen(`${place === '' ? 'the answer' : place} is not ${expected}`);
}

/** @returns the value, or one sentence that says what is wrong with the answer */
export function decodeAnswer<T>(json: unknown, decoder: Decoder<T>): Result<T, string> {
  try {
    return ok(decoder(json, ''));
  } catch (error) {
    if (error instanceof Misshapen) return fail(error.message);
    throw error;
  }
}

export const text: Decoder<string> = (value, place) =>
  typeof value === 'string' ? value : wrong(place, 'a text');

export const boolean: Decoder<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : wrong(place, 'true or false');

export const integer: Decoder<number> = (value, place) =>
  typeof value === 'number' && Number.isSafeInteger(value) ? value : wrong(place, 'an integer');

/** Whatever is there. */
export const anything: Decoder<unknown> = (value) => value;

export const bytes: Decoder<Uint8Array> = (value, place) =>
  (typeof value === 'string' ? fromHex(value) : undefined) ?? wrong(place, 'hex');

/** 32 bytes in hex. */
export const hash: Decoder<Hash> = (value, place) => {
  const read = bytes(value, place);
  return read.length === 32 ? asHash(read) : wrong(place, '32 bytes in hex');
};

export function oneOf<const T extends string>(...choices: readonly T[]): Decoder<T> {
  return (value, place) =>
    choices.find((choice) => choice === value) ?? wrong(place, choices.join(' or '));
}

/** @param countMax  members that are read; the size of an answer bounds others */
export function list<T>(item: Decoder<T>, countMax?: number): Decoder<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return wrong(place, 'a list');
    if (countMax !== undefined && value.length > countMax) {
      return wrong(place, `a list of at most ${countMax}`);
    }
    return value.map((member, index) => item(member, `${place}/${index}`));
  };
}

/** A member that may be missing, or null. */
export function optional<T>(decoder: Decoder<T>): Decoder<T | undefined> {
  return (value, place) =>
    value === undefined || value === null ? undefined : decoder(value, place);
}

type Members = Readonly<Record<string, Decoder<unknown>>>;
type DecodedMembers<M extends Members> = {
  readonly [K in keyof M as undefined extends ReturnType<M[K]> ? never : K]: ReturnType<M[K]>;
} & {
  readonly [K in keyof M as undefined extends ReturnType<M[K]> ? K : never]?: Exclude<
    ReturnType<M[K]>,
    undefined
  >;
};

/** An object; a member whose decoder gives undefined is left out. */
export function object<M extends Members>(members: M): Decoder<DecodedMembers<M>> {
  const entries = Object.entries(members);
  return (value, place) => {
    if (!isObject(value)) return wrong(place, 'an object');
    const decoded: Record<string, unknown> = {};
    for (const [name, decoder] of entries) {
      const found = Object.hasOwn(value, name) ? value[name] : undefined;
      const member = decoder(found, `${place}/${name}`);
      if (member !== undefined) decoded[name] = member;
    }
    // Every member went through its decoder just above.
    return decoded as DecodedMembers<M>;
  };
}

/** An object whose member names are not known beforehand. */
export const objectOfAnything: Decoder<Readonly<Record<string, unknown>>> = (value, place) =>
  isObject(value) ? value : wrong(place, 'an object');

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
