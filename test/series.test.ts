/** Long series of simulated seeds (docs/simulator.md): stopped at any moment, they go on whole. */
import type { ChildProcess } from 'node:child_process';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expectClean, readJournal, readSource } from '../scripts/sim/journal.ts';
import type { Series } from '../scripts/sim/series.ts';

const PROGRAM = [
  process.execPath,
  '--conditions=source',
  join(import.meta.dirname, 'series/series.ts'),
];
/** Seeds 0, 100 and 200 run twice. */
const COUNT = 250;
const REPEATED = 3;

interface Run {
  readonly child: ChildProcess;
  /** All that was said, once the series and all its workers have ended: they share one pipe. */
  readonly ended: Promise<{ readonly code: number | null; readonly words: string }>;
}

function start(command: readonly string[], env: Record<string, string> = {}): Run {
  const [program = '', ...words] = command;
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const { npm_lifecycle_event: _, ...inherited } = process.env;
  const child = spawn(program, words, { stdio: [...stdio], env: { ...inherited, ...env } });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => said.push(bytes.toString()));
  }
  const ended = once(child, 'close').then(([code]) => {
    return { code: code as number | null, words: said.join('') };
  });
  return { child, ended };
}

describe('a series of seeds', () => {
  let folder = '';
  let journal = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-series-'));
    journal = join(folder, 'run.json');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function series(env: Record<string, string> = {}, { jobs = 1, count = COUNT } = {}): Run {
    return start([...PROGRAM, journal, String(count), String(jobs)], env);
  }

  /** When the journal says that all seeds below this one are done. */
  async function untilNext(seed: number): Promise<void> {
    const isThere = (): boolean => (readJournal<Series>(journal)?.next ?? 0) >= seed;
    const changes = watch(folder, { signal: AbortSignal.timeout(120_000) });
    if (isThere()) return;
    for await (const _change of changes) if (isThere()) return;
  }

  function expectWhole(): void {
    const told = readJournal<Series>(journal);
    const each = Array.from({ length: COUNT }, (_, seed) => [`seed ${seed}`, 1] as const);
    expect(told?.coverage).to.deep.equal(Object.fromEntries(each));
    expect(told).to.include({ next: COUNT, repeated: REPEATED, differing: 0 });
    expect(told?.violations).to.deep.equal([]);
  }

  for (const jobs of [1, 2]) {
    it(`given ${jobs} at a time, then each hundredth seed runs again in another process (I32)`, async () => {
      const { code, words } = await series({ TRACE: 'by process' }, { jobs }).ended;

      expect(words).to.include('seed 100 breaks I32');
      expect(words).to.include('3 seeds ran again in another process, 3 with another trace (I32)');
      expect(words.trimEnd().split('\n').at(-1)).to.match(/^250 seeds, 3 violations, /);
      expect(code).to.equal(1);
      const told = readJournal<Series>(journal);
      expect(told).to.include({ repeated: REPEATED, differing: REPEATED });
      const broken = [0, 100, 200].map((seed) => ({ seed, invariant: 'I32' }));
      expect(told?.violations).to.deep.equal(broken);
    });
  }

  it('given equal traces, then nothing is found and the count of repeats is told', async () => {
    const { code, words } = await series({}, { jobs: 2 }).ended;

    expect(words).to.include('3 seeds ran again in another process, 0 with another trace (I32)');
    expect(code, words).to.equal(0);
    expectWhole();
  });

  it('given a series that is killed three times, once within a repeat, then no seed and no repeat is lost or counted twice', async () => {
    for (const [moment, next] of [
      ['37', 37],
      ['100 again', 100],
      ['181', 181],
    ] as const) {
      const { child, ended } = series({ HANG_AT: moment });
      await untilNext(next);

      child.kill('SIGKILL');

      await ended;
      expect(readJournal<Series>(journal)?.next, moment).to.equal(next);
    }
    const { code, words } = await series().ended;
    expect(code, words).to.equal(0);
    expectWhole();
  });

  for (const [signal, exitCode] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const) {
    it(`given ${signal}, then the series ends with all its processes, and its journal is whole`, async () => {
      const { child, ended } = series({ HANG_AT: '120' });
      await untilNext(120);

      child.kill(signal);

      expect((await ended).code).to.equal(exitCode);
      expect(readJournal<Series>(journal)).to.include({ next: 120, repeated: 2 });
    });
  }

  it('given npm that is ended and passes no signal on, then the series ends, too', async () => {
    const count = 4000;
    const command = '"$@" & wait';
    const words = [...PROGRAM, journal, String(count), '1'];
    const env = { npm_lifecycle_event: 'sim' };
    const { child, ended } = start(['sh', '-c', command, 'sh', ...words], env);
    await untilNext(1);

    child.kill('SIGKILL');

    await ended;
    expect(readJournal<Series>(journal)?.next).to.be.within(1, count - 1);
  });

  it('given a journal that another series writes, then a second one is refused', async () => {
    const first = series({ HANG_AT: '5' });
    await untilNext(5);

    const second = await series().ended;

    expect(second.code).to.equal(1);
    expect(second.words).to.include(`another run writes ${journal}`);
    expect(second.words).to.include(String(first.child.pid));
    first.child.kill('SIGKILL');
    await first.ended;
  });

  it('given a seed that broke an invariant before the series was stopped, then its number and the invariant are told at the end', async () => {
    const first = series({ BREAK_AT: '7 I4', HANG_AT: '12' });
    await untilNext(12);
    first.child.kill('SIGKILL');
    await first.ended;

    const { code, words } = await series({}, { count: 20 }).ended;

    expect(code).to.equal(1);
    expect(words).to.include('broken: I4 by seed 7\n20 seeds, 1 violations, ');
    const told = readJournal<Series>(journal);
    expect(told?.violations).to.deep.equal([{ seed: 7, invariant: 'I4' }]);
  });

  for (const [what, env, refusal] of [
    ['larger clusters', { SIZES: 'large' }, 'is of usual sizes, these are large'],
    ['seeds that all run twice', { TWICE: 'yes' }, 'is of seeds that run once, these run twice'],
    ['another commit', { COMMIT: 'def5678' }, 'is of commit abc1234, this is def5678'],
  ] as const) {
    it(`given a journal of before and ${what}, then the series is refused and nothing counts`, async () => {
      await series({}, { count: 2 }).ended;
      const before = readJournal<Series>(journal);

      const { code, words } = await series(env, { count: 3 }).ended;

      expect(code).to.equal(1);
      expect(words).to.include(refusal);
      expect(readJournal<Series>(journal)).to.deep.equal(before);
    });
  }

  for (const [what, env, refusal] of [
    ['no commit', { COMMIT: 'none' }, '--journal needs a commit'],
    [
      'changed files',
      { CHANGED: 'scripts/a.ts scripts/b.ts' },
      'scripts/a.ts and 1 more is not in',
    ],
  ] as const) {
    it(`given ${what}, then a journal is refused, and a series without one runs`, async () => {
      const { code, words } = await series(env, { count: 2 }).ended;
      expect(code).to.equal(1);
      expect(words).to.include(refusal);
      expect(readJournal<Series>(journal)).to.equal(undefined);

      const free = await start([...PROGRAM, 'none', '2', '1'], env).ended;
      expect(free.code, free.words).to.equal(0);
    });
  }
});

describe('the code of a journal', () => {
  let root = '';

  const git = (...words: readonly string[]): string => {
    const author = ['-c', 'user.name=Test', '-c', 'user.email=test@localhost'];
    return execFileSync('git', ['-C', root, ...author, ...words], { encoding: 'utf8' });
  };

  const write = (path: string, words: string): void => writeFileSync(join(root, path), words);

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'daybook-source-'));
    git('init', '-q');
    mkdirSync(join(root, 'packages'));
    mkdirSync(join(root, 'scripts'));
    for (const path of ['packages/a.ts', 'scripts/b.ts', 'readme.md']) write(path, 'one\n');
  });

  afterEach(() => rmSync(root, { recursive: true, force: true }));

  const commitAll = (): string => {
    git('add', '.');
    git('commit', '-q', '-m', 'All');
    return git('rev-parse', '--short', 'HEAD').trim();
  };

  it('given all in a commit, then it is that commit, and a journal in the top folder does no harm', () => {
    const commit = commitAll();
    write('run.json', '{}');

    expect(readSource(root)).to.deep.equal({ commit, changed: [] });
    expect(expectClean(readSource(root))).to.equal(commit);
  });

  for (const [what, path] of [
    ['a changed file', 'packages/a.ts'],
    ['a changed file beside the code', 'readme.md'],
    ['a new file of the code', 'scripts/new.ts'],
  ] as const) {
    it(`given ${what}, then no journal may name the commit`, () => {
      commitAll();
      write(path, 'two\n');

      expect(readSource(root).changed).to.deep.equal([path]);
      expect(() => expectClean(readSource(root))).to.throw(`${path} is not in`);
    });
  }

  it('given no commit, then no journal may be written', () => {
    expect(readSource(root).commit).to.equal(undefined);
    expect(() => expectClean(readSource(root))).to.throw('there is none');
  });
});
