/** docs/reliability.md says of everything that may go wrong which test shows that it does no harm. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { MUTANTS } from '@daybook/core';
import { expect } from 'chai';
import { STRATEGIES } from '../packages/testkit/src/sim/strategies/all.ts';
import { KILLERS } from '../packages/testkit/test/sim/mutants/killers.ts';
import { CHOSEN_FAULTS, FAULTS } from './faults/table.ts';

const ROOT = path.join(import.meta.dirname, '..');
const text = readFileSync(path.join(ROOT, 'docs/reliability.md'), 'utf8');

interface Row {
  readonly id: string;
  /** The column that names tests or the reason why there is none. */
  readonly tests: string;
  readonly title: string;
  /** What stands behind that, if anything does. */
  readonly rest: string;
}

/** Ids by their letter: faults, invariants, scenarios, strategies, mutants. */
const COUNTS = { F: 23, I: 33, S: 41, B: 29, M: 36 } as const;
/** A reason in words is longer than a dash. */
const REASON_LENGTH_MIN = 20;

const rows: readonly Row[] = text.split('\n').flatMap((line) => {
  const [, id = '', title = '', tests = '', rest = ''] = line.split('|').map((one) => one.trim());
  return /^[FISBM]\d+$/.test(id) ? [{ id, title, tests, rest }] : [];
});

const CHECKER_FILES = 'packages/testkit/src/sim/checkers/*.ts';
const STRATEGY_TEST = 'packages/testkit/test/sim/strategies.test.ts';
const MUTANT_TEST = 'packages/testkit/test/sim/mutants/mutants.test.ts';
/** What no checker of its own looks for: what comes after the faults, and equal traces. */
const CHECKED_ELSEWHERE = ['packages/testkit/src/sim/heal.ts', 'scripts/sim/seeds.ts'];

function filesIn(words: string): readonly string[] {
  return [...words.matchAll(/`((?:packages|test|scripts)\/[^`]+)`/g)].map(([, file = '']) => file);
}

function namedBy(id: string): readonly string[] {
  return filesIn(rows.find((row) => row.id === id)?.tests ?? '');
}

/** Files with tests of each scenario, by its id. */
function scenarioFiles(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const files = globSync(['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'], { cwd: ROOT });
  for (const file of files) {
    const titles = readFileSync(path.join(ROOT, file), 'utf8').matchAll(/[`']scenario (\d+):/g);
    const ids = new Set([...titles].map(([, number]) => `S${number}`));
    for (const id of ids) found.set(id, [...(found.get(id) ?? []), file]);
  }
  return found;
}

/** Files that a text names by strings such as `'F4'`, behind a word that declares them. */
function declaredIn(glob: string, declaration: RegExp): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const file of globSync(glob, { cwd: ROOT })) {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    for (const [, id = ''] of source.matchAll(declaration)) {
      found.set(id, [...(found.get(id) ?? []), file]);
    }
  }
  return found;
}

function rowsOf(letter: string): readonly Row[] {
  return rows.filter(({ id }) => id.startsWith(letter));
}

function sourceOf(file: string): string {
  return readFileSync(path.join(ROOT, file), 'utf8');
}

/** Files of checkers by the invariants that they say they look for. */
function checkerFiles(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const file of globSync(CHECKER_FILES, { cwd: ROOT })) {
    const source = readFileSync(path.join(ROOT, file), 'utf8');
    const [, list = ''] = /invariants: \[([^\]]*)\]/.exec(source) ?? [];
    for (const [, id = ''] of list.matchAll(/'(I\d+)'/g)) {
      found.set(id, [...(found.get(id) ?? []), file]);
    }
  }
  return found;
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
    const unnamed = [...scenarioFiles()].flatMap(([id, files]) => {
      return files.filter((file) => !namedBy(id).includes(file)).map((file) => `${id}: ${file}`);
    });

    expect(unnamed).to.deep.equal([]);
  });

  it('names for every scenario a file in which a test bears its number', () => {
    const files = scenarioFiles();
    const ids = rows.map(({ id }) => id).filter((id) => id.startsWith('S'));

    expect(ids.filter((id) => !files.has(id))).to.deep.equal([]);
  });

  it('names for every invariant the checkers that look for it, and no others', () => {
    const ids = rows.map(({ id }) => id).filter((id) => id.startsWith('I'));
    for (const id of ids) {
      const named = namedBy(id).filter((file) => file.includes('/sim/checkers/'));

      expect(named.toSorted(), id).to.deep.equal(checkerFiles().get(id)?.toSorted() ?? []);
    }
  });

  it('has every invariant checked in the simulator, but the one of real time', () => {
    const elsewhere = CHECKED_ELSEWHERE.flatMap((file) => {
      const source = readFileSync(path.join(ROOT, file), 'utf8');
      const ids = [...source.matchAll(/'(I\d+)'|breaks (I\d+)/g)];
      return ids.flatMap(([, first, second]) => [first, second]);
    });
    const checked = new Set([...checkerFiles().keys(), ...elsewhere]);
    const unchecked = rows.map(({ id }) => id).filter((id) => /^I/.test(id) && !checked.has(id));

    expect(unchecked).to.deep.equal(['I25']);
  });

  it('names for every scenario only tests and faults that say they play it', () => {
    const files = scenarioFiles();
    const wrong = rowsOf('S').flatMap(({ id }) => {
      const others = namedBy(id).filter((file) => !files.get(id)?.includes(file));
      const saying = `Scenario ${id} of docs/reliability.md`;
      return others
        .filter((file) => !sourceOf(file).includes(saying))
        .map((file) => `${id}: ${file}`);
    });

    expect(wrong).to.deep.equal([]);
  });

  it('has a registered strategy for every row of one, and names the test that plays them all', () => {
    const registered = STRATEGIES.map(({ name }) => name);

    expect(rowsOf('B').map(({ id }) => id)).to.deep.equal(registered);
    for (const { id } of rowsOf('B')) expect(namedBy(id), id).to.include(STRATEGY_TEST);
    expect(sourceOf(STRATEGY_TEST)).to.contain('for (const { name, title } of STRATEGIES)');
  });

  it('names for every planted bug the test that plays every killer, and each has one', () => {
    const killed = new Set<string>(KILLERS.map(({ mutant }) => mutant));

    for (const { id, title } of rowsOf('M')) {
      expect(killed.has(title), `${id} ${title}`).to.equal(true);
      expect(namedBy(id), id).to.include(MUTANT_TEST);
    }
    expect(sourceOf(MUTANT_TEST)).to.contain('for (const killer of KILLERS)');
  });

  it('names for every fault on processes the files that declare its forms, and no other fault', () => {
    const files = declaredIn('test/faults/*.ts', /\bid: '(F\d+)'/g);
    const declaring = new Set([...files.values()].flat());

    for (const { id } of FAULTS.filter((fault) => /^F\d/.test(fault.id))) {
      const own = files.get(id) ?? [];
      const named = namedBy(id).filter((file) => declaring.has(file));
      const forms = FAULTS.filter((fault) => fault.id === id);
      expect(own, id).to.have.length(forms.length);
      expect(named.toSorted(), id).to.deep.equal(own.toSorted());
    }
    const undeclared = rowsOf('F').filter(
      ({ id }) => !files.has(id) && namedBy(id).some((file) => file.startsWith('test/faults/')),
    );
    expect(undeclared.map(({ id }) => id)).to.deep.equal([]);
  });

  it('tells the names of planted bugs as they are in the code', () => {
    const bugs = rows.filter(({ id }) => id.startsWith('M')).map(({ title }) => title);

    expect(bugs).to.deep.equal(MUTANTS);
  });

  it('marks as run with every submission the faults that are', () => {
    const marked = rows.filter(({ rest }) => rest === 'yes').map(({ id }) => id);

    expect(marked).to.deep.equal(CHOSEN_FAULTS);
  });

  it('has a row for every fault on processes', () => {
    const unknown = FAULTS.filter(
      ({ id }) => /^F\d/.test(id) && !rows.some((row) => row.id === id),
    );

    expect(unknown.map(({ id }) => id)).to.deep.equal([]);
  });
});
