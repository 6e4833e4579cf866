/** Local clusters by the command line: started apart, listed, used, stopped; nothing is left. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';
import { daybook } from './process.ts';

interface Described {
  readonly name: string;
  readonly pid: number;
  readonly directory: string;
  readonly urls: readonly string[];
}

describe('daybook cluster', function () {
  this.timeout(60_000);
  const name = `test-${process.pid}`;
  let folder = '';

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-cli-'));
  });

  after(async () => {
    await run(['cluster', 'stop', name]);
    await rm(folder, { recursive: true, force: true });
  });

  it('given start --detach, then it returns a running cluster that answers, is listed, and stops', async () => {
    const words = [
      '--name',
      name,
      '--validators',
      '1',
      '--directory',
      folder,
      '--detach',
      '--json',
    ];

    const started = await daybook(['cluster', 'start', ...words]);
    const cluster = started.json<Described>();
    const twice = await run(['cluster', 'start', '--name', name]);
    const listed = await run(['cluster', 'list', '--json']);
    const status = await run(['status', '--url', cluster.urls[0] ?? '']);
    const stopped = await run(['cluster', 'stop', name]);
    const again = await run(['cluster', 'stop', name]);

    expect(started.code, started.errors).to.equal(0);
    expect(twice.code).to.equal(2);
    const names = listed.json<readonly Described[]>().map((one) => one.name);
    expect(names).to.include(name);
    expect(status.code, status.errors).to.equal(0);
    expect(status.out).to.contain('finance, validator');
    expect(stopped.code).to.equal(0);
    expect(again.code).to.equal(1);
    expect(existsSync(cluster.directory)).to.equal(false);
  });
});
