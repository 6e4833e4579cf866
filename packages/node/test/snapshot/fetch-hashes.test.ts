/** The hashes of all blocks before a snapshot, over interruptions: what is kept, and what it is worth. */
import type { Hash, Height } from '@daybook/core';
import { LIMITS, leafHash, merkleRoot, sha256 } from '@daybook/core';
import type { MemoryDisk } from '@daybook/state';
import { createEarlierHashes, createMemoryDisk, openEarlierHashes } from '@daybook/state';
import { expect } from 'chai';
import { createHistoryTree } from '../../src/checkpoints/history-tree.ts';
import { SILENT_LOGGER } from '../../src/log.ts';
import { fetchHashes } from '../../src/snapshot/fetch-hashes.ts';
import type { Snapshot } from '../../src/snapshot/snapshot.ts';
import { createSources } from '../../src/snapshot/sources.ts';
import { decodeQuestion, encodeHashes } from '../../src/snapshot/wire.ts';
import { answeringPeers } from '../support/answering-peers.ts';

const RUN = LIMITS.snapshotHashesMax;
const HEIGHT = 2 * RUN + 100;
const BLOCKS = 'blocks';
const FILE = `${BLOCKS}/earlier-hashes.bin`;
const ENTRY_SIZE = 36;

const numbered = (height: number, salt: number): Hash =>
  sha256(Uint8Array.of(salt, height >> 16, (height >> 8) & 255, height & 255));
const hashes = Array.from({ length: HEIGHT }, (_, height) => numbered(height, 0));
const others = hashes.map((_, height) => numbered(height, 1));
const snapshot = {
  header: { height: HEIGHT, historyRoot: merkleRoot(hashes.map(leafHash)) },
} as Snapshot;
const history = createHistoryTree({
  hashAt: (height) => hashes[height],
  soon: (task) => setImmediate(task),
});

/** What a peer answers to a question for the hashes from a height on; nothing when it is away. */
type Peer = (from: Height) => readonly Hash[] | undefined;

const honest: Peer = (from) => hashes.slice(from, from + RUN);
/** Goes away when it is asked from this height on. */
const until =
  (end: Height): Peer =>
  (from) =>
    from < end ? honest(from) : undefined;
const liar: Peer = (from) => others.slice(from, from + RUN);

describe('node: fetching the hashes of a history', () => {
  let disk: MemoryDisk;
  beforeEach(() => {
    disk = createMemoryDisk();
    disk.makeDirectory(BLOCKS);
  });

  /** One life of a process. @returns whether all are there, from where it asked, and who was blamed */
  async function fetchFrom(...peers: readonly Peer[]) {
    const asked: Height[] = [];
    const blamed: string[] = [];
    const network = answeringPeers({
      validators: peers.map((_, index) => String(index)),
      answer: async (peerId, request) => {
        const question = decodeQuestion(request);
        if (!question.ok || question.value.kind !== 'hashes') throw new Error('another question');
        const { from } = question.value;
        asked.push(from);
        const served = peers[Number(peerId)]?.(from);
        if (served === undefined) return undefined;
        const path = (await history.consistency(from + served.length, HEIGHT)) ?? [];
        return encodeHashes({ hashes: served, path });
      },
      onPenalty: (peerId) => blamed.push(peerId),
    });
    const { signal } = new AbortController();
    const isWhole = await fetchHashes(snapshot, BLOCKS, {
      disk,
      sources: createSources({ network, logger: SILENT_LOGGER, signal }),
      logger: SILENT_LOGGER,
      onProgress: () => undefined,
      breathe: () => Promise.resolve(),
    });
    return { isWhole, asked, blamed };
  }

  /** Hashes of an earlier life. */
  async function keep(kept: readonly Hash[]): Promise<void> {
    const writer = createEarlierHashes(BLOCKS, disk);
    writer.append(kept);
    await writer.finish();
  }

  function expectAll(): void {
    const earlier = openEarlierHashes(BLOCKS, disk);
    expect([...(earlier?.sound() ?? [])]).to.deep.equal(hashes);
    expect(earlier?.count).to.equal(HEIGHT);
    earlier?.close();
  }

  it('spec N-5: given peers that went away after the first run, then it goes on behind it', async () => {
    const first = await fetchFrom(until(RUN));

    const second = await fetchFrom(honest);

    expect(first).to.deep.include({ isWhole: false, asked: [0, RUN] });
    expect(second).to.deep.equal({ isWhole: true, asked: [RUN, 2 * RUN], blamed: [] });
    expectAll();
  });

  it('spec N-5: given a power cut between two runs, then what was received before is kept', async () => {
    const first = fetchFrom((from) => {
      if (from === 0) return honest(from);
      disk.crash();
      throw new Error('the power is cut');
    });
    await first.catch(() => undefined);

    const { isWhole, asked } = await fetchFrom(honest);

    expect(isWhole).to.equal(true);
    expect(asked).to.deep.equal([RUN, 2 * RUN]);
    expectAll();
  });

  it('given all of them, then nobody is asked', async () => {
    await keep(hashes);

    expect(await fetchFrom(liar)).to.deep.equal({ isWhole: true, asked: [], blamed: [] });
  });

  const tails: readonly (readonly [string, (file: Uint8Array) => Uint8Array])[] = [
    ['half an entry', (file) => file.slice(0, -ENTRY_SIZE / 2)],
    ['zeros', (file) => file.slice().fill(0, file.length - ENTRY_SIZE)],
    ['a bit that flipped', (file) => file.with(file.length - ENTRY_SIZE, 7)],
  ];
  for (const [name, damage] of tails) {
    it(`given ${name} at the end, then it goes on with the entry before`, async () => {
      await keep(hashes.slice(0, 1000));
      disk.replace(FILE, damage(disk.content(FILE)));

      const { isWhole, asked } = await fetchFrom(honest);

      expect(isWhole).to.equal(true);
      expect(asked).to.deep.equal([999, 999 + RUN]);
      expectAll();
    });
  }

  for (const [name, count] of [
    ['some', 1000],
    ['all', HEIGHT],
  ] as const) {
    it(`given ${name} hashes of another history, then they are fetched anew and nobody is blamed`, async () => {
      await keep(others.slice(0, count));

      const { isWhole, asked, blamed } = await fetchFrom(honest);

      expect(isWhole).to.equal(true);
      expect(asked).to.deep.equal([...(count < HEIGHT ? [count] : []), 0, RUN, 2 * RUN]);
      expect(blamed).to.deep.equal([]);
      expectAll();
    });
  }

  it('spec N-16: given a peer that lies about what follows, then its second lie tells it from what was kept', async () => {
    await keep(hashes.slice(0, RUN));

    const { isWhole, blamed } = await fetchFrom(liar);
    const next = await fetchFrom(honest);

    expect(isWhole).to.equal(false);
    expect(blamed).to.deep.equal(['0']);
    expect(next.isWhole).to.equal(true);
    expectAll();
  });
});
