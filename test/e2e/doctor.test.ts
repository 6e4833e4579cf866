/** The doctor before the first start, beside a running node, and with one thing wrong at a time. */
import { chmod, chown, readFile, rename, stat, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf } from './support/api.ts';
import { FOUR } from './support/members.ts';
import { changedConfig, runDaemon } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

interface Told {
  readonly verdict: string;
  readonly words: string;
  readonly advice?: string;
}

describe('daybookd doctor', () => {
  let cluster: Cluster;
  let node: ClusterNode;
  /** Of the first block. */
  let blockHash: string;

  before(async () => {
    cluster = await createCluster({ members: FOUR, parameters: { emptyIntervalMs: 1000 } });
    node = cluster.node('finance');
  });
  after(async () => {
    await cluster?.remove();
  });

  async function doctor(
    config = node.configFile,
  ): Promise<{ readonly exitCode: number; readonly told: ReadonlyMap<string, Told> }> {
    const { exitCode, output } = await runDaemon('doctor', '--json', '--config', config);
    const answer = JSON.parse(output) as {
      readonly exitCode: number;
      readonly findings: readonly (Told & { readonly check: string })[];
    };
    expect(answer.exitCode).to.equal(exitCode);
    return { exitCode, told: new Map(answer.findings.map((one) => [one.check, one])) };
  }

  it('given a node that has never run, then all is well but its peers, which are named as silent', async () => {
    const { exitCode, told } = await doctor();

    const verdicts = Object.fromEntries([...told].map(([check, { verdict }]) => [check, verdict]));
    expect(exitCode, JSON.stringify([...told])).to.equal(0);
    expect(verdicts).to.include({
      settings: 'ok',
      genesis: 'ok',
      keys: 'ok',
      role: 'ok',
      passphrase: 'warn',
      'disk sync': 'ok',
      permissions: 'ok',
      database: 'ok',
      'vote log': 'ok',
      ports: 'ok',
      clock: 'skipped',
      peers: 'warn',
    });
    expect(told.get('peers')?.words).to.contain('0 of 3');
  });

  it('given a running cluster, then the node is asked, and what it holds open is named with its process', async () => {
    await cluster.start();
    const blocks = async (): Promise<boolean> => (await heightOf(node.apiUrl)) >= 2;
    await eventually(blocks, { what: 'two blocks', withinMs: 90_000 });
    blockHash = String((await getJson(node.apiUrl, '/v1/blocks/1')).body.blockHash);

    const { exitCode, told } = await doctor();
    const lines = await runDaemon('doctor', '--config', node.configFile);

    expect(exitCode, JSON.stringify([...told])).to.equal(0);
    expect(told.get('ports')).to.include({ verdict: 'ok' });
    expect(told.get('peers')?.words).to.contain('of 4 validators within reach');
    for (const check of ['database', 'vote log']) {
      expect(told.get(check)?.verdict).to.equal('skipped');
      expect(told.get(check)?.words).to.contain(`process ${node.process.pid()}`);
    }
    expect(lines.output).to.match(/^ok {6}settings {3}/);
  });

  it('given a node that is down while the others run, then its clock is compared with theirs', async () => {
    await node.process.stop();

    const { exitCode, told } = await doctor();

    expect(exitCode, JSON.stringify([...told])).to.equal(0);
    expect(told.get('clock')).to.include({ verdict: 'ok' });
    expect(told.get('clock')?.words).to.contain('ms from the median of the others');
    await cluster.stop();
  });

  it('given a checkpoint in the settings, then the stored chain is compared with it: another block fails with 10, as a start does', async () => {
    const other = '0'.repeat(64);
    const checkpoints = [`1:${blockHash}`, `1:${other}`, `1000000:${other}`];
    const found: [exitCode: number, verdict: string | undefined, words: string | undefined][] = [];
    for (const checkpoint of checkpoints) {
      const config = await changedConfig(
        node.configFile,
        (text) => `${text}sync:\n  checkpoint: "${checkpoint}"\n`,
      );
      const { exitCode, told } = await doctor(config);
      const { verdict, words } = told.get('checkpoint') ?? {};
      found.push([exitCode, verdict, words]);
    }

    const [same, another, later] = found;
    expect(same).to.deep.equal([0, 'ok', 'the stored chain goes through what is named, up to 1']);
    expect(another?.slice(0, 2)).to.deep.equal([10, 'fail']);
    expect(another?.[2]).to.contain(`has the block ${blockHash}`);
    expect(later?.slice(0, 2)).to.deep.equal([0, 'skipped']);
  });

  it('given a data directory that others may read, then it warns; given a file of another user in it, then it fails with 4 and names both', async () => {
    await chmod(node.dataDirectory, 0o755);
    const open = await doctor();
    await chmod(node.dataDirectory, 0o700);
    const file = path.join(node.dataDirectory, 'format.json');
    const { uid, gid } = await stat(file);
    await chown(file, uid + 1, gid);
    const alien = await doctor();
    await chown(file, uid, gid);

    expect(open.exitCode).to.equal(0);
    expect(open.told.get('permissions')).to.include({ verdict: 'warn' });
    expect(open.told.get('permissions')?.advice).to.contain('chmod 700');
    expect(alien.exitCode).to.equal(4);
    expect(alien.told.get('permissions')?.words).to.contain('format.json belongs to user');
    expect(alien.told.get('permissions')?.advice).to.contain('chown -R');
  });

  it('given a file where the data directory should be, then that is named with 4 and the rest is told', async () => {
    const file = path.join(node.directory, 'no-folder');
    await writeFile(file, '');
    const config = await changedConfig(node.configFile, (text) =>
      text.replace(/ {2}dataDirectory: .*/, `  dataDirectory: "${file}"`),
    );

    const { exitCode, told } = await doctor(config);

    expect(exitCode).to.equal(4);
    expect(told.get('disk')?.words).to.contain(`${file}: ENOTDIR`);
    expect([...told.keys()]).to.include.members(['permissions', 'ports']);
  });

  it('given a key that others may read, then it fails with 3 and says what to do', async () => {
    const file = path.join(node.directory, 'keys', 'peer.json');
    await chmod(file, 0o644);

    const { exitCode, told } = await doctor();

    await chmod(file, 0o600);
    expect(exitCode).to.equal(3);
    expect(told.get('keys')).to.include({ verdict: 'fail' });
    expect(told.get('keys')?.advice).to.contain('chmod 600');
  });

  it('given a taken port, then it fails with 5 and names the setting', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const config = await changedConfig(node.configFile, (text) =>
      text.replace(/ {2}port: .*/, `  port: ${port}`),
    );

    const { exitCode, told } = await doctor(config);

    await new Promise<void>((resolve) => taken.close(() => resolve()));
    expect(exitCode).to.equal(5);
    expect(told.get('ports')?.words).to.contain(
      `api.port: cannot listen on 127.0.0.1 port ${port}`,
    );
  });

  it('given damaged settings, then the line is named and the rest is left out', async () => {
    const config = await changedConfig(node.configFile, (text) => `${text}nonsense:\n  a: 1\n`);

    const { exitCode, told } = await doctor(config);

    expect(exitCode).to.equal(2);
    expect(told.get('settings')?.words).to.match(/changed\.yaml:\d+:\d+: nonsense/);
    expect(told.get('the rest')?.verdict).to.equal('skipped');
  });

  it('given damaged blocks, then the file is named with 4; given a lost vote log, then it is quarantine', async () => {
    const blocks = path.join(node.dataDirectory, 'blocks', 'blocks-000000000000.log');
    const clean = await readFile(blocks);
    const broken = Buffer.from(clean);
    broken[60] = (broken[60] ?? 0) ^ 1;
    await writeFile(blocks, broken);
    const damaged = await doctor();
    await writeFile(blocks, clean);
    const votes = path.join(node.dataDirectory, 'votes');
    await rename(votes, `${votes}.away`);
    const lost = await doctor();
    await rename(`${votes}.away`, votes).catch(() => undefined);

    expect(damaged.exitCode).to.equal(4);
    expect(damaged.told.get('database')?.words).to.contain('blocks-000000000000.log at byte');
    expect(lost.exitCode).to.equal(0);
    expect(lost.told.get('vote log')).to.include({ verdict: 'warn' });
  });
});
