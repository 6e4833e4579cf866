/** What findings cite, out of rows of a chain that nobody vouched for. */
import { cite } from '@daybook/applications';
import { expect } from 'chai';
import { readCitations } from '../../src/audit/citations.ts';

type Row = Parameters<typeof readCitations>[0][number];
type Fields = NonNullable<Row['stored']>['fields'];

const stamp = { height: 9, txIndex: 0, writer: 'audit/ann' };
const rowOf = (evidence: unknown): Row => ({
  key: { engagement: 'roads', finding: '2026/1' },
  stored: { fields: { evidence } as Fields, stamp } as Row['stored'],
});
const valueHash = 'ab'.repeat(32);
const PAID = { record: 'treasury.payment/roads/b', height: 7, valueHash };
const NOTHING = { record: 'audit.finding/roads/2026%2F1', height: 9 };

describe('audit: what findings cite', () => {
  it('given the same version twice, then it is cited once, in the order of the texts', () => {
    const other = { record: 'treasury.payment/roads/a', height: 8 };

    expect(readCitations([rowOf([PAID, other]), rowOf([PAID])], cite)).to.deep.equal({
      cited: [other, PAID],
      unreadable: [],
    });
  });

  for (const [title, wrong] of [
    ['no list', 'everything'],
    ['nothing', undefined],
    ['a text', ['treasury.payment/roads/b']],
    ['nobody', [null]],
    ['no record', [{ height: 7 }]],
    ['no height', [{ ...PAID, height: '7' }]],
    ['a height below all', [{ ...PAID, height: -1 }]],
    ['no hash', [{ ...PAID, valueHash: 'ab' }]],
  ] as const) {
    it(`given evidence that is ${title}, then the finding is told and nothing is cited`, () => {
      expect(readCitations([rowOf(wrong)], cite)).to.deep.equal({
        cited: [],
        unreadable: [NOTHING],
      });
    });
  }

  it('given a finding that cannot be read, then it is told', () => {
    const { unreadable } = readCitations([{ ...rowOf([]), stored: undefined }], cite);

    expect(unreadable).to.deep.equal([{ ...NOTHING, height: 0 }]);
  });
});
