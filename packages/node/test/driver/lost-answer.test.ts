/**
 * A validator whose key is in another process, behind a real socket, which dies with a vote logged
 * and its answer not sent: one of four is dead besides, so that the chain needs this very vote.
 * Scenario S41 of docs/reliability.md on real parts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { RemoteSigner, SignerServer, VoteSigner } from '@daybook/state';
import {
  connectSigner,
  createMemoryDisk,
  createVoteLog,
  openVoteSigner,
  parseSignBytes,
  startSignerServer,
} from '@daybook/state';
import { expect } from 'chai';
import { createSystemClock } from '../../src/clock.ts';
import { consensusSeed, makeGenesis } from '../support/chain.ts';
import type { MemoryCluster } from '../support/memory-cluster.ts';
import { startMemoryCluster } from '../support/memory-cluster.ts';

const genesis = makeGenesis({ isReachable: true });
const VICTIM = 1;
const RUNNING = [0, 1, 2] as const;

async function openGuard(): Promise<VoteSigner> {
  const disk = createMemoryDisk();
  const secretKey = consensusSeed(VICTIM);
  const validatorId = validatorIdOf(asPublicKey(publicKeyOf(secretKey)));
  const options = { directory: '/votes', chain: genesis.chain, validatorId };
  await createVoteLog(options, { disk });
  const parts = { disk, freeFraction: () => 1 };
  return (await openVoteSigner({ ...options, secretKey }, parts)).signer;
}

describe('node: a vote whose answer is lost', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'daybook-lost-'));
  const socket = path.join(directory, 'socket');
  let guard: VoteSigner;
  let server: SignerServer;
  let remote: RemoteSigner;
  let cluster: MemoryCluster;
  let onChange: () => void = () => undefined;
  /** The kind of vote at which the signer's process dies next. */
  let diesAt: string | undefined;

  async function serve(): Promise<void> {
    const signer: VoteSigner = {
      ...guard,
      sign: async (request) => {
        const signed = await guard.sign(request);
        const parsed = parseSignBytes(request.signBytes);
        if (!parsed.ok || parsed.value.content.type !== diesAt) return signed;
        diesAt = undefined;
        server.stop().catch(() => undefined);
        return signed;
      },
    };
    const parts = { signer, onEvent: () => undefined, onFatal: () => undefined };
    server = await startSignerServer({ path: socket }, parts);
  }

  beforeEach(async () => {
    diesAt = undefined;
    guard = await openGuard();
    await serve();
    remote = await connectSigner(
      { path: socket, chain: genesis.chain, connectMsMax: 5000 },
      {
        // Sockets live in real time, the cluster does not.
        schedule: (delayMs, task) => createSystemClock().schedule(delayMs, task),
        onChange: () => onChange(),
      },
    );
    cluster = await startMemoryCluster(genesis, {
      signerOf: (index, signer) => (index === VICTIM ? remote : signer),
    });
    onChange = () => here().consensus.onSigner();
    await cluster.run(500);
    await cluster.submit(1, RUNNING);
    await decided(1);
    await cluster.node(3).kill();
  });
  afterEach(async () => {
    onChange = () => undefined;
    await cluster.stop();
    await remote.close();
    await server.stop();
  });
  after(() => rmSync(directory, { recursive: true }));

  /** Resolves when the node is next connected with its signer; in real time, as sockets are. */
  function connected(): Promise<void> {
    return new Promise((resolve) => {
      onChange = () => {
        here().consensus.onSigner();
        if (remote.isConnected()) resolve();
      };
    });
  }

  const here = () => cluster.node(VICTIM).replica();

  async function decided(height: number): Promise<void> {
    await cluster.until(`height ${height}`, () =>
      RUNNING.every((index) => {
        return cluster.node(index).replica().ledger.head().header.height >= height;
      }),
    );
  }

  for (const step of ['commit', 'prepare', 'pre-prepare'] as const) {
    it(`given a ${step} that was logged, when the signer is back after rounds have passed, then the height is decided`, async () => {
      diesAt = step;
      // Whoever proposes, at some height it is this one.
      let height = 1;
      while (diesAt !== undefined) {
        height += 1;
        await cluster.submit(height, RUNNING);
        await cluster.until('a decision, or the death of the signer', () => {
          return diesAt === undefined || here().ledger.head().header.height >= height;
        });
      }
      await cluster.run(20_000);
      const [head, round] = [
        here().ledger.head().header.height,
        here().consensus.driver.state().current?.round,
      ];
      const back = connected();
      await serve();
      await back;
      await decided(height);

      expect([head, round === 0]).to.deep.equal([height - 1, false]);
      expect(cluster.node(VICTIM).fatal).to.deep.equal([]);
      expect(guard.quarantine()).to.equal(undefined);
    });
  }
});
