/** What the doctor says of a clock; that it hears those of other processes, test/e2e shows. */
import { expect } from 'chai';
import type { Settings } from '../../src/config.ts';
import { checkClockAlone, judgeOffset } from '../../src/doctor/clock-checks.ts';
import { makeGenesis } from '../support/chain.ts';

const genesis = makeGenesis();
const { precisionMs } = genesis.document.parameters;

describe('node: doctor, clock', () => {
  it('given an offset, then half of the precision is fine, up to all of it warns, and more fails', () => {
    const verdictAt = (offsetMs: number): string => judgeOffset(offsetMs, genesis).verdict;

    for (const sign of [1, -1]) {
      expect(verdictAt((sign * precisionMs) / 2), `half, sign ${sign}`).to.equal('ok');
      expect(verdictAt(sign * (precisionMs / 2 + 1)), `above half, sign ${sign}`).to.equal('warn');
      expect(verdictAt(sign * precisionMs), `all, sign ${sign}`).to.equal('warn');
      expect(verdictAt(sign * (precisionMs + 1)), `above, sign ${sign}`).to.equal('fail');
    }
  });

  it('given a newest block from the future, then the clock is behind, whatever others would say', async () => {
    const newestMs = Date.now() + precisionMs + 3_600_000;

    const known = { newestMs, isAnybodyThere: true };
    const { verdict, words } = await checkClockAlone({} as Settings, genesis, known);

    expect(verdict).to.equal('fail');
    expect(words).to.match(/^at least 3[56]\d{5} ms behind/);
  });

  it('given nobody to compare with, then it says so and what the newest block tells', async () => {
    const known = { newestMs: Date.now(), isAnybodyThere: false };

    const { verdict, words } = await checkClockAlone({} as Settings, genesis, known);

    expect(verdict).to.equal('skipped');
    expect(words).to.contain('no other node is there');
    expect(words).to.contain('not behind the newest block');
  });
});
