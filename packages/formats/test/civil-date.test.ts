/** Civil dates by pattern, and the fiscal years they fall into. */
import { expect } from 'chai';
import { compileDatePattern, fiscalYearOf, parseDate } from '../src/civil-date.ts';

const read = (text: string, ...patterns: string[]): string | undefined =>
  parseDate(
    text,
    patterns.flatMap((pattern) => compileDatePattern(pattern) ?? []),
  );

describe('formats: civil dates', () => {
  it('given the patterns of three publishers, when dates are read, then they are the same day', () => {
    expect(read('2022-04-29', 'yyyy-MM-dd')).to.equal('2022-04-29');
    expect(read('29/04/2022', 'dd/MM/yyyy')).to.equal('2022-04-29');
    expect(read('Friday, April 29, 2022', 'EEEE, MMMM d, yyyy')).to.equal('2022-04-29');
    expect(read('29-Apr-22', 'd-MMM-yy')).to.equal('2022-04-29');
    expect(read('Fri 29.4.2022', 'EEE d.M.yyyy')).to.equal('2022-04-29');
  });

  it('given several patterns, when a date is read, then the first that fits decides', () => {
    expect(read('03/04/2022', 'dd/MM/yyyy', 'MM/dd/yyyy')).to.equal('2022-04-03');
    expect(read('03/24/2022', 'dd/MM/yyyy', 'MM/dd/yyyy')).to.equal('2022-03-24');
  });

  it('given a weekday that is wrong, when the date is read, then it is refused', () => {
    expect(read('Monday, April 29, 2022', 'EEEE, MMMM d, yyyy')).to.equal(undefined);
  });

  it('given days that do not exist, when they are read, then they are refused', () => {
    for (const text of ['2021-02-29', '2022-13-01', '2022-00-10', '2022-04-31', '2022-04-00']) {
      expect(read(text, 'yyyy-MM-dd'), text).to.equal(undefined);
    }
    expect(read('2020-02-29', 'yyyy-MM-dd')).to.equal('2020-02-29');
    expect(read('2100-02-29', 'yyyy-MM-dd')).to.equal(undefined);
  });

  it('given a pattern without a year or with two months, when it is compiled, then it is refused', () => {
    expect(compileDatePattern('dd/MM')).to.equal(undefined);
    expect(compileDatePattern('dd/MM/MM/yyyy')).to.equal(undefined);
  });

  it('given signs that mean something in a regular expression, when compiled, then they are plain', () => {
    expect(read('29.04.2022', 'dd.MM.yyyy')).to.equal('2022-04-29');
    expect(read('29x04x2022', 'dd.MM.yyyy')).to.equal(undefined);
  });

  it('given the first and last day of a UK year, when asked, then both lie in it', () => {
    const year = { name: '2019-20', start: '2019-04-01', end: '2020-03-31' };

    expect(fiscalYearOf('2019-04-01', '04-01')).to.deep.equal(year);
    expect(fiscalYearOf('2020-03-31', '04-01')).to.deep.equal(year);
    expect(fiscalYearOf('2020-04-01', '04-01').name).to.equal('2020-21');
  });

  it('given other starts, when asked, then the year ends the day before the next', () => {
    expect(fiscalYearOf('2020-05-05', '01-01')).to.deep.equal({
      name: '2020',
      start: '2020-01-01',
      end: '2020-12-31',
    });
    expect(fiscalYearOf('2020-02-29', '03-01')).to.deep.equal({
      name: '2019-20',
      start: '2019-03-01',
      end: '2020-02-29',
    });
    expect(fiscalYearOf('2020-04-05', '04-06')).to.deep.equal({
      name: '2019-20',
      start: '2019-04-06',
      end: '2020-04-05',
    });
  });
});
