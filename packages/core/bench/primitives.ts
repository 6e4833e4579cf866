/**
 * Time of the functions that every transaction goes through, in microseconds a call: the fastest of
 * seven runs, and how far the slowest lay above it.
 *
 *   node --conditions=source packages/core/bench/primitives.ts
 */
import { cpus } from 'node:os';
import {
  crc32c,
  createSigner,
  createWriter,
  decodeBinary,
  decodeCanonical,
  encodeCanonical,
  hashTagged,
  isGoodPublicKey,
  leafHash,
  merkleRoot,
  nodeHash,
  precheckSignature,
  runSelfTest,
  sha256,
  TAGS,
  toHex,
  verifyStrict,
} from '@daybook/core';

const RUNS = 7;
const LIMITS = { bytesMax: 64 * 1024, depthMax: 12 };

function measure(title: string, calls: number, call: () => unknown): void {
  const times: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const start = process.hrtime.bigint();
    for (let index = 0; index < calls; index += 1) {
      call();
    }
    times.push(Number(process.hrtime.bigint() - start) / calls / 1000);
  }
  // The first run is the one in which the compiler works.
  const warm = times.slice(1);
  const best = Math.min(...warm);
  const spread = Math.round((Math.max(...warm) / best - 1) * 100);
  console.log(`${title.padEnd(44)}${best.toFixed(3).padStart(12)} us  +${spread} %`);
}

const signer = createSigner(new Uint8Array(32).fill(1));
const second = createSigner(new Uint8Array(32).fill(2));
const amount = 12_345_678_901_234n;
const call = ['payments', 'pay', { amount, from: 'treasury', to: 'ministry-of-health', vote: 12 }];
const signers = [
  [signer.publicKey, null],
  [second.publicKey, 'treasury'],
];
const nonce = new Uint8Array(16).fill(3);
const body = [1, new Uint8Array(32).fill(7), signers, nonce, 1_764_000_000_000, [call]] as const;
const bytes = encodeCanonical(body);
const signature = signer.sign(bytes);
const wire = encodeCanonical([bytes, [signature, second.sign(bytes)]]);
const hash = sha256(bytes);
const leaves = Array.from({ length: 1000 }, (_, index) =>
  leafHash(Uint8Array.of(index, index >> 8)),
);
const mebibyte = new Uint8Array(1 << 20).fill(5);

function writeVote(): Uint8Array {
  const writer = createWriter();
  writer.raw(TAGS.PREPARE);
  writer.raw(hash);
  writer.u64(123_456);
  writer.u32(7);
  writer.raw(hash);
  return writer.finish();
}
const vote = writeVote();

console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`);
measure(`encodeCanonical, body of ${bytes.length} bytes`, 20_000, () => encodeCanonical(body));
measure('decodeCanonical, the same', 20_000, () => decodeCanonical(bytes, LIMITS));
measure(`decodeCanonical, wire of ${wire.length} bytes`, 20_000, () =>
  decodeCanonical(wire, LIMITS),
);
measure('hashTagged, the body', 50_000, () => hashTagged(TAGS.TXBODY, bytes));
measure('sha256, 64 bytes', 50_000, () => sha256(signature));
measure('nodeHash', 50_000, () => nodeHash(hash, hash));
measure('verifyStrict', 2000, () => verifyStrict(signer.publicKey, bytes, signature));
measure('precheckSignature', 50_000, () => precheckSignature(signer.publicKey, signature));
measure('sign', 2000, () => signer.sign(bytes));
measure('isGoodPublicKey', 50, () => isGoodPublicKey(signer.publicKey));
measure('write a vote', 50_000, writeVote);
measure('read a vote', 50_000, () => decodeBinary(vote, 'vote', (reader) => reader.rest()));
measure('toHex, 32 bytes', 50_000, () => toHex(hash));
measure('merkleRoot, 1,000 leaves', 20, () => merkleRoot(leaves));
measure('crc32c, 1 MiB', 20, () => crc32c(mebibyte));
measure('runSelfTest', 20, runSelfTest);
