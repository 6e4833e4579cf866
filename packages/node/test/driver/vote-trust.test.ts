/** Whether the own vote log may be signed with: lost votes, twins, and the way out of quarantine. */
import { createState } from '@daybook/consensus';
import type { Prepare, UnsignedPrepare } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  asSignature,
  createWriter,
  indexOfKey,
  publicKeyOf,
  sign,
  signBytes,
  ZERO_HASH,
} from '@daybook/core';
import { expect } from 'chai';
import { answerVoteInquiry, readVoteAnswer } from '../../src/driver/vote-inquiry.ts';
import { consensusSeed, makeGenesis, peerIdOf } from '../support/chain.ts';
import type { MemoryCluster } from '../support/memory-cluster.ts';
import { startMemoryCluster } from '../support/memory-cluster.ts';

const genesis = makeGenesis({ isReachable: true });
const MIRRORS = ['/data/votes/wal-A', '/data/votes/wal-B'] as const;
const key = (index: number) => asPublicKey(publicKeyOf(consensusSeed(index)));

describe('node: trust in the vote log (validators=4)', () => {
  let cluster: MemoryCluster;

  async function start(options: Parameters<typeof startMemoryCluster>[1] = {}): Promise<void> {
    cluster = await startMemoryCluster(genesis, options);
    await cluster.run(500);
  }
  afterEach(async () => {
    await cluster?.stop();
  });

  const heightAt = (index: number): number =>
    cluster.node(index).replica().ledger.head().header.height;
  const phaseOf = (index: number): string | undefined =>
    cluster.node(index).replica().consensus.trust?.report().phase;
  const reasonOf = (index: number): string | undefined =>
    cluster.node(index).replica().signer?.quarantine()?.code;

  async function decide(number: number, at: readonly number[] = [0]): Promise<void> {
    const target = heightAt(at[0] ?? 0) + 1;
    await cluster.submit(number, at);
    await cluster.until(`block ${target}`, () => at.every((index) => heightAt(index) >= target));
  }

  /** The mirrors of a node as they are now. */
  function copyOf(index: number): readonly Uint8Array[] {
    return MIRRORS.map((path) => cluster.node(index).disk.content(path).slice());
  }

  /** Written over the same files: neither machine nor inode tells. */
  function overwrite(index: number, copy: readonly Uint8Array[]): void {
    for (const [at, path] of MIRRORS.entries()) {
      const file = cluster.node(index).disk.openFile(path);
      file.truncate(0);
      file.write(0, copy[at] ?? new Uint8Array());
      file.close();
    }
  }

  it('spec C-27: given peers that answer, when a validator starts, then it trusts its log and votes', async () => {
    await start();

    expect([0, 1, 2, 3].map(phaseOf)).to.deep.equal(Array(4).fill('trusted'));
    await decide(1, [0, 1, 2, 3]);
  });

  it('spec C-27: given an older log written over the new one, when its certificates are searched, then quarantine', async () => {
    await start();
    await decide(1, [0, 3]);
    const old = copyOf(3);
    for (const number of [2, 3, 4]) await decide(number, [0, 3]);
    await cluster.node(3).kill();
    overwrite(3, old);

    await cluster.node(3).start();

    expect([phaseOf(3), reasonOf(3)]).to.deep.equal(['quarantine', 'STATE_VOTES_BEHIND']);
  });

  it('spec C-27: given a vote that only the peers hold, when a validator starts, then quarantine', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    await cluster.node(3).kill();
    const { validators } = cluster.node(0).replica().ledger.head().next;
    const sender = indexOfKey(validators, key(3)) ?? 99;
    const blockHash = asHash(new Uint8Array(32).fill(9));
    const content: UnsignedPrepare = { type: 'prepare', height: 2, round: 0, blockHash };
    const signature = sign(consensusSeed(3), signBytes(genesis.chain, content));
    const message = { type: 'prepare', signed: { content, sender, signature } } as const;
    cluster.node(0).replica().consensus.driver.tell({ type: 'vote', message });

    await cluster.node(3).start();
    await cluster.until('quarantine', () => phaseOf(3) === 'quarantine');

    expect(reasonOf(3)).to.equal('STATE_VOTES_BEHIND');
    expect(cluster.node(3).replica().signer?.state().own).to.deep.equal([]);
  });

  it('spec C-27: given older blocks and votes put back, when sync brings blocks with its seals, then quarantine', async () => {
    await start();
    await decide(1, [0, 3]);
    const node = cluster.node(3);
    await node.kill();
    const segments = node.disk.list('/data/blocks').map((name) => `/data/blocks/${name}`);
    const old = [...segments, ...MIRRORS].map((path) => ({
      path,
      content: node.disk.content(path).slice(),
    }));
    await node.start();
    await cluster.until('trust', () => phaseOf(3) === 'trusted');
    for (const number of [2, 3, 4]) await decide(number, [0, 3]);
    await node.kill();
    // Until no peer holds a vote of its key any more.
    for (const number of [5, 6, 7]) await decide(number, [0, 1, 2]);
    for (const { path, content } of old) {
      const file = node.disk.openFile(path);
      file.truncate(0);
      file.write(0, content);
      file.close();
    }

    await node.start();
    await cluster.until('quarantine', () => phaseOf(3) === 'quarantine');

    const report = node.replica().consensus.trust?.report();
    expect(report).to.have.nested.property('reason.code', 'STATE_VOTES_BEHIND');
    expect(report).to.have.nested.property('reason.fact').that.contains('carries its COMMIT');
  });

  it('spec C-27: given nobody to ask, when time passes, then nothing is signed', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    for (const index of [0, 1, 2, 3]) await cluster.node(index).kill();
    await cluster.node(0).start();
    const before = cluster.node(0).replica().signer?.state();
    await cluster.submit(2, [0]);

    await cluster.run(60_000);

    expect(phaseOf(0)).to.equal('asking');
    expect(cluster.node(0).replica().signer?.state().own).to.deep.equal(before?.own);
  });

  it('spec C-27: given one link only, when T(0) has passed, then its answer must do', async () => {
    await start();
    await cluster.node(3).kill();
    for (const index of [1, 2]) cluster.hub.cut(peerIdOf(3), peerIdOf(index));
    await cluster.node(3).start();
    await cluster.run(1500);
    const early = phaseOf(3);
    await cluster.until('trust', () => phaseOf(3) === 'trusted', 10_000);

    expect(early).to.equal('asking');
  });

  it('spec C-34: given a lost log, then signing resumes above a later block, and the old votes stay unsigned', async () => {
    await start({ logless: [3] });
    const { replica } = cluster.node(3);
    expect([phaseOf(3), reasonOf(3)]).to.deep.equal(['quarantine', 'STATE_VOTES_MISSING']);
    await decide(1, [0, 3]);
    await cluster.run(11_000);
    await decide(2, [0, 3]);
    const during = phaseOf(3);
    await cluster.run(12_000);
    await decide(3, [0, 3]);
    await decide(4, [0, 3]);
    await cluster.until('the end of quarantine', () => phaseOf(3) === 'trusted');
    const { guard } = replica().signer?.state() ?? { guard: { height: 0 } };

    // It is needed now: one of the others is gone.
    await cluster.node(2).kill();
    await decide(5, [0, 3]);

    expect(during).to.equal('quarantine');
    expect(guard.height).to.be.above(3);
    expect(replica().signer?.state().guard.height).to.be.at.least(5);
  });

  it('spec C-34: given somebody who signs with the key meanwhile, then quarantine begins anew', async () => {
    await start({ logless: [3] });
    await cluster.until('clocks', () => {
      const report = cluster.node(3).replica().consensus.trust?.report();
      return report?.phase === 'quarantine' && report.startMs !== undefined;
    });
    await cluster.run(12_000);
    await decide(1, [0, 3]);
    const candidate = cluster.node(3).replica().consensus.trust?.report();
    // The twin votes above the height at which everything signed before must lie.
    const { validators } = cluster.node(0).replica().ledger.head().next;
    const sender = indexOfKey(validators, key(3)) ?? 99;
    const blockHash = asHash(new Uint8Array(32).fill(9));
    const content: UnsignedPrepare = { type: 'prepare', height: 2, round: 0, blockHash };
    const signature = sign(consensusSeed(3), signBytes(genesis.chain, content));
    const message = { type: 'prepare', signed: { content, sender, signature } } as const;
    for (const index of [0, 1, 2]) {
      cluster.node(index).replica().consensus.driver.tell({ type: 'vote', message });
    }
    await decide(2, [0, 3]);
    await cluster.run(3000);

    expect(candidate).to.include({ phase: 'quarantine', resumeAbove: 1 });
    expect([phaseOf(3), reasonOf(3)]).to.deep.equal(['quarantine', 'STATE_VOTES_MISSING']);
    const report = cluster.node(3).replica().consensus.trust?.report();
    expect(report).to.not.have.property('resumeAbove');
    expect(report).to.have.nested.property('reason.code', 'STATE_VOTES_BEHIND');
  });

  it('spec C-26: given a log that is no more to be trusted at run time, then the validator stops signing', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    await cluster.node(3).replica().signer?.withhold({ code: 'STATE_VOTES_DISTRUSTED' });
    cluster.node(3).replica().consensus.trust?.onSigner();

    await decide(2, [0, 1, 2, 3]);

    expect(phaseOf(3)).to.equal('quarantine');
    const seen = cluster.node(0).replica().consensus.driver.state().past;
    const index = indexOfKey(cluster.node(0).replica().ledger.head().next.validators, key(3)) ?? 99;
    expect(seen?.prepares[0]?.[index]).to.equal(undefined);
  });

  /** A PREPARE under the key of node 3, which its own log does not hold. */
  function prepareOfTwin(height: number, byte: number): Prepare {
    const { validators } = cluster.node(0).replica().ledger.head().next;
    const sender = indexOfKey(validators, key(3)) ?? 99;
    const blockHash = asHash(new Uint8Array(32).fill(byte));
    const content: UnsignedPrepare = { type: 'prepare', height, round: 0, blockHash };
    const signature = sign(consensusSeed(3), signBytes(genesis.chain, content));
    return { type: 'prepare', signed: { content, sender, signature } };
  }

  it('spec C-36: given evidence that another process signs with the key, then the validator stops', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    const { driver } = cluster.node(0).replica().consensus;

    for (const byte of [8, 9]) driver.tell({ type: 'vote', message: prepareOfTwin(2, byte) });
    await cluster.until('the stop', () => cluster.node(3).fatal.length > 0);

    const [failure] = cluster.node(3).fatal;
    expect(failure).to.include({ code: 'CONSENSUS_KEY_ELSEWHERE', seenIn: 'evidence' });
    expect([0, 1, 2].flatMap((index) => cluster.node(index).fatal)).to.deep.equal([]);
  });

  it('spec C-36: given a vote of the key that only a peer holds, then the peer sends it and the validator stops', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    const { driver } = cluster.node(0).replica().consensus;

    driver.tell({ type: 'vote', message: prepareOfTwin(2, 9) });
    await cluster.until('the stop', () => cluster.node(3).fatal.length > 0, 30_000);

    const [failure] = cluster.node(3).fatal;
    expect(failure).to.include({ code: 'CONSENSUS_KEY_ELSEWHERE', seenIn: 'message' });
  });

  it('spec C-36: given a validator that stopped over its double, when it starts again, then it is in quarantine and signs above both', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    const { driver } = cluster.node(0).replica().consensus;
    driver.tell({ type: 'vote', message: prepareOfTwin(2, 9) });
    await cluster.until('the stop', () => cluster.node(3).fatal.length > 0, 30_000);
    await cluster.node(3).kill();
    // The vote of the double is nowhere any more: no peer could tell of it.
    for (const number of [2, 3, 4, 5]) await decide(number, [0, 1, 2]);

    await cluster.node(3).start();

    expect([phaseOf(3), reasonOf(3)]).to.deep.equal(['quarantine', 'STATE_VOTES_MISSING']);
    const heightAtStart = heightAt(0);
    for (const number of [6, 7, 8]) {
      await cluster.run(30_000);
      await decide(number, [0, 1, 2, 3]);
    }
    await cluster.until('trust', () => phaseOf(3) === 'trusted', 120_000);
    const { guard } = cluster.node(3).replica().signer?.state() ?? {};
    expect(guard?.height).to.be.above(heightAtStart);
  });

  it('spec C-36: given a double at the height where a validator stands, when it starts again and is told, then it stops', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    for (const index of [1, 2]) await cluster.node(index).kill();
    await cluster.submit(2, [0, 3]);
    const ownRounds = (): readonly number[] =>
      (cluster.node(3).replica().signer?.state().own ?? [])
        .filter(({ step }) => step === 'round-change')
        .map(({ round }) => round);
    await cluster.until('its round change', () => ownRounds().length > 0, 60_000);
    await cluster.run(3000);
    await cluster.node(3).kill();
    // Older than the newest vote that peers hold of the key, which its log knows: no answer tells.
    const { driver } = cluster.node(0).replica().consensus;
    for (const byte of [8, 9]) driver.tell({ type: 'vote', message: prepareOfTwin(2, byte) });

    await cluster.node(3).start();
    await cluster.until('trust', () => phaseOf(3) === 'trusted', 30_000);
    await cluster.until('the stop', () => cluster.node(3).fatal.length > 0, 60_000);

    const [failure] = cluster.node(3).fatal;
    expect(failure).to.include({ code: 'CONSENSUS_KEY_ELSEWHERE', seenIn: 'evidence' });
    expect(heightAt(3)).to.equal(1);
  });

  it('spec C-36: given evidence of before its start, then a validator votes on', async () => {
    await start();
    await decide(1, [0, 1, 2, 3]);
    const { driver } = cluster.node(0).replica().consensus;
    await cluster.node(3).kill();
    for (const byte of [8, 9]) driver.tell({ type: 'vote', message: prepareOfTwin(2, byte) });
    for (const number of [2, 3, 4, 5]) await decide(number, [0, 1, 2]);

    await cluster.node(3).start();
    await cluster.until('trust', () => phaseOf(3) === 'trusted', 10_000);
    await decide(6, [0, 1, 2, 3]);

    expect(cluster.node(3).fatal).to.deep.equal([]);
  });
});

function emptyGround() {
  return { state: createState({ seed: 1 }), validatorsAt: () => genesis.validators, head: 7 };
}

function frame(head: number, signed: Uint8Array, signature: Uint8Array): Uint8Array {
  const writer = createWriter();
  writer.u64(head);
  writer.sized(signed);
  writer.raw(signature);
  return writer.finish();
}

describe('node: what peers hold of a key', () => {
  const chain = genesis.chain;
  const own = { chain, publicKey: key(0) };

  it('given nothing held, then the answer names the height only', () => {
    const { state, validatorsAt, head } = emptyGround();
    const bytes = answerVoteInquiry(key(0), { chain, head, validatorsAt, state });

    const read = readVoteAnswer(bytes ?? new Uint8Array(), own);

    expect(read).to.deep.equal({ ok: true, value: { head: 7 } });
  });

  it('given a set that has changed, then no vote of another validator is told at its old position', () => {
    const { head } = emptyGround();
    // Position 0 belongs to the second validator now; it held position 1 at the height before.
    const [, ...after] = genesis.validators;
    const joined = after[0];
    if (joined === undefined) throw new Error('genesis has several validators');
    const row = genesis.validators.map((_, sender) => {
      const content = { type: 'prepare', height: head, round: 0, blockHash: ZERO_HASH } as const;
      const signed = { content, sender, signature: asSignature(new Uint8Array(64).fill(sender)) };
      return { message: { type: 'prepare', signed } as const, sinceMonoMs: 0 };
    });
    const past = {
      height: head,
      proposals: {},
      prepares: { 0: row },
      commits: {},
      roundChanges: {},
    };
    const state = { ...createState({ seed: 1 }), past };
    const validatorsAt = (height: number) => (height <= head ? genesis.validators : after);

    const bytes = answerVoteInquiry(joined.publicKey, { chain, head, validatorsAt, state });

    expect([...(bytes ?? [])].slice(-64)).to.deep.equal(Array.from({ length: 64 }, () => 1));
  });

  it('given a question that is no key, or an answer cut short, then it is refused', () => {
    const { state, validatorsAt, head } = emptyGround();
    const none = answerVoteInquiry(new Uint8Array(31), { chain, head, validatorsAt, state });

    expect(none).to.equal(undefined);
    for (let size = 0; size < 12; size++) {
      expect(readVoteAnswer(new Uint8Array(size), own).ok, `${size} bytes`).to.equal(false);
    }
  });

  it('given a made-up vote, then the signature betrays it', () => {
    const content: UnsignedPrepare = {
      type: 'prepare',
      height: 9,
      round: 0,
      blockHash: asHash(new Uint8Array(32)),
    };
    const signed = signBytes(chain, content);
    const forged = frame(7, signed, sign(consensusSeed(1), signed));
    const genuine = frame(7, signed, sign(consensusSeed(0), signed));

    expect(readVoteAnswer(forged, own)).to.deep.equal({
      ok: false,
      reason: { code: 'NODE_MESSAGE_UNSIGNED' },
    });
    const read = readVoteAnswer(genuine, own);
    expect(read.ok && read.value.newest?.content).to.deep.equal(content);
  });
});
