/** Clusters from the outside: side by side, described, killed and revived, in processes and here. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, MemberPlan } from '@daybook/testkit';
import {
  createCluster,
  readClusterDescription,
  startCluster,
  startInProcessNodes,
} from '@daybook/testkit';
import { expect } from 'chai';

function member(slug: string, node: MemberPlan['node']): MemberPlan {
  const officers = [{ name: 'ann', roles: ['directory.administrator'] }];
  return { slug, title: { en: slug, zh: slug }, officers, node };
}

const ONE = [member('alone', 'validator')];

async function statusOf(apiUrl: string): Promise<{ readonly chain: { readonly id: string } }> {
  return (await (await fetch(`${apiUrl}/v1/status`)).json()) as never;
}

describe('testkit: clusters', () => {
  const clusters: Cluster[] = [];
  const keep = (cluster: Cluster): Cluster => {
    clusters.push(cluster);
    return cluster;
  };
  afterEach(async () => {
    await Promise.all(clusters.splice(0).map(async (cluster) => await cluster.remove()));
  });

  it('given two clusters side by side, when asked, then each answers for its own chain', async () => {
    const [first, second] = await Promise.all([
      startCluster({ members: ONE }).then(keep),
      startCluster({ members: ONE }).then(keep),
    ]);

    const ids = await Promise.all(
      [first, second].map(async (one) => (await statusOf(one.node('alone').apiUrl)).chain.id),
    );

    expect(new Set(ids).size).to.equal(2);
    expect(first.directory).not.to.equal(second.directory);
  });

  it('given a cluster, when its description is read, then it leads to nodes, officers and no secret', async () => {
    const cluster = keep(await createCluster({ members: [...ONE, member('paper', 'observer')] }));

    const text = await readFile(cluster.descriptionFile, 'utf8');
    const description = await readClusterDescription(cluster.descriptionFile);

    const { secretKey } = cluster.officer('alone/ann');
    expect(description.nodes.map(({ slug, role }) => `${slug} ${role}`)).to.deep.equal([
      'alone validator',
      'paper observer',
    ]);
    expect(description.officers.every(({ keyFile }) => existsSync(keyFile))).to.equal(true);
    expect(text).not.to.contain(Buffer.from(secretKey).toString('hex'));
  });

  it('given a file of another kind, when read as description, then it is refused', async () => {
    const cluster = keep(await createCluster({ members: ONE }));
    const file = path.join(cluster.directory, 'other.json');
    await writeFile(file, '{"format":"something-else"}');

    const error = await readClusterDescription(file).catch((thrown: unknown) => thrown);

    expect(String(error)).to.contain('is not a daybook-cluster/1 file');
  });

  it('given a node, when killed and started, then it is another process on the same data', async () => {
    const cluster = keep(await startCluster({ members: ONE }));
    const { process, apiUrl } = cluster.node('alone');
    const first = process.pid();

    const end = await process.kill();
    const between = process.pid();
    await process.start();

    expect(end).to.deep.equal({ exitCode: null, signal: 'SIGKILL' });
    expect(between).to.equal(undefined);
    expect(process.pid()).not.to.equal(first);
    expect((await statusOf(apiUrl)).chain.id).to.have.length(64);
  });

  it('given a node that cannot start, when started, then the error has its last words', async () => {
    const cluster = keep(await createCluster({ members: ONE }));
    const node = cluster.node('alone');
    await writeFile(node.configFile, 'nonsense: true\n');

    const error = await cluster.start().catch((thrown: unknown) => thrown);

    expect(String(error)).to.contain('exit code 2').and.to.contain('nonsense');
    expect(node.process.pid()).to.equal(undefined);
  });

  it('given nodes in this process, when stopped, then the same folders start as processes', async () => {
    const cluster = keep(await createCluster({ members: ONE }));
    const [here] = await startInProcessNodes(cluster);
    const inside = await statusOf(here?.apiUrl ?? '');
    await here?.stop();

    await cluster.start();

    const outside = await statusOf(cluster.node('alone').apiUrl);
    expect(outside.chain.id).to.equal(inside.chain.id);
  });

  it('given a cluster, when removed, then no process and no folder is left', async () => {
    const cluster = await startCluster({ members: ONE });
    const pid = cluster.node('alone').process.pid() ?? 0;

    await cluster.remove();

    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
    expect(existsSync(cluster.directory)).to.equal(false);
  });
});
