/** A validator loses its process under load and comes back; an observer follows all the time. */
import { verifyProofBundle } from '@daybook/client';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getBytes, getJson, heightOf, stateRootsAt, statusOf } from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openFund, paymentPath } from './support/fund.ts';
import type { Load } from './support/load.ts';
import { startLoad } from './support/load.ts';
import { FOUR_AND_OBSERVER } from './support/members.ts';
import { eventually } from './support/waiting.ts';

const VICTIM = 'audit';
const WITHIN_MS = 120_000;

describe('validator killed under load (validators=4, observers=1)', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let load: Load | undefined;
  let urls: readonly string[];
  let promised: readonly string[] = [];

  before(async () => {
    cluster = await startCluster({
      members: FOUR_AND_OBSERVER,
      parameters: { roundBaseMs: 1000, emptyIntervalMs: 2000 },
    });
    urls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    await openFund(urls[0] ?? '', cluster);
  });
  after(async () => {
    await load?.stop().catch(() => undefined);
    await cluster?.remove();
  });

  it('given payments to every node, when one is killed, then the others go on promising', async () => {
    load = startLoad(cluster, { apiUrls: urls, clientsPerNode: 2, prefix: 'load' });
    ({ promised } = load);
    await eventually(() => promised.length > 50, { what: '50 payments', withinMs: WITHIN_MS });

    const end = await cluster.node(VICTIM).process.kill();

    const before = promised.length;
    expect(end.signal).to.equal('SIGKILL');
    await eventually(() => promised.length > before + 100, {
      what: '100 payments without the victim',
      withinMs: WITHIN_MS,
    });
  });

  it('given a killed validator, when it is started again, then it catches up and votes', async () => {
    const { process, apiUrl } = cluster.node(VICTIM);

    await process.start();

    const caughtUp = async (): Promise<boolean> => {
      const target = await heightOf(urls[0] ?? '');
      const { activity, head } = await statusOf(apiUrl);
      return activity === 'voting' && head.height >= target;
    };
    await eventually(caughtUp, { what: 'the victim votes at the head', withinMs: WITHIN_MS });
  });

  it('given everything that was promised, when every node is asked, then all of it is there', async () => {
    await load?.stop();
    load = undefined;
    const head = Math.max(...(await Promise.all(urls.map(heightOf))));
    const isThere = async (url: string): Promise<boolean> => (await heightOf(url)) >= head;
    for (const url of urls) {
      await eventually(() => isThere(url), { what: `${url} at ${head}`, withinMs: WITHIN_MS });
    }

    const lost: string[] = [];
    for (const url of urls) {
      for (const name of promised) {
        const { status } = await getJson(url, paymentPath(name));
        if (status !== 200) lost.push(`${name} at ${url}`);
      }
    }

    const roots = await stateRootsAt(urls, head);
    expect(lost).to.deep.equal([]);
    expect(new Set(roots).size, `roots of height ${head}`).to.equal(1);
    tellFigure(`${promised.length} payments promised by five nodes, none lost`);
  });

  it('given the observer, when a payment is asked of it with its proof, then the proof holds', async () => {
    const { apiUrl } = cluster.node('newspaper');
    const status = await eventually(
      async () => {
        const told = await statusOf(apiUrl);
        return told.ready && told;
      },
      { what: 'the observer follows', withinMs: WITHIN_MS },
    );

    const bundle = await getBytes(apiUrl, `${paymentPath(promised[0] ?? '')}?proof=bundle`);

    const trust = { chain: cluster.genesis.chain, nowMs: Date.now() };
    expect(status).to.include({ activity: 'following', role: 'observer' });
    expect(verifyProofBundle(bundle, trust).outcome).to.equal('valid');
  });

  it('given nodes at work, when asked to end with SIGTERM, then each ends with code 0', async () => {
    const ends = await Promise.all(cluster.nodes.map(({ process }) => process.stop()));

    expect(ends.map(({ exitCode }) => exitCode)).to.deep.equal(cluster.nodes.map(() => 0));
  });
});
