/**
 * What test/fuzz.test.ts throws damaged bytes at: the verifiers of files from strangers. A damaged
 * copy is never judged valid: a target says of a file that is valid and other than its sample that
 * it is the sample's encoding, which the fuzzer takes for a fault.
 */
import { recordKeyOf } from '@daybook/contracts';
import type { CborValue } from '@daybook/core';
import {
  assert,
  blockHash,
  createSigner,
  decodeCanonical,
  decodeCertificate,
  encodeCanonical,
  encodeCheckpointFork,
  encodeForkProof,
  encodeUtf8,
  hashTagged,
  LIMITS,
  NONCE_SIZE,
  TAGS,
  toHex,
  verifyCertificate,
  verifyCheckpoint,
} from '@daybook/core';
import type { ListVerdict, Verdict } from '../src/index.ts';
import {
  buildTransaction,
  decodeStamp,
  encodeStamp,
  readDraft,
  renderDraft,
  signAs,
  verifyCheckpointFork,
  verifyForkProof,
  verifyListBundle,
  verifyProofBundle,
} from '../src/index.ts';
import { boxes } from './fixtures/boxes.ts';
import { createTestChain, FOUNDERS, OTHER_HASH, START_MS, seedOf } from './fixtures/chain.ts';
import { headOf, noteOf } from './fixtures/histories.ts';

const NOW_MS = START_MS + 60_000;
const QUORUM = FOUNDERS.slice(0, 3);
const chain = createTestChain();
const trust = { chain: chain.genesis.chain, nowMs: NOW_MS };

const giver = createSigner(seedOf('giver'));

function planOf(publisher: string) {
  const amount = { minor: 5n, currency: 'GBP' };
  const call = { contract: 'boxes', action: 'give', args: { box: 'north', publisher, amount } };
  // Not random: a seed repeats the inputs only of the same samples.
  const nonce = seedOf(publisher).slice(0, NONCE_SIZE);
  return { chain: chain.genesis.chain, calls: [call], validUntilMs: NOW_MS, nonce };
}

const give = (publisher: string) => signAs([{ signer: giver }], planOf(publisher)).bytes;

chain.append(Array.from({ length: 20 }, (_, index) => give(`giver-${index}`)));
chain.append([], ['aa', 'bb', 'cc', 'ee']);
chain.append([]);

const spec = chain.engine.manifest().contracts.find(({ name }) => name === boxes.name)
  ?.records.gift;
assert(spec !== undefined, 'the fixture has gifts');
const gift = recordKeyOf(spec, { box: 'north', publisher: 'giver-7' });
assert(gift.ok, 'the key of the fixture is good');
const { set, partition } = gift.value;
assert(partition !== undefined, 'gifts have partitions');

/** Nothing but its sample is valid. @param reasonOf  why bytes are refused; undefined when valid */
function onlySample(sample: Uint8Array, reasonOf: (bytes: Uint8Array) => unknown) {
  return {
    samples: [sample],
    again: (bytes: Uint8Array) => {
      const reason = reasonOf(bytes);
      return reason === undefined ? sample : { ok: false, reason };
    },
  };
}

function reasonIn(verdict: Verdict | ListVerdict): unknown {
  return verdict.outcome === 'valid' ? undefined : verdict.reason;
}

/** Writes the hash behind the other parts anew, so that what it protects is judged by itself. */
function mendBundle(bytes: Uint8Array): Uint8Array {
  const decoded = decodeCanonical(bytes, { bytesMax: LIMITS.proofBundleBytesMax, depthMax: 8 });
  if (!decoded.ok || !Array.isArray(decoded.value)) return bytes;
  const parts = (decoded.value as readonly CborValue[]).slice(0, -1);
  return encodeCanonical([...parts, hashTagged(TAGS.BUNDLE, encodeCanonical(parts))]);
}

const { header, certificate } = chain.block(1);
const expected = {
  chain: chain.genesis.chain,
  kind: 'commit',
  height: 1,
  blockHash: blockHash(header),
  validators: chain.setAt(1),
} as const;

/** One file for each: with two, a mended splice of both could be as true as they are. */
export const PROOFS = [
  {
    name: 'verified certificate',
    ...onlySample(certificate, (bytes) => {
      const decoded = decodeCertificate(bytes);
      const verified = decoded.ok ? verifyCertificate(decoded.value, expected) : decoded;
      return verified.ok ? undefined : verified.reason;
    }),
  },
  {
    name: 'verified proof bundle',
    ...onlySample(chain.bundle(gift.value, 3), (bytes) =>
      reasonIn(verifyProofBundle(bytes, trust)),
    ),
    mend: mendBundle,
  },
  {
    name: 'verified list bundle',
    ...onlySample(chain.listBundle({ set, partition }, 3), (bytes) =>
      reasonIn(verifyListBundle(bytes, trust)),
    ),
    mend: mendBundle,
  },
];

const { origin } = headOf(chain, 3);
const note = noteOf(headOf(chain, 3), { signers: QUORUM });
const validators = chain.setAt(2);

/** The same height, sealed by the same validators with another block. */
const other = createTestChain();
other.append([]);
const fork = encodeForkProof({
  genesis: chain.genesis.bytes,
  changes: [],
  first: { certificate },
  second: { certificate: other.block(1).certificate },
  evidence: [],
});
const sideOf = (side: typeof chain) => ({
  note: noteOf(headOf(side, 2), { signers: QUORUM }),
  changes: [],
});
const checkpointFork = encodeCheckpointFork({
  genesis: chain.genesis.bytes,
  first: sideOf(chain),
  second: sideOf(other),
});

/** What holds of the two sides, whichever comes first. */
function sidesOf(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value, (_, one) => plain(one)));
  return texts.sort().join();
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? toHex(value) : value;
}

const FORKED = sidesOf(
  [chain, other].map((side) => ({ blockHash: blockHash(side.block(1).header), round: 0 })),
);
const PARTED = sidesOf([headOf(chain, 2), headOf(other, 2)]);

/** These may be written in other ways, but then they say the same. */
export const FORKS = [
  {
    name: 'verified fork proof',
    samples: [fork],
    again: (bytes: Uint8Array) => {
      const verdict = verifyForkProof(bytes, trust);
      if (verdict.outcome !== 'valid') return { ok: false, reason: verdict.reason.code };
      const { blocks, accused } = verdict.facts;
      return sidesOf(blocks) === FORKED && accused.length === 0 ? true : fork;
    },
  },
  {
    name: 'verified checkpoint fork',
    samples: [checkpointFork],
    again: (bytes: Uint8Array) => {
      const verdict = verifyCheckpointFork(bytes, trust);
      if (verdict.outcome !== 'valid') return { ok: false, reason: verdict.reason.code };
      return sidesOf(verdict.facts.trees) === PARTED ? true : checkpointFork;
    },
  },
  {
    name: 'verified checkpoint',
    samples: [note],
    again: (bytes: Uint8Array) => {
      const verified = verifyCheckpoint(bytes, { origin, validators });
      if (!verified.ok) return verified;
      return sidesOf([verified.value.head]) === sidesOf([headOf(chain, 3)]) ? true : note;
    },
  },
];

const draft = buildTransaction({ ...planOf('giver-1'), signers: [{ publicKey: giver.publicKey }] });

export const FILES = [
  {
    name: 'stamp',
    samples: [encodeStamp({ index: 2, path: [OTHER_HASH, OTHER_HASH], bundle: note })],
    again: (bytes: Uint8Array) => {
      const stamp = decodeStamp(bytes);
      return stamp && encodeStamp(stamp);
    },
  },
  {
    name: 'draft',
    samples: [encodeUtf8(renderDraft({ transaction: draft, signatures: [] }))],
    again: (bytes: Uint8Array) => {
      let json: unknown;
      try {
        json = JSON.parse(new TextDecoder().decode(bytes));
      } catch {
        return false;
      }
      return readDraft(json);
    },
  },
];
