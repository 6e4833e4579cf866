/** The desk of checkpoints: who signs when, what is served and kept, and what strangers cannot do (protocol §17). */
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NoteKey, NoteSignature, PublicKey, TreeHead } from '@daybook/core';
import {
  asHash,
  asSignature,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  createWriter,
  encodeNote,
  encodeNoteSignature,
  encodeTreeHead,
  encodeUtf8,
  readCheckpointNote,
  signNote,
  verifyCheckpoint,
} from '@daybook/core';
import type { GossipVerdict } from '@daybook/network';
import { expect } from 'chai';
import type { CheckpointDesk } from '../../src/checkpoints/checkpoint-desk.ts';
import { createCheckpointDesk } from '../../src/checkpoints/checkpoint-desk.ts';
import type { CheckpointStore } from '../../src/checkpoints/checkpoint-file.ts';
import { openCheckpointFile } from '../../src/checkpoints/checkpoint-file.ts';
import { createHistoryTree } from '../../src/checkpoints/history-tree.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  certify,
  consensusSeed,
  freshDisks,
  GENESIS_MS,
  makeGenesis,
  openChain,
} from '../support/chain.ts';
import { createManualClock } from '../support/manual-clock.ts';

const SLOT_MS = 2000;
const TURNS_MAX = 1000;
/** More trees than are kept when no witness has cosigned them. */
const KEPT = 70;
const genesis = makeGenesis();
const origin = checkpointOriginOf(genesis.chain);
const signers = [0, 1, 2, 3].map((index) => createSigner(consensusSeed(index)));
const witness = createSigner(new Uint8Array(32).fill(9));
const witnessKey: NoteKey = {
  name: 'w.example/1',
  type: 'cosignature',
  publicKey: witness.publicKey,
};

/** One desk with what it is connected to. */
interface Place {
  readonly desk: CheckpointDesk;
  readonly store: CheckpointStore & { note?: Uint8Array };
  readonly published: Uint8Array[];
  readonly counted: string[];
  readonly warned: unknown[];
  readonly errors: string[];
  receive(bytes: Uint8Array): GossipVerdict;
}

interface PlaceOptions {
  /** Position of the validator; absent on an observer. */
  readonly index?: number;
  readonly isInStep?: boolean;
  readonly stored?: Uint8Array;
  readonly isDiskFull?: boolean;
  /** Where the note is really read from. */
  readonly folder?: string;
}

describe('node: checkpoint desk', () => {
  let chain: OpenChain;
  let clock: ReturnType<typeof createManualClock>;
  let places: Place[];

  beforeEach(async () => {
    chain = await openChain(genesis, freshDisks());
    clock = createManualClock(GENESIS_MS);
    places = [];
  });
  afterEach(async () => {
    for (const { desk } of places) await desk.stop();
    await chain.close();
  });

  function open(options: PlaceOptions = {}): Place {
    const { index, isInStep = true, stored, isDiskFull, folder } = options;
    const { ledger, blockLog } = chain;
    const signer = index === undefined ? undefined : signers[index];
    const published: Uint8Array[] = [];
    const counted: string[] = [];
    const warned: unknown[] = [];
    const errors: string[] = [];
    let listener: ((peer: string, bytes: Uint8Array) => GossipVerdict) | undefined;
    const store: Place['store'] = {
      ...(stored && { note: stored }),
      path: 'checkpoint.txt',
      read: async () => store.note,
      ...(folder !== undefined && openCheckpointFile(folder)),
      write: async (note) => {
        if (isDiskFull === true) throw new Error('no space');
        store.note = note;
      },
    };
    const desk = createCheckpointDesk({
      clock,
      logger: {
        ...SILENT_LOGGER,
        warn: (text, data) => warned.push({ text, ...data }),
        error: (text) => errors.push(text),
      },
      metrics: {
        add: (_name, _count, labels) => counted.push(labels?.outcome ?? ''),
        set: () => undefined,
        observe: () => undefined,
      },
      network: {
        publish: async (_topic, bytes) => published.push(bytes),
        onGossip: (_topic, judge) => {
          listener = judge as typeof listener;
          return () => undefined;
        },
      },
      ledger,
      tree: createHistoryTree({
        hashAt: (height) => blockLog.blockHashAt(height),
        soon: (task) => setImmediate(task),
      }),
      store,
      validatorsAt: () => genesis.validators,
      signer: signer && {
        publicKey: signer.publicKey as PublicKey,
        signStatement: async (bytes) => asSignature(signer.sign(bytes)),
      },
      witnesses: () => [witnessKey],
      isInStep: () => isInStep,
    });
    const receive = (bytes: Uint8Array): GossipVerdict =>
      listener?.('peer', bytes) ?? expect.fail('the desk listens');
    const place = { desk, store, published, counted, warned, errors, receive };
    places.push(place);
    return place;
  }

  /** Commits a block so many milliseconds after the one before. */
  async function commit(afterMs: number): Promise<void> {
    const { ledger } = chain;
    const { header, next } = ledger.head();
    const proposer = next.validators[0]?.id ?? expect.fail('there is a validator');
    const timestampMs = header.timestampMs + afterMs;
    const block = ledger.build({ timestampMs, proposer, entries: [] });
    await ledger.commit(block, certify(ledger, block));
  }

  /** Lets what is under way go on until something holds. */
  async function until(what: string, holds: () => boolean): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (holds()) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    expect.fail(`not reached: ${what}`);
  }

  async function headOf(size: number): Promise<TreeHead> {
    const hashAt = chain.blockLog.blockHashAt.bind(chain.blockLog);
    const tree = createHistoryTree({ hashAt, soon: (task) => setImmediate(task) });
    const root = (await tree.root(size)) ?? expect.fail('the tree is there');
    return { origin, size, root };
  }

  const lineOf = (head: TreeHead, index: number): NoteSignature =>
    signNote(encodeTreeHead(head), head.origin, signers[index] ?? expect.fail('a validator'));
  const noteOf = (head: TreeHead, ...lines: readonly NoteSignature[]): Uint8Array =>
    encodeUtf8(encodeNote({ text: encodeTreeHead(head), signatures: lines }));

  function gossiped(note: Uint8Array, attempt = 0): Uint8Array {
    const writer = createWriter();
    writer.u32(attempt);
    writer.sized(note);
    return writer.finish();
  }

  const sizeServed = ({ desk }: Place): number | undefined => {
    const note = desk.newest();
    const read = note && readCheckpointNote(note);
    return read?.ok === true ? read.value.head.size : undefined;
  };

  it('spec L-13: given blocks inside a slot and the first of the next, then only that tree is signed', async () => {
    const place = open({ index: 0 });

    await commit(100);
    await commit(100);
    expect(place.published).to.have.length(0);
    await commit(SLOT_MS);
    await until('a line', () => place.published.length === 1);

    const head = await headOf(4);
    expect(place.published[0]).to.deep.equal(gossiped(noteOf(head, lineOf(head, 0))));
  });

  it('spec L-11: given lines of two others, then the tree is served once a quorum has signed and the note is on disk', async () => {
    const place = open({ index: 0 });
    await commit(SLOT_MS);
    await until('a line', () => place.published.length === 1);
    const head = await headOf(2);

    expect(place.receive(gossiped(noteOf(head, lineOf(head, 1))))).to.equal('accept');
    expect(place.desk.newest()).to.equal(undefined);
    expect(place.receive(gossiped(noteOf(head, lineOf(head, 2))))).to.equal('accept');
    await until('the note', () => place.desk.newest() !== undefined);

    const note = place.desk.newest() ?? new Uint8Array();
    expect(place.store.note).to.deep.equal(note);
    expect(verifyCheckpoint(note, { origin, validators: genesis.validators }).ok).to.equal(true);
    expect(place.desk.covering(1)).to.deep.equal(note);
    expect(place.desk.covering(2)).to.equal(undefined);
  });

  it('spec L-16: given a tree that a witness cosigned, when newer ones come, then the newest cosigned one is served on demand, however old', async () => {
    const place = open();
    const seal = async (size: number): Promise<TreeHead> => {
      await commit(SLOT_MS);
      const head = await headOf(size);
      place.receive(gossiped(noteOf(head, ...[0, 1, 2].map((index) => lineOf(head, index)))));
      await until('the note', () => sizeServed(place) === size);
      return head;
    };
    const cosign = (head: TreeHead): void => {
      const seen = { text: encodeTreeHead(head), timeS: 9 };
      const line = encodeNoteSignature(cosignNote(seen, witnessKey.name, witness));
      const added = place.desk.cosign(head.size, encodeUtf8(line));
      expect(added).to.deep.equal({ ok: true, value: 1 });
    };
    const sizeOf = (note: Uint8Array | undefined): number | undefined => {
      const read = note && readCheckpointNote(note);
      return read?.ok === true ? read.value.head.size : undefined;
    };
    cosign(await seal(2));
    const second = await seal(3);
    cosign(second);
    for (let size = 4; size < 4 + KEPT; size++) await seal(size);

    expect(sizeOf(place.desk.newest())).to.equal(3 + KEPT);
    expect(sizeOf(place.desk.newest(1))).to.equal(3);
    expect(sizeOf(place.desk.covering(0, 1))).to.equal(3);
    expect(place.desk.newest(2)).to.equal(undefined);
    expect(place.desk.covering(3, 1)).to.equal(undefined);
  });

  it('given nobody else, then the own line is told again every three seconds, until there is a quorum', async () => {
    const place = open({ index: 0 });
    await commit(SLOT_MS);
    await until('a line', () => place.published.length === 1);
    const head = await headOf(2);

    clock.advance(6000);
    expect(place.published).to.have.length(3);
    expect(place.published[2]).to.deep.equal(gossiped(noteOf(head, lineOf(head, 0)), 2));
    place.receive(gossiped(noteOf(head, lineOf(head, 1), lineOf(head, 2))));
    clock.advance(6000);
    expect(place.published).to.have.length(3);
  });

  it('given an observer, or a validator that is behind, then it signs nothing and serves what others signed', async () => {
    const observer = open();
    const behind = open({ index: 3, isInStep: false });
    await commit(SLOT_MS);
    const head = await headOf(2);
    const lines = gossiped(noteOf(head, ...[0, 1, 2].map((index) => lineOf(head, index))));

    for (const place of [observer, behind]) {
      expect(place.receive(lines)).to.equal('accept');
      await until('the note', () => sizeServed(place) === 2);
      expect(place.published).to.have.length(0);
    }
  });

  it('given a tree that is not here yet, then lines of validators are kept until it is', async () => {
    const place = open();
    await commit(SLOT_MS);
    const stranger = createSigner(new Uint8Array(32).fill(77));
    const early = { origin, size: 3, root: asHash(new Uint8Array(32)) };

    expect(place.receive(gossiped(noteOf(early, lineOf(early, 1))))).to.equal('accept');
    const unknown = signNote(encodeTreeHead(early), origin, stranger);
    expect(place.receive(gossiped(noteOf(early, unknown)))).to.equal('ignore');
    await commit(SLOT_MS);
    // The early note named another root: a validator that signs another history.
    expect(place.counted).to.include('contradicting');
  });

  it('given bytes that are no note, another chain, forged or contradicting lines, then each gets its verdict and nothing is served', async () => {
    const place = open();
    await commit(SLOT_MS);
    const head = await headOf(2);
    const foreign = { ...head, origin: checkpointOriginOf(asHash(new Uint8Array(32).fill(1))) };
    const other = { ...head, root: asHash(new Uint8Array(32).fill(8)) };
    const old = { ...head, size: 1 };
    const forged = { ...lineOf(head, 0), signature: lineOf(head, 1).signature };
    const stranger = signNote(
      encodeTreeHead(other),
      origin,
      createSigner(new Uint8Array(32).fill(7)),
    );

    expect(place.receive(Uint8Array.of(1, 2, 3))).to.equal('reject');
    expect(place.receive(gossiped(encodeUtf8('no note')))).to.equal('reject');
    expect(place.receive(gossiped(noteOf(foreign, lineOf(foreign, 0))))).to.equal('reject');
    expect(place.receive(gossiped(noteOf(head, forged)))).to.equal('reject');
    expect(place.receive(gossiped(noteOf(other, stranger)))).to.equal('reject');
    expect(place.counted).to.not.include('contradicting');
    expect(place.receive(gossiped(noteOf(other, lineOf(other, 2))))).to.equal('ignore');
    expect(place.counted).to.include('contradicting');
    expect(place.receive(gossiped(noteOf(old, lineOf(old, 0))))).to.equal('ignore');
    expect(place.desk.newest()).to.equal(undefined);
  });

  it('given a line of another tree that is repeated without end, then the log tells of it once', async () => {
    const place = open();
    await commit(SLOT_MS);
    const other = { ...(await headOf(2)), root: asHash(new Uint8Array(32).fill(8)) };
    const more = { ...other, root: asHash(new Uint8Array(32).fill(9)) };

    for (let attempt = 0; attempt < 20; attempt++) {
      place.receive(gossiped(noteOf(other, lineOf(other, 2)), attempt));
      place.receive(gossiped(noteOf(more, lineOf(more, 2)), attempt));
    }
    expect(place.errors).to.have.length(1);
    place.receive(gossiped(noteOf(other, lineOf(other, 2), lineOf(other, 1))));

    expect(place.errors).to.have.length(2);
  });

  it('spec L-14: given cosignatures, then those of registered witnesses are added once, and all others refused by code', async () => {
    const place = open();
    await commit(SLOT_MS);
    const head = await headOf(2);
    const text = encodeTreeHead(head);
    const line = (name: string, of = text): Uint8Array =>
      encodeUtf8(encodeNoteSignature(cosignNote({ text: of, timeS: 9 }, name, witness)));
    const cosign = (size: number, lines: Uint8Array): string | number => {
      const done = place.desk.cosign(size, lines);
      return done.ok ? done.value : done.reason.code;
    };

    expect(cosign(2, line('w.example/1')), 'not yet signed').to.equal('NODE_CHECKPOINT_UNKNOWN');
    place.receive(gossiped(noteOf(head, ...[0, 1, 2].map((index) => lineOf(head, index)))));
    await until('the note', () => sizeServed(place) === 2);
    expect(cosign(2, line('w.example/1'))).to.equal(1);
    expect(cosign(2, line('w.example/1'))).to.equal(0);
    expect(cosign(2, line('other.example/1'))).to.equal('NODE_WITNESS_UNKNOWN');
    expect(cosign(2, line('w.example/1', text.replace('\n2\n', '\n3\n')))).to.equal(
      'CORE_NOTE_SIGNATURE_WRONG',
    );
    expect(cosign(2, encodeUtf8('nothing'))).to.equal('CORE_NOTE_MALFORMED');
    expect(cosign(9, line('w.example/1'))).to.equal('NODE_CHECKPOINT_UNKNOWN');
    await until('the cosigned note', () => {
      const note = place.desk.newest() ?? new Uint8Array();
      const trust = {
        origin,
        validators: genesis.validators,
        witnesses: [witnessKey],
        witnessesMin: 1,
      };
      return verifyCheckpoint(note, trust).ok;
    });
  });

  it('given what was served before a stop, then it is served again; given another tree or a damaged file, then it is left aside', async () => {
    await commit(SLOT_MS);
    const head = await headOf(2);
    const lines = (of: TreeHead): Uint8Array =>
      noteOf(of, ...[0, 1, 2].map((at) => lineOf(of, at)));
    const other = { ...head, root: asHash(new Uint8Array(32).fill(8)) };
    const few = noteOf(head, lineOf(head, 0));
    const ahead = { ...head, size: 7 };

    const served: (number | undefined)[] = [];
    for (const stored of [lines(head), lines(other), few, lines(ahead), encodeUtf8('damaged')]) {
      const place = open({ stored });
      await place.desk.start();
      served.push(sizeServed(place));
    }

    expect(served).to.deep.equal([2, undefined, undefined, undefined, undefined]);
  });

  it('given a folder in the place of the file, then the start goes on and a warning names the path', async () => {
    const folder = fs.mkdtempSync(path.join(tmpdir(), 'daybook-checkpoint-'));
    const file = path.join(folder, 'checkpoint.txt');
    fs.mkdirSync(file);
    try {
      const place = open({ folder });
      await place.desk.start();

      const [warning] = place.warned;
      expect(warning).to.include({ text: 'stored checkpoint left aside', path: file });
      expect(warning).to.have.property('reason').that.contains(`read ${file}: EISDIR.`);
      expect(place.desk.newest()).to.equal(undefined);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('given a disk that refuses, then what is not on disk is not served', async () => {
    const place = open({ isDiskFull: true });
    await commit(SLOT_MS);
    const head = await headOf(2);

    place.receive(gossiped(noteOf(head, ...[0, 1, 2].map((index) => lineOf(head, index)))));
    await place.desk.stop();

    expect(place.desk.newest()).to.equal(undefined);
  });
});
