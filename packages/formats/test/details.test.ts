/** Details of imported lines: any text and any amount come back as they were. */
import { expect } from 'chai';
import fc from 'fast-check';
import { readDetails, writeDetails } from '../src/index.ts';

const record = fc.record({
  title: fc.string({ unit: 'binary' }),
  money: fc.record({ minor: fc.bigInt(-(2n ** 60n), 2n ** 60n), currency: fc.constant('GBP') }),
  parts: fc.array(fc.record({ name: fc.string({ unit: 'grapheme' }) })),
});

describe('formats: details of imported lines', () => {
  it('given any record, when written and read, then it is what it was', () => {
    fc.assert(
      fc.property(record, (original) => {
        expect(readDetails(writeDetails(original))).to.deep.equal(original);
      }),
    );
  });

  it('given any record, when written, then the text is printable ASCII', () => {
    fc.assert(
      fc.property(record, (original) => {
        expect(writeDetails(original)).to.match(/^[ -~]*$/);
      }),
    );
  });

  it('given a text that is no record, when read, then there is none', () => {
    expect(['', '7', '[]', 'null', '{'].map(readDetails)).to.deep.equal(
      Array.from({ length: 5 }, () => undefined),
    );
  });
});
