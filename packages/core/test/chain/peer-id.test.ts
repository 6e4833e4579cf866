/**
 * Peer ids against texts that libp2p computed (the network package compares more of them).
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { peerIdFromPublicKey, publicKeyOfPeerId } from '../../src/chain/peer-id.ts';
import { fromHex } from '../../src/codec/bytes.ts';

/** Public keys of the seeds 32 × 00, 01 and ff. */
const VECTORS = [
  [
    '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29',
    '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN',
  ],
  [
    '8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
    '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
  ],
  [
    '76a1592044a6e4f511265bca73a604d90b0529d1df602be30a19a9257660d1f5',
    '12D3KooWHoSyTgntm77sXShoeX9uNkqKNMhHxKtskaHqnA54SrSG',
  ],
] as const;

describe('core: peer id', () => {
  it('given the keys of the vectors, then the text is what libp2p computes', () => {
    for (const [hex, peerId] of VECTORS) {
      expect(peerIdFromPublicKey(fromHex(hex) ?? new Uint8Array())).to.equal(peerId);
    }
  });

  it('given any key, then its text reads back to the key', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (publicKey) => {
        expect(publicKeyOfPeerId(peerIdFromPublicKey(publicKey))).to.deep.equal(publicKey);
      }),
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
