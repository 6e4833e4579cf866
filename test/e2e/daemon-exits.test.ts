/** How the daemon refuses to run: by exit code, and with words that name the place. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { toHex } from '@daybook/core';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { ALONE } from './support/members.ts';
import { changedConfig, runDaemon } from './support/programs.ts';

describe('daybookd: exit codes', () => {
  let cluster: Cluster;
  let node: ClusterNode;

  before(async () => {
    cluster = await createCluster({ members: ALONE });
    node = cluster.node('finance');
  });
  after(async () => {
    await cluster?.remove();
  });

  const configWith = (change: (text: string) => string): Promise<string> =>
    changedConfig(node.configFile, change);

  it('given an unknown setting, when started, then it ends with 2 and names line and setting', async () => {
    const file = await configWith((text) => `${text}mempol:\n  bytesMax: 1\n`);

    const { exitCode, output } = await runDaemon('--config', file);

    const line = (await readFile(file, 'utf8')).trimEnd().split('\n').length;
    expect(exitCode).to.equal(2);
    expect(output).to.match(new RegExp(`changed\\.yaml:(${line}|${line - 1}):\\d+: mempol`));
  });

  it('spec C-32: given the proof of a fork in the data directory, when started, then it stays down with 10 and names the file', async () => {
    const file = path.join(node.dataDirectory, 'fork-proof.bin');
    await writeFile(file, 'proof');

    const { exitCode, output } = await runDaemon('--config', node.configFile);

    await rm(file);
    expect(exitCode).to.equal(10);
    expect(output).to.contain('fork-proof.bin').and.to.contain('saw a fork');
  });

  it('given a value out of range, when checked, then it ends with 2 and says what was expected', async () => {
    const file = await configWith((text) => text.replace(/ {2}port: .*/, '  port: 99999'));

    const { exitCode, output } = await runDaemon('check', '--config', file);

    expect(exitCode).to.equal(2);
    expect(output).to.match(/changed\.yaml:\d+:\d+: api\.port: .*99999/);
  });

  it('given its own blocks as the archive, then check and start end with 2, doctor says so, and no block leaves', async () => {
    const blocks = path.join(node.dataDirectory, 'blocks');
    const file = await configWith(
      (text) => `${text}archive:\n  source: ${blocks}\n  keepBlocks: 1000\n`,
    );

    for (const verb of [['check'], [], ['doctor']]) {
      const { exitCode, output } = await runDaemon(...verb, '--config', file);

      expect(exitCode, output).to.equal(2);
      expect(output).to.contain(`archive.source is ${blocks}`);
    }
  });

  it('given a verb without its folder, then it ends with 2 and says what is missing and where to look', async () => {
    const { exitCode, output } = await runDaemon('backup', '--config', node.configFile);

    expect(exitCode).to.equal(2);
    expect(output).to.contain('backup needs a folder').and.to.contain('daybookd --help');
  });

  it('given no such file, when started, then it ends with 2 and names the file', async () => {
    const { exitCode, output } = await runDaemon('--config', '/nowhere/daybookd.yaml');

    expect(exitCode).to.equal(2);
    expect(output).to.contain('/nowhere/daybookd.yaml');
  });

  it('given a good configuration, when checked, then it ends with 0', async () => {
    const { exitCode, output } = await runDaemon('check', '--config', node.configFile);

    expect(exitCode).to.equal(0);
    expect(output).to.contain('validator').and.to.contain(toHex(cluster.genesis.chain));
  });

  for (const verb of [['repair'], ['repair', '--dry-run'], ['check', '--deep']]) {
    it(`given a directory that holds no data, when asked to ${verb.join(' ')}, then it ends with 4, and makes none`, async () => {
      const nowhere = path.join(node.directory, 'nowhere');
      const file = await configWith((text) =>
        text.replace(/ {2}dataDirectory: .*/, `  dataDirectory: "${nowhere}"`),
      );

      const { exitCode, output } = await runDaemon(...verb, '--config', file);

      expect(exitCode).to.equal(4);
      expect(output).to.contain(nowhere).and.to.contain('NODE_DATA_NONE');
      expect(existsSync(nowhere)).to.equal(false);
    });
  }

  it('given a node that has run, when checked deeply, then every record is proven; while it runs, it ends with 4', async () => {
    await node.process.start();
    const running = await runDaemon('check', '--deep', '--config', node.configFile);
    await node.process.stop();

    const { exitCode, output } = await runDaemon('check', '--deep', '--config', node.configFile);

    expect(running.exitCode).to.equal(4);
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(/height \d+: [1-9]\d* records proven by the state root/);
  });

  it('given blocks without a state, when repaired as a dry run, then it says so and makes none', async () => {
    const state = path.join(node.dataDirectory, 'state');
    await rm(state, { recursive: true });

    const dry = await runDaemon('repair', '--dry-run', '--config', node.configFile);
    const after = await readdir(state);
    const { exitCode, output } = await runDaemon('repair', '--config', node.configFile);

    expect(dry.exitCode).to.equal(0);
    expect(dry.output).to.contain('state: there is none');
    expect(after).to.deep.equal([]);
    expect(exitCode, output).to.equal(0);
    expect(output).to.match(/state: height \d+, [1-9]\d* records proven/);
  });

  it('given a missing key file, when started, then it ends with 3 and names the file', async () => {
    const file = await configWith((text) => text.replace('peer.json', 'no-peer.json'));

    const { exitCode, output } = await runDaemon('--config', file);

    expect(exitCode).to.equal(3);
    expect(output).to.contain('no-peer.json');
  });

  it('given a running node, when started again on its directory, then the second ends with 4', async () => {
    await node.process.start();

    const { exitCode, output } = await runDaemon('--config', node.configFile);

    const { exitCode: first } = await node.process.stop();
    expect(exitCode).to.equal(4);
    expect(output).to.match(/Another process works on this data directory/);
    expect(first).to.equal(0);
  });

  it('given an API port that is taken, when started, then it ends with 5', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const file = await configWith((text) => text.replace(/ {2}port: .*/, `  port: ${port}`));

    const { exitCode } = await runDaemon('--config', file);

    server.close();
    expect(exitCode).to.equal(5);
  });
});
