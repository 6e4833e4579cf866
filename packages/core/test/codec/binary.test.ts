import { expect } from 'chai';
import fc from 'fast-check';
import { AssertionError } from '../../src/codec/assert.ts';
import type { BinaryReader } from '../../src/codec/binary.ts';
import { createWriter, decodeBinary } from '../../src/codec/binary.ts';
import { fromHex, toHex } from '../../src/codec/bytes.ts';

const read = <T>(hex: string, take: (reader: BinaryReader) => T) =>
  decodeBinary(fromHex(hex) ?? expect.fail('not hex'), 'sample', take);

describe('core: binary layouts', () => {
  it('given one value of each width, when written, then all are big-endian (spec D-2)', () => {
    const writer = createWriter();
    writer.u8(0x01);
    writer.u16(0x0203);
    writer.u32(0x8405_0607);
    writer.u64(0x0001_0203_0405_0607);
    writer.raw(Uint8Array.of(0xaa));
    writer.sized(Uint8Array.of(0xbb, 0xcc));

    expect(toHex(writer.finish())).to.equal('010203840506070001020304050607aa00000002bbcc');
  });

  it('given any values, when written and read, then they come back', () => {
    const fields = fc.record({
      byte: fc.integer({ min: 0, max: 0xff }),
      short: fc.integer({ min: 0, max: 0xffff }),
      word: fc.integer({ min: 0, max: 0xffff_ffff }),
      long: fc.maxSafeNat(),
      fixed: fc.uint8Array({ minLength: 7, maxLength: 7 }),
      sized: fc.uint8Array({ maxLength: 3000 }),
      rest: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(fields, (value) => {
        const writer = createWriter();
        writer.u8(value.byte);
        writer.u16(value.short);
        writer.u32(value.word);
        writer.u64(value.long);
        writer.raw(value.fixed);
        writer.sized(value.sized);
        writer.raw(value.rest);

        const decoded = decodeBinary(writer.finish(), 'sample', (reader) => ({
          byte: reader.u8(),
          short: reader.u16(),
          word: reader.u32(),
          long: reader.u64(),
          fixed: reader.raw(7),
          sized: reader.sized(3000),
          rest: reader.rest(),
        }));

        expect(decoded).to.deep.equal({ ok: true, value });
      }),
    );
  });

  it('given two writers at once, when they finish, then neither holds bytes of the other', () => {
    const outer = createWriter();
    outer.u8(1);
    const inner = createWriter();
    inner.u8(2);

    const innerBytes = inner.finish();
    outer.sized(innerBytes);
    const later = createWriter();
    later.u32(0xffff_ffff);

    expect(toHex(outer.finish())).to.equal('010000000102');
    expect(toHex(innerBytes)).to.equal('02');
    expect(toHex(later.finish())).to.equal('ffffffff');
  });

  it('given a finished writer, when used again, then it is our bug', () => {
    const writer = createWriter();
    writer.finish();

    expect(() => writer.u8(1)).to.throw(AssertionError);
    expect(() => writer.finish()).to.throw(AssertionError);
  });

  it('given an integer outside its width, when written, then it is our bug', () => {
    for (const [width, values] of [
      ['u8', [-1, 256, 0.5]],
      ['u16', [-1, 65_536]],
      ['u32', [-1, 2 ** 32]],
      ['u64', [-1, 2 ** 53, Number.NaN]],
    ] as const) {
      for (const value of values) {
        expect(() => createWriter()[width](value), `${width} ${value}`).to.throw(AssertionError);
      }
    }
  });

  it('given 2^53 in a u64, when read, then it is malformed (spec D-2)', () => {
    expect(read('001fffffffffffff', (reader) => reader.u64())).to.deep.equal({
      ok: true,
      value: Number.MAX_SAFE_INTEGER,
    });
    expect(read('0020000000000000', (reader) => reader.u64())).to.deep.equal({
      ok: false,
      reason: {
        code: 'CORE_MALFORMED',
        title: 'sample',
        offset: 8,
        fact: 'holds an integer above 2^53-1',
      },
    });
  });

  it('given a byte after the layout, when read, then it is refused (spec D-6)', () => {
    expect(read('0102', (reader) => reader.u8())).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_TRAILING_BYTES', title: 'sample', offset: 1 },
    });
  });

  it('given a layout cut at any byte, when read, then it is truncated', () => {
    const writer = createWriter();
    writer.u32(7);
    writer.sized(new Uint8Array(5));
    writer.u64(9);
    const bytes = writer.finish();

    for (let size = 0; size < bytes.length; size += 1) {
      const decoded = decodeBinary(bytes.subarray(0, size), 'sample', (reader) => [
        reader.u32(),
        reader.sized(5),
        reader.u64(),
      ]);
      expect(decoded.ok ? 'ok' : decoded.reason.code, `${size} bytes`).to.equal('CORE_TRUNCATED');
    }
  });

  it('given a length above the limit, when read, then nothing is allocated for it (spec D-5)', () => {
    expect(read('ffffffff00', (reader) => reader.sized(10))).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_TOO_LARGE', title: 'sample', size: 0xffff_ffff, sizeMax: 10 },
    });
  });

  it('given a rule of the layout broken, when the reader refuses, then it says where', () => {
    const decoded = read('02', (reader) =>
      reader.u8() > 1 ? reader.refuse('has no such flag') : 0,
    );

    expect(decoded).to.deep.equal({
      ok: false,
      reason: { code: 'CORE_MALFORMED', title: 'sample', offset: 1, fact: 'has no such flag' },
    });
  });

  it('given a bug in the callback, when it throws, then the error is not taken for bad input', () => {
    const broken = () => read('00', () => expect.fail('a bug'));

    expect(broken).to.throw('a bug');
  });

  it('given bytes on shared memory, when read, then the parts are copies', () => {
    const source = Buffer.from('0102', 'hex');

    const decoded = decodeBinary(source, 'sample', (reader) => reader.raw(2));
    source.fill(0);

    expect(decoded).to.deep.equal({ ok: true, value: Uint8Array.of(1, 2) });
  });
});
