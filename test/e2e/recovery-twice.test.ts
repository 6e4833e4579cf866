/**
 * I21 on a real process: a validator that was killed under load recovers alone, is killed again right
 * after, and recovers once more. The second time finds nothing left to do, and neither signs anything.
 * I2: what it holds then is certified, block by block, by the founders, whose set never changed.
 */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { verifyHeader } from '@daybook/client';
import { decodeBlock, encodeHeader, trustGenesis } from '@daybook/core';
import { createNodeDisk, createReadingDisk, openBlockLog, readVotes } from '@daybook/state';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf } from './support/api.ts';
import { openFund } from './support/fund.ts';
import { startLoad } from './support/load.ts';
import { FOUR } from './support/members.ts';
import { runDaemon } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const VICTIM = 'audit';
const WITHIN_MS = 90_000;
/** What the victim has decided before it is killed: a few blocks, however many payments each takes. */
const HEIGHT = 6;

describe('recovering twice (validators=4)', () => {
  let cluster: Cluster;
  let node: ClusterNode;

  before(async () => {
    const parameters = { roundBaseMs: 1000, emptyIntervalMs: 1000 };
    cluster = await startCluster({ members: FOUR, parameters });
    node = cluster.node(VICTIM);
    const urls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    await openFund(urls[0] ?? '', cluster);
    const load = startLoad(cluster, { apiUrls: urls, clientsPerNode: 2, prefix: 'paid' });
    const { promised } = load;
    const isUnderWay = async () => (await heightOf(node.apiUrl)) >= HEIGHT && promised.length > 20;
    const what = `20 payments, and height ${HEIGHT} at the victim`;
    await eventually(isUnderWay, { what, withinMs: WITHIN_MS });
    // In the middle of everything, all at once.
    await Promise.all(cluster.nodes.map(({ process }) => process.kill()));
    await load.stop();
  });
  after(async () => {
    await cluster?.remove();
  });

  /** Every vote that the log of the node holds, with signature. */
  const votes = (): readonly string[] =>
    readVotes(path.join(node.dataDirectory, 'votes'), createReadingDisk()).map((vote) =>
      [vote.height, vote.round, vote.step, Buffer.from(vote.signature).toString('hex')].join(),
    );

  /** One hash over every block with certificate and results, as the log gives them. */
  async function chainOf(): Promise<string> {
    const directory = path.join(node.dataDirectory, 'blocks');
    const log = await openBlockLog({ directory }, { disk: createNodeDisk() });
    try {
      const hash = createHash('sha256');
      for (let height = 0; height <= (log.head()?.height ?? -1); height++) {
        const block = log.readBlock(height) ?? expect.fail(`block ${height} is there`);
        hash.update(block.bytes).update(block.certificate);
        for (const result of block.results) hash.update(result);
      }
      return hash.digest('hex');
    } finally {
      await log.close();
    }
  }

  /** One life: until it answers, then killed. @returns what it says of its head */
  async function recover(): Promise<unknown> {
    await node.process.start();
    const { body } = await getJson(node.apiUrl, '/v1/blocks/head');
    const state = await getJson(node.apiUrl, '/v1/state');
    await node.process.kill();
    return { block: body.blockHash, height: body.height, stateRoot: state.body.stateRoot };
  }

  it('I21: given a kill under load, when it recovers, is killed and recovers again, then it is as after the first time, and nothing was signed', async () => {
    const signed = votes();
    const logged = await chainOf();

    const first = await recover();
    const afterFirst = [votes(), await chainOf()];
    const second = await recover();
    const afterSecond = [votes(), await chainOf()];
    const checked = await runDaemon('check', '--deep', '--config', node.configFile);

    expect(signed.length).to.be.greaterThan(0);
    expect(afterFirst).to.deep.equal([signed, logged]);
    expect(second).to.deep.equal(first);
    expect(afterSecond).to.deep.equal(afterFirst);
    expect(checked.exitCode, checked.output).to.equal(0);
  });

  it('I2: given what it holds, then every block has a certificate of the set of its height', async () => {
    const directory = path.join(node.dataDirectory, 'blocks');
    const log = await openBlockLog({ directory }, { disk: createNodeDisk() });
    const trusted = trustGenesis(cluster.genesis);
    let certified = 0;

    for (let height = 1; height <= (log.head()?.height ?? 0); height++) {
      const stored = log.readBlock(height) ?? expect.fail(`block ${height} is there`);
      const block = decodeBlock(stored.bytes);
      if (!block.ok) return expect.fail(`block ${height} decodes`);
      const served = { header: encodeHeader(block.value.header), certificate: stored.certificate };
      const final = verifyHeader(served, trusted);
      expect(final.ok, `height ${height}`).to.equal(true);
      certified += 1;
    }
    await log.close();

    expect(certified).to.be.at.least(HEIGHT);
  });
});
