/** What fuzzing found in readers of stored bytes, each as the smallest input that shows it. */
import { getHeapStatistics } from 'node:v8';
import { signBytes } from '@daybook/core';
import { expect } from 'chai';
import { readIndex } from '../src/blocks/segment-index.ts';
import { StateError } from '../src/index.ts';
import { decodeVersion } from '../src/store/root-record.ts';
import { parseSignBytes } from '../src/votes/guard.ts';
import { ROOT_RECORD, SEGMENT_INDEX } from './fuzz-targets.ts';
import { chain } from './votes/support/votes.ts';

/** A copy with one byte changed, counted from the end when negative. */
function changed(bytes: Uint8Array | undefined, at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(bytes ?? []);
  copy.set([value], at < 0 ? copy.length + at : at);
  return copy;
}

describe('state: what fuzzing found', () => {
  it('given a ROUND-CHANGE that says it has no lock and names one, then it has not the form of sign bytes', () => {
    const bytes = signBytes(chain, { type: 'round-change', height: 5, round: 1 });

    expect(parseSignBytes(bytes)).to.have.property('ok', true);
    for (const at of [-1, -32, -33]) {
      const parsed = parseSignBytes(changed(bytes, at, 1));
      expect(!parsed.ok && parsed.reason.code, String(at)).to.equal('STATE_SIGNING_MALFORMED');
    }
  });

  it('given an index with good checksums and a time that is none, then it is rebuilt, not believed', () => {
    const [sample] = SEGMENT_INDEX.samples;
    const firstTime = 32 + 32;

    expect(readIndex(changed(sample, firstTime + 7, 1))).to.equal(undefined);
    const sound = SEGMENT_INDEX.mend(changed(sample, firstTime + 7, 1));
    expect(readIndex(sound)?.at(4)?.timestampMs).to.be.above(0);
    const wrong = SEGMENT_INDEX.mend(changed(sample, firstTime, 0x20));
    expect(readIndex(wrong)).to.equal(undefined);
  });

  it('given a root record that counts thirty million sets, then it is damaged, and no room is made for them', () => {
    const [sample] = ROOT_RECORD.samples;
    const many = changed(changed(sample, -12, 1), -11, 0xff);
    const before = getHeapStatistics().used_heap_size;

    expect(() => decodeVersion('state', 7, many)).to.throw(StateError, /root record/);
    expect(getHeapStatistics().used_heap_size - before).to.be.below(64 * 1024 * 1024);
  });
});
