/**
 * Who is admitted, and who dials whom.
 */
import { expect } from 'chai';
import { createAdmissionTable } from '../src/admission-table.ts';
import type { Peer, Role } from '../src/network.ts';
import { PEERS_MAX } from '../src/protocols.ts';

function peer(peerId: string, role: Role, addresses = ['/ip4/10.0.0.1/tcp/1']): Peer {
  return { peerId, role, addresses };
}

describe('network: admission table', () => {
  it('given every pair of validators (spec N-7), then exactly one dials at once', () => {
    const peers = ['a', 'b', 'c', 'd'].map((id) => peer(id, 'validator'));

    for (const one of peers) {
      for (const other of peers.filter((candidate) => candidate !== one)) {
        const policies = [one, other].map((self) => {
          const table = createAdmissionTable(self.peerId, { role: 'validator', peers });
          return table.dialPolicy(self === one ? other : one);
        });
        expect([...policies].sort(), `${one.peerId} ${other.peerId}`).to.deep.equal([
          'late',
          'now',
        ]);
      }
    }
  });

  it('given the other roles (spec N-7), then observers dial validators, all dial bootstraps', () => {
    const peers = [peer('a', 'validator'), peer('b', 'observer'), peer('c', 'bootstrap')];
    const policies = (role: 'validator' | 'observer'): readonly string[] => {
      const table = createAdmissionTable('self', { role, peers });
      return table.peers.map((one) => table.dialPolicy(one));
    };

    expect(policies('validator')).to.deep.equal(['late', 'never', 'now']);
    expect(policies('observer')).to.deep.equal(['now', 'late', 'now']);
  });

  it('given a peer without address, then nobody dials it', () => {
    const silent = peer('z', 'validator', []);
    const table = createAdmissionTable('a', { role: 'validator', peers: [silent] });

    expect(table.dialPolicy(silent)).to.equal('never');
  });

  it('given strangers and itself (spec N-6), then they have no role', () => {
    const peers = [peer('self', 'validator'), peer('b', 'observer')];
    const table = createAdmissionTable('self', { role: 'validator', peers });

    expect(table.roleOf('b')).to.equal('observer');
    expect(table.roleOf('self')).to.equal(undefined);
    expect(table.roleOf('nobody')).to.equal(undefined);
    expect(table.wants('nobody', 'sync')).to.equal(false);
    expect(table.peers.map(({ peerId }) => peerId)).to.deep.equal(['b']);
  });

  it('given a validator that is behind, then it keeps consensus but does not open it', () => {
    const table = createAdmissionTable('self', {
      role: 'observer',
      peers: [peer('a', 'validator'), peer('b', 'observer')],
    });

    expect([table.wants('a', 'consensus'), table.keeps('a', 'consensus')]).to.deep.equal([
      false,
      true,
    ]);
    expect(table.keeps('b', 'consensus')).to.equal(false);
    expect(table.wants('b', 'sync')).to.equal(true);
  });

  it('given a table that is too long or names a peer twice, then it is our own bug', () => {
    const many = Array.from({ length: PEERS_MAX + 1 }, (_, index) => peer(`p${index}`, 'observer'));
    const twice = [peer('a', 'observer'), peer('a', 'validator')];

    for (const peers of [many, twice]) {
      expect(() => createAdmissionTable('self', { role: 'observer', peers })).to.throw('table');
    }
  });
});
