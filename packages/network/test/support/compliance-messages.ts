/**
 * Compliance: messages, broadcasts and gossip arrive, and listeners of ours cannot break anything.
 */
import { expect } from 'chai';
import { CHANNELS } from '../../src/protocols.ts';
import type { TestNode } from './cluster.ts';
import { eventsOf } from './cluster.ts';
import type { Start } from './compliance-start.ts';
import { pair } from './compliance-start.ts';
import { until } from './wait.ts';

export function messageTests(start: Start): void {
  it('given many messages, then they arrive intact, in order, from their sender', async () => {
    const { a, b } = await pair(start);
    const heard: { peerId: string; bytes: Uint8Array }[] = [];
    b.network.onMessage('transactions', (peerId, bytes) => {
      heard.push({ peerId, bytes });
    });

    for (let index = 0; index < 500; index += 1) {
      const sent = a.network.send(b.peerId, 'transactions', new Uint8Array(index).fill(index));
      expect(sent, `message ${index}`).to.equal(true);
    }

    await until('all arrive', () => heard.length === 500);
    heard.forEach(({ peerId, bytes }, index) => {
      expect(peerId).to.equal(a.peerId);
      expect(bytes, `message ${index}`).to.deep.equal(new Uint8Array(index).fill(index));
    });
  });

  it('given the largest message of each channel (spec N-8), then it arrives', async () => {
    const { a, b } = await pair(start);
    for (const channel of ['consensus', 'transactions', 'sync'] as const) {
      const payload = new Uint8Array(CHANNELS[channel].frameBytesMax - 6).fill(3);
      const sizes: number[] = [];
      const off = b.network.onMessage(channel, (_, bytes) => {
        sizes.push(bytes.length);
      });

      expect(a.network.send(b.peerId, channel, payload)).to.equal(true);

      await until(`${channel} arrives`, () => sizes[0] === payload.length);
      off();
    }
  });

  it('given a message over the limit of its channel, then it is our own bug', async () => {
    const { a, b } = await pair(start);
    const payload = new Uint8Array(CHANNELS.transactions.frameBytesMax);

    expect(() => a.network.send(b.peerId, 'transactions', payload)).to.throw('limit');
  });

  it('given a broadcast, then every validator gets bytes of its own and observers none', async () => {
    const { nodes, validators, observers } = await start({ validators: 4, observers: 1 });
    const heard: Uint8Array[] = [];
    let astray = 0;
    for (const node of nodes) {
      node.network.onMessage('transactions', (_, bytes) => {
        heard.push(bytes.slice());
        bytes.fill(0xff);
        astray += node.role === 'observer' ? 1 : 0;
      });
    }

    const count = validators[0]?.network.broadcast('transactions', new Uint8Array(3000).fill(5));

    expect(count).to.equal(3);
    await until('three hear it', () => heard.length === 3);
    expect(heard.every((bytes) => bytes.every((byte) => byte === 5))).to.equal(true);
    expect(astray).to.equal(0);
    expect(observers[0]?.network.broadcast('transactions', Uint8Array.of(1))).to.equal(4);
    expect(observers[0]?.network.broadcast('consensus', Uint8Array.of(1))).to.equal(0);
  });

  it('given an unknown or own peer id, then send says false', async () => {
    const { a } = await pair(start);

    expect(a.network.send('12D3KooWnobody', 'sync', Uint8Array.of(1))).to.equal(false);
    expect(a.network.send(a.peerId, 'sync', Uint8Array.of(1))).to.equal(false);
  });

  it('given a listener that throws or rejects, then each fault counts, one is logged, and the link lives on', async () => {
    const { a, b } = await pair(start);
    let count = 0;
    b.network.onMessage('consensus', () => {
      throw new Error('a bug in the node');
    });
    b.network.onMessage('consensus', () => Promise.reject(new Error('another bug')));
    b.network.onMessage('consensus', () => {
      count += 1;
    });

    a.network.send(b.peerId, 'consensus', Uint8Array.of(1));
    a.network.send(b.peerId, 'consensus', Uint8Array.of(2));

    await until('both arrive', () => count === 2);
    await until('four faults count', () => ownFaults(b, 'message') === 4);
    expect(faultLines(b)).to.have.length(1);
    expect(faultLines(b)[0]).to.contain('"place":"message"').and.to.contain('a bug in the node');
    expect(eventsOf(b, a.peerId).filter((event) => event.startsWith('dis'))).to.deep.equal([]);
  });

  it('given a listener of peer events that throws, then the others still hear', async () => {
    const { cluster, a, b } = await pair(start);
    const heard: string[] = [];
    a.network.onPeer(() => {
      throw new Error('a bug in the node');
    });
    a.network.onPeer((event) => heard.push(event.kind));

    a.network.updatePeers({ role: 'validator', peers: [] });

    await until('the second hears', () => heard.includes('disconnected'));
    expect(cluster.nodes).to.include(b);
  });
}

export function gossipTests(start: Start): void {
  it('given a publication (spec N-12), then every other node judges it once and the publisher not', async () => {
    const { nodes } = await start({ validators: 4, observers: 1 });
    const judged = nodes.map(() => 0);
    nodes.forEach((node, index) => {
      node.network.onGossip('blocks', (_, bytes) => {
        judged[index] = (judged[index] ?? 0) + (bytes.length === 100_000 ? 1 : 0);
        return 'accept';
      });
    });

    await reaches(nodes[0], 4);
    const count = await published(nodes[0], new Uint8Array(100_000));

    expect(count).to.be.greaterThan(0);
    await until('all have judged', () => judged.slice(1).every((times) => times === 1));
    expect(judged[0]).to.equal(0);
  });

  it('given a judge that rejects, throws or is missing, then only the rejection costs', async () => {
    const { a, b } = await pair(start);
    const offences = (): number =>
      b.parts.figure('daybook_network_offences_total', { offence: 'gossip' });
    const ignored = (): number =>
      b.parts.figure('daybook_network_gossip_total', { topic: 'blocks', verdict: 'ignore' });

    await published(a, Uint8Array.of(1));
    await until('it is ignored', () => ignored() === 1);
    const off = b.network.onGossip('blocks', () => Promise.reject(new Error('a damaged record')));
    await published(a, Uint8Array.of(2));
    await until('it is ignored', () => ignored() === 2);
    expect(offences()).to.equal(0);
    off();
    b.network.onGossip('blocks', () => 'reject');
    await published(a, Uint8Array.of(3));

    await until('the rejection is counted', () => offences() === 1);
  });

  it('given a judge that throws again and again, then each fault counts, one is logged, and nothing is passed on', async () => {
    const { nodes } = await start({ validators: 3 });
    const [a, b, c] = nodes;
    if (a === undefined || b === undefined || c === undefined) throw new Error('three nodes');
    const judged: number[] = [];
    c.network.onGossip('blocks', (_, bytes) => {
      judged.push(bytes[0] ?? 0);
      return 'ignore';
    });
    b.network.onGossip('blocks', (_, bytes) => {
      if (bytes[0] === 4) return 'accept';
      throw new Error('a damaged record');
    });

    await reaches(a, 2);
    for (const value of [1, 2, 3]) await published(a, Uint8Array.of(value));

    await until('three faults count', () => ownFaults(b, 'gossip') === 3);
    expect(faultLines(b)).to.have.length(1);
    expect(faultLines(b)[0]).to.contain('a damaged record').and.to.contain('"topic":"blocks"');
    expect(
      b.parts.figure('daybook_network_gossip_total', { topic: 'blocks', verdict: 'ignore' }),
    ).to.equal(3);
    expect(b.parts.figure('daybook_network_offences_total')).to.equal(0);
    expect(eventsOf(b, a.peerId).filter((event) => event.startsWith('dis'))).to.deep.equal([]);
    await published(a, Uint8Array.of(4));
    await until('the judge is asked again', () => judged.includes(4) && accepted(b) === 1);
  });

  it('given nobody, then publish says 0', async () => {
    const cluster = await start({ validators: 1 });

    expect(await cluster.nodes[0]?.network.publish('blocks', Uint8Array.of(1))).to.equal(0);
  });
}

function ownFaults(node: TestNode, place: string): number {
  return node.parts.figure('daybook_network_own_faults_total', { place });
}

function faultLines(node: TestNode): readonly string[] {
  return node.parts.lines.filter((line) => line.startsWith('error listener failed'));
}

function accepted(node: TestNode): number {
  return node.parts.figure('daybook_network_gossip_total', { verdict: 'accept' });
}

/**
 * Waits until a publication goes straight to so many nodes. A link is ready before its ends know
 * each other's topics, and a message of that moment is told again for two seconds at most.
 */
async function reaches(node: TestNode | undefined, others: number): Promise<void> {
  let tries = 0;
  const isReached = async (): Promise<boolean> => {
    // On a topic that nobody judges; a message that was published before reaches nobody.
    tries += 1;
    const count = await node?.network.publish('system', Uint8Array.of(tries >> 8, tries));
    return count !== undefined && count >= others;
  };
  await until(`${others} are reached`, isReached, 20);
}

/** Publishes once somebody is reached; what reached nobody would stay known and be sent no more. */
async function published(node: TestNode | undefined, bytes: Uint8Array): Promise<number> {
  await reaches(node, 1);
  return (await node?.network.publish('blocks', bytes)) ?? 0;
}
