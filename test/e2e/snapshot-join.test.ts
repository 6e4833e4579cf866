/**
 * F17, I11, I30: a validator joins a running chain by a snapshot, is killed in every phase of it, has
 * a liar among its peers and payments going on meanwhile, and then signs; what it proves holds
 * offline, and a backup of it brings it back. Scenario S29 of docs/reliability.md, by a snapshot.
 */
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, ClusterNode, LyingProvider } from '@daybook/testkit';
import { createCluster, startLyingProvider } from '@daybook/testkit';
import { expect } from 'chai';
import { getBytes, getJson, heightOf, stateRootsAt, statusOf } from './support/api.ts';
import { FUND, openFund, paymentPath } from './support/fund.ts';
import type { Load } from './support/load.ts';
import { startLoad } from './support/load.ts';
import { FOUR, member } from './support/members.ts';
import { runDaemon, runDaybook } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const JOINER = 'transport';
const LIAR = 'gossip';
const WITHIN_MS = 120_000;
/** Two slots and a minute are longer than the lives of the joiner between two questions. */
const SLOT_MS = 20_000;
/** Hashes, records, blocks, and starting on them. */
const PHASES = ['hashes', 'records', 'blocks', 'adopting'];

describe('joining by a snapshot (validators=5, one empty, a liar among the peers)', function () {
  this.timeout(300_000);
  let cluster: Cluster;
  let joiner: ClusterNode;
  let liar: LyingProvider | undefined;
  let load: Load | undefined;
  let during: Load | undefined;
  let urls: readonly string[];

  before(async () => {
    const members = [...FOUR, member(JOINER, 'validator'), member(LIAR, 'observer')];
    // Quarantine lasts as long as a proposal may be on its way.
    const parameters = { roundBaseMs: 1000, emptyIntervalMs: 1000, messageDelayMs: 3000 };
    const settings = { sync: { snapshotSeconds: SLOT_MS / 1000 } };
    cluster = await createCluster({ members, parameters, settings });
    joiner = cluster.node(JOINER);
    const running = FOUR.map(({ slug }) => cluster.node(slug));
    urls = running.map(({ apiUrl }) => apiUrl);
    await Promise.all(running.map(async (node) => await node.process.start()));
    // One of five is down, so that a slow one costs rounds: opening may outlast its request.
    await openFund(urls[0] ?? '', cluster).catch(() => undefined);
    const isOpen = async (): Promise<boolean> =>
      (await getJson(urls[0] ?? '', `/v1/contracts/treasury/commitment/${FUND}/pumps`)).status ===
      200;
    await eventually(isOpen, { what: 'the fund to be open', withinMs: WITHIN_MS });
    load = startLoad(cluster, { apiUrls: urls, clientsPerNode: 1, prefix: 'paid' });
    const { promised } = load;
    await eventually(() => promised.length > 60, { what: '60 payments', withinMs: WITHIN_MS });
    const isOffered = async (): Promise<boolean> => {
      const [url = ''] = urls;
      return (await slotOf(url, 1)) < (await slotOf(url, await heightOf(url)));
    };
    await eventually(isOffered, { what: 'a snapshot to be kept', withinMs: WITHIN_MS });
    await load.stop();
    liar = await startLyingProvider(cluster, {
      slug: LIAR,
      honest: FOUR[0]?.slug ?? '',
      others: [JOINER],
    });
    const config = await readFile(joiner.configFile, 'utf8');
    await writeFile(joiner.configFile, config.replace('sync:\n', 'sync:\n  mode: snapshot\n'));
    // One client: payments go on while the node joins, and the machine is left to it.
    during = startLoad(cluster, {
      apiUrls: urls.slice(0, 1),
      clientsPerNode: 1,
      prefix: 'during',
    });
  });
  after(async () => {
    await load?.stop().catch(() => undefined);
    await during?.stop().catch(() => undefined);
    await liar?.stop();
    await cluster?.remove();
  });

  it('I20: given a kill in every phase and payments that go on, then it joins by one snapshot and has every payment', async () => {
    const begun: unknown[] = [];
    const paidBefore = during?.promised.length ?? 0;
    for (const phase of PHASES) {
      const line = await startUntil(joiner, phase);
      begun.push(line.height);
      await joiner.process.kill();
    }

    await joiner.process.start();

    const follows = async (): Promise<boolean> => (await statusOf(joiner.apiUrl)).ready;
    await eventually(follows, { what: 'the joiner follows the chain', withinMs: WITHIN_MS });
    await eventually(() => (during?.promised.length ?? 0) > paidBefore, {
      what: 'payments while it joined',
      withinMs: WITHIN_MS,
    });
    await during?.stop();
    const promised = [...(load?.promised ?? []), ...(during?.promised ?? [])];
    const head = Math.max(...(await Promise.all(urls.map(heightOf))));
    await eventually(async () => (await heightOf(joiner.apiUrl)) >= head, {
      what: `the joiner at ${head}`,
      withinMs: WITHIN_MS,
    });
    const lost: string[] = [];
    for (const name of promised) {
      const { status } = await getJson(joiner.apiUrl, paymentPath(name));
      if (status !== 200) lost.push(name);
    }
    expect(lost, 'promised, and not here').to.deep.equal([]);
    expect(new Set(begun).size, 'one snapshot in all lives').to.equal(1);
    const [height] = begun;
    const { body } = await getJson(joiner.apiUrl, '/v1/status');
    expect(body.oldestStateHeight, 'nothing was executed again').to.equal(height);
    const at = await heightOf(joiner.apiUrl);
    const roots = await stateRootsAt([...urls, joiner.apiUrl], at);
    expect(new Set(roots).size).to.equal(1);
  });

  it('F23: given a peer that forges, then it was caught at its first answer and cut off', async () => {
    const log = await readFile(joiner.logFile, 'utf8');
    const lines = log.split('\n').filter((line) => line.includes('"snapshot forged"'));

    expect(liar?.lies()).to.be.greaterThan(0);
    expect(lines.length).to.be.greaterThan(0);
    expect(lines.every((line) => line.includes(liar?.peerId ?? ''))).to.equal(true);
    expect(log).to.contain('"peer banned"');
  });

  it('given the joined node, when another validator ends, then the chain needs its votes and goes on', async () => {
    await cluster.node(FOUR[3]?.slug ?? '').process.stop();
    const before = await heightOf(urls[0] ?? '');

    const grows = async (): Promise<boolean> => (await heightOf(urls[0] ?? '')) > before + 3;
    await eventually(grows, { what: 'blocks with the votes of the joiner', withinMs: WITHIN_MS });
  });

  it('I17: given a record, when the joined node proves it, then the proof holds without any node', async () => {
    const [name] = load?.promised ?? [];
    const file = path.join(cluster.directory, 'joined.daybook-proof');
    await writeFile(file, await getBytes(joiner.apiUrl, `${paymentPath(name ?? '')}?proof=bundle`));

    const genesis = ['--genesis', cluster.genesisFile];
    const { exitCode, stdout } = await runDaybook(['verify', file, ...genesis, '--json']);

    expect(exitCode, stdout).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ outcome: 'valid' });
  });

  it('given a restart, then the joined node knows its history and follows again', async () => {
    await joiner.process.stop();

    await joiner.process.start();

    const follows = async (): Promise<boolean> => (await statusOf(joiner.apiUrl)).ready;
    await eventually(follows, { what: 'it follows', withinMs: WITHIN_MS });
    const checkpoint = await fetch(`${joiner.apiUrl}/v1/checkpoint`);
    expect(checkpoint.status).to.equal(200);
  });

  it('F20, spec S-18: given a backup of it while it ran, when its disk is lost and it is restored, then quarantine first, and then it votes', async () => {
    await cluster.node(FOUR[3]?.slug ?? '').process.start();
    const folder = path.join(cluster.directory, 'backup');
    const { configFile, dataDirectory, apiUrl } = joiner;

    const backup = await runDaemon('backup', folder, '--config', configFile);
    const verified = await runDaemon('archive', 'verify', folder, '--json');
    await joiner.process.kill();
    await rm(dataDirectory, { recursive: true });
    const restored = await runDaemon('restore', folder, '--config', configFile);
    const withheld = joiner.process.logged('signing withheld');
    await joiner.process.start();

    expect(backup.exitCode, backup.output).to.equal(0);
    expect(backup.output).to.match(/it begins with the state of height \d+/);
    expect(verified.exitCode, verified.output).to.equal(0);
    expect(JSON.parse(verified.output)).to.include({ outcome: 'valid', uncertified: 0 });
    expect(restored.exitCode, restored.output).to.equal(0);
    expect(await withheld).to.include({ code: 'STATE_VOTES_MISSING' });
    const votes = async (): Promise<boolean> => {
      const { body } = await getJson(apiUrl, '/v1/status');
      const { state } = body.signing as { readonly state: string };
      return body.activity === 'voting' && state === 'open';
    };
    await eventually(votes, { what: 'votes after quarantine', withinMs: WITHIN_MS });
    const at = await heightOf(apiUrl);
    expect(new Set(await stateRootsAt([...urls, apiUrl], at)).size).to.equal(1);
  });
});

/** Of the time of a block. */
async function slotOf(apiUrl: string, block: number): Promise<number> {
  const { body } = await getJson(apiUrl, `/v1/blocks/${block}`);
  return Math.floor(Number(body.timestampMs) / SLOT_MS);
}

/** Starts a node and waits until it enters a phase. @returns the line it logs then */
async function startUntil(
  { process, logFile }: ClusterNode,
  phase: string,
): Promise<Readonly<Record<string, unknown>>> {
  const linesNow = async (): Promise<readonly string[]> =>
    (await readFile(logFile, 'utf8').catch(() => '')).split('\n').slice(0, -1);
  const before = (await linesNow()).length;
  await process.start();
  const entered = async (): Promise<Readonly<Record<string, unknown>> | undefined> =>
    (await linesNow())
      .slice(before)
      .map((line): Readonly<Record<string, unknown>> => JSON.parse(line))
      .find((line) => line.message === 'joining' && line.phase === phase);
  return await eventually(entered, { what: phase, withinMs: WITHIN_MS, everyMs: 5 });
}
