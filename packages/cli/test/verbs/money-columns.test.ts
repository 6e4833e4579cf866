import { expect } from 'chai';
import { withAmounts } from '../../src/verbs/money-columns.ts';

describe('reports of money for people', () => {
  it('given minor units beside a currency, then one amount has the decimals of ISO 4217', () => {
    const titles = ['part', 'currency', 'payments', 'minor'];
    const rows = [
      ['works', 'GBP', 2, '1500000'],
      ['works', 'JPY', 1, 1500000],
      ['audit', 'KWD', 1, -1],
      ['none', 'GBP', 0, null],
    ];

    expect(withAmounts({ titles, rows })).to.deep.equal({
      titles: ['part', 'payments', 'amount'],
      rows: [
        ['works', 2, '15,000.00 GBP'],
        ['works', 1, '1,500,000 JPY'],
        ['audit', 1, '-0.001 KWD'],
        ['none', 0, null],
      ],
    });
  });

  it('given no currency, then nothing is changed', () => {
    const table = { titles: ['minor'], rows: [['5']] };

    expect(withAmounts(table)).to.deep.equal(table);
  });
});
