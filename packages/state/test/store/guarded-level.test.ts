/** Damage by which LevelDB ends the process that reads it: named, by a process that is spared. */
import { fork, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openGuardedLevel, openLevel, openSuspectLevel, readThrough } from '../../src/index.ts';

const SOURCE = new URL('../../src/index.ts', import.meta.url).href;
const READER = new URL('../../src/store/reading-process.ts', import.meta.url);
const USER = `
import { openGuardedLevel } from ${JSON.stringify(SOURCE)};
const database = await openGuardedLevel(process.argv[2]);
for (let batches = Number(process.argv[3]); batches > 0; batches -= 1) {
  await database.write({ put: [], remove: [] }, false);
}
await database.scan({ from: new Uint8Array(), to: Uint8Array.of(255), limit: 1000 });
`;

/** Values that cannot be compressed, so that the table shows its entries. */
const entryOf = (id: number): [Uint8Array, Uint8Array] => [
  Buffer.from(`key ${String(id).padStart(6, '0')}`),
  createHash('sha512').update(`${id}`).digest(),
];

async function fill(directory: string): Promise<void> {
  const database = await openLevel(directory);
  await database.write(
    { put: Array.from({ length: 50 }, (_, id) => entryOf(id)), remove: [] },
    true,
  );
  await database.close();
  // An open writes its log into a table.
  await (await openLevel(directory)).close();
}

/** Makes the first key of the table shorter than LevelDB takes any key to be. */
function cutFirstKey(directory: string): void {
  const [name = ''] = fs.readdirSync(directory).filter((one) => one.endsWith('.ldb'));
  const file = path.join(directory, name);
  const bytes = fs.readFileSync(file);
  const [shared, unshared] = bytes;
  expect([shared, unshared]).to.deep.equal([0, 'key 000000'.length + 8]);
  bytes[1] = 3;
  fs.writeFileSync(file, bytes);
}

/** A process that opens the database as a node does, writes, reads it, and does not close it. */
async function use(directory: string, batches = 0): Promise<NodeJS.Signals | number> {
  const program = `${directory}.mjs`;
  fs.writeFileSync(program, USER);
  const args = ['--conditions=source', program, directory, `${batches}`];
  const user = spawn(process.execPath, args, { stdio: 'ignore' });
  const [exitCode, signal] = await once(user, 'exit');
  fs.rmSync(program);
  return signal ?? exitCode;
}

describe('state: a database that ends processes', () => {
  let directory: string;

  beforeEach(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daybook-level-'));
    await fill(directory);
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('given a sound one, or none yet, then reading it through says nothing, and it opens', async () => {
    await readThrough(directory);
    await readThrough(path.join(directory, 'none'));
    const database = await openSuspectLevel(directory);
    const [key, value] = entryOf(7);

    expect(await database.getMany([key])).to.deep.equal([value]);
    await database.close();
  });

  it('given damage that breaks an assertion, then it is named with the assertion (F7, I22)', async () => {
    cutFirstKey(directory);

    const failure = await openSuspectLevel(directory).catch((error: unknown) => error);

    expect(failure).to.have.property('code', 'STATE_DATABASE_FAILED');
    expect(String(failure))
      .to.contain(directory)
      .and.match(/SIGABRT \(.*Assertion/);
  });

  it('given a system that starts no process, then that is named, and the database opens later', async () => {
    const { execPath } = process;
    let failure: unknown;
    try {
      process.execPath = path.join(directory, 'none');
      failure = await readThrough(directory).catch((error: unknown) => error);
      // What cannot be written to says so, too.
      await new Promise(setImmediate);
    } finally {
      process.execPath = execPath;
    }

    expect(failure).to.have.property('code', 'STATE_DISK_FAILED');
    expect(String(failure)).to.contain('ENOENT');
    await readThrough(directory);
  });

  it('given a process that reads, when whoever started it is gone, then it ends before it has read all', async () => {
    const database = await openLevel(directory);
    const put = Array.from({ length: 200_000 }, (_, id) => entryOf(id));
    await database.write({ put, remove: [] }, false);
    await database.close();
    const current = path.join(directory, 'CURRENT');
    const before = fs.readFileSync(current, 'utf8');
    const reader = fork(READER, {
      execArgv: ['--conditions=source'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = once(reader, 'exit');
    reader.send(directory);
    // Whoever opens a database makes its manifest anew.
    while (fs.readFileSync(current, 'utf8') === before) await new Promise(setImmediate);

    reader.disconnect();

    expect(await ended).to.deep.equal([1, null]);
    await (await openLevel(directory)).close();
  });

  it('given a node that ended twice on it, then the third start names the damage, and so does the fourth', async () => {
    cutFirstKey(directory);
    const ends = [await use(directory), await use(directory)];

    let isTold = false;
    const tell = (): void => {
      isTold = true;
    };
    const third = await openGuardedLevel(directory, tell).catch((error: unknown) => error);
    const fourth = await openGuardedLevel(directory).catch((error: unknown) => error);

    expect(ends).to.deep.equal(['SIGABRT', 'SIGABRT']);
    expect(isTold).to.equal(true);
    expect(third).to.have.property('code', 'STATE_DATABASE_FAILED');
    expect(String(fourth)).to.equal(String(third));
  });

  it('given a sound one that was not closed twice, then it is read once, and opens as ever', async () => {
    const ends = [await use(directory), await use(directory), await use(directory)];
    const marker = path.join(directory, 'opened.json');
    const counted = fs.readFileSync(marker, 'utf8');
    const database = await openGuardedLevel(directory);
    await database.close();

    expect(ends).to.deep.equal([0, 0, 0]);
    expect(counted, 'read before the third').to.equal('{"unclosed":0}');
    expect(fs.existsSync(marker)).to.equal(false);
  });

  it('given a thousand batches since the last end, then that one is no longer in a row', async () => {
    const unclosed = () => fs.readFileSync(path.join(directory, 'opened.json'), 'utf8');
    await use(directory);
    await use(directory, 999);
    const early = unclosed();
    // The third is read first, the fourth counts that one.
    await use(directory);
    await use(directory, 1000);

    expect([early, unclosed()]).to.deep.equal(['{"unclosed":1}', '{"unclosed":0}']);
  });
});
