/**
 * Peer ids against libp2p's own: the text must be the same for every key.
 */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { expect } from 'chai';
import fc from 'fast-check';
import { peerIdFromPublicKey, publicKeyOfPeerId } from '../../src/chain/peer-id.ts';
import { toHex } from '../../src/codec/bytes.ts';

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('core: peer id', () => {
  it('given any key, then the text is what libp2p computes, and reads back to the key', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const key = await generateKeyPairFromSeed('Ed25519', seed);
        const publicKey = key.publicKey.raw;

        const peerId = peerIdFromPublicKey(publicKey);

        expect(peerId).to.equal(peerIdFromPrivateKey(key).toString());
        expect(toHex(publicKeyOfPeerId(peerId) ?? new Uint8Array())).to.equal(toHex(publicKey));
      }),
      { numRuns: 50 },
    );
  });

  it('given the extreme keys, then the text has 52 characters and reads back', () => {
    for (const byte of [0x00, 0xff]) {
      const key = new Uint8Array(32).fill(byte);

      const peerId = peerIdFromPublicKey(key);

      expect(peerId).to.have.length(52);
      expect(publicKeyOfPeerId(peerId)).to.deep.equal(key);
    }
  });

  it('given a text that is no Ed25519 peer id, then it is refused', () => {
    const good = peerIdFromPublicKey(new Uint8Array(32).fill(7));
    const bad = [
      '',
      good.slice(0, -1),
      `${good}1`,
      `1${good.slice(1)}`.replace('2', '3'),
      `${good.slice(0, -1)}0`,
      `${good.slice(0, -1)}é`,
      'z'.repeat(52),
      '1'.repeat(52),
      'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N',
    ];

    for (const text of bad) {
      expect(publicKeyOfPeerId(text), text).to.equal(undefined);
    }
  });

  it('given a key of another length, then it is our own bug', () => {
    expect(() => peerIdFromPublicKey(new Uint8Array(31))).to.throw('32 bytes');
  });
});
