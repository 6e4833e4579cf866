/** Details that say other than the ledger: whoever may commit money may write them by hand. */
import { expect } from 'chai';
import type { KeptLine } from '../src/index.ts';
import { keptRecord } from '../src/index.ts';

const source = { publisher: 'works', dataset: 'funds/2020', number: '7', occurrence: 1 };
const lineOf = (action: string, details: string): KeptLine => ({
  source,
  action,
  amount: { minor: 1000n, currency: 'GBP' },
  details,
});
const detailsOf = (minor: string, currency = 'GBP'): string =>
  JSON.stringify({ kind: 'commitment', money: { minor, currency } });

describe('formats: kept records', () => {
  it('given details of the money that moved, then they are the record', () => {
    expect(keptRecord(lineOf('commit', detailsOf('1000')))).to.include({ kind: 'commitment' });
    expect(keptRecord(lineOf('returnCommitment', detailsOf('-1000')))).not.to.equal(undefined);
  });

  for (const [title, details] of [
    ['another amount', detailsOf('100000')],
    ['the other direction', detailsOf('-1000')],
    ['another currency', detailsOf('1000', 'EUR')],
    ['no money', JSON.stringify({ kind: 'payment' })],
    ['no JSON', '{'],
  ] as const) {
    it(`given details with ${title}, then there is no record`, () => {
      expect(keptRecord(lineOf('commit', details))).to.equal(undefined);
    });
  }
});
