/** I22, F7: a validator whose blocks or state are damaged is repaired and goes on with the others. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createNodeDisk, openBlockLog } from '@daybook/state';
import type { Cluster, ClusterNode, ProcessEnd } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf, stateRootsAt } from './support/api.ts';
import { breakIndex } from './support/broken-index.ts';
import { openFund } from './support/fund.ts';
import { startLoad } from './support/load.ts';
import { FOUR } from './support/members.ts';
import { runDaemon } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const WITHIN_MS = 90_000;
const SEGMENT = 'blocks-000000000000.log';

describe('daybookd repair (validators=4)', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let node: ClusterNode;
  let urls: readonly string[];

  before(async () => {
    const parameters = { roundBaseMs: 1000, emptyIntervalMs: 1000 };
    cluster = await startCluster({ members: FOUR, parameters });
    node = cluster.node('audit');
    urls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    await openFund(urls[0] ?? '', cluster);
    const load = startLoad(cluster, { apiUrls: urls, clientsPerNode: 1, prefix: 'paid' });
    const { promised } = load;
    await eventually(() => promised.length > 20, { what: '20 payments', withinMs: WITHIN_MS });
    await load.stop();
    await node.process.stop();
  });
  after(async () => {
    await cluster?.remove();
  });

  async function flip(file: string, at: (size: number) => number): Promise<void> {
    const bytes = await readFile(file);
    const place = at(bytes.length);
    bytes[place] = (bytes[place] ?? 0) ^ 0x20;
    await writeFile(file, bytes);
  }

  /** The node votes again, level with the others, and nobody has signed twice. */
  async function expectSound(): Promise<void> {
    await node.process.start();
    const votes = async (): Promise<boolean> => {
      const { body } = await getJson(node.apiUrl, '/v1/status');
      const signing = body.signing as { readonly state?: string } | undefined;
      return body.activity === 'voting' && signing?.state === 'open';
    };
    await eventually(votes, { what: 'votes', withinMs: WITHIN_MS });
    const head = await heightOf(urls[0] ?? '');
    await eventually(async () => (await heightOf(node.apiUrl)) >= head, {
      what: `height ${head}`,
      withinMs: WITHIN_MS,
    });
    expect(new Set(await stateRootsAt(urls, head)).size).to.equal(1);
    for (const url of urls) {
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).to.not.match(/^daybook_node_evidence_total\{.*\} [1-9]/m);
    }
    await node.process.stop();
  }

  const repair = (...flags: readonly string[]) =>
    runDaemon('repair', ...flags, '--config', node.configFile);

  it('given sound data, when repaired, then nothing is found and nothing changes', async () => {
    const { exitCode, output } = await repair();

    expect(exitCode, output).to.equal(0);
    expect(output)
      .to.contain('every record is sound')
      .and.to.match(/[1-9]\d* records proven/);
  });

  it('given a damaged state, then a dry run names it and ends with 4, and repair makes it again', async () => {
    const folder = path.join(node.dataDirectory, 'state');
    const segments = (await readdir(folder)).filter((name) => name.startsWith('values-'));
    const [values = ''] = segments;
    const end = await lastUsed(path.join(folder, values));
    await flip(path.join(folder, values), () => Math.floor(end / 2));

    const told = await repair('--dry-run');
    const done = await repair();
    const again = await repair('--dry-run');

    expect(told.exitCode, told.output).to.equal(4);
    expect(told.output).to.match(/state: .*(checksum|not proven)/);
    expect(done.exitCode, done.output).to.equal(0);
    expect(done.output).to.contain('made again from the block log');
    expect(again.exitCode, again.output).to.equal(0);
    await expectSound();
  });

  it('given a state that ends whoever reads it, then the third start, doctor and repair name it, and repair makes it again', async () => {
    expect(await breakIndex(path.join(node.dataDirectory, 'state/index'))).to.be.above(0);
    const ends: ProcessEnd[] = [];
    for (let start = 0; start < 3; start += 1) {
      await node.process.start().catch(() => undefined);
      ends.push(await node.process.ended());
    }

    const examined = await runDaemon('doctor', '--config', node.configFile);
    const told = await repair('--dry-run');
    const done = await repair();

    expect(ends.map(({ signal, exitCode }) => signal ?? exitCode)).to.deep.equal([
      'SIGABRT',
      'SIGABRT',
      4,
    ]);
    expect(await readFile(node.logFile, 'utf8')).to.match(/SIGABRT \(.*Assertion.*must stop/);
    for (const { exitCode, output } of [examined, told]) {
      expect(exitCode, output).to.equal(4);
      expect(output).to.match(/state\/index: .*SIGABRT \(.*Assertion/);
    }
    expect(done.exitCode, done.output).to.equal(0);
    expect(done.output).to.contain('made again from the block log');
    await expectSound();
  });

  it('spec C-26: given a damaged block, then what is before it is kept, the rest comes from the others, and votes go on', async () => {
    const file = path.join(node.dataDirectory, 'blocks', SEGMENT);
    const { size } = await stat(file);
    await flip(file, () => Math.floor(size / 2));

    const told = await repair('--dry-run');
    const untouched = (await stat(file)).size;
    const done = await repair();

    expect(told.exitCode, told.output).to.equal(4);
    expect(told.output).to.match(new RegExp(`${SEGMENT} at byte \\d+`));
    expect(untouched).to.equal(size);
    expect(done.exitCode, done.output).to.equal(0);
    expect(done.output).to.match(/fetches the blocks from [1-9]\d* on/);
    const aside = (await readdir(node.dataDirectory)).filter((one) => one.startsWith('damaged-'));
    expect(aside.length).to.equal(1);
    expect((await stat(path.join(node.dataDirectory, aside[0] ?? '', SEGMENT))).size).to.equal(
      size,
    );
    await expectSound();
  });

  it('given a sound record of a block that does not follow, then it is cut away and the node goes on with the others', async () => {
    const directory = path.join(node.dataDirectory, 'blocks');
    const log = await openBlockLog({ directory }, { disk: createNodeDisk() });
    const head = log.head()?.height ?? expect.fail('there are blocks');
    const copied = log.readBlock(head - 1) ?? expect.fail('there is a block');
    await log.appendRange([{ ...copied, height: head + 1 }]);
    await log.close();
    const refused = await runDaemon('check', '--deep', '--config', node.configFile);

    const told = await repair('--dry-run');
    const done = await repair();

    expect(refused.exitCode, refused.output).to.equal(4);
    expect(told.exitCode, told.output).to.equal(4);
    expect(told.output).to.contain(`height ${head + 1}, byte `);
    expect(done.exitCode, done.output).to.equal(0);
    expect(done.output).to.contain(`fetches the blocks from ${head + 1} on`);
    await expectSound();
  });

  it('given blocks that are damaged at their very beginning, then everything comes from the others', async () => {
    await flip(path.join(node.dataDirectory, 'blocks', SEGMENT), () => 3);

    const done = await repair();

    expect(done.exitCode, done.output).to.equal(0);
    expect(done.output).to.contain('fetches the blocks from 0 on');
    await expectSound();
  });

  /** Where the content of a preallocated segment ends. */
  async function lastUsed(file: string): Promise<number> {
    const bytes = await readFile(file);
    return bytes.findLastIndex((byte) => byte !== 0);
  }
});
