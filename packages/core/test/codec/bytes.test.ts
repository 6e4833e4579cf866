import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../src/codec/assert.ts';
import {
  assertBytes,
  compareBytes,
  concatBytes,
  decodeUtf8,
  encodeUtf8,
  equalBytes,
  fromBase64,
  fromHex,
  toBase64,
  toHex,
} from '../../src/codec/bytes.ts';

const someBytes = fc.uint8Array({ maxLength: 80 });

describe('core: bytes', () => {
  it('given any bytes, when written as hex or base64 and read, then they come back', () => {
    fc.assert(
      fc.property(someBytes, (bytes) => {
        expect(toHex(bytes)).to.equal(Buffer.from(bytes).toString('hex'));
        expect(toBase64(bytes)).to.equal(Buffer.from(bytes).toString('base64'));
        expect(fromHex(toHex(bytes))).to.deep.equal(bytes);
        expect(fromBase64(toBase64(bytes))).to.deep.equal(bytes);
      }),
    );
  });

  it('given text that is not lower-case hex, when read, then there are no bytes', () => {
    for (const text of ['0', 'AB', '0g', '0x00', ' 00', '0\u0130', '00 ']) {
      expect(fromHex(text), text).to.equal(undefined);
    }
  });

  it('given text that is not canonical base64, when read, then there are no bytes', () => {
    for (const text of [
      'A',
      'AA',
      'AAA',
      'AB==',
      'AAB=',
      'A===',
      '====',
      'AA==AA==',
      'AA-_',
      'AA =',
    ]) {
      expect(fromBase64(text), text).to.equal(undefined);
    }
  });

  it('given two byte strings, when compared, then the order is that of Buffer.compare', () => {
    fc.assert(
      fc.property(someBytes, someBytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Buffer.compare(a, b));
        expect(equalBytes(a, b)).to.equal(Buffer.compare(a, b) === 0);
        expect(equalBytes(a, Uint8Array.from(a))).to.equal(true);
      }),
    );
  });

  it('given a prefix, when compared, then it comes before what it begins', () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).to.be.lessThan(0);
    expect(compareBytes(Uint8Array.of(255), Uint8Array.of(1, 0))).to.be.greaterThan(0);
  });

  it('given parts, when joined, then the result shares no memory with them', () => {
    const part = Uint8Array.of(1, 2);

    const joined = concatBytes(part, new Uint8Array(), part);
    part.fill(9);

    expect(joined).to.deep.equal(Uint8Array.of(1, 2, 1, 2));
  });

  it('given ill-formed UTF-8, when decoded, then it is refused and never replaced (spec §21)', () => {
    for (const hex of ['ff', 'c080', 'eda080', 'e282', 'f4908080']) {
      const decoded = decodeUtf8(fromHex(hex) ?? expect.fail('not hex'), 'name');
      expect(decoded, hex).to.deep.equal({
        ok: false,
        reason: { code: 'CORE_MALFORMED', title: 'name', offset: 0, fact: 'is not UTF-8' },
      });
    }
  });

  it('given a byte order mark, when decoded, then it stays in the text', () => {
    expect(decodeUtf8(encodeUtf8('\ufeffa'))).to.deep.equal({ ok: true, value: '\ufeffa' });
  });

  it('given another length or type, when asserted, then it is our bug', () => {
    expect(() => assertBytes(new Uint8Array(32), 32, 'key')).to.not.throw();
    expect(() => assertBytes(new Uint8Array(31), 32, 'key')).to.throw(
      AssertionError,
      'key has 32 bytes, not 31',
    );
    expect(() => assertBytes('x' as unknown as Uint8Array, 1, 'key')).to.throw(AssertionError);
  });
});
