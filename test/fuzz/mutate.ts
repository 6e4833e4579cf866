/** Ways to damage bytes: small ones that keep a layout, and large ones that break it. */
import type { Prng } from '@daybook/testkit';

export interface MutationParts {
  readonly prng: Prng;
  /** Whose parts may be put in. */
  readonly other: Uint8Array;
}

type Mutation = (bytes: Uint8Array, parts: MutationParts) => Uint8Array;

/** At most so many mutations, one after the other. */
const STEPS_MAX = 5;

/** Heads of CBOR items, ends of ranges, and what separates words in text. */
const BYTES = [
  ...[0x00, 0x01, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1f, 0x20, 0x3b, 0x40, 0x5b, 0x5f, 0x60, 0x7b],
  ...[0x7f, 0x80, 0x9b, 0x9f, 0xa0, 0xbb, 0xbf, 0xc0, 0xdb, 0xf4, 0xf6, 0xf7, 0xf9, 0xfb, 0xff],
  ...[...'\n\r\t "\\\'{}[]:,#&*!|>-+.019eE'].map((character) => character.charCodeAt(0)),
];
/** Where integers turn over, and what a reader may take for a length. */
const INTEGERS = [
  ...[0n, 1n, 0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x1_0000n, 0xff_ffffn],
  ...[0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 0x1_0000_0000n, 2n ** 53n - 1n, 2n ** 53n],
  ...[2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n],
];
const TEXTS = [
  'null',
  '-0',
  '1e999',
  '"__proto__"',
  '\\ud800',
  '\u2028',
  '\n\n',
  '\u2014 ',
  '&a *a',
]
  .concat('<<: ', '!!js', '--- ', '\ufeff', 'e\u0301', '0x10', '.5', '"constructor"')
  .map((text) => new TextEncoder().encode(text));

const concat = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts));

/** Two places in order, not further apart than most fields are long. */
function spanIn(bytes: Uint8Array, prng: Prng): readonly [from: number, to: number] {
  const from = prng.below(bytes.length + 1);
  const reach = prng.chance(200) ? bytes.length - from : Math.min(64, bytes.length - from);
  return [from, from + prng.below(reach + 1)];
}

function withByte(bytes: Uint8Array, prng: Prng, change: (old: number) => number): Uint8Array {
  const copy = bytes.slice();
  const at = prng.below(Math.max(1, bytes.length));
  copy.set([change(copy[at] ?? 0) & 0xff].slice(0, bytes.length), at);
  return copy;
}

/** Puts an integer into a field of one, two, four, six or eight bytes, big-endian. */
function withInteger(bytes: Uint8Array, prng: Prng): Uint8Array {
  const size = prng.pick([1, 2, 4, 6, 8]);
  if (bytes.length < size) return bytes;
  const at = prng.below(bytes.length - size + 1);
  const field = Buffer.from(bytes.subarray(at, at + size));
  const old = BigInt(`0x${field.toString('hex')}`);
  const rest = BigInt(bytes.length - at - size);
  const step = BigInt(prng.between(-9, 9));
  const value = prng.pick([old + step, rest + step, prng.pick(INTEGERS)]);
  const hex = BigInt.asUintN(8 * size, value)
    .toString(16)
    .padStart(2 * size, '0');
  const copy = bytes.slice();
  copy.set(Buffer.from(hex, 'hex'), at);
  return copy;
}

const MUTATIONS: readonly Mutation[] = [
  (bytes, { prng }) => withByte(bytes, prng, (old) => old ^ (1 << prng.below(8))),
  (bytes, { prng }) => withByte(bytes, prng, () => prng.pick(BYTES)),
  (bytes, { prng }) => withByte(bytes, prng, () => prng.below(256)),
  (bytes, { prng }) => withByte(bytes, prng, (old) => old + prng.between(-9, 9)),
  (bytes, { prng }) => withInteger(bytes, prng),
  (bytes, { prng }) => withInteger(bytes, prng),
  (bytes, { prng }) => bytes.slice(0, prng.below(bytes.length + 1)),
  (bytes, { prng }) => concat(bytes, prng.bytes(prng.between(1, 16))),
  (bytes, { prng }) => {
    const [from, to] = spanIn(bytes, prng);
    return concat(bytes.subarray(0, from), bytes.subarray(to));
  },
  (bytes, { prng }) => {
    const [from, to] = spanIn(bytes, prng);
    return concat(bytes.subarray(0, to), bytes.subarray(from));
  },
  (bytes, { prng }) => {
    const [from, to] = spanIn(bytes, prng);
    const rest = concat(bytes.subarray(0, from), bytes.subarray(to));
    const at = prng.below(rest.length + 1);
    return concat(rest.subarray(0, at), bytes.subarray(from, to), rest.subarray(at));
  },
  (bytes, { prng }) => {
    const at = prng.below(bytes.length + 1);
    return concat(bytes.subarray(0, at), prng.pick(TEXTS), bytes.subarray(at));
  },
  (bytes, { prng, other }) => {
    const [from, to] = spanIn(other, prng);
    const at = prng.below(bytes.length + 1);
    const behind = prng.chance(500) ? at : Math.min(bytes.length, at + to - from);
    return concat(bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(behind));
  },
  (bytes, { prng, other }) =>
    concat(
      bytes.subarray(0, prng.below(bytes.length + 1)),
      other.subarray(prng.below(other.length + 1)),
    ),
];

/** A damaged copy. */
export function mutate(bytes: Uint8Array, parts: MutationParts): Uint8Array {
  const { prng } = parts;
  // One change alone gets furthest; several at a time reach what one cannot.
  const steps = prng.chance(500) ? 1 : prng.between(2, STEPS_MAX);
  let damaged = bytes;
  for (let step = 0; step < steps; step++) damaged = prng.pick(MUTATIONS)(damaged, parts);
  return damaged;
}
