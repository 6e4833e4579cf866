/** The data directory: one owner, one format. */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import { expect } from 'chai';
import { DATA_FORMAT_VERSION } from '../src/data-directory.ts';
import { openDataDirectory, StateError } from '../src/index.ts';

const HOLDER = `
import { openDataDirectory } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
await openDataDirectory(process.argv[1]);
process.stdout.write('held');
setInterval(() => undefined, 1000);
`;

describe('state: data directory', () => {
  let directory: string;

  beforeEach(() => {
    directory = fs.mkdtempSync(`${os.tmpdir()}/daybook-data-`);
  });

  afterEach(() => fs.rmSync(directory, { recursive: true, force: true }));

  it('given a new directory, then it gets a format and its parts, and opens again after closing', async () => {
    const first = await openDataDirectory(`${directory}/node`);
    await first.close();
    const second = await openDataDirectory(`${directory}/node`);
    await second.close();

    expect(fs.readdirSync(`${directory}/node`)).to.include.members([
      'blocks',
      'format.json',
      'state',
      'votes',
    ]);
    expect(fs.statSync(`${directory}/node/votes`).mode & 0o777).to.equal(0o700);
  });

  it('given no room for the format, then half of it never stands in its place, and the next opening writes it', async () => {
    fs.symlinkSync('/dev/full', `${directory}/format.json.new`);

    const failure = await openDataDirectory(directory).catch((error: unknown) => error);
    const left = fs.existsSync(`${directory}/format.json`);
    const second = await openDataDirectory(directory);
    await second.close();

    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_DISK_FULL');
    expect(left).to.equal(false);
    expect(fs.lstatSync(`${directory}/format.json`).isFile()).to.equal(true);
  });

  it('given it is open in this process, then a second opening is refused', async () => {
    const first = await openDataDirectory(directory);
    const failure = await openDataDirectory(directory).catch((error: unknown) => error);
    await first.close();

    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_DIRECTORY_LOCKED');
  });

  it('given another process has it, then it is refused naming that process, until it is killed (F19)', async () => {
    const args = ['--conditions=source', '--input-type=module-typescript', '-e', HOLDER, directory];
    const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const failure = await openDataDirectory(directory).catch((error: unknown) => error);
    holder.kill('SIGKILL');
    await new Promise((resolve) => holder.once('exit', resolve));

    expect(failure).to.be.instanceOf(StateError);
    expect(failure).to.have.deep.property('failure', {
      code: 'STATE_DIRECTORY_LOCKED',
      path: directory,
      pid: holder.pid,
    });
    const after = await openDataDirectory(directory);
    await after.close();
  });

  for (const text of ['{"fo2mat":"daybook-data","version":1}', '{"format":"day', 'null', '']) {
    it(`given ${JSON.stringify(text)} for a format, then it is called damaged`, async () => {
      fs.writeFileSync(`${directory}/format.json`, text);

      const failure = await openDataDirectory(directory).catch((error: unknown) => error);

      expect(failure).to.have.property('code', 'STATE_FORMAT_UNKNOWN');
      expect(String(failure)).to.contain('found a damaged format.json');
    });
  }

  it('given a format of another version, then it is refused with both versions', async () => {
    fs.writeFileSync(`${directory}/format.json`, '{"format":"daybook-data","version":99}');
    const failure = await openDataDirectory(directory).catch((error: unknown) => error);

    expect(failure).to.be.instanceOf(StateError).with.property('code', 'STATE_FORMAT_UNKNOWN');
    expect(String(failure)).to.match(/daybook-data 99/);
    expect(String(failure)).to.contain(`daybook-data ${DATA_FORMAT_VERSION}`);
  });

  it('given damage in any file of the lock, then the lock still works', async () => {
    const first = await openDataDirectory(directory);
    await first.close();
    for (const name of fs.readdirSync(`${directory}/lock`)) {
      fs.writeFileSync(`${directory}/lock/${name}`, 'damage');
      const again = await openDataDirectory(directory);
      const failure = await openDataDirectory(directory).catch((error: unknown) => error);
      await again.close();
      expect(failure, name)
        .to.be.instanceOf(StateError)
        .with.property('code', 'STATE_DIRECTORY_LOCKED');
    }
  });
});
