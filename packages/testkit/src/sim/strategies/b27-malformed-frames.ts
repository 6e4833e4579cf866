/**
 * B27: frames that are no messages: random, flipped, cut, oversized, on the wrong channel. How bytes
 * drip into a frame is below what is simulated here; the tests of the network package cover it.
 */
import { MESSAGE_BYTES_MAX } from '@daybook/core';
import type { ChannelName } from '@daybook/network';
import { whileAlive } from './false-round-changes.ts';
import type { Strategy } from './strategy.ts';
import type { Traitor } from './traitor.ts';

const EVERY_MS = [100, 600] as const;
const CHANNELS: readonly ChannelName[] = ['consensus', 'transactions', 'sync'];
const SAMPLES_MAX = 32;

type Make = (traitor: Traitor, sample: Uint8Array) => Uint8Array;

const FRAMES: readonly Make[] = [
  () => new Uint8Array(),
  ({ prng }) => prng.bytes(prng.between(1, 300)),
  // A known type, then rubbish.
  ({ prng }) => Uint8Array.from([prng.between(0, 9), ...prng.bytes(prng.between(0, 200))]),
  ({ prng }, sample) => {
    const bytes = sample.slice();
    const at = prng.below(Math.max(1, bytes.length));
    if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << prng.below(8));
    return bytes;
  },
  ({ prng }, sample) => sample.subarray(0, prng.below(sample.length + 1)),
  (_traitor, sample) => Uint8Array.from([...sample.subarray(0, 4096), 0]),
  // A vote larger than any vote may be.
  () => new Uint8Array(MESSAGE_BYTES_MAX.prepare + 1).fill(2),
  () => new Uint8Array(MESSAGE_BYTES_MAX['round-change'] + 1).fill(4),
];

export const MALFORMED_FRAMES: Strategy = {
  name: 'B27',
  title: 'sends malformed, flipped, cut and oversized frames on every channel',
  begin: (traitor) => {
    const samples: Uint8Array[] = [];
    traitor.world.events.on('sent', ({ bytes }) => {
      if (bytes === samples.at(-1)) return;
      samples.push(bytes);
      samples.splice(0, samples.length - SAMPLES_MAX);
    });
    const { prng } = traitor;
    whileAlive(traitor, EVERY_MS, () => {
      const sample = samples.length === 0 ? new Uint8Array() : prng.pick(samples);
      const frame = prng.pick(FRAMES)(traitor, sample);
      const channel = prng.pick(CHANNELS);
      for (const { member } of traitor.honest()) {
        traitor.machine.station()?.inject(member.peerId, channel, frame);
      }
      traitor.acted();
    });
    traitor.bend({
      answer: (_from, _request, honest) => {
        if (honest === undefined || prng.chance(500)) return honest;
        return prng.pick(FRAMES)(traitor, honest);
      },
    });
  },
};
