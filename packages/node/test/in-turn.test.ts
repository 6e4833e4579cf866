/** Parts that end: all of them, whatever becomes of one. */
import { expect } from 'chai';
import { allAtOnce, allInTurn } from '../src/in-turn.ts';

const failing = (word: string) => async (): Promise<void> => {
  throw new Error(word);
};
const wordsOf = (ending: Promise<void>): Promise<string> =>
  ending.then(
    () => 'all well',
    (error: Error) => error.message,
  );

describe('endings of parts', () => {
  it('given one that fails, when all end in turn, then those after it end, and its failure is told', async () => {
    const ended: string[] = [];
    const ending = (name: string) => async (): Promise<unknown> => ended.push(name);

    const words = await wordsOf(
      allInTurn([ending('a'), failing('first'), ending('b'), failing('second'), ending('c')]),
    );

    expect(ended).to.deep.equal(['a', 'b', 'c']);
    expect(words).to.equal('first');
  });

  it('given one that is slow, when all end in turn, then the next one waits for it', async () => {
    const slow = Promise.withResolvers<void>();
    let isNextCalled = false;
    const ending = allInTurn([() => slow.promise, async () => (isNextCalled = true)]);
    const wasNextCalled = isNextCalled;
    slow.resolve();
    await ending;

    expect([wasNextCalled, isNextCalled]).to.deep.equal([false, true]);
  });

  it('given one that fails at once and one that is slow, when all end together, then the slow one is waited for', async () => {
    const slow = Promise.withResolvers<void>();
    const told: string[] = [];
    const ending = wordsOf(allAtOnce([slow.promise, failing('fast')()])).then((words) => {
      told.push(words);
    });
    await new Promise((resolve) => setImmediate(resolve));
    const before = [...told];
    slow.resolve();
    await ending;

    expect(before).to.deep.equal([]);
    expect(told).to.deep.equal(['fast']);
  });

  it('given none that fails, then both ways are well', async () => {
    expect(await wordsOf(allInTurn([]))).to.equal('all well');
    expect(await wordsOf(allAtOnce([Promise.resolve()]))).to.equal('all well');
  });
});
