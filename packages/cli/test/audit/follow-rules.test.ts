import { expect } from 'chai';
import { judgedOf, unlessAborted } from '../../src/audit/follow-rules.ts';

const at = (...heights: readonly number[]) => heights.map((height) => ({ height }));

describe('audit: rules that follow the chain', () => {
  it('given rules that saw tables of several heights, then the oldest counts', () => {
    expect(judgedOf(at(12, 9, 11), { before: 5, newest: 20 })).to.equal(9);
  });

  it('given tables ahead of what was known when the run began, then only that counts', () => {
    expect(judgedOf(at(12), { before: 5, newest: 8 })).to.equal(8);
  });

  it('given a rule that cannot run beside one that does, then it holds up nothing', () => {
    expect(judgedOf(at(0, 9), { before: 5, newest: 20 })).to.equal(9);
  });

  it('given rules none of which ran, or tables that went back, then nothing new is judged', () => {
    expect(judgedOf(at(0, 0), { before: 5, newest: 20 })).to.equal(5);
    expect(judgedOf(at(3), { before: 5, newest: 20 })).to.equal(5);
  });

  it('given an engagement without rules, then all that is known is judged', () => {
    expect(judgedOf([], { before: 5, newest: 20 })).to.equal(20);
  });

  it('given work that never ends, when the signal comes, then nobody waits for it', async () => {
    const stopping = new AbortController();
    const waiting = unlessAborted(new Promise<number>(() => undefined), stopping.signal);

    stopping.abort();

    expect(await waiting).to.equal(undefined);
    expect(await unlessAborted(Promise.resolve(7), new AbortController().signal)).to.equal(7);
  });
});
