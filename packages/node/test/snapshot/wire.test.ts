/** What is asked and answered for snapshots, as bytes. */
import type { Result } from '@daybook/core';
import { asHash, LIMITS } from '@daybook/core';
import { expect } from 'chai';
import { heightsToDrop } from '../../src/snapshot/offered-heights.ts';
import type { SnapshotQuestion } from '../../src/snapshot/wire.ts';
import {
  decodeBlocks,
  decodeHashes,
  decodeOffer,
  decodeQuestion,
  decodeRecords,
  encodeBlocks,
  encodeHashes,
  encodeOffer,
  encodeQuestion,
  encodeRecords,
} from '../../src/snapshot/wire.ts';
import { writtenAtOf } from '../../src/snapshot/written-at.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const hash = (seed: number) => asHash(new Uint8Array(32).fill(seed));

const QUESTIONS: readonly SnapshotQuestion[] = [
  { kind: 'offer', height: 0 },
  { kind: 'hashes', height: 9, from: 3 },
  { kind: 'records', height: 9, from: bytes(1, 2, 3) },
  { kind: 'header', height: 7 },
  { kind: 'blocks', from: 5, count: 64 },
];

interface Form {
  readonly name: string;
  readonly encoded: Uint8Array;
  readonly value: unknown;
  readonly decode: (encoded: Uint8Array) => Result<unknown, unknown>;
}

function formOf<T>(
  name: string,
  value: T,
  encode: (value: T) => Uint8Array,
  decode: Form['decode'],
): Form {
  return { name, value, encoded: encode(value), decode };
}

const change = {
  header: bytes(1),
  certificate: bytes(2),
  validators: [[new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)] as const],
};
const FORMS: readonly Form[] = [
  ...QUESTIONS.map((one) => formOf(`question ${one.kind}`, one, encodeQuestion, decodeQuestion)),
  formOf(
    'offer',
    { header: bytes(3), certificate: bytes(4), changes: [change], records: 5 },
    encodeOffer,
    decodeOffer,
  ),
  formOf('hashes', { hashes: [hash(1), hash(2)], path: [hash(3)] }, encodeHashes, decodeHashes),
  formOf(
    'records',
    {
      records: [
        { key: { set: 1, key: bytes(1) }, value: bytes(9) },
        { key: { set: 3, partition: bytes(7), key: bytes(7, 8) }, value: bytes() },
      ],
      next: new Uint8Array(36).fill(4),
      proof: { kind: 'within' as const },
    },
    encodeRecords,
    decodeRecords,
  ),
  formOf(
    'blocks',
    [{ block: bytes(1, 2), certificate: bytes(3), leaves: [bytes(4), bytes()] }],
    encodeBlocks,
    decodeBlocks,
  ),
];

describe('node: snapshot wire (spec N-14)', () => {
  for (const { name, encoded, value, decode } of FORMS) {
    it(`given ${name}, then it comes back as it was (I19)`, () => {
      expect(decode(encoded)).to.deep.equal({ ok: true, value });
    });

    it(`given ${name} cut off anywhere or with more behind it, then it is refused, never thrown`, () => {
      for (let size = 0; size < encoded.length; size++) {
        expect(decode(encoded.subarray(0, size)), `${size} bytes`).to.have.property('ok', false);
      }
      const longer = new Uint8Array(encoded.length + 1);
      longer.set(encoded);
      expect(decode(longer)).to.have.property('ok', false);
    });
  }

  it('given one hash more than may be, then the answer is refused', () => {
    const hashes = Array.from({ length: LIMITS.snapshotHashesMax + 1 }, () => hash(1));

    expect(decodeHashes(encodeHashes({ hashes, path: [] }))).to.have.property('ok', false);
  });

  it('given stored values, then the height in them is read, and of nothing else', () => {
    expect(writtenAtOf(bytes(0x86, 1, 1, 23, 0))).to.equal(23);
    expect(writtenAtOf(bytes(0x86, 1, 0x18, 200, 0x19, 1, 0, 0))).to.equal(256);
    expect(writtenAtOf(bytes(0x86, 1, 1, 0x1a, 0, 1, 0, 0))).to.equal(65_536);
    for (const other of [bytes(), bytes(0x85, 1, 1, 1), bytes(0x86, 1, 1), bytes(0x86, 1, 0x61, 1)])
      expect(writtenAtOf(other)).to.equal(undefined);
  });
});

describe('node: heights that are offered (spec N-18)', () => {
  const unused = (): boolean => false;

  it('given more than two that nobody fetches, then the newest two stay', () => {
    expect(heightsToDrop([1], unused)).to.deep.equal([]);
    expect(heightsToDrop([1, 5], unused)).to.deep.equal([]);
    expect(heightsToDrop([1, 5, 9], unused)).to.deep.equal([1]);
  });

  it('given one that is fetched, then it stays, but never more than four in all', () => {
    const isUsed = (height: number): boolean => height < 10;

    expect(heightsToDrop([1, 20, 30], isUsed)).to.deep.equal([]);
    expect(heightsToDrop([1, 2, 20, 30], isUsed)).to.deep.equal([]);
    expect(heightsToDrop([1, 2, 3, 20, 30], isUsed)).to.deep.equal([1]);
  });
});
