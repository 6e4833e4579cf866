/** An archive taken from a running node, and checked by itself. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { openFund } from './support/fund.ts';
import { ALONE } from './support/members.ts';
import { runDaemon } from './support/programs.ts';

describe('daybookd archive', () => {
  let cluster: Cluster;
  let node: ClusterNode;
  let folder: string;

  before(async () => {
    cluster = await createCluster({ members: ALONE });
    node = cluster.node('finance');
    folder = path.join(cluster.directory, 'archive');
    await node.process.start();
    await openFund(node.apiUrl, cluster);
  });
  after(async () => {
    await cluster?.remove();
  });

  it('given a running node, when its log is archived, then the folder verifies without it', async () => {
    const written = await runDaemon('archive', 'write', folder, '--config', node.configFile);
    const verified = await runDaemon('archive', 'verify', folder);
    const parsed = await runDaemon('archive', 'verify', folder, '--json');

    expect(written.exitCode, written.output).to.equal(0);
    expect(verified.exitCode, verified.output).to.equal(0);
    expect(verified.output).to.match(/blocks 0 to [1-9]\d*; transactions: [1-9]\d*, segments: 1,/);
    expect(JSON.parse(parsed.output)).to.include({ outcome: 'valid', executed: true });
  });

  it('given one changed byte, then it ends with 4 and names file, height and byte', async () => {
    const [name = ''] = (await readdir(folder)).filter((one) => one.endsWith('.log'));
    const file = path.join(folder, name);
    const clean = await readFile(file);
    const altered = Buffer.from(clean);
    altered[altered.length - 20] = (altered.at(-20) ?? 0) ^ 1;
    await writeFile(file, altered);

    const { exitCode, output } = await runDaemon('archive', 'verify', folder);

    await writeFile(file, clean);
    expect(exitCode).to.equal(4);
    expect(output).to.match(/damaged: blocks-0{12}\.log, height \d+, byte \d+: /);
  });

  it('given no genesis in the folder, then it ends with 3 unless one is named', async () => {
    await rm(path.join(folder, 'genesis.json'));
    await rm(path.join(folder, 'archive.json'));

    const bare = await runDaemon('archive', 'verify', folder);
    const named = await runDaemon('archive', 'verify', folder, '--genesis', cluster.genesisFile);

    expect(bare.exitCode, bare.output).to.equal(3);
    expect(named.exitCode, named.output).to.equal(0);
  });
});
