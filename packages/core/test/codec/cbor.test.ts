import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../src/codec/assert.ts';
import { fromHex, toHex } from '../../src/codec/bytes.ts';
import type { CborValue } from '../../src/codec/cbor.ts';
import { decodeCanonical, encodeCanonical, isCanonicalText } from '../../src/codec/cbor.ts';
import { CBOR_VECTORS } from '../../src/crypto/vectors.ts';
import { canonicalValue } from '../arbitraries.ts';
import { cborg } from './cborg-oracle.ts';

const LIMITS = { bytesMax: 1 << 20, depthMax: 12 };

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? expect.fail(`${hex} is not hex`);
}

function codeOf(bytes: Uint8Array, limits = LIMITS): string {
  const decoded = decodeCanonical(bytes, limits);
  return decoded.ok ? 'ok' : decoded.reason.code;
}

describe('core: canonical CBOR', () => {
  for (const { name, bytes, isCanonical } of CBOR_VECTORS) {
    it(`given ${name}, when decoded, then it is ${isCanonical ? 'accepted' : 'refused'} (spec D-4)`, () => {
      const decoded = decodeCanonical(bytesOf(bytes), LIMITS);

      expect(decoded.ok).to.equal(isCanonical);
      if (decoded.ok) {
        expect(toHex(encodeCanonical(decoded.value))).to.equal(bytes);
      }
    });
  }

  it('given any value, when encoded and decoded, then it comes back (spec D-4)', () => {
    fc.assert(
      fc.property(canonicalValue, (value) => {
        const decoded = decodeCanonical(encodeCanonical(value), LIMITS);

        expect(decoded).to.deep.equal({ ok: true, value });
      }),
    );
  });

  it('given any byte changed, when decoded, then it is refused or is its own encoding (spec D-3)', () => {
    fc.assert(
      fc.property(canonicalValue, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
        const bytes = encodeCanonical(value);
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ flip;

        expectSameAsReencoding(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('given any bytes, when decoded, then exactly what re-encodes to itself is accepted (spec D-3)', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), expectSameAsReencoding), {
      numRuns: 5000,
    });
  });

  it('given canonical bytes and any tail, when decoded, then they are refused (spec D-3)', () => {
    fc.assert(
      fc.property(canonicalValue, fc.uint8Array({ minLength: 1, maxLength: 5 }), (value, tail) => {
        const bytes = Uint8Array.from([...encodeCanonical(value), ...tail]);

        expect(codeOf(bytes)).to.equal('CORE_TRAILING_BYTES');
      }),
    );
  });

  it('given canonical bytes cut anywhere, when decoded, then they are refused', () => {
    fc.assert(
      fc.property(canonicalValue, fc.nat(), (value, at) => {
        const bytes = encodeCanonical(value);

        expect(codeOf(bytes.subarray(0, at % bytes.length))).to.not.equal('ok');
      }),
    );
  });

  it('given one byte more than the limit, when decoded, then it is too large (spec D-5)', () => {
    const bytes = encodeCanonical(new Uint8Array(100));
    const size = bytes.length;

    expect(codeOf(bytes, { bytesMax: size, depthMax: 1 })).to.equal('ok');
    expect(codeOf(bytes, { bytesMax: size - 1, depthMax: 1 })).to.equal('CORE_TOO_LARGE');
  });

  it('given a good value in another encoding, when decoded, then it is named not canonical (spec D-4)', () => {
    const encodings = ['1817', '7801', '9f01ff', 'bf616101ff', '5f4101ff', 'a2616201616101'];
    const codes = encodings.map((hex) => codeOf(bytesOf(hex)));

    expect(codes).to.deep.equal(encodings.map(() => 'CORE_NOT_CANONICAL'));
  });

  it('given bytes that are no value at all, when decoded, then they are named otherwise', () => {
    expect(['18', '62c3', 'f4f4'].map((hex) => codeOf(bytesOf(hex)))).not.to.include(
      'CORE_NOT_CANONICAL',
    );
  });

  it('given nesting at the limit and one deeper, when decoded, then only the first passes', () => {
    const limits = { bytesMax: 100, depthMax: 3 };

    expect(codeOf(bytesOf('81818100'), limits)).to.equal('ok');
    expect(codeOf(bytesOf('8181818100'), limits)).to.equal('CORE_TOO_DEEP');
    expect(codeOf(bytesOf('a16161a16161a161618100'), limits)).to.equal('CORE_TOO_DEEP');
    expect(codeOf(bytesOf('83808080'), limits)).to.equal('ok');
  });

  it('given a hundred thousand nested arrays, when decoded, then the stack survives', () => {
    expect(codeOf(new Uint8Array(100_000).fill(0x81))).to.equal('CORE_TOO_DEEP');
  });

  it('given a Buffer on pooled memory, when decoded, then the value shares nothing with it', () => {
    const source = Buffer.from('43010203', 'hex');

    const decoded = decodeCanonical(source, LIMITS);
    source.fill(0);

    expect(decoded).to.deep.equal({ ok: true, value: Uint8Array.of(1, 2, 3) });
  });

  it('given the key __proto__, when decoded, then it is a key like any other (spec §21)', () => {
    const decoded = decodeCanonical(bytesOf('a1695f5f70726f746f5f5fa1617801'), LIMITS);

    const map = decoded.ok ? decoded.value : expect.fail('refused');
    expect(Object.getPrototypeOf(map)).to.equal(null);
    expect(Object.keys(map ?? {})).to.deep.equal(['__proto__']);
  });

  it('given 1 as a bigint, when encoded, then the bytes are those of the number', () => {
    expect(encodeCanonical(1n)).to.deep.equal(encodeCanonical(1));
    expect(encodeCanonical(-(2n ** 53n) + 1n)).to.deep.equal(encodeCanonical(-(2 ** 53) + 1));
  });

  it('given integers around 2^53, when decoded, then their type depends on the value alone', () => {
    for (const value of [2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 53n)]) {
      const decoded = decodeCanonical(encodeCanonical(value), LIMITS);

      const expected = Number.isSafeInteger(Number(value)) ? Number(value) : value;
      expect(decoded).to.deep.equal({ ok: true, value: expected });
    }
  });

  it('given a value larger than the working memory, when encoded, then it comes back', () => {
    const value = { one: new Uint8Array(70_000).fill(1), two: [new Uint8Array(70_000).fill(2)] };

    const bytes = encodeCanonical(value);

    expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype);
    expect(decodeCanonical(bytes, LIMITS)).to.deep.equal({ ok: true, value });
  });

  it('given a value outside CborValue, when encoded, then it is our bug', () => {
    const values: unknown[] = [
      1.5,
      Number.NaN,
      2 ** 53,
      2n ** 64n,
      -(2n ** 64n) - 1n,
      undefined,
      [undefined],
      { key: undefined },
      'e\u0301',
      '\ud800',
      { 'e\u0301': 1 },
      new Map(),
      new Date(0),
      new Set(),
      new Uint16Array(1),
      Symbol('x'),
      () => 1,
    ];
    for (const value of values) {
      expect(() => encodeCanonical(value as CborValue), String(typeof value)).to.throw();
    }
    expect(() => encodeCanonical(1.5)).to.throw(AssertionError);
  });

  it('given long text of any marks, when judged, then exactly NFC is canonical (spec D-4)', () => {
    // Letters that compose, marks of several classes, and parts of characters beyond 16 bits.
    const pieces = [
      'a',
      '\u00e1',
      '\u0323',
      '\u0301',
      '\u0316',
      '\u09c7',
      '\u09be',
      '\u1100',
      '\u1161',
    ];
    const piece = fc.constantFrom(...pieces, '\ud834\udd65', '\ud834\udd6d', '\u{1f600}');
    const run = fc.tuple(piece, fc.integer({ min: 1, max: 300 }));
    const long = fc.array(run, { maxLength: 5 });
    fc.assert(
      fc.property(long, fc.boolean(), (runs, isMended) => {
        const given = runs.map(([text, count]) => text.repeat(count)).join('');
        const text = isMended ? given.normalize('NFC') : given;

        expect(isCanonicalText(text)).to.equal(text === text.normalize('NFC'));
      }),
      { numRuns: 500 },
    );
  });

  it('given marks out of order without end, when judged, then they are never sorted', () => {
    const normalise = String.prototype.normalize;
    String.prototype.normalize = function (this: string, form?: string): string {
      if (this.length > 1000) expect.fail(`${this.length} units are normalised at once`);
      return normalise.call(this, form);
    };
    try {
      const marks = `${'\u0301'.repeat(5000)}${'\u0323'.repeat(5000)}`;

      for (const text of [marks, `a${marks}`, `${marks}a`, `${'\u0301'.repeat(5000)}\u0323`]) {
        expect(isCanonicalText(text)).to.equal(false);
      }
    } finally {
      String.prototype.normalize = normalise;
    }
  });

  it('given text, when judged, then only well-formed NFC is canonical (spec D-4)', () => {
    expect(['', 'abc', '\u00e9', '政务', '\u{1f4d2}'].every(isCanonicalText)).to.equal(true);
    expect(['e\u0301', '\u212b', '\ud800', 'a\udc00'].some(isCanonicalText)).to.equal(false);
  });
});

/** The rule as the protocol words it: decode leniently, re-encode, compare. */
function expectSameAsReencoding(bytes: Uint8Array): void {
  fc.pre(!toHex(bytes).includes('efbbbf'));

  const decoded = decodeCanonical(bytes, LIMITS);

  expect(decoded.ok, toHex(bytes)).to.equal(cborg.isReencodedEqual(bytes));
  if (decoded.ok) {
    expect(encodeCanonical(decoded.value)).to.deep.equal(bytes);
  }
}
