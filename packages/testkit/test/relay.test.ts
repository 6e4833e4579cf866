import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { Relays } from '@daybook/testkit';
import { createRelays } from '@daybook/testkit';
import { expect } from 'chai';

const HERE = { slug: 'ana', process: { pid: () => process.pid } };
const THERE = { from: 'ana', to: 'ben' };
const BACK = { from: 'ben', to: 'ana' };

/** What a socket has received, and how it ended. */
interface Reading {
  readonly text: () => string;
  /** Resolves when at least so many characters have come. */
  readonly has: (count: number) => Promise<void>;
  readonly closed: Promise<void>;
}

function read(socket: Socket): Reading {
  let text = '';
  let waiting: { count: number; resolve: () => void } | undefined;
  socket.on('data', (bytes) => {
    text += bytes.toString();
    if (waiting !== undefined && text.length >= waiting.count) waiting.resolve();
  });
  socket.on('error', () => undefined);
  return {
    text: () => text,
    has: (count) =>
      new Promise((resolve) => {
        waiting = { count, resolve };
        if (text.length >= count) resolve();
      }),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  };
}

describe('testkit: relays (Linux)', () => {
  let server: Server;
  let relays: Relays;
  let accepted: Promise<Socket>;
  let dialled: Socket;
  let ana: Reading;
  let ben: Reading;
  let benSocket: Socket;

  before(function () {
    // Elsewhere nobody can tell which process dialled.
    if (process.platform !== 'linux') this.skip();
  });
  beforeEach(async () => {
    server = createServer();
    accepted = new Promise((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    relays = await createRelays(['ben']);
    const { port } = server.address() as AddressInfo;
    const address = relays.announce('ben', `/ip4/127.0.0.1/tcp/${port}`);
    relays.follow([HERE]);
    dialled = connect(Number(address.split('/').at(-1)), '127.0.0.1');
    ana = read(dialled);
    benSocket = await accepted;
    ben = read(benSocket);
  });
  afterEach(async () => {
    dialled.destroy();
    await relays.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('given a good link, when both ends send, then bytes arrive and are counted by direction', async () => {
    dialled.write('hello');
    await ben.has(5);
    benSocket.write('ok');
    await ana.has(2);

    expect([ben.text(), ana.text()]).to.deep.equal(['hello', 'ok']);
    expect([relays.passed(THERE), relays.passed(BACK)]).to.deep.equal([5, 2]);
  });

  it('given a delay in one direction, then it holds for that direction alone', async () => {
    relays.set(THERE, { delayMs: 80 });
    const startedMs = performance.now();
    dialled.write('late');
    benSocket.write('soon');
    await ana.has(4);
    const soonMs = performance.now() - startedMs;
    await ben.has(4);
    const lateMs = performance.now() - startedMs;

    expect(lateMs).to.be.at.least(79);
    expect(soonMs).to.be.below(lateMs);
  });

  it('given a throttle, when much is sent, then it takes the time that the rate demands', async () => {
    relays.set(THERE, { bytesPerSecond: 100_000 });
    const startedMs = performance.now();
    dialled.write('x'.repeat(20_000));
    await ben.has(20_000);

    expect(performance.now() - startedMs).to.be.at.least(190);
  });

  it('given a stalled direction, when healed, then everything arrives in order', async () => {
    relays.set(THERE, { flow: 'stalled' });
    dialled.write('held ');
    benSocket.write('free');
    await ana.has(4);
    const before = ben.text();

    relays.heal();
    dialled.write('back');
    await ben.has(9);

    expect(before).to.equal('');
    expect(ben.text()).to.equal('held back');
  });

  it('given swallowed bytes, when the link is open again, then the connection is reset', async () => {
    relays.set(THERE, { flow: 'swallowed' });
    dialled.write('lost');
    while (relays.swallowed(THERE) < 4) await new Promise((resolve) => setImmediate(resolve));

    relays.heal();
    dialled.write('next');

    await Promise.all([ana.closed, ben.closed]);
    expect(ben.text()).to.equal('');
  });

  it('given a cut, then both ends lose the connection', async () => {
    expect(relays.cut('ana', 'ben')).to.equal(1);

    await Promise.all([ana.closed, ben.closed]);
    expect(relays.cut('ana', 'ben')).to.equal(0);
  });

  it('given a truncation, then exactly so many bytes arrive and the connection ends', async () => {
    relays.truncate(THERE, 3);
    dialled.write('abcdef');

    await Promise.all([ana.closed, ben.closed]);
    expect(ben.text()).to.equal('abc');
  });

  it('given a process that is no node, when it connects, then it is refused', async () => {
    relays.follow([]);
    const port = dialled.remotePort ?? 0;
    const stranger = read(connect(port, '127.0.0.1'));

    await stranger.closed;
    expect(stranger.text()).to.equal('');
  });
});
