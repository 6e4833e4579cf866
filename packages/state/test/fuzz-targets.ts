/**
 * What test/fuzz.test.ts throws damaged bytes at: files of a node that a disk, a copy or another
 * program may have changed. Checksums are mended, so that what stands behind them is reached.
 */
import { concatBytes, crc32c, decodeBinary, signBytes } from '@daybook/core';
import {
  encodeCandidate,
  encodeFinalisation,
  encodeGroup,
  MARK_BYTES,
  markRecord,
  RECORD_HEAD,
  RECORD_OVERHEAD,
  recordBytes,
} from '../src/blocks/block-record.ts';
import { createGrowingIndex, readIndex } from '../src/blocks/segment-index.ts';
import { SEGMENT_HEAD, segmentHead } from '../src/blocks/segment-scan.ts';
import { readGrowingSegment, readSegment, StateError } from '../src/index.ts';
import { decodeVersion, encodeVersion } from '../src/store/root-record.ts';
import { parseSignBytes } from '../src/votes/guard.ts';
import { createFrameReader, encodeSignerFrame } from '../src/votes/signer-wire.ts';
import type { VoteRecord } from '../src/votes/vote-record.ts';
import {
  encodeVoteHeader,
  encodeVotePayload,
  encodeVoteRecords,
  readVoteFile,
  readVotePayload,
  readVoteRecord,
  SPARE_BYTES,
} from '../src/votes/vote-record.ts';
import { blockAt } from './blocks/sample-log.ts';
import { blockA, chain, commitRequest, lockOf, options, publicKey } from './votes/support/votes.ts';

/** The last four bytes are the checksum of what stands before. */
function mendTail(bytes: Uint8Array, from = 0, seed = 0): Uint8Array {
  if (bytes.length < from + 4) return bytes;
  const copy = bytes.slice();
  const sum = crc32c(copy.subarray(from, -4), seed);
  new DataView(copy.buffer).setUint32(copy.length - 4, sum);
  return copy;
}

/** A reader whose refusal is an error of this package with a code. */
function refused(work: () => boolean | Uint8Array) {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { ok: false, reason: error.message };
  }
}

const salt = new Uint8Array(16).fill(4);
const RECORDS: readonly VoteRecord[] = [
  {
    type: 'signed',
    vote: {
      height: 5,
      round: 1,
      step: 'commit',
      signBytes: signBytes(chain, { type: 'commit', height: 5, round: 1, blockHash: blockA }),
      signature: new Uint8Array(64).fill(6),
      attachment: new Uint8Array(9),
    },
  },
  { type: 'lock', lock: lockOf(5, 1, blockA) },
  { type: 'height', height: 6 },
];
const HEAD = encodeVoteHeader({
  chain,
  validatorId: options.validatorId,
  identity: { machine: 'machine', inode: '17', born: '1750000000000000000' },
  salt,
});
const stored = encodeVoteRecords(RECORDS, { sequence: 3, salt });
const [STORED_VOTE] = encodeVoteRecords(RECORDS.slice(0, 1), { sequence: 3, salt });
const typed = (record: VoteRecord): Uint8Array => {
  const [type, payload] = encodeVotePayload(record);
  return concatBytes(Uint8Array.of(type), payload);
};

export const VOTES = [
  {
    name: 'vote log',
    samples: [concatBytes(HEAD, ...stored.map(({ bytes }) => bytes), new Uint8Array(SPARE_BYTES))],
    again: (bytes: Uint8Array) => {
      const file = readVoteFile(bytes);
      if (file === undefined) return false;
      const head = encodeVoteHeader(file.header);
      let offset = file.headSize;
      let before = readVoteRecord(bytes, { offset, salt: file.header.salt });
      while (before !== undefined) {
        offset += before.bytes.length;
        before = readVoteRecord(bytes, { offset, salt: file.header.salt, before });
      }
      return concatBytes(head, bytes.subarray(head.length));
    },
    /** The checksum of the head. */
    mend: (bytes: Uint8Array) => {
      const size = HEAD.length;
      return concatBytes(mendTail(bytes.subarray(0, size)), bytes.subarray(size));
    },
  },
  {
    name: 'vote record',
    samples: STORED_VOTE === undefined ? [] : [STORED_VOTE.bytes],
    again: (bytes: Uint8Array) => {
      const read = readVoteRecord(bytes, { offset: 0, salt });
      if (read === undefined) return false;
      const [again] = encodeVoteRecords([read.record], { sequence: read.sequence, salt });
      return again !== undefined && concatBytes(again.bytes, bytes.subarray(read.bytes.length));
    },
    mend: (bytes: Uint8Array) => mendTail(bytes, 0, crc32c(salt)),
  },
];

export const VOTE_CONTENTS = [
  {
    name: 'payload of a vote record',
    samples: RECORDS.map(typed),
    again: (bytes: Uint8Array) => {
      const read = decodeBinary(bytes, 'payload', (reader) => {
        return readVotePayload(reader, reader.u8());
      });
      return read.ok ? typed(read.value) : read;
    },
  },
  {
    name: 'sign bytes',
    samples: [
      signBytes(chain, { type: 'prepare', height: 5, round: 1, blockHash: blockA }),
      signBytes(chain, { type: 'round-change', height: 5, round: 1 }),
      signBytes(chain, {
        type: 'round-change',
        height: 5,
        round: 2,
        prepared: { round: 1, blockHash: blockA },
      }),
    ],
    again: (bytes: Uint8Array) => {
      const read = parseSignBytes(bytes);
      return read.ok ? signBytes(read.value.chain, read.value.content) : read;
    },
  },
  {
    name: 'signer frame',
    samples: [
      encodeSignerFrame({ type: 'hello', version: 2, chain }),
      encodeSignerFrame({ type: 'sign', id: 4, request: commitRequest(5, 0, blockA) }),
      encodeSignerFrame({
        type: 'welcome',
        version: 2,
        chain,
        publicKey,
        guard: { height: 5, round: 0, step: 'commit' },
        lock: lockOf(5, 0, blockA),
        ownCount: 2,
        earlierCount: 0,
      }),
      encodeSignerFrame({ type: 'withhold', id: 1, reason: { code: 'STATE_VOTES_DISTRUSTED' } }),
      encodeSignerFrame({ type: 'turned-away', fact: 'one client at a time' }),
    ],
    again: (bytes: Uint8Array) => {
      const read = createFrameReader().push(bytes);
      if (!read.ok) return read;
      const whole = concatBytes(...read.value.map(encodeSignerFrame));
      return whole.length === bytes.length && whole;
    },
  },
];

const recordsOf = (height: number): readonly Uint8Array[] => {
  const block = blockAt(height, 40);
  return [encodeCandidate(block), encodeFinalisation(block)];
};
const MARK = new Uint8Array(MARK_BYTES).fill(0xa7);
const segmentOf = (...records: readonly Uint8Array[]): Uint8Array => {
  for (const record of records) markRecord(record, MARK);
  return concatBytes(segmentHead(MARK), ...records);
};
const SEGMENT = segmentOf(...recordsOf(4), ...recordsOf(5));
const GROUPED = segmentOf(encodeGroup(recordsOf(4)).bytes, ...recordsOf(5));

/** Mends the checksum of every record as far as their lengths lead. */
function mendRecords(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (let at = SEGMENT_HEAD; at + RECORD_OVERHEAD <= copy.length; ) {
    const size = recordBytes(copy.subarray(at, at + RECORD_HEAD));
    if (size === undefined || at + size > copy.length) break;
    const payload = copy.subarray(at + RECORD_HEAD - 1, at + size - 4);
    view.setUint32(at + size - 4, crc32c(payload, size - RECORD_OVERHEAD));
    at += size;
  }
  return copy;
}

export const SEGMENT_FILE = {
  name: 'block segment',
  samples: [SEGMENT, GROUPED],
  again: (bytes: Uint8Array) =>
    refused(() => {
      readGrowingSegment('segment', bytes, 4);
      return [...readSegment('segment', bytes, 4).blocks()].length > 0;
    }),
  mend: mendRecords,
};

function indexOf(heights: readonly number[]): Uint8Array {
  const index = createGrowingIndex(heights[0] ?? 0);
  for (const height of heights) {
    const { blockHash, timestampMs, transactions } = blockAt(height);
    const place = { candidateOffset: 16, finalOffset: 80, validUntilMaxMs: 9 };
    index.add({ blockHash, timestampMs, ...place }, transactions);
  }
  return index.encode();
}

/** The index has two checksums: of its head, and of the whole. */
function mendIndex(bytes: Uint8Array): Uint8Array {
  const size = 8 + 8 + 4 + 8 + 4;
  if (bytes.length < size + 4) return bytes;
  return mendTail(concatBytes(mendTail(bytes.subarray(0, size)), bytes.subarray(size)));
}

export const SEGMENT_INDEX = {
  name: 'segment index',
  samples: [indexOf([4, 5, 6])],
  again: (bytes: Uint8Array) => {
    const index = readIndex(bytes);
    if (index === undefined) return false;
    index.at(index.first);
    index.find(blockAt(4).transactions[0]?.id ?? (blockAt(4).blockHash as never));
    return true;
  },
  mend: mendIndex,
};

export const ROOT_RECORD = {
  name: 'root record',
  samples: [
    encodeVersion({
      height: 7,
      oldest: 1,
      historyFrom: 1,
      root: blockA,
      count: 9,
      ref: 1234,
      nodeEnd: 5000,
      valueEnd: 6000,
      records: 70,
      nodeSegments: [{ segment: 1, written: 100, current: 50, emptySince: undefined }],
      valueSegments: [{ segment: 2, written: 100, current: 0, emptySince: 6 }],
      removingSets: [3, 9],
    }),
  ],
  again: (bytes: Uint8Array) => refused(() => encodeVersion(decodeVersion('state', 7, bytes))),
};
