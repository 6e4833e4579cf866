/** Generators of the values that canonical CBOR can hold, for the property tests. */
import fc from 'fast-check';
import type { CborValue } from '../src/codec/cbor.ts';

/** Text in NFC, of all planes, without lone surrogates. */
export const canonicalText: fc.Arbitrary<string> = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((text) => text.toWellFormed().normalize('NFC'));

/** Integers up to 64 bits, in the type that decoding gives them. */
export const canonicalInteger: fc.Arbitrary<number | bigint> = fc
  .oneof(fc.bigInt(-(2n ** 64n), 2n ** 64n - 1n), fc.maxSafeInteger().map(BigInt))
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));

/** Any value, nested at most five deep. */
export const canonicalValue: fc.Arbitrary<CborValue> = fc.letrec<{
  value: CborValue;
  items: CborValue[];
  map: Record<string, CborValue>;
}>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    canonicalInteger,
    canonicalText,
    fc.uint8Array({ maxLength: 40 }),
    tie('items'),
    tie('map'),
  ),
  items: fc.array(tie('value'), { maxLength: 5 }),
  map: fc.dictionary(canonicalText, tie('value'), { maxKeys: 5, noNullPrototype: false }),
})).value;
