import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReadModel } from '@daybook/readmodel';
import { ReadmodelError, startReadModel } from '@daybook/readmodel';
import { expect } from 'chai';
import { book, LIMITS, manifest, progressAt } from './library.ts';

describe('read model in a process of its own', () => {
  let directory: string;
  let model: ReadModel;
  const open = () =>
    startReadModel({
      path: join(directory, 'db'),
      memoryBytesMax: 128 * 1024 * 1024,
      threads: 1,
    });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'daybook-readmodel-'));
    model = open();
    expect(await model.open(manifest)).to.equal(undefined);
    await model.rebuild(manifest);
    await model.load([book(1, 'one'), book(2, 'two')]);
    await model.finish(progressAt(1));
  });
  afterEach(async () => {
    await model.close();
    rmSync(directory, { recursive: true });
  });

  async function titles(): Promise<unknown> {
    const answer = await model.query('SELECT title FROM library_book ORDER BY number', LIMITS);
    return answer.ok ? answer.value.rows.flat() : answer.reason.code;
  }

  it('applies a batch once: what does not follow is refused and leaves no trace', async () => {
    const changes = [
      book(2, 'second', 2),
      { ...book(1, ''), value: undefined },
      book(3, 'three', 2),
    ];
    const batch = { after: 1, progress: progressAt(2), changes };
    expect(await model.apply(batch)).to.deep.equal({ rows: 2, unreadable: 0 });
    expect(await titles()).to.deep.equal(['second', 'three']);
    const again = await model.apply(batch).then(
      () => 'applied',
      (error: Error) => error.message,
    );
    expect(again).to.include('a batch follows what the tables show');
    expect(await titles()).to.deep.equal(['second', 'three']);
    expect(await model.open(manifest)).to.deep.equal(progressAt(2));
  });

  it('keeps what was committed when the process is closed and opened again', async () => {
    await model.apply({ after: 1, progress: progressAt(5), changes: [book(9, 'nine', 5)] });
    await model.close();
    model = open();
    expect(await model.open(manifest)).to.deep.equal(progressAt(5));
    expect(await titles()).to.deep.equal(['one', 'two', 'nine']);
  });

  it('answers from the old tables while it builds new ones', async () => {
    await model.rebuild(manifest);
    await model.load([book(7, 'seven', 3)]);
    expect(await titles()).to.deep.equal(['one', 'two']);
    await model.abandon();
    expect(await titles()).to.deep.equal(['one', 'two']);
    await model.rebuild(manifest);
    await model.load([book(7, 'seven', 3)]);
    await model.finish(progressAt(3));
    expect(await titles()).to.deep.equal(['seven']);
  });

  it('survives a query that the database neither stops nor bounds, and keeps its rows', async () => {
    // One call of a scalar function: no interrupt reaches it, and no memory limit counts it.
    const sql = "SELECT length(repeat('x', 2000000000))";
    const answer = await model.query(sql, { ...LIMITS, timeMs: 300 });
    expect(answer.ok).to.equal(false);
    expect(await model.open(manifest)).to.deep.equal(progressAt(1));
    expect(await titles()).to.deep.equal(['one', 'two']);
  });

  it('is down where the system starts no process, and comes back when it does', async () => {
    await model.close();
    const { execPath } = process;
    let codes: unknown[];
    try {
      process.execPath = join(directory, 'none');
      const opened = model.open(manifest).catch((error: unknown) => error);
      const answer = await titles();
      codes = [(await opened) instanceof ReadmodelError, answer, await titles()];
      // What cannot be written to says so, too.
      await new Promise(setImmediate);
    } finally {
      process.execPath = execPath;
    }

    expect(codes).to.deep.equal([true, 'READMODEL_DOWN', 'READMODEL_DOWN']);
    expect(await titles()).to.deep.equal(['one', 'two']);
  });

  it('runs two queries at once and refuses the third', async () => {
    const slow =
      'SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range % 7 = b.range';
    const answers = await Promise.all(
      [1, 2, 3].map(() => model.query(slow, { ...LIMITS, timeMs: 300 })),
    );
    const codes = answers.map((answer) => (answer.ok ? 'ok' : answer.reason.code));
    expect(codes.toSorted()).to.deep.equal([
      'READMODEL_BUSY',
      'READMODEL_QUERY_TIMEOUT',
      'READMODEL_QUERY_TIMEOUT',
    ]);
    expect(await titles()).to.deep.equal(['one', 'two']);
  });
});
