/**
 * Envelopes: what was put in comes out, and no bytes can do harm.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Envelope } from '../src/envelope.ts';
import { decodeEnvelope, ENVELOPE_BYTES_MAX, encodeEnvelope, REFUSALS } from '../src/envelope.ts';

const id = fc.nat({ max: 2 ** 32 - 1 });
const payload = fc.uint8Array({ maxLength: 40 });
const envelopes: fc.Arbitrary<Envelope> = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), payload }),
  fc.record({ kind: fc.constant('request' as const), id, row: fc.nat({ max: 255 }), payload }),
  fc.record({ kind: fc.constant('answer' as const), id, payload }),
  fc.record({ kind: fc.constant('refusal' as const), id, why: fc.constantFrom(...REFUSALS) }),
  fc.record({ kind: fc.constant('cancel' as const), id }),
);

describe('network: envelope', () => {
  it('given any envelope, then it survives the wire', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        const frame = encodeEnvelope(envelope);

        expect(decodeEnvelope(frame)).to.deep.equal(envelope);
        const inside = 'payload' in envelope ? envelope.payload.length : 0;
        expect(frame.length - inside).to.be.at.most(ENVELOPE_BYTES_MAX);
      }),
    );
  });

  it('given any bytes, then they decode to what encodes to them, or to nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const envelope = decodeEnvelope(bytes);

        if (envelope !== undefined) {
          expect(encodeEnvelope(envelope)).to.deep.equal(bytes);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('given a truncated, unknown or overlong frame, then it is malformed', () => {
    for (const frame of [
      [],
      [0],
      [6, 0, 0, 0, 1],
      [2, 0, 0, 0, 1],
      [3, 0, 0, 0],
      [4, 0, 0, 0, 1],
      [4, 0, 0, 0, 1, 3],
      [4, 0, 0, 0, 1, 0, 0],
      [5, 0, 0, 0, 1, 0],
    ]) {
      expect(decodeEnvelope(Uint8Array.from(frame)), frame.join(' ')).to.equal(undefined);
    }
  });
});
