/** What test/fuzz.test.ts throws damaged bytes at: what stands in the frames of peers. */
import { concatBytes } from '@daybook/core';
import { decodeEnvelope, encodeEnvelope } from '../src/envelope.ts';
import { createFrameReader, encodePrefix } from '../src/framing.ts';
import { decodeHello, decodeWelcome, encodeHello, encodeWelcome } from '../src/handshake.ts';

const payload = new Uint8Array(40).fill(9);
const hello = { version: 1, chain: new Uint8Array(32).fill(7), role: 'validator' } as const;
const FRAME_BYTES_MAX = 1000;

const framed = (...frames: readonly Uint8Array[]): Uint8Array =>
  concatBytes(...frames.flatMap((frame) => [encodePrefix(frame.length), frame]));

export const FRAMES = [
  {
    name: 'envelope',
    samples: [
      encodeEnvelope({ kind: 'message', payload }),
      encodeEnvelope({ kind: 'request', id: 7, row: 2, payload }),
      encodeEnvelope({ kind: 'answer', id: 7, payload }),
      encodeEnvelope({ kind: 'refusal', id: 7, why: 'busy' }),
      encodeEnvelope({ kind: 'cancel', id: 2 ** 32 - 1 }),
    ],
    again: (bytes: Uint8Array) => {
      const envelope = decodeEnvelope(bytes);
      return envelope && encodeEnvelope(envelope);
    },
  },
  {
    name: 'hello',
    samples: [encodeHello(hello), encodeHello({ ...hello, role: 'observer' })],
    again: (bytes: Uint8Array) => {
      const read = decodeHello(bytes);
      return read && encodeHello(read);
    },
  },
  {
    name: 'welcome',
    samples: [encodeWelcome('welcome', hello), encodeWelcome('chain', hello)],
    again: (bytes: Uint8Array) => {
      const read = decodeWelcome(bytes);
      return read && encodeWelcome(read.verdict, read.hello);
    },
  },
  {
    name: 'stream of frames',
    samples: [framed(payload), framed(payload, encodeHello(hello), payload)],
    // In two pieces: what the frames are does not depend on how they arrive.
    again: (bytes: Uint8Array) => {
      const taken: Uint8Array[] = [];
      const reader = createFrameReader(FRAME_BYTES_MAX);
      const half = bytes.length >> 1;
      for (const piece of [bytes.subarray(0, half), bytes.subarray(half)]) {
        const failure = reader.push(piece, (frame) => taken.push(frame));
        if (failure !== undefined) return { ok: false, reason: failure };
      }
      const whole = framed(...taken);
      return whole.length === bytes.length && whole;
    },
  },
];
