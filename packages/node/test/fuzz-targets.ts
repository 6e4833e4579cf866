/** What test/fuzz.test.ts throws damaged bytes at: requests and answers of peers, and settings. */
import type { Result, Transaction } from '@daybook/core';
import {
  asHash,
  createSigner,
  createWriter,
  encodeCanonical,
  encodeUtf8,
  LIMITS,
  signBytes,
} from '@daybook/core';
import { decodeCursor, encodeCursor, placeOf } from '../src/api/cursor.ts';
import { readJsonBody } from '../src/api/json-body.ts';
import { ConfigError, parseSettings } from '../src/config.ts';
import {
  decodeHashes as decodeAskedHashes,
  decodeWires,
  encodeHashes as encodeAskedHashes,
  encodeWires,
} from '../src/driver/assembly.ts';
import { readVoteAnswer } from '../src/driver/vote-inquiry.ts';
import { renderSampleConfig } from '../src/index.ts';
import { decodeRange } from '../src/ranges.ts';
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
} from '../src/snapshot/wire.ts';
import { decodeTransactionFrame, encodeBatch, encodeHeld } from '../src/transaction-frames.ts';

const HASH = asHash(new Uint8Array(32).fill(3));
const bytesOf = (size: number): Uint8Array => new Uint8Array(size).fill(size);

/** The answer of a decoder that has an encoder. */
function again<T>(
  decode: (bytes: Uint8Array) => Result<T, unknown>,
  encode: (value: T) => Uint8Array,
) {
  return (bytes: Uint8Array) => {
    const decoded = decode(bytes);
    return decoded.ok ? encode(decoded.value) : decoded;
  };
}

const change = {
  header: bytesOf(5),
  certificate: bytesOf(6),
  validators: [[HASH, HASH] as const, [HASH, HASH] as const],
};

export const SNAPSHOT = [
  {
    name: 'snapshot question',
    samples: [
      encodeQuestion({ kind: 'offer', height: 0 }),
      encodeQuestion({ kind: 'hashes', height: 9, from: 3 }),
      encodeQuestion({ kind: 'records', height: 9, from: bytesOf(36) }),
      encodeQuestion({ kind: 'header', height: 7 }),
      encodeQuestion({ kind: 'blocks', from: 5, count: 64 }),
    ],
    again: again(decodeQuestion, encodeQuestion),
  },
  {
    name: 'snapshot offer',
    samples: [
      encodeOffer({ header: bytesOf(9), certificate: bytesOf(8), changes: [change], records: 5 }),
    ],
    again: again(decodeOffer, encodeOffer),
  },
  {
    name: 'snapshot hashes',
    samples: [encodeHashes({ hashes: [HASH, HASH, HASH], path: [HASH] })],
    again: again(decodeHashes, encodeHashes),
  },
  {
    name: 'snapshot records',
    samples: [
      encodeRecords({
        records: [
          { key: { set: 1, key: bytesOf(1) }, value: bytesOf(9) },
          { key: { set: 3, partition: bytesOf(7), key: bytesOf(8) }, value: bytesOf(0) },
        ],
        next: bytesOf(36),
        proof: { kind: 'within' },
      }),
    ],
    again: again(decodeRecords, encodeRecords),
  },
  {
    name: 'snapshot blocks',
    samples: [
      encodeBlocks([
        { block: bytesOf(90), certificate: bytesOf(30), leaves: [bytesOf(4), bytesOf(0)] },
        { block: bytesOf(80), certificate: bytesOf(20), leaves: [] },
      ]),
    ],
    again: again(decodeBlocks, encodeBlocks),
  },
];

type ServedRange = Extract<ReturnType<typeof decodeRange>, { ok: true }>['value'];

/** As `ranges.ts` writes them. */
function encodeRange(served: ServedRange): Uint8Array {
  const writer = createWriter();
  writer.u16(served.length);
  for (const { block, certificate } of served) {
    writer.sized(block);
    writer.sized(certificate);
  }
  return writer.finish();
}

const own = createSigner(HASH);
const VOTE = signBytes(HASH, { type: 'commit', height: 7, round: 1, blockHash: HASH });

function voteAnswer(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.u64(12);
  writer.sized(signed);
  writer.raw(signature);
  return writer.finish();
}

const transaction = (size: number) => ({ bytes: bytesOf(size) }) as Transaction;

export const EXCHANGES = [
  {
    name: 'range of blocks',
    samples: [encodeRange([{ block: bytesOf(90), certificate: bytesOf(30) }])],
    again: again((bytes: Uint8Array) => decodeRange(bytes, LIMITS.rangeBlocksMax), encodeRange),
  },
  {
    name: 'answer on votes',
    samples: [voteAnswer(VOTE, own.sign(VOTE)), voteAnswer(bytesOf(0), bytesOf(0))],
    // A vote of the own key is believed when the key signed it, and only then.
    again: (bytes: Uint8Array) => {
      const read = readVoteAnswer(bytes, { chain: HASH, publicKey: own.publicKey });
      const newest = read.ok ? read.value.newest : undefined;
      return newest === undefined ? read : Buffer.compare(newest.signBytes, VOTE) === 0;
    },
  },
  {
    name: 'transactions frame',
    samples: [encodeBatch([transaction(50), transaction(3)]), encodeHeld([])],
    again: again(decodeTransactionFrame, (frame) =>
      frame.kind === 'batch'
        ? encodeBatch(frame.wires.map((bytes) => ({ bytes }) as Transaction))
        : encodeHeld(frame.ids as Parameters<typeof encodeHeld>[0]),
    ),
  },
  {
    name: 'hashes of a proposal',
    samples: [encodeAskedHashes([HASH, HASH])],
    again: again(decodeAskedHashes, (hashes) => encodeAskedHashes(hashes.map(asHash))),
  },
  {
    name: 'transactions of a proposal',
    samples: [encodeWires([bytesOf(40), bytesOf(1)])],
    again: again(decodeWires, encodeWires),
  },
];

export const SETTINGS_FILE = {
  name: 'settings',
  samples: [
    encodeUtf8(renderSampleConfig()),
    encodeUtf8('node:\n  dataDirectory: /var/lib/daybook\napi:\n  port: 7000\n'),
  ],
  /** Settings are good, or every fault is named with its place. */
  again: (bytes: Uint8Array) => {
    try {
      parseSettings(new TextDecoder().decode(bytes), { file: 'daybookd.yaml', env: {} });
      return true;
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const reason = error.faults.map(({ setting, expected }) => `${setting} ${expected}`);
      return { ok: false, reason };
    }
  },
};

export const REQUESTS_OF_CLIENTS = [
  {
    name: 'JSON body',
    samples: ['{"a": [1, -2.5e3, "\\u00e9", null, true], "b": {"c": {}}}', '[]', '"x"'].map(
      (text) => encodeUtf8(text),
    ),
    again: (bytes: Uint8Array) => readJsonBody(bytes),
  },
  {
    name: 'cursor',
    samples: [encodeUtf8(encodeCursor([1, 'name', new Uint8Array(20)]))],
    again: (bytes: Uint8Array) => {
      const place = decodeCursor(new TextDecoder('latin1').decode(bytes));
      const value = place && placeOf(place);
      return value !== undefined && place !== undefined
        ? Buffer.compare(encodeCanonical(value), place) === 0
        : false;
    },
  },
];
