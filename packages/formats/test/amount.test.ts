/** Amounts: exact, strict, and back to text. */
import { expect } from 'chai';
import fc from 'fast-check';
import { formatAmount, parseAmount } from '../src/amount.ts';

const english = { decimalSign: '.', groupSign: ',' };
const german = { decimalSign: ',', groupSign: '.' };
const minorOf = (text: string, style = english, currency = 'GBP'): bigint | string => {
  const amount = parseAmount(text, style, currency);
  return amount.ok ? amount.value : amount.reason;
};

describe('formats: amounts', () => {
  const good: readonly (readonly [string, bigint])[] = [
    ['1', 100n],
    ['0.5', 50n],
    ['.5', 50n],
    ['12.', 1200n],
    ['49583.48', 4958348n],
    ['1,963,020.17', 196302017n],
    ['61569.6', 6156960n],
    ['-5.27', -527n],
    ['5.27-', -527n],
    ['(5.27)', -527n],
    ['\u22125.27', -527n],
    ['\u00a31,000', 100000n],
    ['-\u00a31', -100n],
    ['\u00a3-1', -100n],
    ['GBP 7', 700n],
    ['7 GBP', 700n],
    ['7.100', 710n],
    ['0', 0n],
    ['9007199254740993.01', 900719925474099301n],
  ];
  for (const [text, minor] of good) {
    it(`given "${text}", when it is read, then it is ${minor} pence`, () => {
      const read = minorOf(text);

      expect(read).to.equal(minor > 10n ** 15n ? 'FORMATS_AMOUNT_RANGE' : minor);
    });
  }

  const bad = [
    '',
    '-',
    '.',
    'n/a',
    '1.2.3',
    '1,23',
    ',123',
    '1e5',
    '0x10',
    '1 2',
    '--1',
    '\u20ac5',
  ];
  for (const text of [...bad, '1,2345', 'NaN', '12a', '1,000,00', '((1))', 'USD 5']) {
    it(`given "${text}", when it is read, then it is refused as unreadable`, () => {
      expect(minorOf(text)).to.equal('FORMATS_AMOUNT_UNREADABLE');
    });
  }

  it('given a third decimal that is not zero, when it is read, then nothing is rounded', () => {
    expect(minorOf('1.005')).to.equal('FORMATS_AMOUNT_PRECISION');
  });

  it('given German signs, when it is read, then they are taken as the mapping says', () => {
    expect(minorOf('1.234,56', german, 'EUR')).to.equal(123456n);
    expect(minorOf('1,234.56', german, 'EUR')).to.equal('FORMATS_AMOUNT_UNREADABLE');
  });

  it('given yen and dinars, when they are read, then their minor units count', () => {
    expect(minorOf('500', english, 'JPY')).to.equal(500n);
    expect(minorOf('1.5', english, 'KWD')).to.equal(1500n);
  });

  it('given 10^13 pounds and one penny more, when they are read, then only the first is in range', () => {
    expect(minorOf('10000000000000')).to.equal(10n ** 15n);
    expect(minorOf('10000000000000.01')).to.equal('FORMATS_AMOUNT_RANGE');
  });

  it('given any amount, when it is written and read, then it is the same', () => {
    const minor = fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n });
    const currency = fc.constantFrom('GBP', 'JPY', 'KWD');

    fc.assert(
      fc.property(minor, currency, (amount, code) => {
        expect(minorOf(formatAmount(amount, code), english, code)).to.equal(amount);
      }),
    );
  });
});
