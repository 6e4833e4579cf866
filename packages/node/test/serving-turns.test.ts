/** Answers to peers: in turn, and for a bounded part of the time. */
import { expect } from 'chai';
import { createServingTurns } from '../src/serving-turns.ts';
import type { ManualClock } from './support/manual-clock.ts';
import { createManualClock } from './support/manual-clock.ts';

const REQUEST = Uint8Array.of(1);
const ANSWER_MS = 10;

/** Turns of a handler that occupies the thread for a while, and whom it has served. */
function makeStage() {
  const manual = createManualClock();
  let workedMs = 0;
  const clock: ManualClock = { ...manual, now: () => manual.now() + workedMs };
  const served: string[] = [];
  const turns = createServingTurns(clock);
  const handler = turns.inTurn(async (peerId) => {
    workedMs += ANSWER_MS;
    served.push(peerId);
    return REQUEST;
  });
  const work = (ms: number): void => {
    workedMs += ms;
  };
  const ask = (peerId: string, signal = new AbortController().signal) =>
    handler(peerId, REQUEST, signal);
  return { manual, turns, served, ask, work };
}

describe('node: turns of those who are served', () => {
  it('given a peer that asks a thousand times, when a second passes, then the answers took a fifth of it', async () => {
    const { manual, served, ask, turns } = makeStage();
    const answers = Array.from({ length: 1000 }, () => ask('greedy'));

    manual.advance(1000);

    // Each is followed by a pause of four times ten milliseconds.
    expect(served.length).to.be.within(20, 26);
    turns.stop();
    expect(await Promise.all(answers)).to.have.length(1000);
  });

  it('given a peer that asks a lot, when another asks once, then it is next', () => {
    const { manual, served, ask } = makeStage();
    for (let index = 0; index < 20; index++) ask('greedy').catch(expect.fail);
    ask('modest').catch(expect.fail);

    manual.advance(1000);

    expect(served.slice(0, 4)).to.deep.equal(['greedy', 'greedy', 'modest', 'greedy']);
  });

  it('given a node that does other work meanwhile, then nobody who asks waits longer for that', async () => {
    const { manual, served, ask, work } = makeStage();
    await ask('a');
    work(1000);
    const second = ask('b');

    manual.advance(4 * ANSWER_MS);

    expect(served).to.deep.equal(['a', 'b']);
    expect(await second).to.equal(REQUEST);
  });

  it('given an asker that gave up, or a stop, then nothing is read for it', async () => {
    const { manual, served, ask, turns } = makeStage();
    const gone = new AbortController();
    const first = ask('a');
    const second = ask('b', gone.signal);
    const third = ask('c');
    gone.abort();
    manual.advance(60);
    const last = ask('d');

    turns.stop();

    expect(await Promise.all([first, second, third, last])).to.deep.equal([
      REQUEST,
      undefined,
      REQUEST,
      undefined,
    ]);
    expect(served).to.deep.equal(['a', 'c']);
  });
});
