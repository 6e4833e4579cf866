/** Older versions of records: proven by a result and the history root, and by nothing less. */
import { manifestRecordKey, recordKeyOf } from '@daybook/contracts';
import type { RecordClaim, RecordKey, ResultClaim, VersionClaim } from '@daybook/core';
import {
  assert,
  blockHash,
  createSigner,
  decodeProofBundle,
  encodeHeader,
  encodeResult,
  encodeVersionBundle,
  inclusionProof,
  leafHash,
} from '@daybook/core';
import { expect } from 'chai';
import { describeFacts, signAs, verifyProofBundle } from '../../src/index.ts';
import { boxes } from '../fixtures/boxes.ts';
import type { TestChain } from '../fixtures/chain.ts';
import { createTestChain, START_MS, seedOf } from '../fixtures/chain.ts';

const NOW_MS = START_MS + 60_000;
const GIFTS = ['north', 'south', 'west'];

function chainWithGifts(): TestChain {
  const chain = createTestChain();
  const wires = GIFTS.map((box) => {
    const args = { box, publisher: 'giver', amount: { minor: 5n, currency: 'GBP' } };
    const calls = [{ contract: 'boxes', action: 'give', args }];
    const plan = { chain: chain.genesis.chain, calls, validUntilMs: NOW_MS };
    return signAs([{ signer: createSigner(seedOf('giver')) }], plan).bytes;
  });
  chain.append(wires);
  chain.append([]);
  chain.append([]);
  return chain;
}

function giftKey(chain: TestChain, box: string): RecordKey {
  const contract = chain.engine.manifest().contracts.find(({ name }) => name === boxes.name);
  const spec = contract?.records.gift;
  assert(spec !== undefined, 'the fixture has gifts');
  const key = recordKeyOf(spec, { box, publisher: 'giver' });
  assert(key.ok, 'the key of the fixture is good');
  return key.value;
}

/** The gift of a box as block 1 wrote it, under the header of block 3. */
function versionOf(chain: TestChain, box: string): ResultClaim {
  const recordKey = giftKey(chain, box);
  const { header, results } = chain.block(1);
  const index = GIFTS.indexOf(box);
  const encoded = results.map(encodeResult);
  const hashes = [0, 1, 2].map((height) => leafHash(blockHash(chain.block(height).header)));
  const { value } = chain.claim(recordKey, 1);
  assert(value !== undefined, 'the gift was written');
  return {
    recordKey,
    value,
    header: encodeHeader(header),
    history: inclusionProof(hashes, 1),
    result: encoded[index] ?? new Uint8Array(),
    place: { index, size: encoded.length, path: inclusionProof(encoded.map(leafHash), index) },
  };
}

describe('client: proof of an older version', () => {
  const chain = chainWithGifts();
  const trust = { chain: chain.genesis.chain, nowMs: NOW_MS };
  const frame = decodeProofBundle(chain.bundle(giftKey(chain, 'south'), 3));
  assert(frame.ok, 'the bundle of the fixture decodes');
  const { record: _, ...rest } = frame.value;
  const good = versionOf(chain, 'south');
  const verify = (version: VersionClaim) =>
    verifyProofBundle(encodeVersionBundle({ ...rest, version }), trust);

  it('spec S-12: given result, block and history, then the version is proven and says that it is an older one', () => {
    const verdict = verify(good);

    expect(verdict.outcome).to.equal('valid');
    if (verdict.outcome !== 'valid') return;
    expect(verdict.facts.writtenIn?.height).to.equal(1);
    expect(verdict.facts.block.header.height).to.equal(3);
    const lines = describeFacts(verdict.facts).map(({ text }) => text);
    expect(lines.join('\n')).to.contain('as block 1 wrote it');
  });

  it('given any part of another version, then it is refused', () => {
    const other = versionOf(chain, 'west');
    const { value: _value, ...removed } = good;
    const later = encodeHeader(chain.block(2).header);
    const bent: readonly VersionClaim[] = [
      { ...good, value: Uint8Array.of(1) },
      removed,
      { ...good, recordKey: other.recordKey },
      { ...good, result: other.result },
      { ...good, place: other.place },
      { ...good, result: other.result, place: other.place },
      { ...good, header: later },
      { ...good, history: good.history.slice(1) },
      { ...good, place: { ...good.place, size: 2 } },
    ];
    for (const [index, version] of bent.entries()) {
      expect(verify(version).outcome, `case ${index}`).to.equal('invalid');
    }
  });

  it('given any flipped byte of the file, then it is not valid', () => {
    const bytes = encodeVersionBundle({ ...rest, version: good });
    for (let at = 0; at < bytes.length; at += 41) {
      const flipped = bytes.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      expect(verifyProofBundle(flipped, trust).outcome, `byte ${at}`).to.equal('invalid');
    }
  });

  it('spec S-12: given what genesis wrote, then its state proves it; a later block, absence, or any other part does not', () => {
    const recordKey = manifestRecordKey();
    const founding = foundingClaim(chain, recordKey, 0);
    const { value: _value, ...absent } = foundingClaim(chain, giftKey(chain, 'south'), 0);
    const bent: readonly VersionClaim[] = [
      foundingClaim(chain, recordKey, 1),
      absent,
      { ...founding, value: Uint8Array.of(1) },
      { ...founding, recordKey: giftKey(chain, 'west') },
      { ...founding, proof: chain.claim(recordKey, 1).proof },
      { ...founding, history: founding.history.slice(1) },
    ];

    const ofManifest = decodeProofBundle(chain.bundle(recordKey, 3));
    assert(ofManifest.ok, 'the bundle of the fixture decodes');
    const { record: _record, ...frameOfManifest } = ofManifest.value;
    const judge = (version: VersionClaim) =>
      verifyProofBundle(encodeVersionBundle({ ...frameOfManifest, version }), trust);

    const verdict = judge(founding);

    expect(verdict.outcome).to.equal('valid');
    if (verdict.outcome === 'valid') expect(verdict.facts.writtenIn?.height).to.equal(0);
    const outcomes = bent.map((version) => judge(version).outcome);
    expect(outcomes).to.deep.equal(bent.map(() => 'invalid'));
  });
});

/** A record, or its absence, by the state of a block under the header of block 3. */
function foundingClaim(
  chain: TestChain,
  recordKey: RecordKey,
  height: number,
): VersionClaim & RecordClaim {
  const hashes = [0, 1, 2].map((at) => leafHash(blockHash(chain.block(at).header)));
  const header = encodeHeader(chain.block(height).header);
  return { ...chain.claim(recordKey, height), header, history: inclusionProof(hashes, height) };
}
