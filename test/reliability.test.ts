/** docs/reliability.md says of everything that may go wrong which test shows that it does no harm. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { FAULTS } from './faults/table.ts';

const ROOT = path.join(import.meta.dirname, '..');
const text = readFileSync(path.join(ROOT, 'docs/reliability.md'), 'utf8');

interface Row {
  readonly id: string;
  /** The column that names tests or the reason why there is none. */
  readonly tests: string;
}

/** Ids by their letter: faults, invariants, scenarios, strategies, mutants. */
const COUNTS = { F: 23, I: 32, S: 40, B: 29, M: 26 } as const;
/** A reason in words is longer than a dash. */
const REASON_LENGTH_MIN = 20;

const rows: readonly Row[] = text.split('\n').flatMap((line) => {
  const [, id, , tests] = line.split('|').map((cell) => cell.trim());
  return id !== undefined && tests !== undefined && /^[FISBM]\d+$/.test(id) ? [{ id, tests }] : [];
});

function filesIn(words: string): readonly string[] {
  return [...words.matchAll(/`((?:packages|test|scripts)\/[^`]+)`/g)].map(([, file = '']) => file);
}

describe('docs/reliability.md', () => {
  for (const [letter, count] of Object.entries(COUNTS)) {
    it(`has every id from ${letter}1 to ${letter}${count} once, in order`, () => {
      const ids = rows.map(({ id }) => id).filter((id) => id.startsWith(letter));

      expect(ids).to.deep.equal(
        Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
      );
    });
  }

  it('names a test for every id, or says why there is none', () => {
    const bare = rows.filter(
      ({ tests }) => filesIn(tests).length === 0 && tests.length < REASON_LENGTH_MIN,
    );

    expect(bare).to.deep.equal([]);
  });

  it('names only files that exist', () => {
    const missing = filesIn(text).filter((file) => !existsSync(path.join(ROOT, file)));

    expect(missing).to.deep.equal([]);
  });

  it('names every file with a test of a scenario in the row of that scenario', () => {
    const unnamed: string[] = [];
    const files = globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: ROOT });
    for (const file of files) {
      const titles = readFileSync(path.join(ROOT, file), 'utf8').matchAll(/[`']scenario (\d+):/g);
      for (const [, number] of titles) {
        const row = rows.find(({ id }) => id === `S${number}`);
        if (!filesIn(row?.tests ?? '').includes(file)) unnamed.push(`S${number}: ${file}`);
      }
    }

    expect([...new Set(unnamed)]).to.deep.equal([]);
  });

  it('has a row for every fault on processes', () => {
    const unknown = FAULTS.filter(
      ({ id }) => /^F\d/.test(id) && !rows.some((row) => row.id === id),
    );

    expect(unknown.map(({ id }) => id)).to.deep.equal([]);
  });
});
