/** Text of publishers: encodings, spaces and what earlier programs left behind. */
import { expect } from 'chai';
import { slugFor, slugOf, wordFor } from '../src/names.ts';
import { cleanText, decodeText } from '../src/text.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe('formats: text', () => {
  it('given UTF-8 with a byte-order mark, when decoded, then the mark is gone', () => {
    expect(decodeText(bytes(0xef, 0xbb, 0xbf, 0x41), ['windows-1252'])).to.deep.equal({
      text: 'A',
      encoding: 'utf-8',
    });
  });

  it('given UTF-16 with a byte-order mark, when decoded, then the mark decides', () => {
    expect(decodeText(bytes(0xff, 0xfe, 0x41, 0), ['utf-8'])?.text).to.equal('A');
    expect(decodeText(bytes(0xfe, 0xff, 0, 0x41), ['utf-8'])?.text).to.equal('A');
  });

  it('given bytes that are no UTF-8, when decoded, then the next encoding is tried', () => {
    const dash = bytes(0x41, 0x96, 0x42);

    expect(decodeText(dash, ['utf-8', 'windows-1252'])?.text).to.equal('A\u2013B');
    expect(decodeText(dash, ['utf-8'])).to.equal(undefined);
  });

  it('given no-break and doubled spaces, when cleaned, then single spaces remain', () => {
    expect(cleanText(' COVID-19\u00a0TASKFORCE\u00a0 - X\t')).to.equal('COVID-19 TASKFORCE - X');
  });

  it('given a lone byte of Windows-1252 read as Latin-1, when cleaned, then it is repaired', () => {
    expect(cleanText('Montagu Evans \u0096 Client')).to.equal('Montagu Evans \u2013 Client');
  });

  it('given what cannot be known, when cleaned, then a question mark says so', () => {
    expect(cleanText('A \u0080\u0093 B')).to.equal('A ? B');
    expect(cleanText('A\u0000B')).to.equal('A?B');
    expect(cleanText('A\u202eB')).to.equal('A?B');
    expect(cleanText('A\ud800B')).to.equal('A?B');
    expect(cleanText('A\ufffdB')).to.equal('A?B');
  });

  it('given decomposed letters, when cleaned, then they are composed', () => {
    expect(cleanText('Cafe\u0301')).to.equal('Caf\u00e9');
  });

  it('given names, when slugs are made, then they are readable, bounded and distinct', () => {
    expect(slugOf('Digital & Technology Team', 64)).to.equal('digital-technology-team');
    expect(slugFor(['x', 'A & B'])).to.match(/^a-b-[0-9a-f]{12}$/);
    expect(slugFor(['x', 'A & B'])).to.equal(slugFor(['X', 'a & b']));
    expect(slugFor(['x', 'A & B'])).not.to.equal(slugFor(['x', 'A B']));
    expect(slugFor(['\u8d22\u653f'])).to.match(/^n-[0-9a-f]{12}$/);
    expect(slugFor(['y'.repeat(300)])).to.have.length(61);
  });

  it('given numbers of publishers, when words are made, then plain ones stay as they are', () => {
    expect(wordFor('CCS-001234567')).to.equal('CCS-001234567');
    expect(wordFor('1020\\5109989598')).to.match(/^1020-5109989598-[0-9a-f]{12}$/);
  });
});
