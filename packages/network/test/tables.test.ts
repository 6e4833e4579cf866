/**
 * The tables of the package: protocols agree with each other, every failure has its sentence, every
 * metric is well named.
 */
import { expect } from 'chai';
import type { NetworkFailure } from '../src/errors.ts';
import { explainNetwork, NETWORK_ERRORS, NetworkError } from '../src/errors.ts';
import { CHANNELS, NETWORK_METRICS, REQUESTS, TOPICS } from '../src/index.ts';

const FAILURES: readonly NetworkFailure[] = [
  { code: 'NETWORK_STOPPED' },
  { code: 'NETWORK_LISTEN_FAILED', address: '/ip4/1.2.3.4/tcp/1', detail: 'taken' },
  { code: 'NETWORK_ADDRESS_INVALID', address: 'x"y' },
  { code: 'NETWORK_PEER_UNKNOWN', peerId: 'P' },
  { code: 'NETWORK_PEER_OFFLINE', peerId: 'P' },
  { code: 'NETWORK_PEER_REMOVED', peerId: 'P' },
  { code: 'NETWORK_PEER_BANNED', peerId: 'P', offence: 'flood' },
  { code: 'NETWORK_PEER_SLOW', peerId: 'P', channel: 'sync' },
  { code: 'NETWORK_LINK_LOST', peerId: 'P' },
  { code: 'NETWORK_LINK_DUPLICATE', peerId: 'P' },
  { code: 'NETWORK_CHAIN_MISMATCH', peerId: 'P' },
  { code: 'NETWORK_VERSION_MISMATCH', peerId: 'P', version: 2 },
  { code: 'NETWORK_ROLE_MISMATCH', peerId: 'P', role: 'observer' },
  { code: 'NETWORK_HANDSHAKE_FAILED', peerId: 'P', detail: 'late' },
  { code: 'NETWORK_FRAME_OVERSIZED', peerId: 'P', size: 2, sizeMax: 1 },
  { code: 'NETWORK_FRAME_MALFORMED', peerId: 'P', detail: 'empty' },
  { code: 'NETWORK_REQUEST_TIMEOUT', peerId: 'P', timeoutMs: 5 },
  { code: 'NETWORK_REQUEST_CANCELLED', peerId: 'P' },
  { code: 'NETWORK_REQUEST_BUSY', peerId: 'P' },
  { code: 'NETWORK_REQUEST_REFUSED', peerId: 'P', why: 'busy' },
];

describe('network: tables', () => {
  it('given every failure, then its sentence starts with the summary and holds its facts', () => {
    expect(FAILURES.map(({ code }) => code).sort()).to.deep.equal(
      Object.keys(NETWORK_ERRORS).sort(),
    );
    for (const failure of FAILURES) {
      const sentence = explainNetwork(failure);
      expect(sentence.startsWith(NETWORK_ERRORS[failure.code].summary), sentence).to.equal(true);
      for (const [name, fact] of Object.entries(failure)) {
        const shown = String(fact).replaceAll('"', '\\"');
        expect(name === 'code' || sentence.includes(shown), sentence).to.equal(true);
      }
    }
  });

  it('given an error, then it carries code, facts and cause', () => {
    const cause = new Error('EADDRINUSE');
    const failure = { code: 'NETWORK_STOPPED' } as const;

    const error = new NetworkError(failure, { cause });

    expect([error.code, error.failure, error.cause]).to.deep.equal([failure.code, failure, cause]);
  });

  it('given the channels (spec N-8, N-10, N-11), then a largest frame fits burst and queue', () => {
    for (const [name, row] of Object.entries(CHANNELS)) {
      expect(row.bytesBurst, name).to.be.at.least(row.frameBytesMax);
      expect(row.queueBytesMax, name).to.be.at.least(row.frameBytesMax);
      expect(row.id, name).to.match(/^\/daybook\/\d+\/[a-z]+$/);
    }
    expect(Object.keys(CHANNELS)).to.deep.equal(['consensus', 'transactions', 'sync']);
    expect(CHANNELS.consensus.overRate).to.equal('drop');
  });

  it('given the requests, then each fits its channel and has a number of its own', () => {
    const rows = Object.values(REQUESTS);
    for (const row of rows) {
      const { frameBytesMax } = CHANNELS[row.channel];
      expect(row.responseBytesMax + 6).to.be.at.most(frameBytesMax);
      expect(row.requestBytesMax + 6).to.be.at.most(frameBytesMax);
    }
    expect(new Set(rows.map(({ number }) => number)).size).to.equal(rows.length);
  });

  it('given the topics (spec N-12), then a block with a body of 64 KiB fits', () => {
    expect(TOPICS.blocks.bytesMax).to.be.at.least(64 * 1024 + 4096);
  });

  it('given the metrics, then they are named by the rules', () => {
    for (const [name, row] of Object.entries(NETWORK_METRICS)) {
      expect(name).to.match(/^daybook_network_[a-z_]+$/);
      expect(name.endsWith('_total'), name).to.equal(row.type === 'counter');
      expect(row.help.endsWith('.'), name).to.equal(true);
    }
  });
});
