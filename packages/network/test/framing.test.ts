/**
 * Frames: any cutting of the stream gives the same frames, and a lying length costs nothing.
 */
import { queryObjects } from 'node:v8';
import { concatBytes } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { createFrameReader, encodePrefix } from '../src/framing.ts';

function framed(...frames: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...frames.flatMap((frame) => [encodePrefix(frame.length), frame]));
}

describe('network: framing', () => {
  it('given frames cut anywhere, then they come out whole and in order', () => {
    const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 20 });
    fc.assert(
      fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (sent, cuts) => {
        const stream = framed(...sent);
        const reader = createFrameReader(50);
        const got: Uint8Array[] = [];

        for (let offset = 0; offset < stream.length; ) {
          const size = cuts.next().value;
          const failure = reader.push(stream.subarray(offset, offset + size), (f) => got.push(f));
          expect(failure).to.equal(undefined);
          offset += size;
        }

        expect(got).to.deep.equal(sent);
      }),
    );
  });

  it('given a frame, then it shares no memory with the chunk, not even of a Buffer', () => {
    const chunk = Buffer.from(framed(Uint8Array.of(1, 2, 3)));
    const got: Uint8Array[] = [];

    createFrameReader(10).push(chunk, (frame) => got.push(frame));
    chunk.fill(9);

    expect(got).to.deep.equal([Uint8Array.of(1, 2, 3)]);
    expect(got[0]).to.not.be.instanceOf(Buffer);
  });

  it('given a frame byte by byte, then it is not kept byte by byte (spec N-8)', () => {
    const sent = new Uint8Array(20_000).map((_, index) => index);
    const stream = framed(sent);
    const reader = createFrameReader(sent.length);
    const got: Uint8Array[] = [];
    const before = queryObjects(Uint8Array, { format: 'count' });

    for (let offset = 0; offset < stream.length - 1; offset += 1) {
      reader.push(stream.subarray(offset, offset + 1), (frame) => got.push(frame));
    }
    const held = queryObjects(Uint8Array, { format: 'count' }) - before;
    reader.push(stream.subarray(-1), (frame) => got.push(frame));

    expect(held).to.be.lessThan(100);
    expect(got).to.deep.equal([sent]);
  });

  it('given a length at, over or under the limits (spec N-8), then only the first passes', () => {
    for (const [size, kind] of [
      [100, undefined],
      [101, 'oversized'],
      [2 ** 32 - 1, 'oversized'],
      [0, 'empty'],
    ] as const) {
      const prefix = new Uint8Array(4);
      new DataView(prefix.buffer).setUint32(0, size);

      const failure = createFrameReader(100).push(prefix, () => undefined);

      expect(failure?.kind, String(size)).to.equal(kind);
      expect(failure?.size, String(size)).to.equal(kind === undefined ? undefined : size);
    }
  });

  it('given a new limit set while a frame is handed on, then it holds for the next', () => {
    const reader = createFrameReader(2);
    const sizes: number[] = [];

    const failure = reader.push(framed(new Uint8Array(2), new Uint8Array(500)), (frame) => {
      sizes.push(frame.length);
      reader.limit(500);
    });

    expect(failure).to.equal(undefined);
    expect(sizes).to.deep.equal([2, 500]);
  });

  it('given a size that is no positive u32, then the prefix is our own bug', () => {
    for (const size of [0, -1, 1.5, 2 ** 32]) {
      expect(() => encodePrefix(size), String(size)).to.throw('u32');
    }
  });
});
