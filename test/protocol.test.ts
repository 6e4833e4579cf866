/** The tables of docs/protocol against the code: quorums, signed lengths, messages, header. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  HEADER_SIZE,
  LIMITS,
  MESSAGE_BYTES_MAX,
  quorumOf,
  signBytes,
  TAG_LAYOUTS,
  TAG_SIZE,
  TAGS,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';

const DOCS = join(import.meta.dirname, '../docs/protocol');

function page(name: string): string {
  return readFileSync(join(DOCS, name), 'utf8');
}

/** Cells of every table line whose first cell matches. */
function rowsOf(text: string, first: RegExp): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    .filter((cells) => first.test(cells[0] ?? ''));
}

describe('docs/protocol', () => {
  it('given the quorum table, when each row is computed, then the code agrees (spec M-5)', () => {
    const rows = rowsOf(page('01-model.md'), /^\d+$/).map((cells) => cells.map(Number));

    const computed = rows.map(([n = 0]) => {
      const { faultyMax, quorum, oneCorrect } = quorumOf(n);
      return [n, faultyMax, quorum, oneCorrect, n - quorum, 2 * quorum - n];
    });

    expect(rows).to.have.length(LIMITS.validatorsMax);
    expect(computed).to.deep.equal(rows);
  });

  it('given the table of signed layouts, when each is built, then it has the stated length', () => {
    const slot = { height: 1, round: 1, blockHash: ZERO_HASH };
    const lengths = {
      'PRE-PREPARE': signBytes(ZERO_HASH, {
        type: 'pre-prepare',
        ...slot,
        justificationHash: ZERO_HASH,
      }).length,
      PREPARE: signBytes(ZERO_HASH, { type: 'prepare', ...slot }).length,
      COMMIT: signBytes(ZERO_HASH, { type: 'commit', ...slot }).length,
      'ROUND-CHANGE': signBytes(ZERO_HASH, { type: 'round-change', height: 1, round: 1 }).length,
    };

    const stated = rowsOf(page('02-data.md'), /^[A-Z][A-Z-]+$/)
      .filter(([, layout]) => layout?.startsWith('G 32'))
      .map(([name = '', , length]) => [name, Number(length)]);

    expect(Object.fromEntries(stated)).to.deep.equal(lengths);
  });

  it('given the table of messages, when sizes are compared, then the limits are the stated ones', () => {
    const units: Readonly<Record<string, number>> = { B: 1, KiB: 1024, MiB: 1024 * 1024 };
    const proposal = LIMITS.blockBytesHardMax + LIMITS.proposalOverheadBytesMax;

    const stated = rowsOf(page('02-data.md'), /^[A-Z][A-Z-]+$/)
      .filter((cells) => cells.length === 4)
      .map(([name = '', , , size = '']) => {
        const [, count, unit = ''] = /^(\d+) (B|KiB|MiB)$/.exec(size) ?? [];
        return [name.toLowerCase(), count ? Number(count) * (units[unit] ?? 0) : proposal];
      });

    expect(Object.fromEntries(stated)).to.deep.equal(MESSAGE_BYTES_MAX);
  });

  it('given the header table, when its fields are added up, then they are the header (spec §5)', () => {
    const widths = rowsOf(page('02-data.md'), /^[a-zA-Z]+$/)
      .filter(([, type]) => /^(u16|u64|32)$/.test(type ?? ''))
      .map(([, type = '']) => (type.startsWith('u') ? Number(type.slice(1)) / 8 : Number(type)));

    const sum = widths.reduce((total, width) => total + width, 0);

    expect(widths).to.have.length(12);
    expect(sum).to.equal(HEADER_SIZE);
  });

  it('given all tags, when compared, then each is 16 bytes and its own (spec D-7)', () => {
    const tags = Object.values(TAGS).map((tag) => Buffer.from(tag).toString('latin1'));

    expect(tags.every((tag) => tag.length === TAG_SIZE && tag.startsWith('DBK1:'))).to.equal(true);
    expect(new Set(tags).size).to.equal(Object.keys(TAG_LAYOUTS).length);
  });
});
