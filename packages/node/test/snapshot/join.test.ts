/** Joining by a snapshot: what is believed, what is refused at once, and what lies there afterwards. */
import { rm } from 'node:fs/promises';
import type { Hash, Height } from '@daybook/core';
import {
  appendFrontier,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  decodeBlock,
  emptyFrontier,
  encodeHeader,
  encodeNote,
  encodeNoteKey,
  encodeTreeHead,
  encodeUtf8,
  equalBytes,
  frontierRoot,
  leafHash,
  readWitnessPolicy,
  toHex,
} from '@daybook/core';
import type { KeyValue } from '@daybook/state';
import { createNodeDisk, createWrappedDisk, openLevel, StateError } from '@daybook/state';
import { expect } from 'chai';
import type { Anchors } from '../../src/snapshot/snapshot.ts';
import { encodeOffer } from '../../src/snapshot/wire.ts';
import { buildNext, certify, GENESIS_MS } from '../support/chain.ts';
import type { Mangle } from './support/join-stage.ts';
import {
  BLOCK_MS,
  forging,
  genesis,
  honest,
  openJoined,
  SNAPSHOT_AT,
  useJoinStage,
} from './support/join-stage.ts';

/** Ways to write to a disk that has room for so many more writes, of logs and database together. */
function roomFor(writes: number) {
  let done = 0;
  const take = (path: string): void => {
    if (done >= writes) throw new StateError({ code: 'STATE_DISK_FULL', path });
    done += 1;
  };
  const disk = createWrappedDisk(createNodeDisk(), (file) => ({
    write: (at, bytes) => {
      take(file.path);
      file.write(at, bytes);
    },
  }));
  const openKeyValue = async (path: string): Promise<KeyValue> => {
    const database = await openLevel(path);
    return {
      path,
      getMany: (keys) => database.getMany(keys),
      scan: (range) => database.scan(range),
      write: async (batch, isSynced) => {
        take(path);
        await database.write(batch, isSynced);
      },
      close: () => database.close(),
    };
  };
  return { disk, openKeyValue, done: () => done };
}

const WITNESS = createSigner(new Uint8Array(32).fill(77));

describe('node: joining by a snapshot', () => {
  const stage = useJoinStage();

  it('spec N-5: given honest peers, then state, history and newest blocks are those of the chain, and nothing is executed again', async () => {
    const { outcome } = stage.begin({ peers: { a: honest, b: honest } });
    expect(await outcome).to.equal('joined');

    const joined = await openJoined(stage.directory());

    expect(joined.reexecuted).to.equal(0);
    const { header, frontier } = joined.ledger.head();
    expect(header.height).to.equal(SNAPSHOT_AT);
    expect(frontier.size).to.equal(SNAPSHOT_AT + 1);
    expect(joined.changes).to.deep.equal([]);
    for (let height = 0; height <= SNAPSHOT_AT; height++) {
      const [ours, theirs] = [joined.blockLog.blockHashAt(height), stage.hashAt(height)];
      expect(ours && equalBytes(ours, theirs), `hash of ${height}`).to.equal(true);
    }
    // Ten blocks could hold a transaction that is still valid; a hundred are checked at a start.
    expect(joined.blockLog.firstHeight()).to.equal(SNAPSHOT_AT - 100);
    await joined.close();
  });

  it('spec N-15: given a transaction of the window, then the joined node refuses to include it again', async () => {
    const { outcome } = stage.begin({ peers: { a: honest } });
    expect(await outcome).to.equal('joined');
    const joined = await openJoined(stage.directory());
    const { timestampMs } = joined.ledger.head().header;
    const still = stage.source.blockLog
      .recentTransactions(timestampMs, 24 * 3600 * 1000)
      .filter(({ height }) => height <= SNAPSHOT_AT);

    const known = still.filter(({ id }) => joined.ledger.replay.find(id) !== undefined);

    expect(still.length).to.be.greaterThan(2);
    expect(known.length).to.equal(still.length);
    await joined.close();
  });

  it('given the joined node, when the chain goes on, then it judges the next block as valid', async () => {
    const { outcome } = stage.begin({ peers: { a: honest } });
    expect(await outcome).to.equal('joined');
    const joined = await openJoined(stage.directory());

    const next = buildNext(joined.ledger, []);
    await joined.ledger.commit(next, certify(joined.ledger, next));

    expect(joined.ledger.head().header.height).to.equal(SNAPSHOT_AT + 1);
    await joined.close();
  });

  for (const kind of ['offer', 'hashes', 'records', 'header', 'blocks']) {
    it(`spec N-16 (B24): given a peer that forges ${kind}, then its first lie ends it, and the join comes from the others`, async () => {
      const liar = forging(kind);
      // The second of two is asked first.
      const peers = kind === 'hashes' ? { honest, liar } : { liar, honest };
      const scene = stage.begin({ peers });

      expect(await scene.outcome).to.equal('joined');

      expect(scene.penalties).to.deep.equal([['liar', 'forgery']]);
      const lies = scene.asked.filter(([peerId, asked]) => peerId === 'liar' && asked === kind);
      expect(lies).to.have.length(1);
      const joined = await openJoined(stage.directory());
      await joined.close();
    });
  }

  it('given a peer that offers a newer snapshot and gives nothing of it, then the join comes from the others', async () => {
    let offersLeft = 100;
    const offer = (at: Height): Uint8Array | undefined => {
      const stored = stage.source.blockLog.readBlock(at);
      const block = stored && decodeBlock(stored.bytes);
      offersLeft -= 1;
      if (stored === undefined || block?.ok !== true || offersLeft < 0) return undefined;
      const header = encodeHeader(block.value.header);
      return encodeOffer({ header, certificate: stored.certificate, changes: [], records: 1 });
    };
    const newer = SNAPSHOT_AT + 2;
    const liar: Mangle = (asked, truth) => (asked.kind === 'offer' ? offer(newer) : truth);

    const scene = stage.begin({
      peers: { liar, honest },
      besides: (peerId, { kind }) =>
        peerId === 'liar' && kind === 'offer' ? offer(newer) : undefined,
    });

    expect(await scene.outcome).to.equal('joined');
    expect(offersLeft, 'offers it could still have made').to.be.greaterThan(80);
    expect(scene.join.report().height).to.equal(SNAPSHOT_AT);
    expect(scene.penalties).to.deep.equal([]);
    const joined = await openJoined(stage.directory());
    await joined.close();
  });

  it('given a stop in the last phase, then what was fetched is not asked for again (I20)', async () => {
    const first = stage.begin({
      peers: { a: (question, answer) => (question.kind === 'blocks' ? undefined : answer) },
    });
    const isLast = (): boolean => first.asked.some(([, kind]) => kind === 'blocks');
    while (!isLast()) await new Promise<void>((resolve) => setImmediate(resolve));
    await first.join.stop();

    const second = stage.begin({ peers: { a: honest } });

    expect(await second.outcome).to.equal('joined');
    const kinds = new Set(second.asked.map(([, kind]) => kind));
    expect([...kinds]).to.deep.equal(['header', 'blocks']);
  });

  it('given a disk that is full from any write on, then the join ends by that name, and goes on where there is room again', async () => {
    const whole = roomFor(Number.POSITIVE_INFINITY);
    expect(await stage.begin({ peers: { a: honest }, ...whole }).outcome).to.equal('joined');
    const writes = whole.done();

    const ends: unknown[] = [];
    for (let room = 0; room < writes; room++) {
      await rm(stage.directory(), { recursive: true });
      const full = stage.begin({ peers: { a: honest }, ...roomFor(room) });
      ends.push(await full.outcome);
      await full.join.stop();
      ends.push(await stage.begin({ peers: { a: honest } }).outcome);
      const joined = await openJoined(stage.directory());
      await joined.close();
    }

    expect(writes).to.be.at.least(5);
    for (const [index, end] of ends.entries()) {
      if (index % 2 === 1) expect(end, `with room after write ${index >> 1}`).to.equal('joined');
      else
        expect(end, `write ${index >> 1}`).to.have.nested.property('fatal.code', 'STATE_DISK_FULL');
    }
  });

  it('given peers without a snapshot, then the chain is followed from genesis', async () => {
    const { outcome } = stage.begin({ peers: { a: () => undefined } });

    expect(await outcome).to.equal('nothing');
  });

  it('given a clock of its own that is behind, then the node blames nobody who offers what a quorum has signed', async () => {
    const wallMs = GENESIS_MS + BLOCK_MS;

    const { outcome, penalties, asked } = stage.begin({ peers: { a: honest }, wallMs });

    // Nothing it could take is offered, and it follows the chain from its beginning.
    expect(await outcome).to.equal('nothing');
    expect(penalties).to.deep.equal([]);
    expect(asked.length, 'asked again').to.be.greaterThan(1);
  });

  it('spec N-17: given the right checkpoint, then the node joins; given another block, then it stops by name', async () => {
    const checkpoint = { height: 20, hash: stage.hashAt(20) };
    const right = stage.begin({ anchors: { checkpoint }, peers: { a: honest } });
    expect(await right.outcome).to.equal('joined');
    await rm(stage.directory(), { recursive: true });

    const other = { height: 20, hash: stage.hashAt(21) };
    const wrong = stage.begin({ anchors: { checkpoint: other }, peers: { a: honest } });

    const ended = await wrong.outcome;
    expect(ended).to.have.nested.property('fatal.code', 'NODE_CHECKPOINT_CONTRADICTED');
    expect(String((ended as { fatal: Error }).fatal)).to.contain(toHex(stage.hashAt(20)));
  });

  it('spec L-4: given a checkpoint of more than 30 days, then trust is not extended from it', async () => {
    const checkpoint = { height: 20, hash: stage.hashAt(20) };
    const wallMs = GENESIS_MS + 20 * BLOCK_MS + 31 * 24 * 3600 * 1000;

    const { outcome } = stage.begin({ anchors: { checkpoint }, peers: { a: honest }, wallMs });

    expect(await outcome).to.have.nested.property('fatal.code', 'NODE_CHECKPOINT_OLD');
  });

  /** A checkpoint of the first blocks, cosigned by one witness. */
  function witnessedTree(size: number, hashOf: (height: Height) => Hash): Anchors {
    let frontier = emptyFrontier();
    for (let at = 0; at < size; at++) frontier = appendFrontier(frontier, leafHash(hashOf(at)));
    const origin = checkpointOriginOf(genesis.chain);
    const text = encodeTreeHead({ origin, size, root: frontierRoot(frontier) });
    const timeS = GENESIS_MS / 1000;
    const line = cosignNote({ text, timeS }, 'audit.example/w1', WITNESS);
    const note = encodeUtf8(encodeNote({ text, signatures: [line] }));
    const { publicKey } = WITNESS;
    const key = encodeNoteKey({ name: 'audit.example/w1', type: 'cosignature', publicKey });
    const policy = readWitnessPolicy([key], 1);
    if (!policy.ok) throw new Error(policy.reason.code);
    return { witnessed: { note, policy: policy.value } };
  }

  for (const behind of [100, 0]) {
    it(`spec N-17: given a checkpoint that a witness cosigned ${behind} blocks before the snapshot, then the node joins through it`, async () => {
      const anchors = witnessedTree(SNAPSHOT_AT + 1 - behind, stage.hashAt);

      const { outcome } = stage.begin({ anchors, peers: { a: honest } });

      expect(await outcome).to.equal('joined');
    });
  }

  it('spec N-17: given a witnessed checkpoint of another history, then the node stops by name', async () => {
    const anchors = witnessedTree(30, (height) => stage.hashAt(height === 7 ? 8 : height));

    const { outcome } = stage.begin({ anchors, peers: { a: honest } });

    expect(await outcome).to.have.nested.property('fatal.code', 'NODE_CHECKPOINT_CONTRADICTED');
  });
});
