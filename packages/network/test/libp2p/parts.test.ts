/**
 * The small parts of the libp2p adapter: addresses, backoff, doorkeeper, the health of gossip.
 */
import { peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import { expect } from 'chai';
import { hostOf, readAddress, withPeer } from '../../src/libp2p/addresses.ts';
import { backoffMs } from '../../src/libp2p/backoff.ts';
import { createDoorkeeper } from '../../src/libp2p/doorkeeper.ts';
import { createHost } from '../../src/libp2p/host.ts';
import { freshKey } from '../support/cluster.ts';

describe('network: parts of libp2p', () => {
  it('given the addresses of a directory, then those we can dial are read', () => {
    for (const text of [
      '/ip4/127.0.0.1/tcp/4001',
      '/ip6/::1/tcp/4001',
      '/dns4/node.example.gov/tcp/443',
      '/ip4/10.0.0.1/tcp/1/p2p/12D3KooWRAknsNPZj3VSPt2YNyxm7mpzuy6QBzYj25mN1XR7zLCL',
    ]) {
      const read = readAddress(text);
      expect(read.ok && read.value.toString(), text).to.equal(text);
    }
  });

  it('given any other text, then it is a value with a reason', () => {
    for (const text of [
      '',
      'node.example.gov:4001',
      'http://node.example.gov',
      '/ip4/127.0.0.1',
      '/ip4/127.0.0.1/udp/4001',
      '/ip4/127.0.0.1/tcp/4001/ws',
      '/ip4/999.0.0.1/tcp/1',
      '/ip4/127.0.0.1/tcp/70000',
      '/unix/tmp/socket',
    ]) {
      const read = readAddress(text);
      expect(!read.ok && read.reason, text).to.deep.equal({
        code: 'NETWORK_ADDRESS_INVALID',
        address: text,
      });
    }
  });

  it('given an address without peer id, then it is named, and one with keeps its own', () => {
    const read = readAddress('/ip4/127.0.0.1/tcp/4001');
    if (!read.ok) {
      throw new Error('the address is good');
    }
    const peerId = '12D3KooWRAknsNPZj3VSPt2YNyxm7mpzuy6QBzYj25mN1XR7zLCL';

    const named = withPeer(read.value, peerId);

    expect(named.toString()).to.equal(`/ip4/127.0.0.1/tcp/4001/p2p/${peerId}`);
    expect(withPeer(named, 'other').toString()).to.equal(named.toString());
    expect(hostOf(named)).to.equal('127.0.0.1');
  });

  it('given failures in a row (spec N-7), then the wait doubles with jitter up to 2 s', () => {
    expect([0, 1, 2, 3].map((count) => backoffMs(count, 1))).to.deep.equal([100, 200, 400, 800]);
    expect(backoffMs(0, 0)).to.equal(50);
    expect([6, 50, 1000].map((count) => backoffMs(count, 0.999))).to.satisfy((list: number[]) =>
      list.every((ms) => ms <= 2000 && ms > 1990),
    );
  });

  it('given knocks of strangers, then few pass, and a known host is not locked out', () => {
    const doorkeeper = createDoorkeeper();
    doorkeeper.know(new Set(['10.0.0.1']));
    const passed = (host: string): number =>
      Array.from({ length: 100 }, () => doorkeeper.admits(host, 0)).filter(Boolean).length;

    expect(passed('6.6.6.6')).to.equal(10);
    expect(passed('10.0.0.1')).to.equal(100);
    expect(doorkeeper.admits('6.6.6.6', 1000)).to.equal(true);
    doorkeeper.know(new Set(['6.6.6.6']));
    expect(passed('6.6.6.6')).to.equal(100);
  });

  it('given knocks from very many hosts (F13), then few pass and a known host still does', () => {
    const doorkeeper = createDoorkeeper();
    doorkeeper.know(new Set(['10.0.0.1']));

    const passed = Array.from({ length: 10_000 }, (_, index) =>
      doorkeeper.admits(`host ${index}`, index / 10),
    ).filter(Boolean);

    expect(passed.length).to.be.within(50, 61);
    expect(doorkeeper.admits('10.0.0.1', 1000)).to.equal(true);
  });

  it('given keys, then libp2p computes the peer ids that core computes', async () => {
    for (let count = 0; count < 5; count += 1) {
      const secretKey = freshKey();

      const host = await createHost({
        listen: [],
        secretKey,
        topics: [],
        gossipBytesMax: 1,
        gater: {},
      });

      expect(host.peerId.toString()).to.equal(peerIdFromPublicKey(publicKeyOf(secretKey)));
    }
  });
});
