/**
 * Compliance: who links with whom, with which channels, and who is refused.
 */
import { expect } from 'chai';
import { connected, eventsOf, peerOf } from './cluster.ts';
import type { Start } from './compliance-start.ts';
import { pair } from './compliance-start.ts';
import { until } from './wait.ts';

export function linkTests(start: Start): void {
  it('given 4 validators and an observer (spec N-7), then all link, consensus only among validators', async () => {
    const { nodes, validators, observers } = await start({ validators: 4, observers: 1 });

    await connected(nodes);

    for (const node of validators) {
      for (const link of node.network.links()) {
        expect(link.channels.includes('consensus')).to.equal(link.role === 'validator');
        expect(link.channels).to.include.members(['transactions', 'sync']);
      }
    }
    const [observer] = observers;
    expect(observer?.network.links().map(({ role }) => role)).to.deep.equal([
      'validator',
      'validator',
      'validator',
      'validator',
    ]);
  });

  it('given a pair, then connected comes first and every channel is opened once', async () => {
    const { a, b } = await pair(start);

    const events = eventsOf(a, b.peerId);

    expect(events[0]).to.equal('connected');
    expect([...events].sort()).to.deep.equal([
      'connected',
      'opened consensus',
      'opened sync',
      'opened transactions',
    ]);
  });

  it('given a stranger who knows us (spec N-6), when it comes, then it is refused by name', async () => {
    const { cluster, a } = await pair(start);
    const stranger = await cluster.stranger();

    stranger.network.updatePeers({ role: 'observer', peers: [peerOf(a)] });

    await until('the stranger is refused', () =>
      eventsOf(a, stranger.peerId).includes('refused NETWORK_PEER_UNKNOWN'),
    );
    expect(a.network.links().map(({ peerId }) => peerId)).to.not.include(stranger.peerId);
    expect(eventsOf(stranger, a.peerId)).to.not.include('connected');
  });

  it('given an admitted peer of another chain, when it comes, then both learn why', async () => {
    const { cluster, a } = await pair(start);
    const foreigner = await cluster.stranger({ chain: new Uint8Array(32).fill(1) });

    const admission = cluster.admission(0);
    a.network.updatePeers({ ...admission, peers: [...admission.peers, peerOf(foreigner)] });
    foreigner.network.updatePeers({ role: 'observer', peers: [peerOf(a)] });

    await until('both name the chain', () =>
      [eventsOf(a, foreigner.peerId), eventsOf(foreigner, a.peerId)].every((events) =>
        events.includes('refused NETWORK_CHAIN_MISMATCH'),
      ),
    );
    expect(
      a.parts.figure('daybook_network_refusals_total', { code: 'NETWORK_CHAIN_MISMATCH' }),
    ).to.be.greaterThan(0);
    expect(eventsOf(a, foreigner.peerId)).to.not.include('connected');
  });

  it('given a linked peer, when it leaves the table, then it is cut by name', async () => {
    const { cluster, a, b } = await pair(start);

    a.network.updatePeers({ role: 'validator', peers: [peerOf(a)] });

    await until('b is cut', () =>
      eventsOf(a, b.peerId).includes('disconnected NETWORK_PEER_REMOVED'),
    );
    expect(a.network.links()).to.deep.equal([]);
    expect(a.network.send(b.peerId, 'sync', Uint8Array.of(1))).to.equal(false);

    a.network.updatePeers(cluster.admission(0));
    await connected(cluster.nodes);
  });

  it('given a validator, when it becomes an observer, then its consensus channel closes', async () => {
    const { cluster, a, b } = await pair(start);
    const peers = cluster.nodes.map((node) =>
      node === b ? { ...peerOf(node), role: 'observer' as const } : peerOf(node),
    );

    a.network.updatePeers({ role: 'validator', peers });
    b.network.updatePeers({ role: 'observer', peers });

    await until('consensus is closed on both sides', () =>
      [a, b].every(({ network }) => network.links()[0]?.channels.length === 2),
    );
    expect(a.network.send(b.peerId, 'consensus', Uint8Array.of(1))).to.equal(false);
    expect(a.network.send(b.peerId, 'sync', Uint8Array.of(1))).to.equal(true);
  });

  it('given an observer, when both tables make it a validator, then consensus opens', async () => {
    const cluster = await start({ validators: 1, observers: 1 });
    const [a, b] = cluster.nodes;
    const peers = cluster.nodes.map((node) => ({ ...peerOf(node), role: 'validator' as const }));

    a?.network.updatePeers({ role: 'validator', peers });
    b?.network.updatePeers({ role: 'validator', peers });

    await until('consensus is open on both sides', () =>
      [a, b].every((node) => node?.network.links()[0]?.channels.length === 3),
    );
  });

  it('given a peer that gets its address and role later, then it is dialled then', async () => {
    const cluster = await start({ validators: 2 });
    const [a, b] = cluster.nodes;
    const silent = cluster.nodes.map((node) => ({ ...peerOf(node), addresses: [] }));
    a?.network.updatePeers({ role: 'observer', peers: [] });
    b?.network.updatePeers({ role: 'observer', peers: [] });
    a?.network.updatePeers({ role: 'observer', peers: silent });
    b?.network.updatePeers({ role: 'observer', peers: silent });
    await until('they are apart', () =>
      cluster.nodes.every(({ network }) => !network.links().length),
    );

    a?.network.updatePeers(cluster.admission(0));
    b?.network.updatePeers(cluster.admission(1));

    await connected(cluster.nodes);
  });

  it('given a restarted validator, then everybody is linked to it again', async () => {
    const cluster = await start({ validators: 3 });

    const node = await cluster.restart(1);

    await connected(cluster.nodes);
    const heard: string[] = [];
    node.network.onMessage('consensus', (_, bytes) => {
      heard.push(String(bytes[0]));
    });
    cluster.nodes[0]?.network.broadcast('consensus', Uint8Array.of(7));
    await until('the restarted node hears', () => heard.length === 1);
  });
}
