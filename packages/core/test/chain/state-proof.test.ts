/**
 * The state tree by its definition, and proofs made from it by a prover as simple as the
 * definition: nothing here shares code with the store.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Hash, ProofEnd } from '../../src/index.ts';
import {
  asHash,
  bucketLabel,
  compareBytes,
  decodeStateProof,
  EMPTY_STATE_ROOT,
  encodeStateProof,
  nibbleAt,
  nodeLabel,
  prefixOf,
  sha256,
  sharedNibbles,
  slotsRoot,
  toHex,
  treeLeafHash,
  treePairHash,
  treeRootOf,
  verifyStateProof,
  ZERO_HASH,
} from '../../src/index.ts';
import { endIn, pathOf, proveKey } from '../fixtures/prover.ts';
import { keyArbitrary, keyOf, leavesOf } from '../fixtures/tree-keys.ts';

const claimOf = (root: Hash, key: Uint8Array, bytes: Uint8Array): string => {
  const decoded = decodeStateProof(bytes);
  if (!decoded.ok) return decoded.reason.code;
  const verified = verifyStateProof(root, key, decoded.value);
  if (!verified.ok) return verified.reason.code;
  return verified.value.kind === 'present' ? toHex(verified.value.valueHash) : 'absent';
};

describe('core: state tree', () => {
  it('given no records, the root is 32 zero bytes', () => {
    expect(treeRootOf([])).to.deep.equal(EMPTY_STATE_ROOT);
    expect(EMPTY_STATE_ROOT).to.deep.equal(asHash(new Uint8Array(32)));
  });

  it('given up to 16 records, the root is one bucket; given 17, it is a node', () => {
    const sixteen = leavesOf(Array.from({ length: 16 }, (_, seed) => keyOf(1, seed)));
    const hashes = sixteen.map(({ treeKey, valueHash }) => treeLeafHash(treeKey, valueHash));
    expect(treeRootOf(sixteen)).to.deep.equal(treePairHash(slotsRoot(hashes), bucketLabel(16)));

    const more = leavesOf(Array.from({ length: 17 }, (_, seed) => keyOf(1, seed)));
    const depth = sharedNibbles(more[0]?.treeKey ?? ZERO_HASH, more.at(-1)?.treeKey ?? ZERO_HASH);
    const children = Array.from({ length: 16 }, (_, slot) =>
      treeRootOf(more.filter(({ treeKey }) => nibbleAt(treeKey, depth) === slot)),
    );
    const label = nodeLabel(depth, more[0]?.treeKey ?? ZERO_HASH);
    expect(treeRootOf(more)).to.deep.equal(treePairHash(slotsRoot(children), label));
  });

  it('given one value changed, the root changes', () => {
    const leaves = leavesOf(Array.from({ length: 40 }, (_, seed) => keyOf(1, seed)));
    const changed = leaves.map((leaf, index) =>
      index === 7 ? { ...leaf, valueHash: sha256(leaf.valueHash) } : leaf,
    );
    expect(treeRootOf(changed)).to.not.deep.equal(treeRootOf(leaves));
  });

  it('given an odd depth, the label ignores the nibble behind the prefix', () => {
    const key = Uint8Array.of(0x12, 0x34, 0x56);
    expect(prefixOf(key, 3)).to.deep.equal(Uint8Array.of(0x12, 0x30));
    expect(nodeLabel(3, key)).to.deep.equal(nodeLabel(3, Uint8Array.of(0x12, 0x3f)));
    expect(nodeLabel(3, key)).to.not.deep.equal(nodeLabel(4, key));
  });
});

describe('core: state proofs', () => {
  it('given any tree and any key, a proof tells presence with its value, or absence', () => {
    fc.assert(
      fc.property(fc.array(keyArbitrary, { maxLength: 120 }), keyArbitrary, (keys, wanted) => {
        const leaves = leavesOf(keys);
        const root = treeRootOf(leaves);
        for (const key of [wanted, ...keys.slice(0, 5)]) {
          const leaf = leaves.find(({ treeKey }) => compareBytes(treeKey, key) === 0);
          const bytes = encodeStateProof(proveKey(leaves, key));

          expect(claimOf(root, key, bytes)).to.equal(leaf ? toHex(leaf.valueHash) : 'absent');
        }
      }),
      { numRuns: 150 },
    );
  });

  it('spec S-6: given any proof, encoding is canonical and decoding gives it back', () => {
    fc.assert(
      fc.property(fc.array(keyArbitrary, { maxLength: 60 }), keyArbitrary, (keys, key) => {
        const proof = proveKey(leavesOf(keys), key);
        const bytes = encodeStateProof(proof);
        const decoded = decodeStateProof(bytes);
        expect(decoded.ok && encodeStateProof(decoded.value)).to.deep.equal(bytes);
      }),
    );
  });

  it('spec S-6: given a proof with any one byte changed, cut off or added, it is refused', () => {
    const keys = Array.from({ length: 90 }, (_, seed) => keyOf(1 + (seed % 2), seed));
    const leaves = leavesOf([...keys, ...keys.map((_, seed) => keyOf(3, seed, 1))]);
    const root = treeRootOf(leaves);
    const far = new Uint8Array(36).fill(0xee);
    const wanted = [keyOf(1, 0), keyOf(3, 5, 1), keyOf(2, 999), keyOf(3, 7, 2), far];
    for (const key of wanted) {
      const bytes = encodeStateProof(proveKey(leaves, key));
      const truth = claimOf(root, key, bytes);
      expect(truth).to.satisfy((claim: string) => claim === 'absent' || claim.length === 64);

      for (let at = 0; at < bytes.length; at++) {
        for (const bit of [0x01, 0x10, 0x80, 0xff]) {
          const damaged = bytes.slice();
          damaged[at] = (damaged[at] ?? 0) ^ bit;
          expect(claimOf(root, key, damaged), `byte ${at} ^ ${bit}`).to.match(/^CORE_/);
        }
        expect(claimOf(root, key, bytes.subarray(0, at)), `cut at ${at}`).to.match(/^CORE_/);
      }
      expect(claimOf(root, key, Uint8Array.of(...bytes, 0))).to.equal('CORE_TRAILING_BYTES');
    }
  });

  it('given a proof of one key, it proves nothing about another', () => {
    const keys = Array.from({ length: 200 }, (_, seed) => keyOf(1, seed));
    const leaves = leavesOf(keys);
    const root = treeRootOf(leaves);
    const bytes = encodeStateProof(proveKey(leaves, keyOf(1, 3)));
    for (const other of keys.filter((key) => compareBytes(key, keyOf(1, 3)) !== 0)) {
      expect(claimOf(root, other, bytes)).to.match(/^CORE_STATE_PROOF_/);
    }
  });

  it('given an absence proof that skips a key between the neighbours, it is refused', () => {
    const leaves = leavesOf(Array.from({ length: 9 }, (_, seed) => keyOf(1, seed)));
    const root = treeRootOf(leaves);
    const hidden = leaves[4]?.treeKey ?? ZERO_HASH;
    const around = leaves.filter(({ treeKey }) => treeKey !== hidden);
    const end = endIn(around, hidden);
    const lie = { steps: [], end };
    expect(claimOf(root, hidden, encodeStateProof(lie))).to.match(/^CORE_STATE_PROOF_/);

    const hashes = leaves.map(({ treeKey, valueHash }) => treeLeafHash(treeKey, valueHash));
    const show = (index: number) => ({
      index,
      treeKey: leaves[index]?.treeKey ?? hidden,
      valueHash: leaves[index]?.valueHash ?? ZERO_HASH,
      siblings: pathOf(hashes, index),
    });
    const gap: ProofEnd = { kind: 'other-keys', count: 9, before: show(3), after: show(5) };
    expect(claimOf(root, hidden, encodeStateProof({ steps: [], end: gap }))).to.equal(
      'CORE_STATE_PROOF_MALFORMED',
    );
  });

  it('given random bytes, the decoder and the verifier never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (noise, withHead) => {
        const bytes = withHead ? Uint8Array.of(1, 1 + ((noise[0] ?? 0) % 5), ...noise) : noise;
        expect(claimOf(ZERO_HASH, keyOf(1, 1), bytes)).to.be.a('string');
      }),
      { numRuns: 2000 },
    );
  });

  it('given ten million records in one set, a proof takes at most 1 KiB', () => {
    // Two sparse nodes part the sets, five full ones the keys, and a bucket of sixteen ends it.
    const full = Array.from({ length: 4 }, (_, level) => sha256(Uint8Array.of(level)));
    const steps = [8, 9, 10, 11, 12].map((depth) => ({ depth, siblings: full }));
    const first = { depth: 3, siblings: pathOf([full[0] ?? ZERO_HASH, full[1] ?? ZERO_HASH], 0) };
    const end: ProofEnd = {
      kind: 'record',
      count: 16,
      leaf: { index: 3, valueHash: ZERO_HASH, siblings: full },
    };
    expect(encodeStateProof({ steps: [first, ...steps], end }).length).to.be.below(1024);
  });
});
