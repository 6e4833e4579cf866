/**
 * Compliance: every request ends in an answer or a reason.
 */
import { expect } from 'chai';
import { REQUESTS, REQUESTS_WAITING_MAX } from '../../src/protocols.ts';
import type { Start } from './compliance-start.ts';
import { pair } from './compliance-start.ts';
import { gate, until } from './wait.ts';

export function requestTests(start: Start): void {
  it('given a handler, then its answer comes back, also for the largest', async () => {
    const { a, b } = await pair(start);
    b.network.handle('blocks', (peerId, bytes) => {
      expect(peerId).to.equal(a.peerId);
      return Promise.resolve(new Uint8Array(REQUESTS.blocks.responseBytesMax).fill(bytes[0] ?? 0));
    });

    const answer = await a.network.request(b.peerId, 'blocks', Uint8Array.of(9));

    expect(answer.ok && answer.value.length).to.equal(REQUESTS.blocks.responseBytesMax);
    expect(answer.ok && answer.value.every((byte) => byte === 9)).to.equal(true);
  });

  it('given no handler, nothing found, or a throw, then the refusal says which', async () => {
    const { a, b } = await pair(start);
    b.network.handle('snapshot', () => Promise.resolve(undefined));
    b.network.handle('bodies', () => Promise.reject(new Error('a bug in the node')));

    const none = await a.network.request(b.peerId, 'blocks', new Uint8Array());
    const absent = await a.network.request(b.peerId, 'snapshot', new Uint8Array());
    const failed = await a.network.request(b.peerId, 'bodies', new Uint8Array());

    const refusal = { code: 'NETWORK_REQUEST_REFUSED', peerId: b.peerId };
    expect(none).to.deep.equal({ ok: false, reason: { ...refusal, why: 'absent' } });
    expect(absent).to.deep.equal({ ok: false, reason: { ...refusal, why: 'absent' } });
    expect(failed).to.deep.equal({ ok: false, reason: { ...refusal, why: 'failed' } });
    expect(b.parts.lines.filter((line) => line.startsWith('error'))).to.have.length(1);
  });

  it('given an answer over its limit, then our handler failed, and the link lives', async () => {
    const { a, b } = await pair(start);
    b.network.handle('transactions', () =>
      Promise.resolve(new Uint8Array(REQUESTS.transactions.responseBytesMax + 1)),
    );

    const answer = await a.network.request(b.peerId, 'transactions', new Uint8Array());

    expect(!answer.ok && answer.reason.code).to.equal('NETWORK_REQUEST_REFUSED');
    expect(a.network.links()).to.have.length(1);
  });

  it('given a peer that is not linked, then the request fails at once', async () => {
    const { a } = await pair(start);

    const answer = await a.network.request('12D3KooWnobody', 'blocks', new Uint8Array());

    expect(!answer.ok && answer.reason.code).to.equal('NETWORK_PEER_OFFLINE');
  });

  it('given a silent handler, when time is up or the asker gives up, then it is told', async () => {
    const { a, b } = await pair(start);
    const aborted: string[] = [];
    b.network.handle('blocks', (_, bytes, signal) => {
      signal.addEventListener('abort', () => aborted.push(String(bytes[0])));
      return new Promise(() => undefined);
    });
    const controller = new AbortController();

    const late = a.network.request(b.peerId, 'blocks', Uint8Array.of(1), { timeoutMs: 30 });
    const { signal } = controller;
    const dropped = a.network.request(b.peerId, 'blocks', Uint8Array.of(2), { signal });
    const first = await late;
    controller.abort();
    const second = await dropped;

    expect(!first.ok && first.reason.code).to.equal('NETWORK_REQUEST_TIMEOUT');
    expect(!second.ok && second.reason.code).to.equal('NETWORK_REQUEST_CANCELLED');
    await until('the handlers are told', () => aborted.length === 2);
    expect(aborted).to.deep.equal(['1', '2']);
  });

  it('given many requests (spec N-2: 2 in flight per peer), then the rest wait their turn', async () => {
    const { a, b } = await pair(start);
    let running = 0;
    let most = 0;
    const served: number[] = [];
    b.network.handle('blocks', async (_, bytes) => {
      running += 1;
      most = Math.max(most, running);
      served.push(bytes[0] ?? 0);
      await until('two run', () => most === 2);
      running -= 1;
      return bytes;
    });
    const all = REQUESTS_WAITING_MAX + 2;

    const answers = await Promise.all(
      Array.from({ length: all + 1 }, (_, index) =>
        a.network.request(b.peerId, 'blocks', Uint8Array.of(index)),
      ),
    );

    expect(most).to.equal(2);
    expect(served).to.deep.equal(Array.from({ length: all }, (_, index) => index));
    expect(answers.slice(0, all).every(({ ok }) => ok)).to.equal(true);
    const last = answers[all];
    expect(last?.ok === false && last.reason.code).to.equal('NETWORK_REQUEST_BUSY');
  });

  it('given a request under way, when the link ends, then it ends too', async () => {
    const { a, b } = await pair(start);
    const reached = gate();
    b.network.handle('blocks', () => {
      reached.open();
      return new Promise(() => undefined);
    });

    const asked = a.network.request(b.peerId, 'blocks', new Uint8Array());
    await reached.opened;
    b.network.updatePeers({ role: 'validator', peers: [] });
    const answer = await asked;

    expect(!answer.ok && answer.reason.code).to.equal('NETWORK_LINK_LOST');
  });
}
