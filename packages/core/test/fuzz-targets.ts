/**
 * What test/fuzz.test.ts throws damaged bytes at. Every decoder here takes bytes of strangers; what
 * it takes, its encoder gives back byte by byte (I19).
 */
import type { CborValue, Genesis, Result, Unsigned } from '../src/index.ts';
import {
  asHash,
  assert,
  buildValidatorSet,
  cosignNote,
  createSigner,
  decodeCanonical,
  decodeCheckpointFork,
  decodeForkProof,
  decodeListBundle,
  decodeProofBundle,
  decodeRangeProof,
  decodeStateProof,
  decodeUtf8,
  encodeCanonical,
  encodeCheckpointFork,
  encodeEvidence,
  encodeForkProof,
  encodeListBundle,
  encodeNote,
  encodeNoteKey,
  encodeNoteSignature,
  encodeProofBundle,
  encodeRangeProof,
  encodeRecovery,
  encodeStateProof,
  encodeTreeHead,
  encodeUtf8,
  equalBytes,
  evidenceOf,
  fail,
  hashTagged,
  LIMITS,
  proveEvidence,
  readCheckpointNote,
  readEvidence,
  readGenesis,
  readGenesisFile,
  readNote,
  readNoteKey,
  readNoteSignatures,
  readRecovery,
  readRecoveryFile,
  recoverySignBytes,
  renderRecoveryFile,
  sha256,
  sign,
  signBytes,
  signNote,
  TAGS,
  toHex,
  treePrefixOf,
  validatorIdOf,
  verifyRangeProof,
  verifyStateProof,
  ZERO_HASH,
} from '../src/index.ts';
import { GENESIS_DOCUMENT, GENESIS_FILE } from './fixtures/founding.ts';
import { proveKey, proveRange } from './fixtures/prover.ts';
import { keyOf, leavesOf } from './fixtures/tree-keys.ts';

const HASH = asHash(new Uint8Array(32).fill(3));
const KEYS = ['a', 'b', 'c'].map((name) => sha256(encodeUtf8(name)));
const [SECRET = HASH] = KEYS;
const { publicKey: PUBLIC } = createSigner(SECRET);

/** The answer of a decoder that has an encoder. */
export function again<T>(
  decode: (bytes: Uint8Array) => Result<T, unknown>,
  encode: (value: T) => Uint8Array,
) {
  return (bytes: Uint8Array) => {
    const decoded = decode(bytes);
    return decoded.ok ? encode(decoded.value) : decoded;
  };
}

const MIXED: CborValue = {
  a: [0, 23, 24, 255, 65_536, 2 ** 32, -1, -500, 2n ** 63n, -(2n ** 64n)],
  bytes: new Uint8Array(40),
  deep: [[[[['text', 'é', '漢字', true, false, null]]]]],
  long: 'x'.repeat(300),
};
const CBOR_LIMITS = { bytesMax: LIMITS.transactionBytesMax, depthMax: 16 };

export const CBOR = [
  {
    name: 'canonical CBOR',
    samples: [encodeCanonical(MIXED), encodeCanonical([]), encodeCanonical('a')],
    again: again((bytes) => decodeCanonical(bytes, CBOR_LIMITS), encodeCanonical),
  },
];

const LEAVES = leavesOf(Array.from({ length: 60 }, (_, seed) => keyOf(1 + (seed % 2), seed)));
const LEAF_KEYS = LEAVES.map(({ treeKey }) => treeKey);
const ABSENT = [keyOf(1, 900), keyOf(2, 901), keyOf(9, 1)];
const STATE_PROOFS = [...LEAF_KEYS.slice(0, 8), ...ABSENT].map((key) =>
  encodeStateProof(proveKey(LEAVES, key)),
);
const PREFIX = treePrefixOf({ set: 1 });
const RANGES = [
  { from: PREFIX, to: PREFIX },
  { from: PREFIX, to: LEAF_KEYS[10] ?? PREFIX },
  { from: LEAF_KEYS[40] ?? PREFIX, to: LEAF_KEYS[50] ?? PREFIX },
];
const RANGE_PROOFS = RANGES.map((range) => encodeRangeProof(proveRange(LEAVES, range)));

export const STATE_PROOF = [
  {
    name: 'state proof',
    samples: STATE_PROOFS,
    // Whatever it says, judging it ends in a verdict too.
    again: again(decodeStateProof, (proof) => {
      verifyStateProof(HASH, LEAF_KEYS[0] ?? HASH, proof);
      return encodeStateProof(proof);
    }),
  },
  {
    name: 'range proof',
    samples: RANGE_PROOFS,
    again: again(decodeRangeProof, (proof) => {
      for (const range of RANGES) verifyRangeProof(HASH, range, LEAVES.slice(0, 9), proof);
      return encodeRangeProof(proof);
    }),
  },
];

const SET = buildValidatorSet(
  KEYS.map((key) => createSigner(key)).map(({ publicKey }) => ({
    id: validatorIdOf(publicKey),
    publicKey,
  })),
);
const CHANGE = {
  header: new Uint8Array(20).fill(1),
  certificate: new Uint8Array(30).fill(2),
  validators: SET.map(({ id, publicKey }) => [id, publicKey] as const),
};
const CLAIM = {
  recordKey: { set: 3, partition: encodeUtf8('p'), key: encodeUtf8('key') },
  value: new Uint8Array(9),
  proof: STATE_PROOFS[0] ?? HASH,
};
const FRAME = {
  genesis: new Uint8Array(30).fill(4),
  changes: [CHANGE, { ...CHANGE, recovery: new Uint8Array(5) }],
  header: new Uint8Array(40).fill(5),
  certificate: new Uint8Array(50).fill(6),
  schema: new Uint8Array(60).fill(7),
  schemaRecord: { recordKey: { set: 1, key: new Uint8Array(3) }, proof: new Uint8Array(4) },
};

/** Writes the hash behind the other parts anew, if there are any. */
function mendBundle(bytes: Uint8Array): Uint8Array {
  const decoded = decodeCanonical(bytes, { bytesMax: LIMITS.proofBundleBytesMax, depthMax: 8 });
  if (!decoded.ok || !Array.isArray(decoded.value)) return bytes;
  const parts = (decoded.value as readonly CborValue[]).slice(0, -1);
  return encodeCanonical([...parts, hashTagged(TAGS.BUNDLE, encodeCanonical(parts))]);
}

const LIST = {
  set: 3,
  range: { from: PREFIX, to: PREFIX },
  records: [
    { key: encodeUtf8('a'), value: new Uint8Array(3) },
    { partition: encodeUtf8('p'), key: encodeUtf8('b'), value: new Uint8Array() },
  ],
  proof: RANGE_PROOFS[0] ?? HASH,
};

export const PROOF_BUNDLE = {
  name: 'proof bundle',
  samples: [encodeProofBundle({ ...FRAME, record: CLAIM })],
  again: again(decodeProofBundle, encodeProofBundle),
  mend: mendBundle,
};
export const LIST_BUNDLE = {
  name: 'list bundle',
  samples: [encodeListBundle({ ...FRAME, list: LIST })],
  again: again(decodeListBundle, encodeListBundle),
  mend: mendBundle,
};

const NOTE_TEXT = encodeTreeHead({ origin: `daybook/${toHex(HASH)}`, size: 12, root: HASH });
const NOTE_LINES = [
  signNote(NOTE_TEXT, `daybook/${toHex(HASH)}`, createSigner(SECRET)),
  cosignNote({ text: NOTE_TEXT, timeS: 1_700_000_000 }, 'w.example/1', createSigner(SECRET)),
];
const NOTE = encodeUtf8(encodeNote({ text: NOTE_TEXT, signatures: NOTE_LINES }));

const SIDE = { certificate: new Uint8Array(20) };
const CHECKPOINT_SIDE = { note: NOTE, changes: [CHANGE] };
export const FORK_PROOFS = [
  {
    name: 'fork proof',
    samples: [
      encodeForkProof({
        genesis: FRAME.genesis,
        changes: FRAME.changes,
        first: { ...SIDE, header: FRAME.header },
        second: SIDE,
        evidence: [new Uint8Array(7)],
      }),
    ],
    again: again(decodeForkProof, encodeForkProof),
  },
  {
    name: 'checkpoint fork',
    samples: [
      encodeCheckpointFork({
        genesis: FRAME.genesis,
        first: CHECKPOINT_SIDE,
        second: { note: NOTE, changes: [] },
        beginning: { root: HASH, path: [HASH, ZERO_HASH] },
      }),
      encodeCheckpointFork({
        genesis: FRAME.genesis,
        first: CHECKPOINT_SIDE,
        second: CHECKPOINT_SIDE,
      }),
    ],
    again: again(decodeCheckpointFork, encodeCheckpointFork),
  },
];

const OTHER_BLOCK = asHash(new Uint8Array(32).fill(8));
const slot = { height: 7, round: 3 };
const CONFLICTS: readonly (readonly [Unsigned, Unsigned])[] = [
  [
    { type: 'prepare', ...slot, blockHash: HASH },
    { type: 'prepare', ...slot, blockHash: OTHER_BLOCK },
  ],
  [
    { type: 'pre-prepare', ...slot, blockHash: HASH, justificationHash: HASH },
    { type: 'pre-prepare', ...slot, blockHash: OTHER_BLOCK, justificationHash: HASH },
  ],
  [
    { type: 'round-change', ...slot },
    { type: 'round-change', ...slot, prepared: { round: 1, blockHash: HASH } },
  ],
];
const signed = (content: Unsigned) => ({
  content,
  sender: 0,
  signature: sign(SECRET, signBytes(HASH, content)),
});
const EVIDENCE = CONFLICTS.flatMap(([one, other]) => {
  const evidence = evidenceOf(signed(one), signed(other));
  return evidence === undefined ? [] : [encodeEvidence(proveEvidence(evidence, PUBLIC))];
});
const PLAN = {
  chain: HASH,
  height: 70,
  blockHash: OTHER_BLOCK,
  validators: SET.map((one) => ({ ...one, organisation: 'finance' })),
  reason: 'two houses burnt down',
};
const RECOVERY = {
  plan: PLAN,
  consents: [{ organisation: 'finance', signature: sign(SECRET, recoverySignBytes(PLAN)) }],
};

/** A payload of a system transaction. */
function readPayload<T>(read: (payload: CborValue) => Result<T, unknown>) {
  return (bytes: Uint8Array): Result<T, unknown> => {
    const decoded = decodeCanonical(bytes, CBOR_LIMITS);
    return decoded.ok ? read(decoded.value) : decoded;
  };
}

export const PAYLOADS = [
  {
    name: 'evidence',
    samples: EVIDENCE.map(encodeCanonical),
    again: again(readPayload(readEvidence), (proof) => encodeCanonical(encodeEvidence(proof))),
  },
  {
    name: 'recovery',
    samples: [encodeCanonical(encodeRecovery(RECOVERY))],
    again: again(readPayload(readRecovery), (file) => encodeCanonical(encodeRecovery(file))),
  },
];

const linesOf = (lines: Parameters<typeof encodeNoteSignature>[0][]): string =>
  lines.map(encodeNoteSignature).join('');
const NOTE_KEY = encodeNoteKey({ name: 'w.example/1', type: 'cosignature', publicKey: PUBLIC });

export const NOTES = [
  {
    name: 'note',
    samples: [NOTE, encodeUtf8(encodeNote({ text: 'one\n\ntwo\n', signatures: NOTE_LINES }))],
    again: again(readNote, (note) => encodeUtf8(encodeNote(note))),
  },
  {
    name: 'checkpoint note',
    samples: [NOTE],
    again: again(readCheckpointNote, ({ head, note: { signatures } }) =>
      encodeUtf8(encodeNote({ text: encodeTreeHead(head), signatures })),
    ),
  },
  {
    name: 'cosignatures',
    samples: [encodeUtf8(linesOf(NOTE_LINES))],
    again: again(readNoteSignatures, (lines) => encodeUtf8(linesOf([...lines]))),
  },
  {
    name: 'note key',
    samples: [encodeUtf8(NOTE_KEY)],
    again: again(
      (bytes) => {
        const text = decodeUtf8(bytes);
        return text.ok ? readNoteKey(text.value) : text;
      },
      (key) => encodeUtf8(encodeNoteKey(key)),
    ),
  },
];

/** Readers of JSON have many faults to tell: none of them is thrown. */
const fromJson =
  <T>(read: (json: unknown) => Result<T, unknown>) =>
  (bytes: Uint8Array): Result<T, unknown> => {
    let json: unknown;
    try {
      json = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return fail('no JSON');
    }
    return read(json);
  };

/** Whatever spelling was taken, what is derived from it is the canonical document of a chain. */
function takeGenesis(genesis: Result<Genesis, unknown>) {
  if (!genesis.ok) return genesis;
  const { bytes } = genesis.value;
  const decoded = decodeCanonical(bytes, { bytesMax: LIMITS.genesisBytesMax, depthMax: 16 });
  assert(decoded.ok, 'the canonical document decodes');
  const again = readGenesis(decoded.value);
  assert(again.ok && equalBytes(again.value.bytes, bytes), 'it is read as it was derived');
  return true;
}

export const DOCUMENTS = [
  {
    name: 'genesis document',
    samples: [encodeUtf8(JSON.stringify(GENESIS_DOCUMENT))],
    again: (bytes: Uint8Array) => takeGenesis(fromJson(readGenesis)(bytes)),
  },
  {
    name: 'genesis file',
    samples: [encodeUtf8(JSON.stringify(GENESIS_FILE))],
    again: (bytes: Uint8Array) => takeGenesis(fromJson(readGenesisFile)(bytes)),
  },
  {
    name: 'recovery file',
    samples: [encodeUtf8(renderRecoveryFile(RECOVERY))],
    again: (bytes: Uint8Array) => {
      const read = fromJson(readRecoveryFile)(bytes);
      if (!read.ok) return read;
      const payload = encodeCanonical(encodeRecovery(read.value));
      assert(readPayload(readRecovery)(payload).ok, 'what was taken can be decided');
      return true;
    },
  },
];
