/** The door of the signer process: who gets in, what is refused, and what a broken line means. */
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { expect } from 'chai';
import { createMemoryDisk } from '../../src/disk/memory-disk.ts';
import type { VoteSigner } from '../../src/index.ts';
import { createVoteLog, openVoteSigner } from '../../src/index.ts';
import type { SignerAnswer } from '../../src/votes/signer-wire.ts';
import {
  createFrameReader,
  encodeSignerFrame,
  SIGNER_FRAME_BYTES_MAX,
} from '../../src/votes/signer-wire.ts';
import type { SocketPlace } from './support/socket-signer.ts';
import { connectTo, makeSocketPlace, serve } from './support/socket-signer.ts';
import {
  blockA,
  blockB,
  chain,
  commitRequest,
  freshDisk,
  options,
  prepare,
  request,
  secretKey,
  voteAt,
} from './support/votes.ts';

async function guardOn(disk: ReturnType<typeof createMemoryDisk>): Promise<VoteSigner> {
  return (await openVoteSigner({ ...options, secretKey }, { disk, freeFraction: () => 1 })).signer;
}

async function failureOf(task: Promise<unknown>): Promise<string> {
  return await task.then(
    () => 'none',
    (error: Error) => error.message,
  );
}

/** Sends bytes, and reads what comes until the other side ends the connection. */
async function talk(path: string, ...frames: readonly Uint8Array[]): Promise<SignerAnswer[]> {
  const answers: SignerAnswer[] = [];
  const reader = createFrameReader();
  await new Promise<void>((resolve) => {
    const socket: Socket = connect(path, () => {
      for (const frame of frames) socket.write(frame);
    });
    socket.on('data', (bytes) => {
      const read = reader.push(bytes);
      if (read.ok) answers.push(...(read.value as SignerAnswer[]));
    });
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });
  return answers;
}

const HELLO = encodeSignerFrame({ type: 'hello', version: 2, chain });

describe('state: signer behind a socket', () => {
  let place: SocketPlace;
  const closers: (() => Promise<void>)[] = [];

  beforeEach(() => {
    place = makeSocketPlace();
  });
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
    place.remove();
  });

  async function serveOn(signer: VoteSigner) {
    const served = await serve(place, signer);
    closers.push(async () => await served.server.stop());
    return served;
  }

  async function connectHere(more: Parameters<typeof connectTo>[1] = {}) {
    const connection = await connectTo(place, more);
    closers.push(async () => await connection.signer.close());
    return connection;
  }

  it('given a running signer, then its socket has mode 0600', async () => {
    await serveOn(await guardOn(await freshDisk()));

    expect(statSync(place.path).mode & 0o777).to.equal(0o600);
  });

  it('given a directory that others may write to, then the signer does not start', async () => {
    const directory = place.path.slice(0, place.path.lastIndexOf('/'));
    chmodSync(directory, 0o777);

    const failure = await failureOf(serve(place, await guardOn(await freshDisk())));

    expect(failure).to.contain('others may write to');
  });

  it('given a file at the place of the socket, then the signer does not start and leaves it', async () => {
    writeFileSync(place.path, 'mine');

    const failure = await failureOf(serve(place, await guardOn(await freshDisk())));

    expect(failure).to.contain('something that is no socket');
    expect(statSync(place.path).isFile()).to.equal(true);
  });

  it('given a signer that listens, when another one is started there, then it does not start', async () => {
    await serveOn(await guardOn(await freshDisk()));

    const failure = await failureOf(serve(place, await guardOn(await freshDisk())));

    expect(failure).to.contain('another process listens');
  });

  it('given a connected node, when a second one comes, then it is turned away and the first goes on', async () => {
    const { events } = await serveOn(await guardOn(await freshDisk()));
    const { signer } = await connectHere();

    const answers = await talk(place.path, HELLO);
    // The first answer must come within it; the patience itself is tested below.
    const failure = await failureOf(connectTo(place, { connectMsMax: 2000 }));

    expect(answers).to.deep.equal([{ type: 'turned-away', fact: 'another client is connected' }]);
    expect(failure).to.contain('another client is connected');
    expect(events).to.include('client turned away: another client is connected');
    expect((await signer.sign(request(prepare(5, 0, blockA)))).ok).to.equal(true);
  });

  it('given a client that is turned away and stays, when a node comes, then it is let in', async () => {
    await serveOn(await guardOn(await freshDisk()));
    const stranger = connect({ path: place.path, allowHalfOpen: true });
    closers.push(async () => {
      stranger.destroy();
    });
    stranger.write(encodeSignerFrame({ type: 'hello', version: 1, chain }));
    await once(stranger.resume(), 'end');

    const { signer } = await connectHere({ connectMsMax: 2000 });

    expect(signer.isConnected()).to.equal(true);
  });

  it('given more requests than are worked on, then no more of them are read', async () => {
    const guard = await guardOn(await freshDisk());
    const held = Promise.withResolvers<undefined>();
    let asked = 0;
    const signStatement = async (): Promise<undefined> => {
      asked += 1;
      await held.promise;
      return undefined;
    };
    await serveOn(Object.assign(Object.create(guard), { signStatement }));
    const node = connect(place.path);
    const statement = { type: 'sign-statement', bytes: new Uint8Array(4000) } as const;
    node.resume().write(HELLO);
    for (let id = 1; id <= 5000; id++) node.write(encodeSignerFrame({ ...statement, id }));
    while (asked === 0) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    const unsent = node.writableLength;
    held.resolve(undefined);
    node.destroy();

    expect(unsent).to.be.above(10_000_000);
  });

  it('given a node that does not read its answers, then it gets no more of them', async () => {
    const guard = await guardOn(await freshDisk());
    let asked = 0;
    const resume = async (): Promise<void> => {
      asked += 1;
    };
    await serveOn(Object.assign(Object.create(guard), { resume }));
    const node = connect(place.path);
    const count = 20_000;
    const frame = encodeSignerFrame({ type: 'resume', id: 1, above: 0 });
    node.write(HELLO);
    for (let id = 1; id <= count; id++) node.write(frame);
    for (let before = -1; before !== asked || asked === 0; ) {
      before = asked;
      for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    node.destroy();

    expect(asked).to.be.below(count / 2);
  });

  it('given a node that went, when another one comes, then it is let in and told what was signed', async () => {
    await serveOn(await guardOn(await freshDisk()));
    const first = await connectTo(place);
    await voteAt(first.signer, 5);
    await first.signer.close();

    const { signer } = await connectHere();

    expect(signer.state()).to.deep.equal(first.signer.state());
  });

  const strangers: readonly (readonly [string, Uint8Array])[] = [
    ['another chain', encodeSignerFrame({ type: 'hello', version: 2, chain: blockB })],
    ['version 1, this signer speaks 2', encodeSignerFrame({ type: 'hello', version: 1, chain })],
  ];
  for (const [fact, hello] of strangers) {
    it(`given a node of ${fact}, then it is turned away before it is told anything`, async () => {
      await serveOn(await guardOn(await freshDisk()));

      const answers = await talk(place.path, hello);

      expect(answers).to.deep.equal([{ type: 'turned-away', fact }]);
    });
  }

  const sign = encodeSignerFrame({ type: 'sign', id: 1, request: request(prepare(5, 0, blockA)) });
  const hostile: readonly (readonly [string, readonly Uint8Array[]])[] = [
    ['a request before hello', [sign]],
    ['an answer in place of a request', [HELLO, encodeSignerFrame({ type: 'done', id: 1 })]],
    ['a frame of no length', [new Uint8Array(4)]],
    ['a frame beyond the limit', [new Uint8Array([0xff, 0xff, 0xff, 0xff])]],
    ['an unknown type', [new Uint8Array([0, 0, 0, 1, 99])]],
    [
      'a frame with a byte too many',
      [new Uint8Array([...HELLO.slice(0, 3), 44, ...HELLO.slice(4), 0, 0])],
    ],
    ['noise', [new Uint8Array(64).fill(0x5a)]],
  ];
  for (const [words, frames] of hostile) {
    it(`given ${words}, then the connection ends and nothing is signed`, async () => {
      const guard = await guardOn(await freshDisk());
      const { fatal } = await serveOn(guard);

      const answers = await talk(place.path, ...frames);

      expect(answers.at(-1)?.type).to.equal('turned-away');
      expect(guard.state().own).to.deep.equal([]);
      expect(fatal).to.deep.equal([]);
    });
  }

  it('given the largest request, when sent byte by byte in pieces, then it is taken whole', async () => {
    const attachment = new Uint8Array(SIGNER_FRAME_BYTES_MAX - 64 * 1024 - 1000).fill(3);
    const guard = await guardOn(await freshDisk());
    await serveOn(guard);
    const { signer } = await connectHere();

    const signed = await signer.sign({ ...request(prepare(5, 0, blockA)), attachment });

    expect(signed.ok).to.equal(true);
    expect(guard.state().own[0]?.attachment).to.deep.equal(attachment);
  });

  it('given a signer that goes and comes back, when votes are asked for, then they wait and none is lost', async () => {
    const guard = await guardOn(await freshDisk());
    const { server } = await serveOn(guard);
    const { signer, changed } = await connectHere();
    await voteAt(signer, 5);

    const gone = changed('signer away');
    await server.stop();
    await gone;
    const away = await signer.sign(request(prepare(6, 0, blockA)));
    const back = changed('signer connected');
    await signer.enterHeight(6);
    await serveOn(guard);
    await back;
    const again = await signer.sign(request(prepare(6, 0, blockA)));

    expect(!away.ok && away.reason.code).to.equal('STATE_SIGNER_AWAY');
    expect(again.ok).to.equal(true);
    expect(signer.state()).to.deep.equal(guard.state());
  });

  it('given a signer that dies with the COMMIT logged and its answer not sent, when it is back, then the node knows vote and lock', async () => {
    const guard = await guardOn(await freshDisk());
    const die: { now?: () => Promise<void> } = {};
    const dying: VoteSigner = {
      ...guard,
      sign: async (asked) => {
        const signed = await guard.sign(asked);
        if (asked.lock !== undefined) die.now?.().catch(() => undefined);
        return signed;
      },
    };
    const { server } = await serveOn(dying);
    const { signer, changed } = await connectHere();
    await signer.enterHeight(5);
    await signer.sign(request(prepare(5, 0, blockA)));
    die.now = async () => await server.stop();

    const lost = await signer.sign(commitRequest(5, 0, blockA));
    const before = signer.state();
    const back = changed('signer connected');
    await serveOn(guard);
    await back;

    expect(!lost.ok && lost.reason.code).to.equal('STATE_SIGNER_AWAY');
    expect([before.lock, before.own.length]).to.deep.equal([undefined, 1]);
    expect(signer.state()).to.deep.equal(guard.state());
    expect(signer.state().lock?.round).to.equal(0);
    expect(signer.quarantine()).to.equal(undefined);
  });

  it('given a signer that stands still, when it does not answer in time, then it counts as away, and its vote is known when it goes on', async () => {
    const guard = await guardOn(await freshDisk());
    const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>();
    await serveOn({
      ...guard,
      sign: async (asked) => {
        await goesOn;
        return await guard.sign(asked);
      },
    });
    // Ten seconds of the client are 50 ms; a connection within them still finds the door shut.
    const { signer, changed } = await connectHere({ speed: 200, connectMsMax: 1_000_000 });
    const gone = changed('signer away');

    const unanswered = await signer.sign(request(prepare(5, 0, blockA)));
    await gone;
    const duringIt = signer.isConnected();
    const back = changed('signer connected');
    goOn();
    await back;

    expect(!unanswered.ok && unanswered.reason).to.deep.equal({
      code: 'STATE_SIGNER_AWAY',
      fact: 'no answer in 10000 ms',
    });
    expect(duringIt).to.equal(false);
    expect(signer.state()).to.deep.equal(guard.state());
    expect(signer.state().own).to.have.length(1);
  });

  it('spec C-26: given a signer that comes back with an older log, then it is put into quarantine', async () => {
    const { server } = await serveOn(await guardOn(await freshDisk()));
    const { signer, changed } = await connectHere();
    await voteAt(signer, 5);
    const back = changed('signer connected');
    await server.stop();
    const older = await guardOn(await freshDisk());
    await serveOn(older);
    await back;
    await signer.enterHeight(6);

    const refused = await signer.sign(commitRequest(6, 0, blockA));

    expect(!refused.ok && refused.reason.code).to.equal('STATE_SIGNING_QUARANTINED');
    expect(signer.quarantine()?.code).to.equal('STATE_VOTES_BEHIND');
    expect(older.quarantine()?.code).to.equal('STATE_VOTES_BEHIND');
  });

  it('spec G4: given a log that cannot be written, then the signer process is told to end, and no answer goes out', async () => {
    let fails = false;
    const disk = createMemoryDisk({
      fault: (operation) => (fails && operation === 'sync' ? 'error' : undefined),
    });
    await createVoteLog(options, { disk });
    const { fatal } = await serveOn(await guardOn(disk));
    const { signer } = await connectHere();
    fails = true;

    const signed = await signer.sign(request(prepare(5, 0, blockA)));

    expect(!signed.ok && signed.reason.code).to.equal('STATE_SIGNER_AWAY');
    expect(fatal.map((error) => (error as { code: string }).code)).to.deep.equal([
      'STATE_SYNC_FAILED',
    ]);
  });

  it('given no signer, then the node says so after its patience', async () => {
    const failure = await failureOf(connectTo(place, { connectMsMax: 300 }));

    expect(failure).to.contain('there is no socket');
  });

  it('given a place that the system refuses to look at, then the node says so after its patience', async () => {
    // No permission stops a test that runs as root, but a link that leads to itself does.
    symlinkSync(place.path, place.path);

    const failure = await failureOf(connectTo(place, { connectMsMax: 300 }));

    expect(failure).to.contain('ELOOP').and.contain('refused the connection');
  });

  it('given a connected node, when the place can no longer be looked at, then the signer is away until it can', async () => {
    const { server } = await serveOn(await guardOn(await freshDisk()));
    const { signer, changed } = await connectHere();
    const away = changed('signer away');
    await server.stop();
    await away;
    const directory = dirname(place.path);
    rmSync(directory, { recursive: true });
    symlinkSync(directory, directory);

    let fact = '';
    while (!fact.includes('ELOOP')) {
      const signed = await signer.sign(request(prepare(5, 0, blockA)));
      fact = signed.ok || !('fact' in signed.reason) ? '' : `${signed.reason.fact}`;
      await new Promise(setImmediate);
    }
    rmSync(directory);
    mkdirSync(directory, { mode: 0o700 });
    const back = changed('signer connected');
    await serveOn(await guardOn(await freshDisk()));
    await back;

    expect((await signer.sign(request(prepare(5, 0, blockA)))).ok).to.equal(true);
  });

  it('given a socket that others may connect to, then the node does not trust it', async () => {
    await serveOn(await guardOn(await freshDisk()));
    chmodSync(place.path, 0o666);

    const failure = await failureOf(connectTo(place, { connectMsMax: 300 }));

    expect(failure).to.contain('others may connect');
  });
});
