/** The mapping file: what is wrong in it is named with its JSON pointer. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeSpendMapping, explainFormats } from '../src/index.ts';
import { SHIPPED } from './sample.ts';

const shipped: Record<string, unknown> = JSON.parse(
  readFileSync(join(SHIPPED, 'mapping.json'), 'utf8'),
);
const pointersOf = (json: unknown): string[] => {
  const mapping = decodeSpendMapping(json);
  return mapping.ok || mapping.reason.code !== 'FORMATS_MAPPING_INVALID'
    ? []
    : mapping.reason.faults.map(({ pointer }) => pointer);
};

describe('formats: spending mapping', () => {
  it('given the shipped mapping, when decoded, then it is accepted', () => {
    expect(decodeSpendMapping(shipped).ok).to.equal(true);
  });

  const wrong: readonly (readonly [string, Record<string, unknown>, readonly string[]])[] = [
    ['another format', { format: 'iati' }, ['/format']],
    ['a publisher that is no slug', { publisher: 'Cabinet Office' }, ['/publisher']],
    ['a currency in small letters', { currency: 'gbp' }, ['/currency']],
    ['a year that starts on the 31st', { fiscalYearStart: '03-31' }, ['/fiscalYearStart']],
    ['an unknown encoding', { encodings: ['utf-8', 'ebcdic'] }, ['/encodings']],
    ['a date pattern without year', { dates: ['dd/MM'] }, ['/dates']],
    ['equal signs', { decimalSign: ',', groupSign: ',' }, ['/groupSign']],
    ['an unknown entry', { colour: 'red' }, ['/colour']],
    [
      'no amount column',
      { columns: { ...Object(shipped.columns), amount: 7 } },
      ['/columns/amount'],
    ],
    [
      'an unknown field',
      { columns: { ...Object(shipped.columns), vat: ['VAT'] } },
      ['/columns/vat'],
    ],
    ['a body without names', { bodies: [{ body: 'x-y', title: 'X' }] }, ['/bodies/0/names']],
    [
      'a holder that is no slug',
      {
        bodies: [{ body: 'x-y', title: 'X', names: ['X'], heldBy: 'Y Z' }],
      },
      ['/bodies/0/heldBy'],
    ],
  ];
  for (const [title, change, pointers] of wrong) {
    it(`given ${title}, when decoded, then the pointer is named`, () => {
      expect(pointersOf({ ...shipped, ...change })).to.deep.equal(pointers);
    });
  }

  it('given something that is no object, when decoded, then it is refused', () => {
    for (const json of [null, [], 'x', 1]) {
      expect(pointersOf(json), String(json)).to.include('');
    }
  });

  it('given two faults, when explained, then each has its line', () => {
    const mapping = decodeSpendMapping({ ...shipped, currency: 'x', dataset: '!' });

    expect(mapping.ok ? '' : explainFormats(mapping.reason)).to.equal(
      '/dataset: expected a slug, found "!"\n/currency: expected an ISO 4217 code in use, found "x"',
    );
  });
});
