/** I20, F20: a validator loses its disk and comes back from a backup that is some blocks old. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf, stateRootsAt } from './support/api.ts';
import { openFund } from './support/fund.ts';
import type { Load } from './support/load.ts';
import { startLoad } from './support/load.ts';
import { FOUR } from './support/members.ts';
import { runDaemon } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const VICTIM = 'audit';
const WITHIN_MS = 90_000;

describe('daybookd backup and restore (validators=4)', function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let node: ClusterNode;
  let folder: string;
  let load: Load | undefined;
  let urls: readonly string[];

  before(async () => {
    // Quarantine lasts as long as a proposal may be on its way.
    const parameters = { roundBaseMs: 1000, emptyIntervalMs: 1000, messageDelayMs: 3000 };
    cluster = await startCluster({ members: FOUR, parameters });
    node = cluster.node(VICTIM);
    folder = path.join(cluster.directory, 'backup');
    urls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    await openFund(urls[0] ?? '', cluster);
  });
  after(async () => {
    await load?.stop().catch(() => undefined);
    await cluster?.remove();
  });

  it('given a running node under load, when backed up, then the copy ends at one height and holds no key and no vote', async () => {
    load = startLoad(cluster, { apiUrls: urls, clientsPerNode: 1, prefix: 'paid' });
    const { promised } = load;
    await eventually(() => promised.length > 20, { what: '20 payments', withinMs: WITHIN_MS });

    const { exitCode, output } = await runDaemon('backup', folder, '--config', node.configFile);
    const verified = await runDaemon('archive', 'verify', folder, '--json');

    expect(exitCode, output).to.equal(0);
    expect(verified.exitCode, verified.output).to.equal(0);
    expect(JSON.parse(verified.output)).to.include({ outcome: 'valid', executed: true });
    const manifest = JSON.parse(await readFile(path.join(folder, 'archive.json'), 'utf8'));
    const { body } = await getJson(urls[0] ?? '', `/v1/blocks/${manifest.last}`);
    expect(manifest.lastHash).to.equal(body.blockHash);
    const names = await readdir(folder, { recursive: true });
    expect(names.filter((name) => /key|wal|vote|peer|consensus/.test(name))).to.deep.equal([]);
  });

  it('given a directory with blocks, when restored over it, then it is refused and nothing changes', async () => {
    await node.process.kill();

    const { exitCode, output } = await runDaemon('restore', folder, '--config', node.configFile);

    expect(exitCode).to.equal(4);
    expect(output).to.contain('only where there are no blocks');
  });

  it('given a damaged backup, when restored, then the file is named and the directory stays empty', async () => {
    await rm(node.dataDirectory, { recursive: true });
    const damaged = path.join(cluster.directory, 'damaged');
    await cp(folder, damaged, { recursive: true });
    const [segment = ''] = (await readdir(damaged)).filter((name) => name.endsWith('.log'));
    const bytes = await readFile(path.join(damaged, segment));
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 4;
    await writeFile(path.join(damaged, segment), bytes);

    const { exitCode, output } = await runDaemon('restore', damaged, '--config', node.configFile);

    expect(exitCode).to.equal(4);
    expect(output).to.contain(segment);
    const blocks = path.join(node.dataDirectory, 'blocks');
    expect(await readdir(blocks).catch(() => [])).to.deep.equal([]);
  });

  it('spec C-26: given a backup some blocks old, when restored, then quarantine first, and then level with the others and voting', async () => {
    const restored = await runDaemon('restore', folder, '--config', node.configFile);
    expect(restored.exitCode, restored.output).to.equal(0);

    const withheld = node.process.logged('signing withheld');
    await node.process.start();

    expect(await withheld).to.include({ code: 'STATE_VOTES_MISSING' });
    const votes = async (): Promise<boolean> => {
      const { body } = await getJson(node.apiUrl, '/v1/status');
      const signing = body.signing as { readonly state?: string } | undefined;
      return body.activity === 'voting' && signing?.state === 'open';
    };
    await eventually(votes, { what: 'votes after quarantine', withinMs: WITHIN_MS });
    await load?.stop();
    load = undefined;
    const head = Math.max(...(await Promise.all(urls.map(heightOf))));
    await eventually(async () => (await heightOf(node.apiUrl)) >= head, {
      what: `${VICTIM} at ${head}`,
      withinMs: WITHIN_MS,
    });
    expect(new Set(await stateRootsAt(urls, head)).size).to.equal(1);
    for (const url of urls) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics, 'nobody signed twice').to.not.match(
        /^daybook_node_evidence_total\{.*\} [1-9]/m,
      );
    }
  });
});
