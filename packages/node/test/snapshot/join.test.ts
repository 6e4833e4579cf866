/** Joining by a snapshot: what is believed, what is refused at once, and what lies there afterwards. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import type { Hash, Height } from '@daybook/core';
import {
  appendFrontier,
  asHash,
  checkpointOriginOf,
  cosignNote,
  createSigner,
  emptyFrontier,
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
import type { Offence } from '@daybook/network';
import {
  createNodeDisk,
  openBlockLog,
  openDataDirectory,
  openLevel,
  openStateStore,
} from '@daybook/state';
import { expect } from 'chai';
import { describeFile } from '../../src/archive/archive-files.ts';
import { restoreBackup } from '../../src/archive/restore.ts';
import { ownState } from '../../src/archive/state-source.ts';
import { verifyArchive } from '../../src/archive/verify-archive.ts';
import { writeArchive, writeBackup } from '../../src/archive/write-archive.ts';
import { createHistoryTree } from '../../src/checkpoints/history-tree.ts';
import type { Clock } from '../../src/clock.ts';
import { parseSettings } from '../../src/config.ts';
import { NodeError } from '../../src/errors.ts';
import { createFoundDamage } from '../../src/found-damage.ts';
import { createExecutor } from '../../src/ledger/executor.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import { repair } from '../../src/repair/repair.ts';
import { readBeginning } from '../../src/snapshot/beginning.ts';
import type { Join } from '../../src/snapshot/join.ts';
import { createJoin } from '../../src/snapshot/join.ts';
import { createSnapshotService, recordsFrom } from '../../src/snapshot/serve.ts';
import type { Anchors } from '../../src/snapshot/snapshot.ts';
import type { SnapshotQuestion } from '../../src/snapshot/wire.ts';
import { decodeQuestion } from '../../src/snapshot/wire.ts';
import { notebook } from '../api/support/notebook.ts';
import { answeringPeers } from '../support/answering-peers.ts';
import type { OpenChain } from '../support/chain.ts';
import {
  buildNext,
  certify,
  freshDisks,
  GENESIS_MS,
  makeGenesis,
  noteOf,
  openChain,
  PLAIN_VERIFIER,
  signedGenesisFile,
} from '../support/chain.ts';

const genesis = makeGenesis();
const WITNESS = createSigner(new Uint8Array(32).fill(77));
const HEIGHT = 140;
/** So far apart that the window of transactions holds ten of them. */
const BLOCK_MS = 60_000;
const RECORDS_IN_A_RANGE = 40;

/** A clock that does not wait: timers fire in turn, and the time they were to take has passed. */
function hurriedClock(wallMs: number): Clock {
  let now = 0;
  return {
    now: () => now,
    wall: () => wallMs,
    schedule: (delayMs, task) => {
      const handle = setImmediate(() => {
        now += delayMs;
        task();
      });
      return () => clearImmediate(handle);
    },
    soon: (task) => setImmediate(task),
  };
}

async function growSlowly(chain: OpenChain, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { ledger } = chain;
    const { header, next } = ledger.head();
    const timestampMs = header.timestampMs + BLOCK_MS;
    const note = noteOf(genesis, header.height + 1, { validUntilMs: timestampMs + 300_000 });
    const [proposer] = next.validators;
    if (proposer === undefined) throw new Error('a chain has a validator');
    const entries = [{ type: 'transaction' as const, transaction: note }];
    const block = ledger.build({ timestampMs, proposer: proposer.id, entries });
    await ledger.commit(block, certify(ledger, block));
  }
}

type Mangle = (question: SnapshotQuestion, answer: Uint8Array) => Uint8Array | undefined;

interface Scene {
  readonly join: Join;
  readonly asked: readonly (readonly [peerId: string, kind: string])[];
  readonly penalties: readonly (readonly [peerId: string, offence: Offence])[];
  /** How it ended. */
  readonly outcome: Promise<'joined' | 'nothing' | { readonly fatal: unknown }>;
}

interface SceneOptions {
  readonly directory: string;
  readonly anchors?: Anchors;
  /** Peers by id, each with what it makes of a true answer. */
  readonly peers: Readonly<Record<string, Mangle>>;
  readonly wallMs?: number;
}

const honest: Mangle = (_question, answer) => answer;
/** Changes one bit in the middle of answers of a kind. */
const forging =
  (kind: string): Mangle =>
  (question, answer) => {
    if (question.kind !== kind) return answer;
    const forged = answer.slice();
    const at = forged.length >> 1;
    forged[at] = (forged[at] ?? 0) ^ 1;
    return forged;
  };

describe('node: joining by a snapshot', () => {
  let source: OpenChain;
  let serve: (request: Uint8Array) => Promise<Uint8Array | undefined>;
  let snapshotAt: Height;
  /** Holds the data directory, and what is kept beside it. */
  let root: string;
  let directory: string;

  before(async () => {
    source = await openChain(genesis, freshDisks());
    await growSlowly(source, HEIGHT);
    snapshotAt = HEIGHT - 3;
    const { blockLog, stateStore } = source;
    await stateStore.pin(snapshotAt, 'snapshots');
    const inSmallRanges: typeof stateStore = Object.create(stateStore, {
      proveRange: {
        value: (place: 'all', options: Parameters<typeof stateStore.proveRange>[1]) =>
          stateStore.proveRange(place, { ...options, limit: RECORDS_IN_A_RANGE }),
      },
      figures: { value: () => stateStore.figures() },
    });
    const history = createHistoryTree({
      hashAt: (height) => blockLog.blockHashAt(height),
      soon: (task) => setImmediate(task),
    });
    serve = createSnapshotService({
      blockLog,
      blocks: { readBlock: async (height) => blockLog.readBlock(height) },
      stateStore: inSmallRanges,
      history,
      laterSets: () => [],
      heights: () => [snapshotAt],
      damage: createFoundDamage(SILENT_LOGGER),
      onUse: () => undefined,
    });
  });
  after(async () => await source.close());
  beforeEach(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'daybook-join-'));
    directory = path.join(root, 'data');
    await mkdir(directory);
  });
  afterEach(async () => await rm(root, { recursive: true, force: true }));

  function begin({ directory: dataDirectory, anchors = {}, peers, wallMs }: SceneOptions): Scene {
    const asked: [string, string][] = [];
    const penalties: [string, Offence][] = [];
    const network = answeringPeers({
      validators: Object.keys(peers),
      answer: async (peerId, request) => {
        const question = decodeQuestion(request);
        if (!question.ok) throw new Error(question.reason.code);
        asked.push([peerId, question.value.kind]);
        const truth = await serve(request);
        return truth && peers[peerId]?.(question.value, truth);
      },
      onPenalty: (peerId, offence) => penalties.push([peerId, offence]),
    });
    const { promise: outcome, resolve } = Promise.withResolvers<Awaited<Scene['outcome']>>();
    const join = createJoin(
      { genesis, recoveries: [], anchors, dataDirectory },
      {
        clock: hurriedClock(wallMs ?? GENESIS_MS + (HEIGHT + 1) * BLOCK_MS),
        logger: SILENT_LOGGER,
        metrics: { add: () => undefined, set: () => undefined, observe: () => undefined },
        network,
        disk: createNodeDisk(),
        openKeyValue: openLevel,
        onJoined: () => resolve('joined'),
        onNothing: () => resolve('nothing'),
        onFatal: (fatal) => resolve({ fatal }),
      },
    );
    join.start();
    return { join, asked, penalties, outcome };
  }

  /** Opens what a join has left, as a node does at its start. */
  async function openJoined(place = directory) {
    const disk = createNodeDisk();
    const locked = await openDataDirectory(place);
    const { blocks, state } = locked.paths;
    const blockLog = await openBlockLog({ directory: blocks }, { disk });
    const stateStore = await openStateStore(
      { directory: state },
      { disk, openKeyValue: openLevel },
    );
    const executor = createExecutor(createEngine([...applications, notebook]), genesis);
    const known = (): undefined => undefined;
    const parts = { blockLog, stateStore, executor, signatures: PLAIN_VERIFIER, known };
    const opening = await openLedger(genesis, parts);
    return {
      ...opening,
      blockLog,
      stateStore,
      changes: readBeginning(blocks, disk),
      close: async () => {
        await blockLog.close();
        await stateStore.close();
        await locked.close();
      },
    };
  }

  const hashAt = (height: Height): Hash =>
    source.blockLog.blockHashAt(height) ?? asHash(new Uint8Array(32));

  it('spec N-5: given honest peers, then state, history and newest blocks are those of the chain, and nothing is executed again', async () => {
    const { outcome } = begin({ directory, peers: { a: honest, b: honest } });
    expect(await outcome).to.equal('joined');

    const joined = await openJoined();

    expect(joined.reexecuted).to.equal(0);
    const { header, frontier } = joined.ledger.head();
    expect(header.height).to.equal(snapshotAt);
    expect(frontier.size).to.equal(snapshotAt + 1);
    expect(joined.changes).to.deep.equal([]);
    for (let height = 0; height <= snapshotAt; height++) {
      const [ours, theirs] = [joined.blockLog.blockHashAt(height), hashAt(height)];
      expect(ours && equalBytes(ours, theirs), `hash of ${height}`).to.equal(true);
    }
    // Ten blocks could hold a transaction that is still valid; a hundred are checked at a start.
    expect(joined.blockLog.firstHeight()).to.equal(snapshotAt - 100);
    await joined.close();
  });

  it('spec N-15: given a transaction of the window, then the joined node refuses to include it again', async () => {
    const { outcome } = begin({ directory, peers: { a: honest } });
    expect(await outcome).to.equal('joined');
    const joined = await openJoined();
    const { timestampMs } = joined.ledger.head().header;
    const still = source.blockLog
      .recentTransactions(timestampMs, 24 * 3600 * 1000)
      .filter(({ height }) => height <= snapshotAt);

    const known = still.filter(({ id }) => joined.ledger.replay.find(id) !== undefined);

    expect(still.length).to.be.greaterThan(2);
    expect(known.length).to.equal(still.length);
    await joined.close();
  });

  it('given the joined node, when the chain goes on, then it judges the next block as valid', async () => {
    const { outcome } = begin({ directory, peers: { a: honest } });
    expect(await outcome).to.equal('joined');
    const joined = await openJoined();

    const next = buildNext(joined.ledger, []);
    await joined.ledger.commit(next, certify(joined.ledger, next));

    expect(joined.ledger.head().header.height).to.equal(snapshotAt + 1);
    await joined.close();
  });

  for (const kind of ['offer', 'hashes', 'records', 'header', 'blocks']) {
    it(`spec N-16 (B24): given a peer that forges ${kind}, then its first lie ends it, and the join comes from the others`, async () => {
      const liar = forging(kind);
      // The second of two is asked first.
      const peers = kind === 'hashes' ? { honest, liar } : { liar, honest };
      const scene = begin({ directory, peers });

      expect(await scene.outcome).to.equal('joined');

      expect(scene.penalties).to.deep.equal([['liar', 'forgery']]);
      const lies = scene.asked.filter(([peerId, asked]) => peerId === 'liar' && asked === kind);
      expect(lies).to.have.length(1);
      const joined = await openJoined();
      await joined.close();
    });
  }

  it('given a stop in the last phase, then what was fetched is not asked for again (I20)', async () => {
    const first = begin({
      directory,
      peers: { a: (question, answer) => (question.kind === 'blocks' ? undefined : answer) },
    });
    const isLast = (): boolean => first.asked.some(([, kind]) => kind === 'blocks');
    while (!isLast()) await new Promise<void>((resolve) => setImmediate(resolve));
    await first.join.stop();

    const second = begin({ directory, peers: { a: honest } });

    expect(await second.outcome).to.equal('joined');
    const kinds = new Set(second.asked.map(([, kind]) => kind));
    expect([...kinds]).to.deep.equal(['header', 'blocks']);
  });

  it('given peers without a snapshot, then the chain is followed from genesis', async () => {
    const { outcome } = begin({ directory, peers: { a: () => undefined } });

    expect(await outcome).to.equal('nothing');
  });

  it('spec N-17: given the right checkpoint, then the node joins; given another block, then it stops by name', async () => {
    const checkpoint = { height: 20, hash: hashAt(20) };
    const right = begin({ directory, anchors: { checkpoint }, peers: { a: honest } });
    expect(await right.outcome).to.equal('joined');
    await rm(directory, { recursive: true });

    const other = { height: 20, hash: hashAt(21) };
    const wrong = begin({ directory, anchors: { checkpoint: other }, peers: { a: honest } });

    const ended = await wrong.outcome;
    expect(ended).to.have.nested.property('fatal.code', 'NODE_CHECKPOINT_CONTRADICTED');
    expect(String((ended as { fatal: Error }).fatal)).to.contain(toHex(hashAt(20)));
  });

  it('spec L-4: given a checkpoint of more than 30 days, then trust is not extended from it', async () => {
    const checkpoint = { height: 20, hash: hashAt(20) };
    const wallMs = GENESIS_MS + 20 * BLOCK_MS + 31 * 24 * 3600 * 1000;

    const { outcome } = begin({ directory, anchors: { checkpoint }, peers: { a: honest }, wallMs });

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
      const anchors = witnessedTree(snapshotAt + 1 - behind, hashAt);

      const { outcome } = begin({ directory, anchors, peers: { a: honest } });

      expect(await outcome).to.equal('joined');
    });
  }

  it('spec N-17: given a witnessed checkpoint of another history, then the node stops by name', async () => {
    const anchors = witnessedTree(30, (height) => hashAt(height === 7 ? 8 : height));

    const { outcome } = begin({ directory, anchors, peers: { a: honest } });

    expect(await outcome).to.have.nested.property('fatal.code', 'NODE_CHECKPOINT_CONTRADICTED');
  });

  describe('repair and backup of a node that joined', () => {
    const stamp = '20260101-000000';
    const repaired = async (dryRun = false) => {
      const { settings } = settingsOf(directory);
      return await repair(
        { settings, genesis, dryRun },
        { contracts: [...applications, notebook], stamp },
      );
    };
    const fileOf = async (folder: string, beginning: string): Promise<string> => {
      const names = (await readdir(path.join(directory, folder))).sort();
      const name = names.find((one) => one.startsWith(beginning));
      return path.join(directory, folder, name ?? expect.fail(`there is ${beginning}`));
    };
    const flipAt = async (file: string, share: number): Promise<void> => {
      const bytes = await readFile(file);
      const end = bytes.findLastIndex((byte) => byte !== 0);
      const at = Math.floor(end * share);
      bytes[at] = (bytes[at] ?? 0) ^ 0x20;
      await writeFile(file, bytes);
    };
    beforeEach(async () => {
      expect(await begin({ directory, peers: { a: honest } }).outcome).to.equal('joined');
      const joined = await openJoined();
      for (let count = 0; count < 5; count++) {
        const next = buildNext(joined.ledger, []);
        await joined.ledger.commit(next, certify(joined.ledger, next));
      }
      await joined.close();
    });

    it('given sound data, then nothing is found and nothing changes', async () => {
      const { isDamaged, lines } = await repaired();

      expect([isDamaged, lines.length]).to.deep.equal([false, 2]);
    });

    it('given damage above the snapshot, then the log is cut there and the state goes back', async () => {
      await flipAt(await fileOf('blocks', 'blocks-'), 0.985);

      const { lines } = await repaired();
      const joined = await openJoined();

      expect(lines.join()).to.contain('fetches the blocks from');
      expect(joined.ledger.head().header.height).to.be.within(snapshotAt, snapshotAt + 4);
      await joined.close();
    });

    for (const [what, folder, beginning] of [
      ['blocks below the snapshot', 'blocks', 'blocks-'],
      ['values of the state', 'state', 'values-'],
    ] as const) {
      it(`given damaged ${what}, then all is moved aside, and the node joins again`, async () => {
        await flipAt(await fileOf(folder, beginning), 0.3);

        const told = await repaired(true);
        const { lines } = await repaired();

        expect(told.isDamaged).to.equal(true);
        expect(lines.join()).to.contain('joins again');
        const aside = path.join(directory, `damaged-${stamp}`);
        expect(await readdir(aside)).to.include.members(['blocks', 'state']);
        expect(await begin({ directory, peers: { a: honest } }).outcome).to.equal('joined');
        const joined = await openJoined();
        expect(joined.ledger.head().header.height).to.equal(snapshotAt);
        await joined.close();
      });
    }

    const contracts = [...applications, notebook];
    /** With the state of the snapshot, so that the blocks above it are executed at a restore. */
    const backedUp = async (): Promise<string> => {
      const { genesisFile } = settingsOf(directory);
      await writeFile(genesisFile, signedGenesisFile(genesis));
      const target = path.join(root, 'backup');
      const joined = await openJoined();
      const { stateStore, close } = joined;
      const range = async (from: Uint8Array) =>
        recordsFrom(stateStore, { height: snapshotAt, from });
      await writeBackup({ dataDirectory: directory, genesis, genesisFile }, target, async (use) =>
        use({ height: snapshotAt, range }),
      ).finally(close);
      return target;
    };
    /** @returns the report, or the code and words of what was refused */
    const restored = async (source: string) => {
      const to = path.join(root, 'restored');
      try {
        return await restoreBackup({ settings: settingsOf(to).settings, source }, { contracts });
      } catch (error) {
        if (!(error instanceof NodeError)) throw error;
        return { code: error.code, words: error.message };
      }
    };

    it('spec S-18: given a backup of it, when restored elsewhere, then blocks, history and state are those it had', async () => {
      const source = await backedUp();
      const verified = await verifyArchive({ directory: source }, { contracts });

      const report = await restored(source);

      expect(verified.ok && verified.value).to.include({ uncertified: 0, stateHeight: snapshotAt });
      expect(report).to.include({ from: snapshotAt, height: snapshotAt + 5 });
      const outlines: Readonly<Record<string, unknown>>[] = [];
      for (const place of [directory, path.join(root, 'restored')]) {
        const { ledger, blockLog, changes, close } = await openJoined(place);
        const { header, hash } = ledger.head();
        const hashes = Array.from({ length: header.height + 1 }, (_, at) =>
          blockLog.blockHashAt(at),
        );
        outlines.push({ hash, stateRoot: header.stateRoot, hashes, changes });
        await close();
      }
      expect(outlines[0]?.hashes).to.not.include(undefined);
      expect(outlines[1]).to.deep.equal(outlines[0]);
    });

    it('given the node is down, then its backup begins with the state of its head', async () => {
      const { settings, genesisFile } = settingsOf(directory);
      await writeFile(genesisFile, signedGenesisFile(genesis));
      const origin = { dataDirectory: directory, genesis, genesisFile };
      const state = ownState({ settings, genesis }, { contracts });

      const { stateHeight } = await writeBackup(origin, path.join(root, 'backup'), state);

      expect(stateHeight).to.equal(snapshotAt + 5);
      expect(await restored(path.join(root, 'backup'))).to.include({ from: stateHeight });
    });

    for (const [what, pattern, words] of [
      ['a range of its state', /^state\/.*\/000000\.records$/, 'is not of block'],
      ['the hashes before it', /^earlier-hashes\.bin$/, 'fails its checksum'],
      ['its segment', /^blocks-.*\.log$/, 'blocks-'],
    ] as const) {
      it(`spec S-18: given a backup in which ${what} was exchanged, list and all, then it is refused by name and nothing stays`, async () => {
        const source = await backedUp();
        await exchange(source, pattern);

        const refused = await restored(source).catch((error: unknown) => String(error));
        const verified = await verifyArchive({ directory: source }, { contracts });

        expect(JSON.stringify(refused)).to.contain(words);
        expect(verified.ok).to.equal(false);
        const left = await readdir(path.join(root, 'restored', 'blocks'));
        expect(left).to.deep.equal([]);
      });
    }

    it('given an archive of it, when it is to be restored, then it is refused by code: it begins later', async () => {
      const { settings, genesisFile } = settingsOf(directory);
      await writeFile(genesisFile, '{}');
      const target = path.join(root, 'backup');
      const { first } = writeArchive({ dataDirectory: directory, genesis, genesisFile }, target);
      const other = settingsOf(path.join(root, 'other'));

      const restoring = restoreBackup(
        { settings: other.settings, source: target },
        { contracts: [...applications, notebook] },
      ).catch((error: unknown) => error);

      expect(first).to.equal(snapshotAt - 100);
      expect(settings.node.dataDirectory).to.equal(directory);
      expect(await restoring).to.have.property('code', 'NODE_BACKUP_UNUSABLE');
    });
  });
});

/** Flips a bit in a file of a backup, and lists it as it is then. */
async function exchange(folder: string, pattern: RegExp): Promise<void> {
  const list = path.join(folder, 'archive.json');
  const manifest = JSON.parse(await readFile(list, 'utf8'));
  const entry = manifest.files.find(({ name }: { readonly name: string }) => pattern.test(name));
  const bytes = await readFile(path.join(folder, entry.name));
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await writeFile(path.join(folder, entry.name), bytes);
  Object.assign(entry, describeFile(entry.name, bytes));
  await writeFile(list, JSON.stringify(manifest));
}

function settingsOf(dataDirectory: string) {
  const genesisFile = path.join(dataDirectory, 'genesis.json');
  const yaml = [
    'node:',
    `  dataDirectory: ${dataDirectory}`,
    `  genesisFile: ${genesisFile}`,
    'keys:',
    `  peerFile: ${path.join(dataDirectory, 'peer.json')}`,
  ];
  const settings = parseSettings(`${yaml.join('\n')}\n`, { file: 'daybookd.yaml', env: {} });
  return { settings, genesisFile };
}
