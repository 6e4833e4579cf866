/** Local clusters by the command line: started apart, listed, used, stopped; nothing is left. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { applications } from '@daybook/applications';
import { expect } from 'chai';
import { OFFICERS } from '../../src/verbs/cluster.ts';
import { run } from '../fixtures/run.ts';
import { daybook } from './process.ts';

interface Described {
  readonly name: string;
  readonly pid: number;
  readonly directory: string;
  readonly urls: readonly string[];
  readonly sqlUrl?: string;
}

describe('officers of local clusters', () => {
  it('given the applications, then they have every role, so that everything can be tried', () => {
    const held = new Set(OFFICERS.flatMap(({ roles }) => roles));
    const all = applications.flatMap(({ definition: { name, roles = {} } }) =>
      Object.keys(roles).map((role) => `${name}.${role}`),
    );

    expect([...held]).to.have.members(all);
  });
});

describe('daybook cluster', () => {
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
      '--sql',
      '--detach',
      '--json',
    ];

    const started = await daybook(['cluster', 'start', ...words]);
    const cluster = started.json<Described>();
    const twice = await run(['cluster', 'start', '--name', name]);
    const listed = await run(['cluster', 'list', '--json']);
    const status = await run(['status', '--url', cluster.urls[0] ?? '']);
    const tables = await run(['sql', 'SHOW TABLES', '--url', cluster.sqlUrl ?? '']);
    const stopped = await run(['cluster', 'stop', name]);
    const again = await run(['cluster', 'stop', name]);

    expect(started.code, started.errors).to.equal(0);
    expect(twice.code).to.equal(2);
    const names = listed.json<readonly Described[]>().map((one) => one.name);
    expect(names).to.include(name);
    expect(status.code, status.errors).to.equal(0);
    expect(status.out).to.contain('finance, validator');
    // The node keeps tables: at most they are not built yet.
    expect(tables.code === 0 || tables.errors.includes('READMODEL_EMPTY'), tables.errors).to.equal(
      true,
    );
    expect(stopped.code).to.equal(0);
    expect(again.code).to.equal(1);
    expect(existsSync(cluster.directory)).to.equal(false);
  });

  it('given start --detach and a runtime that an update has taken away, then it says why it cannot start', async () => {
    const gone = '--import=data:text/javascript,process.execPath=%22/usr/bin/taken-away%22';
    const words = ['--name', `${name}-gone`, '--directory', folder, '--detach'];

    const { code, errors } = await daybook(['cluster', 'start', ...words], { NODE_OPTIONS: gone });

    expect(code, errors).to.equal(1);
    expect(errors).to.contain('CLI_CLUSTER_FAILED').and.contain('/usr/bin/taken-away ENOENT');
  });
});
