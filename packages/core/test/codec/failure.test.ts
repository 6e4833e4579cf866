import { expect } from 'chai';
import { AssertionError, assert, assertNever } from '../../src/codec/assert.ts';
import type { DecodeFailure } from '../../src/codec/failure.ts';
import { defineErrors } from '../../src/codec/failure.ts';
import { fail, ok } from '../../src/codec/result.ts';
import type { SelfTestFailure } from '../../src/crypto/self-test.ts';
import { CORE_ERRORS, explainCore } from '../../src/errors.ts';

const entry = { summary: 'Something happened.', remedy: 'Do something.' };

describe('core: failures', () => {
  it('given a table, when declared, then its entries are kept and frozen', () => {
    const table = defineErrors({ SAMPLE_GONE: { ...entry, receipt: 7 } });

    expect(table.SAMPLE_GONE.receipt).to.equal(7);
    expect(Object.isFrozen(table)).to.equal(true);
  });

  it('given a code of another form, when declared, then it is our bug', () => {
    expect(() => defineErrors({ Gone: entry })).to.throw(AssertionError);
    expect(() => defineErrors({ SAMPLE: entry })).to.throw(AssertionError);
  });

  it('given an empty sentence or a receipt number twice, when declared, then it is our bug', () => {
    const twice = { A_ONE: { ...entry, receipt: 1 }, A_TWO: { ...entry, receipt: 1 } };

    expect(() => defineErrors({ A_ONE: { ...entry, remedy: '' } })).to.throw(AssertionError);
    expect(() => defineErrors(twice)).to.throw(AssertionError);
  });

  it('given one failure of each code, when explained, then the facts stand in a sentence', () => {
    const title = 'header';
    const failures: readonly (DecodeFailure | SelfTestFailure)[] = [
      { code: 'CORE_TRUNCATED', title, offset: 4, wanted: 8, remaining: 2 },
      { code: 'CORE_TRAILING_BYTES', title, offset: 4 },
      { code: 'CORE_TOO_LARGE', title, size: 9, sizeMax: 4 },
      { code: 'CORE_TOO_DEEP', title, depthMax: 4 },
      { code: 'CORE_MALFORMED', title, offset: 4, fact: 'has a flag of 2' },
      { code: 'CORE_NOT_CANONICAL', title, offset: 4, fact: 'has its keys unsorted' },
      { code: 'CORE_SELF_TEST_FAILED', suite: 'hash', vector: 'header 4' },
    ];

    for (const failure of failures) {
      expect(explainCore(failure)).to.match(/header.*4.*\.$/s);
    }
    expect(Object.keys(CORE_ERRORS)).to.include.members(failures.map(({ code }) => code));
  });

  it('given results, when built, then each carries its value or its reason', () => {
    expect(ok(1)).to.deep.equal({ ok: true, value: 1 });
    expect(fail('why')).to.deep.equal({ ok: false, reason: 'why' });
  });

  it('given a broken invariant, when asserted, then the process would stop', () => {
    expect(() => assert(true, 'holds')).to.not.throw();
    expect(() => assert(false, 'holds')).to.throw(AssertionError, 'holds');
    expect(() => assertNever('x' as never)).to.throw(AssertionError);
  });
});
