/**
 * The handshake: who is welcome, and what any other bytes are.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import type { Hello } from '../src/handshake.ts';
import {
  decodeHello,
  decodeWelcome,
  encodeHello,
  encodeWelcome,
  failureOfVerdict,
  HANDSHAKE_BYTES_MAX,
  judgeHello,
  WIRE_VERSION,
} from '../src/handshake.ts';
import type { Role } from '../src/network.ts';
import { CHANNELS } from '../src/protocols.ts';

const chain = new Uint8Array(32).fill(7);
const own: Hello = { version: WIRE_VERSION, chain, role: 'validator' };

describe('network: handshake', () => {
  it('given any hello and welcome, then they survive the wire within their limit', () => {
    const hellos = fc.record<Hello>({
      version: fc.nat({ max: 65_535 }),
      chain: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      role: fc.constantFrom('validator', 'observer'),
    });
    fc.assert(
      fc.property(
        hellos,
        fc.constantFrom('welcome', 'version', 'chain', 'role'),
        (hello, verdict) => {
          const welcome = encodeWelcome(verdict, hello);

          expect(decodeHello(encodeHello(hello))).to.deep.equal(hello);
          expect(decodeWelcome(welcome)).to.deep.equal({ verdict, hello });
          expect(welcome.length).to.equal(HANDSHAKE_BYTES_MAX);
        },
      ),
    );
  });

  it('given other bytes, then they are neither', () => {
    const good = encodeHello(own);
    for (const bytes of [
      new Uint8Array(),
      good.subarray(1),
      Uint8Array.of(...good, 0),
      Uint8Array.of(...good.subarray(0, -1), 2),
    ]) {
      expect(decodeHello(bytes)).to.equal(undefined);
      expect(decodeWelcome(Uint8Array.of(0, ...bytes))).to.equal(undefined);
    }
    expect(decodeWelcome(Uint8Array.of(4, ...good))).to.equal(undefined);
  });

  it('given another version or chain, then that is the verdict, in this order', () => {
    const other = { ...own, chain: new Uint8Array(32) };

    expect(judgeHello({ ...other, version: 9 }, own, CHANNELS.sync, 'validator')).to.equal(
      'version',
    );
    expect(judgeHello(other, own, CHANNELS.sync, 'validator')).to.equal('chain');
  });

  it('given each pair of roles, then only two validators share consensus', () => {
    const observer: Hello = { ...own, role: 'observer' };
    const verdict = (hello: Hello, listed: Role, self = own): string =>
      judgeHello(hello, self, CHANNELS.consensus, listed);

    expect(verdict(own, 'validator')).to.equal('welcome');
    expect(verdict(own, 'observer')).to.equal('role');
    expect(verdict(own, 'bootstrap')).to.equal('role');
    expect(verdict(observer, 'validator')).to.equal('role');
    // A validator that is behind does not know yet that it is one.
    expect(verdict(own, 'validator', observer)).to.equal('welcome');
    expect(judgeHello(observer, own, CHANNELS.sync, 'observer')).to.equal('welcome');
  });

  it('given a verdict, then the failure names it', () => {
    expect(failureOfVerdict('welcome', 'p', own)).to.equal(undefined);
    expect(failureOfVerdict('version', 'p', own)?.code).to.equal('NETWORK_VERSION_MISMATCH');
    expect(failureOfVerdict('chain', 'p', own)?.code).to.equal('NETWORK_CHAIN_MISMATCH');
    expect(failureOfVerdict('role', 'p', own)?.code).to.equal('NETWORK_ROLE_MISMATCH');
  });
});
