/** Bytes of keys and stored values, and the calendar, each against a second opinion. */
import { civilDateOf, field, instantText, parseInstant } from '@daybook/contracts';
import type { CborValue } from '@daybook/core';
import { compareBytes, encodeCanonical, toHex } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  createValueWriter,
  decodeValue,
  encodeValue,
  keyOrderOf,
} from '../src/engine/value-codec.ts';
import { isCivilDate } from '../src/fields/calendar.ts';
import { tableOf } from '../src/fields/field.ts';
import { decodeKey, encodeKey } from '../src/fields/key-bytes.ts';

const t = { en: 'Title', zh: '标题' };
const name = fc.stringMatching(/^[a-z][A-Za-z0-9]{0,20}$/);
const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => value.normalize('NFC'));

const { value: cborValue } = fc.letrec<{ value: CborValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n - 1n }),
    text,
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.from(bytes)),
    fc.array(tie('value'), { maxLength: 30 }),
    fc.dictionary(name, tie('value'), { maxKeys: 30 }),
  ),
}));

describe('stored values: the fast codec against the canonical one (spec D-4, S-2)', () => {
  it('given any value, then its bytes are those of the canonical encoding', () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        expect(toHex(encodeValue(value))).to.equal(toHex(encodeCanonical(value)));
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('given canonical bytes, then reading them and writing them again gives the same', () => {
    fc.assert(
      fc.property(cborValue, (value) => {
        const bytes = encodeCanonical(value);
        const read = decodeValue(bytes);
        expect(read).to.not.equal(undefined);
        expect(toHex(encodeCanonical(read ?? null))).to.equal(toHex(bytes));
      }),
      { numRuns: 500, seed: 2 },
    );
  });

  it('given fields with an order made beforehand, then they are a canonical map', () => {
    fc.assert(
      fc.property(fc.dictionary(name, fc.integer(), { maxKeys: 20 }), (map) => {
        const writer = createValueWriter();
        writer.fields(keyOrderOf(Object.keys(map)), map);
        expect(toHex(writer.finish())).to.equal(toHex(encodeCanonical(map)));
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('given cut or random bytes, then there is a value or undefined and never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        decodeValue(bytes);
      }),
      { numRuns: 2000, seed: 4 },
    );
    const whole = encodeCanonical([1, 'text', { a: new Uint8Array(30) }]);
    for (let size = 0; size < whole.length; size += 1) {
      expect(decodeValue(whole.subarray(0, size)), String(size)).to.equal(undefined);
    }
  });

  it('given a length that no bytes back, or too deep nesting, then undefined', () => {
    expect(decodeValue(Uint8Array.of(0x9b, 0, 0, 0, 0, 255, 255, 255, 255))).to.equal(undefined);
    expect(decodeValue(new Uint8Array(100).fill(0x81))).to.equal(undefined);
    expect(decodeValue(Uint8Array.of(0xf9, 0, 0))).to.equal(undefined);
  });
});

describe('keys (spec S-1)', () => {
  const table = tableOf({
    fund: field.slug(t),
    number: field.integer(t),
    line: field.identifier(t),
    hash: field.hash(t),
  });
  const key = fc.record({
    fund: fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,8}[a-z0-9]$/),
    number: fc.oneof(fc.nat(300), fc.maxSafeNat()),
    line: fc.stringMatching(/^[!-~]{1,6}$/),
    hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Uint8Array.from(bytes)),
  });
  type Key = typeof key extends fc.Arbitrary<infer T> ? T : never;

  function compareKeys(a: Key, b: Key): number {
    if (a.fund !== b.fund) return a.fund < b.fund ? -1 : 1;
    if (a.number !== b.number) return a.number - b.number;
    if (a.line !== b.line) return a.line < b.line ? -1 : 1;
    return compareBytes(a.hash, b.hash);
  }

  it('spec S-14: given two keys, then the order of their bytes is the order of their fields', () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const order = compareBytes(encodeKey(table, a), encodeKey(table, b));
        expect(Math.sign(order)).to.equal(Math.sign(compareKeys(a, b)));
      }),
      { numRuns: 1000, seed: 5 },
    );
  });

  it('given a key, then its bytes read back as its fields and begin with those of its partition', () => {
    fc.assert(
      fc.property(key, (fields) => {
        const bytes = encodeKey(table, fields);
        expect(decodeKey(table, bytes)).to.deep.equal(fields);
        const partition = encodeKey(table, fields, 2);
        expect(toHex(bytes).startsWith(toHex(partition))).to.equal(true);
      }),
      { numRuns: 300, seed: 6 },
    );
  });

  it('given texts beyond ASCII, then they are UTF-8 and end in zero', () => {
    const one = tableOf({ place: field.text({ ...t, max: 10 }), n: field.integer(t) });

    const bytes = encodeKey(one, { place: '北京', n: 258 });

    expect(toHex(bytes)).to.equal(`${toHex(new TextEncoder().encode('北京'))}000000000000000102`);
    expect(decodeKey(one, bytes)).to.deep.equal({ place: '北京', n: 258 });
  });

  it('given cut bytes or bytes too many, then they are no key', () => {
    const bytes = encodeKey(table, { fund: 'ab', number: 1, line: 'x', hash: new Uint8Array(32) });

    for (let size = 0; size < bytes.length; size += 1) {
      expect(decodeKey(table, bytes.subarray(0, size)), String(size)).to.equal(undefined);
    }
    expect(decodeKey(table, Uint8Array.of(...bytes, 0))).to.equal(undefined);
  });
});

describe('calendar', () => {
  it('given any instant, then its text is that of the platform and reads back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253_402_300_799_999 }), (timestampMs) => {
        const expected = new Date(timestampMs).toISOString();
        expect(instantText(timestampMs)).to.equal(expected);
        expect(civilDateOf(timestampMs)).to.equal(expected.slice(0, 10));
        expect(parseInstant(expected)).to.equal(timestampMs);
      }),
      { numRuns: 2000, seed: 7 },
    );
  });

  it('given any three numbers, then they are a date exactly when the platform agrees', () => {
    const pad = (value: number, width: number): string => String(value).padStart(width, '0');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(13), fc.nat(32), (y, m, d) => {
        const civil = `${pad(y, 4)}-${pad(m, 2)}-${pad(d, 2)}`;
        const date = new Date(`${civil}T00:00:00Z`);
        const isReal = !Number.isNaN(date.getTime()) && date.toISOString().startsWith(civil);
        expect(isCivilDate(civil), civil).to.equal(isReal);
      }),
      { numRuns: 2000, seed: 8 },
    );
  });

  for (const wrong of [
    '2024-05-01',
    '2024-05-01T12:00:00',
    '2024-05-01T24:00:00Z',
    '2024-05-01T12:60:00Z',
    '2024-05-01T12:00:60Z',
    '2024-05-01T12:00:00.Z',
    '2024-05-01T12:00:00.1234Z',
    '2024-05-01 12:00:00Z',
    '2024-05-01T12:00:00+01:00',
    '1969-12-31T23:59:59Z',
    '2024-02-30T00:00:00Z',
  ]) {
    it(`given '${wrong}', then it is no instant`, () => {
      expect(parseInstant(wrong)).to.equal(undefined);
    });
  }

  it('given fractions of one, two and three digits, then they are milliseconds', () => {
    expect(parseInstant('1970-01-01T00:00:00.5Z')).to.equal(500);
    expect(parseInstant('1970-01-01T00:00:00.05Z')).to.equal(50);
    expect(parseInstant('1970-01-01T00:00:00.005Z')).to.equal(5);
  });
});
