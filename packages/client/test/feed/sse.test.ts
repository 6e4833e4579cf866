import { expect } from 'chai';
import fc from 'fast-check';
import type { SseMessage } from '../../src/feed/sse.ts';
import { createSseParser } from '../../src/feed/sse.ts';

const encoder = new TextEncoder();

function parse(pieces: readonly Uint8Array[]): readonly SseMessage[] {
  const parser = createSseParser();
  return pieces.flatMap((piece) => parser.push(piece) ?? []);
}

const STREAM = [
  'retry: 2000\n: height 4\n\n',
  'id: 4.0.0\nevent: treasury.paid\ndata: {"名":"值"}\n\n',
  'id: 4\r\nevent: block\r\ndata: one\r\ndata:two\r\n\r\n',
  'id: 5\n: alive\n\n',
].join('');

describe('client: server-sent events', () => {
  it('given a stream, then ids, names, data and lone ids come out', () => {
    expect(parse([encoder.encode(STREAM)])).to.deep.equal([
      { id: '4.0.0', event: 'treasury.paid', data: '{"名":"值"}' },
      { id: '4', event: 'block', data: 'one\ntwo' },
      { id: '5', event: 'message', data: undefined },
    ]);
  });

  it('given the same stream in any pieces, then the same messages come out', () => {
    const bytes = encoder.encode(STREAM);
    const whole = parse([bytes]);
    const cuts = fc.array(fc.nat(bytes.length), { maxLength: 12 });

    fc.assert(
      fc.property(cuts, (places) => {
        const ends = [...places].sort((a, b) => a - b);
        const pieces = [...ends, bytes.length].map((end, index) =>
          bytes.subarray(ends[index - 1] ?? 0, end),
        );
        expect(parse(pieces)).to.deep.equal(whole);
      }),
    );
  });

  it('given a long line in small pieces, then each is looked through once', () => {
    const split = String.prototype.split;
    let characters = 0;
    String.prototype.split = function (this: string, ...given: readonly unknown[]): string[] {
      characters += this.length;
      return Reflect.apply(split, this, given);
    };
    try {
      const parser = createSseParser();
      const pieces = Array.from({ length: 10_000 }, () => encoder.encode('data: xxxx'));
      for (const piece of pieces) expect(parser.push(piece)).to.deep.equal([]);

      expect(characters).to.equal(100_000);
      expect(parser.push(encoder.encode('\n\n'))?.[0]?.data).to.have.length(99_994);
    } finally {
      String.prototype.split = split;
    }
  });

  it('given a message without end, then the parser gives up at its bound', () => {
    const parser = createSseParser();
    const piece = encoder.encode(`data: ${'x'.repeat(100_000)}`);
    const results = Array.from({ length: 20 }, () => parser.push(piece));

    expect(results.at(-1)).to.equal(undefined);
  });
});
