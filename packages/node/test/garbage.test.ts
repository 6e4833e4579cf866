import { expect } from 'chai';
import { collectAfterBlocks, collectAtRest, giveMemoryBack, REST_MS } from '../src/garbage.ts';
import type { Committed, Ledger } from '../src/ledger/ledger.ts';
import { createManualClock } from './support/manual-clock.ts';

type Rule = typeof collectAtRest;

/** A rule beside a ledger of which only the commits are heard. */
function createScene(rule: Rule) {
  const clock = createManualClock();
  let listener: Parameters<Ledger['onCommit']>[0] | undefined;
  let collections = 0;
  const ledger: Pick<Ledger, 'onCommit'> = {
    onCommit: (added) => {
      listener = added;
      return () => {
        listener = undefined;
      };
    },
  };
  const collect = (): void => {
    collections += 1;
  };
  const stop = rule(ledger, { clock, collect });
  const commit = (entries: number): void => {
    const block = { entries: Array.from({ length: entries }) };
    listener?.({ block } as unknown as Committed);
  };
  return { clock, commit, stop, count: () => collections };
}

describe('node: memory at rest', () => {
  it('given a node that has started, when it rests, then it collects once', () => {
    const { clock, count } = createScene(collectAtRest);

    clock.advance(10 * REST_MS);

    expect(count()).to.equal(1);
  });

  it('given transactions, when blocks go on, then it collects only after the last of them', () => {
    const { clock, commit, count } = createScene(collectAtRest);
    for (let block = 0; block < 5; block++) {
      commit(3);
      clock.advance(REST_MS - 1);
    }
    const during = count();
    clock.advance(1);

    expect([during, count()]).to.deep.equal([0, 1]);
  });

  it('given empty blocks, when they go on, then they do not keep it from collecting', () => {
    const { clock, commit, count } = createScene(collectAtRest);
    for (let block = 0; block < 5; block++) {
      commit(0);
      clock.advance(REST_MS / 2);
    }

    expect(count()).to.equal(1);
  });

  it('given it was stopped, when time passes, then it does nothing', () => {
    const { clock, commit, count, stop } = createScene(collectAtRest);
    stop();
    commit(1);
    clock.advance(2 * REST_MS);

    expect(count()).to.equal(0);
  });

  it('given garbage, when collected, then the heap is smaller', () => {
    const before = process.memoryUsage().heapTotal;
    const garbage = Array.from({ length: 200_000 }, (_, index) => ({ index }));
    const grown = process.memoryUsage().heapTotal;
    garbage.length = 0;

    giveMemoryBack();

    expect(grown).to.be.above(before);
    expect(process.memoryUsage().heapTotal).to.be.below(grown);
  });
});

describe('node: garbage of a block', () => {
  it('given blocks with transactions, when those who wait for them have had their turn, then it collects once each', () => {
    const { clock, commit, count } = createScene(collectAfterBlocks);
    const counts = [1, 2, 3].map((entries) => {
      commit(entries);
      const during = count();
      clock.advance(1);
      return [during, count()];
    });

    expect(counts).to.deep.equal([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
  });

  it('given empty blocks, when they go on, then it does nothing', () => {
    const { clock, commit, count } = createScene(collectAfterBlocks);
    commit(0);
    clock.advance(REST_MS);

    expect(count()).to.equal(0);
  });

  it('given it was stopped, when blocks go on, then it does nothing', () => {
    const { clock, commit, count, stop } = createScene(collectAfterBlocks);
    stop();
    commit(1);
    clock.advance(1);

    expect(count()).to.equal(0);
  });
});
