/** Every cause of the diagnosis, with whole nodes that are really in that state. */
import type { UnsignedCommit } from '@daybook/core';
import { asHash, asPublicKey, indexOfKey, publicKeyOf, sign, signBytes } from '@daybook/core';
import type { DiskFile, VoteSigner } from '@daybook/state';
import { expect } from 'chai';
import type { Health } from '../../src/health.ts';
import type { HealthKind } from '../../src/health-causes.ts';
import { consensusSeed, makeGenesis, noteOf, peerIdOf } from '../support/chain.ts';
import type { MemoryCluster } from '../support/memory-cluster.ts';
import { startMemoryCluster } from '../support/memory-cluster.ts';

const genesis = makeGenesis({ isReachable: true });
const kindsOf = ({ reasons }: Health): readonly HealthKind[] => reasons.map(({ kind }) => kind);

function wordsOf({ reasons }: Health, kind: HealthKind): string {
  return reasons.find((reason) => reason.kind === kind)?.words.en ?? '';
}

/** Flips a bit in every 64 bytes of the middle third of what is written in a file. */
function spoilMiddle(file: DiskFile): void {
  const bytes = new Uint8Array(file.size());
  file.read(0, bytes);
  const end = bytes.findLastIndex((byte) => byte !== 0);
  for (let at = Math.floor(end / 3); at < (end * 2) / 3; at += 64) {
    file.write(at, Uint8Array.of((bytes[at] ?? 0) ^ 1));
  }
}

describe('health: causes in a cluster (validators=4)', () => {
  let cluster: MemoryCluster;

  async function start(options: Parameters<typeof startMemoryCluster>[1] = {}): Promise<void> {
    cluster = await startMemoryCluster(genesis, options);
    await cluster.run(500);
  }
  afterEach(async () => {
    await cluster?.stop();
  });

  const healthAt = (index: number): Health => cluster.node(index).health();
  const heightAt = (index: number): number =>
    cluster.node(index).replica().ledger.head().header.height;
  const shows = (index: number, kind: HealthKind) => (): boolean =>
    kindsOf(healthAt(index)).includes(kind);

  /** A block with this note becomes final at these nodes. */
  async function decide(number: number, at: readonly number[] = [0]): Promise<void> {
    const target = heightAt(at[0] ?? 0) + 1;
    await cluster.submit(number, at);
    await cluster.until(`block ${target}`, () => at.every((index) => heightAt(index) >= target));
  }

  it('idle: given nothing to do, then all is well and it says so, until the empty block and after', async () => {
    await start();
    await decide(1);
    await cluster.run(50_000);
    const before = healthAt(0);
    await cluster.until('the empty block', () => heightAt(0) === 2);

    expect([before.healthy, before.state.kind]).to.deep.equal([true, 'idle']);
    expect(before.state.words.en).to.contain('Block 1 is 50 s old');
    expect(kindsOf(before)).to.deep.equal([]);
    expect(healthAt(0).healthy).to.equal(true);
  });

  it('data-damaged: given damaged old blocks, when a peer catches up from there, then it is refused, named, and the node goes on', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    await cluster.node(3).kill();
    for (let number = 2; number < 12; number++) await decide(number);
    spoilMiddle(cluster.node(0).disk.openFile('/data/blocks/blocks-000000000000.log'));
    await cluster.node(3).start();
    await cluster.until('the peer at the head', () => heightAt(3) === heightAt(0));

    await cluster.until('damage to be named', shows(0, 'data-damaged'));

    const health = healthAt(0);
    expect(wordsOf(health, 'data-damaged')).to.contain('/data/blocks/blocks-000000000000.log');
    expect(health.healthy).to.equal(true);
    expect(cluster.node(0).fatal).to.deep.equal([]);
    await decide(20, [0, 1, 2, 3]);
  });

  it('no-links: given every other validator gone, then it names them and since when', async () => {
    await start();
    await decide(1);
    for (const index of [1, 2, 3]) await cluster.node(index).kill();
    await cluster.run(5000);

    const health = healthAt(0);

    expect(health.healthy).to.equal(false);
    expect(kindsOf(health)[0]).to.equal('no-links');
    expect(wordsOf(health, 'no-links')).to.match(/office-1 \(last heard \d+ s ago\)/);
  });

  it('quorum-unreachable: given two of four gone, then it is a fault until one is back', async () => {
    await start();
    await decide(1);
    for (const index of [2, 3]) await cluster.node(index).kill();
    await cluster.submit(2, [0]);
    await cluster.run(30_000);
    const health = healthAt(0);
    const height = heightAt(0);

    await cluster.node(2).start();
    await cluster.until('a block with three', () => heightAt(0) > height);

    expect(health.healthy).to.equal(false);
    expect(kindsOf(health)).to.include('quorum-unreachable');
    expect(wordsOf(health, 'quorum-unreachable')).to.match(/Only 2 of 4 .*office-2.*office-3/);
    expect(healthAt(0).healthy).to.equal(true);
    expect(kindsOf(healthAt(0))).to.not.include('quorum-unreachable');
  });

  it('validator-silent: given one that hangs, then the chain goes on and it is named', async () => {
    await start();
    cluster.node(3).isFrozen = true;
    await cluster.until('the warning', shows(0, 'validator-silent'));
    await decide(1, [0, 1, 2]);

    const health = healthAt(0);

    expect(health.healthy).to.equal(true);
    expect(wordsOf(health, 'validator-silent')).to.contain('office-3 (last heard');
  });

  it('quorum-silent: given two connected ones that hang, when a block is overdue, then they are named', async () => {
    await start();
    await decide(1);
    for (const index of [2, 3]) cluster.node(index).isFrozen = true;
    await cluster.submit(2, [0]);
    await cluster.until('the fault', shows(0, 'quorum-silent'));

    const health = healthAt(0);

    expect(health.healthy).to.equal(false);
    expect(kindsOf(health)[0]).to.equal('quorum-silent');
    expect(wordsOf(health, 'quorum-silent')).to.match(/2 of the 3 votes .*office-2.*office-3/);
    expect(cluster.node(0).board().report().reachable.count, 'they are connected').to.equal(4);
    for (const index of [2, 3]) cluster.node(index).isFrozen = false;
    await cluster.until('the block after all', () => heightAt(0) === 2);
    expect(healthAt(0).healthy).to.equal(true);
  });

  it('rounds: given clocks that all differ, then nobody proposes, and the rounds are told', async () => {
    await start();
    await decide(1);
    for (const [index, hours] of [0, 2, -2, 4].entries()) {
      cluster.node(index).clockOffsetMs = hours * 3_600_000;
    }
    await cluster.run(15_000);
    await cluster.submit(2, [0]);
    await cluster.until('the warning', shows(0, 'rounds'));

    expect(wordsOf(healthAt(0), 'rounds')).to.match(/Height 2 has needed \d+ round changes/);
    expect(healthAt(0).state.words.en).to.match(/round \d+: this node waits for/);
  });

  it('quarantined: given a lost vote log, then it says so, when it began, and when it is over', async () => {
    await start({ logless: [3] });
    await decide(1, [0, 3]);
    const isTimed = (): boolean => /later than/.test(wordsOf(healthAt(3), 'quarantined'));
    await cluster.until('its beginning', isTimed);
    const health = healthAt(3);
    await cluster.run(13_000);
    await decide(2, [0, 3]);
    const nearly = healthAt(3);
    await decide(3, [0, 3]);
    await cluster.until('the end', () => healthAt(3).healthy);

    expect(kindsOf(health)).to.deep.equal(['quarantined']);
    expect(wordsOf(health, 'quarantined')).to.match(/STATE_VOTES_MISSING.*later than 20\d\d-/);
    expect(wordsOf(nearly, 'quarantined')).to.contain('at or below height 2');
    expect(kindsOf(healthAt(0))).to.deep.equal([]);
    expect(cluster.node(3).replica().signer?.state().guard.height).to.be.above(2);
  });

  it('asking: given peers that do not answer yet, then it says that it asks before it signs', async () => {
    cluster = await startMemoryCluster(genesis, {});
    await cluster.node(0).kill();
    for (const index of [1, 2, 3]) await cluster.node(index).kill();
    await cluster.node(0).start();
    await cluster.run(3000);

    const { state } = healthAt(0);

    expect(state.kind).to.equal('asking');
    expect(state.words.en).to.contain('0 of 2 have answered');
  });

  it('disk-full: given 2 % free, then signing stops, and resumes by itself at 5 %', async () => {
    await start();
    await decide(1);
    for (const index of [0, 1]) cluster.node(index).free = 0.015;
    await cluster.submit(2, [2]);
    await cluster.run(20_000);
    const full = healthAt(0);
    for (const index of [0, 1]) cluster.node(index).free = 0.04;
    await cluster.run(5000);
    const waiting = healthAt(0);
    const height = heightAt(2);
    for (const index of [0, 1]) cluster.node(index).free = 0.06;
    await cluster.until('blocks again', () => heightAt(2) > height);

    expect([full.healthy, kindsOf(full)[0]]).to.deep.equal([false, 'disk-full']);
    expect(kindsOf(waiting)[0], 'between 2 and 5 %').to.equal('disk-full');
    expect(height, 'two of four cannot sign').to.equal(1);
    expect(kindsOf(healthAt(0))).to.deep.equal(['disk-low']);
    expect(healthAt(0).healthy).to.equal(true);
  });

  it('clock-off, clock-drifting: given a clock that is wrong, then only that node says so', async () => {
    await start();
    cluster.node(1).clockOffsetMs = 700;
    await cluster.until('the warning', shows(1, 'clock-drifting'));
    cluster.node(1).clockOffsetMs = -3_600_000;
    await cluster.until('the fault', shows(1, 'clock-off'));
    await decide(1);

    expect(wordsOf(healthAt(1), 'clock-off')).to.match(/by -3(?:600000|599\d\d\d) ms/);
    expect(healthAt(1).healthy).to.equal(false);
    expect(kindsOf(healthAt(0))).to.deep.equal([]);
  });

  it('sync-stalled: given more peers than may lie that show more than anybody serves, then it is a fault after a minute', async () => {
    await start();
    const node = cluster.node(0);
    const { syncer } = node.replica().consensus;
    syncer.hint(1000, peerIdOf(1));
    const { activity, sync } = node.board().report();
    syncer.hint(1000, peerIdOf(2));
    await cluster.until('a stalled sync', shows(0, 'sync-stalled'));

    const health = healthAt(0);

    expect(activity, 'one peer may lie').to.equal('voting');
    expect(sync).to.include({ target: 1000, credible: false });
    expect(health.state.kind).to.equal('catching-up');
    expect(wordsOf(health, 'sync-stalled')).to.match(/1000.*not given by.*NETWORK_/);
  });

  it('catching up: given blocks made without it, when a node is back, then it follows and is well', async () => {
    await start();
    await cluster.node(3).kill();
    for (let number = 1; number <= 5; number++) await decide(number, [0]);
    await cluster.node(3).start();

    const activity = (): string => cluster.node(3).board().report().activity;
    await cluster.until('the head', () => heightAt(3) === heightAt(0) && activity() === 'voting');

    expect(healthAt(3).healthy).to.equal(true);
    expect(heightAt(3)).to.equal(5);
  });

  it('block-missing: given COMMITs of a quorum for a block that nobody has, then it says whose block', async () => {
    await start();
    await decide(1);
    const { validators } = cluster.node(0).replica().ledger.head().next;
    for (const index of [1, 2, 3]) cluster.node(index).isFrozen = true;
    const blockHash = asHash(new Uint8Array(32).fill(9));
    const content: UnsignedCommit = { type: 'commit', height: 2, round: 0, blockHash };
    for (const key of [1, 2, 3]) {
      const sender = indexOfKey(validators, asPublicKey(publicKeyOf(consensusSeed(key)))) ?? 99;
      const signature = sign(consensusSeed(key), signBytes(genesis.chain, content));
      const message = { type: 'commit', signed: { content, sender, signature } } as const;
      cluster.node(0).replica().consensus.driver.tell({ type: 'vote', message });
    }
    await cluster.until('the fault', shows(0, 'block-missing'));

    expect(wordsOf(healthAt(0), 'block-missing')).to.contain('Height 2 is decided or prepared');
    expect(healthAt(0).healthy).to.equal(false);
  });

  it('halted: given a disk that fails, then the node is halted and names the file', async () => {
    let fails = false;
    await start({
      signerOf: (index, signer): VoteSigner => ({
        ...signer,
        sign: async (request) => {
          if (fails && index === 0) throw new Error('STATE_SYNC_FAILED: /data/votes/wal-A');
          return await signer.sign(request);
        },
      }),
    });
    fails = true;
    await cluster.submit(1, [0]);
    await cluster.until('the end of voting', shows(0, 'halted'));

    expect(wordsOf(healthAt(0), 'halted')).to.contain('/data/votes/wal-A');
    expect(cluster.node(0).fatal).to.have.length(1);
    expect(healthAt(1).healthy, 'the others go on').to.equal(true);
  });

  for (const [folder, log] of [
    ['/data/votes/', 'the vote log'],
    ['/data/blocks/', 'the block that it votes for'],
  ] as const) {
    it(`signature-hangs: given syncs of ${folder} that do not return, then it names ${log} and since when, until they do`, async () => {
      let hung: Promise<void> | undefined;
      let release = (): void => undefined;
      await start({
        hangs: (index, path) => (index === 0 && path.startsWith(folder) ? hung : undefined),
      });
      await decide(1, [0, 1, 2, 3]);
      hung = new Promise((resolve) => {
        release = resolve;
      });
      await cluster.submit(2, [0, 1]);
      await cluster.until('the fault', shows(0, 'signature-hangs'));
      const health = healthAt(0);
      const { report, waiting } = cluster.node(0).facts();
      hung = undefined;
      release();
      await cluster.until('health again', () => healthAt(0).healthy);

      expect(health.healthy).to.equal(false);
      expect(kindsOf(health)[0]).to.equal('signature-hangs');
      expect(wordsOf(health, 'signature-hangs')).to.contain(`for 10 s: the disk does not finish`);
      expect(wordsOf(health, 'signature-hangs')).to.contain(log);
      expect(waiting?.awaited).to.equal('signature');
      expect(report.signingWait?.forMs).to.be.above(10_000);
      expect(healthAt(1).healthy, 'the others go on').to.equal(true);
      await decide(3, [0, 1, 2, 3]);
    });
  }

  it('mempool-full: given more transactions than it may hold, then it warns', async () => {
    await start();
    for (const index of [1, 2, 3]) await cluster.node(index).kill();
    const { mempool } = cluster.node(0).replica();
    for (let number = 1; mempool.bytes() < 0.9 * 1024 * 1024 && number < 6000; number++) {
      mempool.add(noteOf(genesis, number), `office-${number % 8}`);
    }

    expect(kindsOf(healthAt(0))).to.include('mempool-full');
  });
});
