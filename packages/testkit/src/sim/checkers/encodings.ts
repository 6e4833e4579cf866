/**
 * I19 in a run: what correct nodes send and store decodes and encodes to the same bytes, and the same
 * bytes damaged are refused with a reason or are the exact encoding of something else. Fuzzing of
 * each decoder alone stands beside it.
 */
import type { DecodeFailure, Result } from '@daybook/core';
import {
  decodeBlock,
  decodeCertificate,
  decodeMessage,
  encodeBlock,
  encodeCertificate,
  encodeMessage,
  equalBytes,
} from '@daybook/core';
import { describeError } from '../node/failure.ts';
import type { Prng } from '../world/prng.ts';
import { CONSENSUS_KINDS } from '../world/wire.ts';
import type { World } from '../world/world.ts';
import type { Checker } from './checker.ts';

/** Of a thousand frames and of a thousand blocks, how many are looked at. */
const FRAMES_PERMILLE = 5;
const BLOCKS_PERMILLE = 20;
/** Damaged copies of each. */
const DAMAGES = 4;

/** One way to write something down: bytes, decoded and encoded again. */
export interface Encoding {
  readonly name: string;
  again(bytes: Uint8Array): Result<Uint8Array, DecodeFailure>;
}

function encodingOf<T>(
  name: string,
  decode: (bytes: Uint8Array) => Result<T, DecodeFailure>,
  encode: (value: T) => Uint8Array,
): Encoding {
  return {
    name,
    again: (bytes) => {
      const decoded = decode(bytes);
      return decoded.ok ? { ok: true, value: encode(decoded.value) } : decoded;
    },
  };
}

const MESSAGE = encodingOf('message', decodeMessage, encodeMessage);
const BLOCK = encodingOf('block', decodeBlock, encodeBlock);
const CERTIFICATE = encodingOf('certificate', decodeCertificate, encodeCertificate);

export const ENCODINGS: Checker = {
  invariants: ['I19'],
  watch: (world) => {
    const prng = world.prng.fork('encodings');
    const check = (encoding: Encoding, bytes: Uint8Array): void => {
      checkEncoding(world, encoding, { bytes, prng });
    };
    world.events.on('sent', ({ machine, kind, bytes }) => {
      if (!machine.isHonest || !CONSENSUS_KINDS.includes(kind)) return;
      if (prng.chance(FRAMES_PERMILLE)) check(MESSAGE, bytes);
    });
    world.events.on('committed', ({ machine, block, certificate }) => {
      if (!machine.isHonest || !prng.chance(BLOCKS_PERMILLE)) return;
      check(BLOCK, block.bytes);
      check(CERTIFICATE, encodeCertificate(certificate));
    });
  },
};

/** Exported for the test that shows that it sees a decoder that is wrong. */
export function checkEncoding(
  world: World,
  encoding: Encoding,
  { bytes, prng }: { readonly bytes: Uint8Array; readonly prng: Prng },
): void {
  const { name } = encoding;
  const fault = faultOf(encoding, bytes);
  if (fault === undefined) world.coverage.add(`${name} decoded as it was encoded`);
  else world.violate('I19', `a ${name} of ${bytes.length} bytes ${fault}`);
  for (let count = 0; count < DAMAGES; count++) {
    const damaged = damage(bytes, prng);
    const words = faultOf(encoding, damaged);
    if (words === 'is refused') world.coverage.add(`damaged ${name} refused`);
    else if (words !== undefined) {
      const hex = Buffer.from(damaged).toString('hex').slice(0, 200);
      world.violate('I19', `a damaged ${name} of ${damaged.length} bytes ${words}: ${hex}`);
    }
  }
}

/** `is refused` for a refusal with a reason; other words for what a decoder must not do. */
function faultOf({ again }: Encoding, bytes: Uint8Array): string | undefined {
  try {
    const encoded = again(bytes);
    if (!encoded.ok) return 'is refused';
    return equalBytes(encoded.value, bytes) ? undefined : 'is decoded to what has another encoding';
  } catch (error) {
    return `makes a decoder throw ${describeError(error)}`;
  }
}

/** One bit flipped, the end cut off, or bytes added. */
function damage(bytes: Uint8Array, prng: Prng): Uint8Array {
  const way = prng.below(3);
  const at = prng.below(Math.max(1, bytes.length));
  if (way === 0) return bytes.slice(0, at);
  if (way === 1) return Uint8Array.from([...bytes, ...prng.bytes(prng.between(1, 8))]);
  const flipped = bytes.slice();
  flipped[at] = (flipped[at] ?? 0) ^ (1 << prng.below(8));
  return flipped;
}
