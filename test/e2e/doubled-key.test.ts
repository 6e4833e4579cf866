/**
 * One validator key on two machines, each with a fresh vote log of its own, started on a chain that
 * rests: no peer holds a vote of the key yet, so both are trusted. Whoever learns of the other stops,
 * and signs no more before a later block has closed everything that either may have signed.
 * Scenario S20 of docs/reliability.md on real parts.
 */
import { readFile } from 'node:fs/promises';
import { peerIdFromPublicKey, publicKeyOf } from '@daybook/core';
import type { Cluster, Relays } from '@daybook/testkit';
import { createCluster, createRelays } from '@daybook/testkit';
import { expect } from 'chai';
import { heightOf, postTransaction, statusOf } from './support/api.ts';
import { openFund, signedPayment } from './support/fund.ts';
import { FOUR } from './support/members.ts';
import type { Twin } from './support/twin.ts';
import { createTwin } from './support/twin.ts';
import { eventually } from './support/waiting.ts';

const SAFETY = 10;
/** Only against hanging. */
const HANGING_MS = 120_000;
const STALLED = { flow: 'stalled' } as const;

/** Slugs by their peer ids: the lower one dials, so the lowest dials everybody. */
function inOrderOfPeers({ consortium }: Cluster): readonly string[] {
  return consortium.organisations
    .map(({ slug, peer }) => ({ slug, peerId: peerIdFromPublicKey(publicKeyOf(peer)) }))
    .sort((a, b) => (a.peerId < b.peerId ? -1 : 1))
    .map(({ slug }) => slug);
}

describe('one validator key on two machines (validators=4)', () => {
  let relays: Relays;
  let cluster: Cluster;
  let twin: Twin;
  /** Name of the machine that stopped first. */
  let stopped = '';
  /** Whose key is doubled, whom the second machine reaches, and the others. */
  let [victim, partner, ...others]: string[] = [];

  before(async () => {
    relays = await createRelays(FOUR.map(({ slug }) => slug));
    cluster = await createCluster({
      members: FOUR,
      parameters: { blockIntervalMs: 50, roundBaseMs: 500, emptyIntervalMs: 60_000 },
      announce: (slug, address) => relays.announce(slug, address),
    });
    [victim = '', partner = '', ...others] = inOrderOfPeers(cluster);
    twin = await createTwin(cluster, { slug: victim, name: 'twin', votes: 'fresh' });
    relays.follow([...cluster.nodes, { slug: 'twin', process: twin.process }]);
    // Each peer has one link per key: the first machine has those to two, the second that to one.
    relays.set({ from: victim, to: partner }, STALLED);
    for (const other of others) relays.set({ from: 'twin', to: other }, STALLED);
  });
  after(async () => {
    await twin?.process.kill();
    await cluster?.remove();
    await relays?.close();
  });

  it('given both trusted, when one learns what the other signed, then it stops with code 10 and says why', async () => {
    const { process: first } = cluster.node(victim ?? '');
    const machines = [first, twin.process];
    const trusted = machines.map((process) => process.logged('vote log trusted'));
    const starts = [...cluster.nodes.map(({ process }) => process), twin.process];
    await Promise.all(starts.map((process) => process.start()));
    await Promise.all(trusted);

    const entry = cluster.node(others[0] ?? '').apiUrl;
    await openFund(entry, cluster);
    const ends: { readonly name: string; readonly exitCode: number | null }[] = [];
    for (const process of machines) {
      process.ended().then(({ exitCode }) => ends.push({ name: process.name, exitCode }));
    }
    let payment = 0;
    const pay = async (): Promise<boolean> => {
      payment += 1;
      await postTransaction(entry, signedPayment(cluster, `p${payment}`).bytes);
      return ends.length > 0;
    };
    await eventually(pay, { what: 'one of the two stops', withinMs: HANGING_MS });

    expect(ends.map(({ exitCode }) => exitCode)).to.deep.equal(ends.map(() => SAFETY));
    const [{ name } = { name: '' }] = ends;
    stopped = name;
    const log = await readFile(name === 'twin' ? twin.logFile : cluster.node(name).logFile, 'utf8');
    const last = log.split('\n').find((line) => line.includes('node must stop'));
    expect(last).to.contain('CONSENSUS_KEY_ELSEWHERE: The own key signed a ');
    expect(last).to.contain('Find and stop the other instance');
  });

  it('spec C-36: given the one that stopped, when it is started again, then it is in quarantine', async () => {
    const isTwin = stopped === 'twin';
    const { process, apiUrl } = isTwin ? twin : cluster.node(stopped);

    await process.start();

    const { hindrance } = await statusOf(apiUrl);
    expect(String(hindrance)).to.contain('STATE_VOTES_MISSING');
    await process.kill();
  });

  it('given one stopped, then the others go on without it', async () => {
    const urls = [partner, ...others].map((slug) => cluster.node(slug ?? '').apiUrl);
    const before = await heightOf(urls[0] ?? '');
    await postTransaction(urls[0] ?? '', signedPayment(cluster, 'later').bytes);

    const grown = async (url: string): Promise<boolean> => (await heightOf(url)) > before;
    for (const url of urls) {
      await eventually(() => grown(url), { what: `${url} above ${before}`, withinMs: HANGING_MS });
    }
  });
});
