/**
 * Compliance: everything is bounded, and stopping loses nothing that could be delivered.
 */
import { expect } from 'chai';
import type { Offence } from '../../src/network.ts';
import { CHANNELS } from '../../src/protocols.ts';
import { eventsOf } from './cluster.ts';
import type { Start } from './compliance-start.ts';
import { pair } from './compliance-start.ts';
import { gate, turn, until } from './wait.ts';

export function limitTests(start: Start): void {
  it('given a listener at work (spec N-11), then the sender is bounded and drops its oldest', async () => {
    const { a, b } = await pair(start);
    const work = gate();
    const heard: number[] = [];
    b.network.onMessage('transactions', (_, bytes) => {
      heard.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0));
      return work.opened;
    });
    const size = 256 * 1024;
    const count = 200;

    for (let index = 0; index < count; index += 1) {
      const bytes = new Uint8Array(size);
      new DataView(bytes.buffer).setUint32(0, index);
      expect(a.network.send(b.peerId, 'transactions', bytes)).to.equal(true);
      await turn();
    }
    await until('the first arrives', () => heard.length === 1);

    const dropped = a.parts.figure('daybook_network_dropped_total', { why: 'overflow' });
    const queued = a.network.links()[0]?.queued ?? 0;
    expect(queued * size).to.be.at.most(CHANNELS.transactions.queueBytesMax);
    expect(dropped).to.be.at.least(count - queued - 24);
    expect(heard).to.deep.equal([0]);
    work.open();
    await until('the newest arrives', () => heard.at(-1) === count - 1);
    expect(heard).to.deep.equal([...heard].sort((x, y) => x - y));
    expect(heard.length).to.equal(count - dropped);
  });

  it('given a peer at work on transactions, then consensus still passes', async () => {
    const { a, b } = await pair(start);
    let votes = 0;
    b.network.onMessage('transactions', () => new Promise(() => undefined));
    b.network.onMessage('consensus', () => {
      votes += 1;
    });

    for (let index = 0; index < 50; index += 1) {
      a.network.send(b.peerId, 'transactions', new Uint8Array(500_000));
    }
    a.network.send(b.peerId, 'consensus', Uint8Array.of(1));

    await until('the vote passes', () => votes === 1);
  });

  it('given full queues (spec N-9), then a vote queued last arrives before the rest', async () => {
    const { a, b } = await pair(start);
    const heard: string[] = [];
    b.network.onMessage('consensus', () => {
      heard.push('consensus');
    });
    b.network.onMessage('sync', () => {
      heard.push('sync');
    });

    for (let index = 0; index < 60; index += 1) {
      a.network.send(b.peerId, 'sync', new Uint8Array(500_000));
    }
    a.network.send(b.peerId, 'consensus', new Uint8Array(1000));

    await until('all arrive', () => heard.length === 61);
    expect(heard.indexOf('consensus')).to.be.below(4);
  });

  it('given a flood of votes (spec N-10), then the excess is dropped and the peer banned', async () => {
    const { a, b } = await pair(start);
    let heard = 0;
    b.network.onMessage('consensus', () => {
      heard += 1;
    });

    const { rate, burst } = CHANNELS.consensus;
    const begunMs = performance.now();
    // A slow machine has earned more votes by the time it has read these: the flood goes on.
    await until('a is banned', () => {
      for (let index = 0; index < burst; index += 1) {
        a.network.send(b.peerId, 'consensus', Uint8Array.of(1));
      }
      return eventsOf(b, a.peerId).includes('disconnected NETWORK_PEER_BANNED');
    });

    const earned = (rate * (performance.now() - begunMs)) / 1000;
    expect(heard).to.be.within(burst, burst + Math.ceil(earned));
    expect(b.parts.figure('daybook_network_dropped_total', { why: 'rate' })).to.be.at.least(100);
    expect(b.network.links()).to.deep.equal([]);
  });

  it('given a short flood, then the excess is dropped and the peer stays', async () => {
    const { a, b } = await pair(start);
    let heard = 0;
    b.network.onMessage('consensus', () => {
      heard += 1;
    });
    const burst = CHANNELS.consensus.burst + 20;

    for (let index = 0; index < burst; index += 1) {
      a.network.send(b.peerId, 'consensus', Uint8Array.of(1));
    }

    const dropped = (): number => b.parts.figure('daybook_network_dropped_total', { why: 'rate' });
    await until('all are heard or dropped', () => heard + dropped() === burst);
    expect(b.network.links()).to.have.length(1);
  });

  it('given offences that the node reports (spec N-4), then enough of them ban the peer', async () => {
    const { a, b } = await pair(start);
    const report = (offence: Offence): void => a.network.penalise(b.peerId, offence);

    report('lie');
    expect(a.network.links()).to.have.length(1);
    report('malformed');

    await until('b is banned', () =>
      eventsOf(a, b.peerId).includes('disconnected NETWORK_PEER_BANNED'),
    );
  });
}

export function stopTests(start: Start): void {
  it('given queued messages, when the sender stops, then they still arrive', async () => {
    const { a, b } = await pair(start);
    let heard = 0;
    b.network.onMessage('transactions', () => {
      heard += 1;
    });
    for (let index = 0; index < 2000; index += 1) {
      a.network.send(b.peerId, 'transactions', new Uint8Array(1000));
    }

    await a.network.stop();

    await until('all arrive', () => heard === 2000);
    await until('b sees it go', () =>
      eventsOf(b, a.peerId).some((event) => event.startsWith('disconnected')),
    );
  });

  it('given a request under way, when the asker stops, then it ends as stopped', async () => {
    const { a, b } = await pair(start);
    b.network.handle('blocks', () => new Promise(() => undefined));
    const asked = a.network.request(b.peerId, 'blocks', new Uint8Array());

    await Promise.all([a.network.stop(), a.network.stop()]);
    const answer = await asked;

    expect(!answer.ok && answer.reason.code).to.equal('NETWORK_STOPPED');
    expect(a.network.links()).to.deep.equal([]);
    expect(a.network.send(b.peerId, 'sync', Uint8Array.of(1))).to.equal(false);
    expect(await a.network.publish('blocks', Uint8Array.of(1))).to.equal(0);
    const later = await a.network.request(b.peerId, 'blocks', new Uint8Array());
    expect(!later.ok && later.reason.code).to.equal('NETWORK_PEER_OFFLINE');
  });

  it('given a peer that does not read, when we stop, then stop is bounded', async () => {
    const { a, b } = await pair(start);
    b.network.onMessage('transactions', () => new Promise(() => undefined));
    for (let index = 0; index < 60; index += 1) {
      a.network.send(b.peerId, 'transactions', new Uint8Array(1_000_000));
    }

    let isStopped = false;
    const stopping = a.network.stop().then(() => {
      isStopped = true;
    });

    await until('it has stopped', () => isStopped);
    await stopping;
  });

  it('given a network that never started, then stop is quiet', async () => {
    const { cluster } = await pair(start);
    const stranger = await cluster.stranger();

    await stranger.network.stop();
    await stranger.network.stop();
  });
}
