/** The frontier on disk: what it saves, and that nothing rests on it. */
import type { Frontier, Hash, Height } from '@daybook/core';
import { appendFrontier, emptyFrontier, frontierRoot, leafHash, sha256 } from '@daybook/core';
import type { Keepsakes } from '@daybook/state';
import { createMemoryDisk, openKeepsakes } from '@daybook/state';
import { expect } from 'chai';
import { frontierBefore, keepFrontiers } from '../../src/ledger/kept-frontier.ts';

const BLOCKS = 9000;
const hashOf = (height: Height): Hash => sha256(Uint8Array.of(height >> 8, height & 255));

function frontierOf(size: number): Frontier {
  let frontier = emptyFrontier();
  for (let at = 0; at < size; at++) frontier = appendFrontier(frontier, leafHash(hashOf(at)));
  return frontier;
}

const whole = frontierOf(BLOCKS);
const header = { height: BLOCKS, historyRoot: frontierRoot(whole) };

function opened(): Keepsakes {
  const disk = createMemoryDisk();
  disk.makeDirectory('blocks');
  return openKeepsakes('blocks', disk);
}

/** Opens a history behind whose head so many blocks lie; returns what adds one more. */
async function keepAt(kept: Keepsakes, size: number): Promise<() => void> {
  const grow = (from: Frontier): Frontier => appendFrontier(from, leafHash(hashOf(from.size)));
  const opened = frontierOf(size);
  let frontier = grow(opened);
  let told: () => void = () => undefined;
  const onBlock = (listener: () => void): void => {
    told = listener;
  };
  await keepFrontiers({ opened, frontier: () => frontier, onBlock }, kept);
  return () => {
    frontier = grow(frontier);
    told();
  };
}

function read(kept: Keepsakes): { frontier: Frontier | undefined; hashed: number } {
  let hashed = 0;
  const hashAt = (height: Height): Hash => {
    hashed += 1;
    return hashOf(height);
  };
  return { frontier: frontierBefore(header, { kept, hashAt }), hashed };
}

describe('node: kept frontier', () => {
  it('given none, when a header is reached, then every block is hashed', () => {
    expect(read(opened())).to.deep.equal({ frontier: whole, hashed: BLOCKS });
  });

  it('given one of some blocks before, then only the blocks behind it are hashed', async () => {
    const kept = opened();
    await keepAt(kept, 8900);

    expect(read(kept)).to.deep.equal({ frontier: whole, hashed: 100 });
  });

  it('given a start that no block followed, then the next one hashes none', async () => {
    const kept = opened();
    await keepAt(kept, BLOCKS);

    expect(read(kept)).to.deep.equal({ frontier: whole, hashed: 0 });
  });

  it('given blocks that follow, then an earlier one is written every 4096', async () => {
    const kept = opened();
    const commit = await keepAt(kept, 10);
    expect(kept.read()).to.deep.equal([]);
    for (let block = 11; block < 2 * 4096 + 5; block++) commit();
    await new Promise((resolve) => setImmediate(resolve));

    expect(read(kept)).to.deep.equal({ frontier: whole, hashed: BLOCKS - 4096 });
  });

  it('given one of more blocks than there are, then the next start writes a smaller one', async () => {
    const kept = opened();
    await keepAt(kept, 2 * BLOCKS);
    await keepAt(kept, BLOCKS);

    expect(read(kept)).to.deep.equal({ frontier: whole, hashed: 0 });
  });

  it('given one of another chain, of more blocks, or damaged, then all blocks are hashed again', async () => {
    const kept = opened();
    await keepAt(kept, 8900);
    const [keepsake] = kept.read();
    const bytes = keepsake?.bytes.slice() ?? new Uint8Array();
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    for (const content of [bytes, bytes.subarray(0, 60), new Uint8Array()]) {
      await kept.keep({ name: 'frontier', bytes: content });
      expect(read(kept).frontier).to.deep.equal(whole);
    }
    await keepAt(kept, 2 * BLOCKS);
    expect(read(kept)).to.deep.equal({ frontier: whole, hashed: BLOCKS });
  });

  it('given blocks that are not those of the header, then there is no frontier', () => {
    const foreign = (height: Height): Hash => hashOf(height === 7 ? 8 : height);

    expect(frontierBefore(header, { kept: undefined, hashAt: foreign })).to.equal(undefined);
  });
});
