/** READY: said when a change waits and this node is in step, by each of its keys, and not too often. */
import type { BodyEntry, CborValue, Transaction } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  generateNonce,
  possessionSignBytes,
  publicKeyOf,
  sha256,
  sign,
  systemTransaction,
  transactionSignBytes,
  validatorIdOf,
} from '@daybook/core';
import { createMemoryDisk, createVoteLog, openVoteSigner } from '@daybook/state';
import { expect } from 'chai';
import { SILENT_LOGGER } from '../src/log.ts';
import { createMetrics } from '../src/metrics.ts';
import { NODE_METRICS } from '../src/metrics-table.ts';
import type { ReadySender, ReadySigner } from '../src/ready.ts';
import { createReadySender } from '../src/ready.ts';
import { createSystemPool } from '../src/system-pool.ts';
import { createTurningSigner } from '../src/turning-signer.ts';
import type { OpenChain } from './support/chain.ts';
import {
  buildNext,
  certify,
  consensusSeed,
  freshDisks,
  makeGenesis,
  openChain,
} from './support/chain.ts';

const OFFICER = sha256(Uint8Array.of(7));
const NEXT = sha256(Uint8Array.of(99));
const genesis = makeGenesis({
  validators: 1,
  roles: ['directory.administrator', 'governance.delegate'],
});

interface World {
  readonly chain: OpenChain;
  readonly said: CborValue[];
  readonly sender: ReadySender;
  isInStep: boolean;
  maySign: boolean;
}

function signerOf(secret: Uint8Array, mayNow: () => boolean): ReadySigner {
  return {
    publicKey: asPublicKey(publicKeyOf(secret)),
    signStatement: async (bytes) => (mayNow() ? sign(secret, bytes) : undefined),
  };
}

async function makeWorld(): Promise<World> {
  const chain = await openChain(genesis, freshDisks());
  const metrics = createMetrics();
  metrics.register(NODE_METRICS);
  const said: CborValue[] = [];
  const world = { chain, said, isInStep: true, maySign: true };
  const sender = createReadySender({
    logger: SILENT_LOGGER,
    metrics,
    ledger: chain.ledger,
    blockLog: chain.blockLog,
    signers: [consensusSeed(0), NEXT].map((secret) => signerOf(secret, () => world.maySign)),
    isInStep: () => world.isInStep,
    submit: (_kind, payload) => said.push(payload),
    onFatal: (error) => {
      throw error;
    },
  });
  return Object.assign(world, { sender });
}

/** The decision to give the lone validator another key. */
function rotation(): Transaction {
  const publicKey = asPublicKey(publicKeyOf(NEXT));
  const claim = { purpose: 'consensus', publicKey } as const;
  const args = {
    validator: validatorIdOf(publicKeyOf(consensusSeed(0))),
    consensusKey: publicKey,
    proof: sign(NEXT, possessionSignBytes(genesis.chain, claim, 'office-0')),
    reason: 'for the test',
  };
  const bodyBytes = encodeBody({
    version: 1,
    chain: genesis.chain,
    signers: [{ publicKey: asPublicKey(publicKeyOf(OFFICER)), identity: 'office-0/jane' }],
    nonce: generateNonce(),
    validUntilMs: genesis.document.timeMs + 60_000,
    calls: [{ contract: 'governance', action: 'proposeKeyRotation', args }],
  });
  const signature = sign(OFFICER, transactionSignBytes(bodyBytes));
  const decoded = decodeTransaction(encodeTransaction(bodyBytes, [signature]));
  assert(decoded.ok, 'a built transaction decodes');
  return decoded.value;
}

async function commit({ chain }: World, transactions: readonly Transaction[] = []): Promise<void> {
  const block = buildNext(chain.ledger, transactions);
  assert(block.outcomes[0]?.result.code === 0, JSON.stringify(block.outcomes[0]?.facts));
  await chain.ledger.commit(block, certify(chain.ledger, block));
  // Signing is asynchronous, and at once.
  await new Promise((resolve) => setImmediate(resolve));
}

const heights = ({ said }: World): readonly unknown[] =>
  said.map((payload) => (payload as readonly unknown[])[1]);

describe('node: READY (spec X-26)', () => {
  it('given no change that waits, then nothing is said', async () => {
    const world = await makeWorld();
    await commit(world);
    world.sender.look();
    expect(world.said).to.deep.equal([]);
  });

  it('given a change that waits, then both keys name the block below the head, and the next block may hold it', async () => {
    const world = await makeWorld();
    await commit(world, [rotation()]);
    await commit(world);

    expect(heights(world).slice(0, 2)).to.deep.equal([0, 0]);
    const pool = createSystemPool(world.chain.ledger);
    const systems = world.said.map((payload) => systemTransaction('ready', payload));
    expect(systems.map((system) => pool.offer(system).ok)).to.deep.equal([true, true]);
    const { header, next } = world.chain.ledger.head();
    const [proposer] = next.validators;
    assert(proposer !== undefined, 'a chain has a validator');
    const entries: readonly BodyEntry[] = pool
      .select()
      .map((system) => ({ type: 'system', system }));
    const plan = { timestampMs: header.timestampMs + 100, proposer: proposer.id, entries };
    expect(world.chain.ledger.admit(plan)).to.have.length(2);
  });

  it('given blocks that do not take it, then it is said again, not with every block', async () => {
    const world = await makeWorld();
    await commit(world, [rotation()]);

    for (let count = 0; count < 40; count++) await commit(world);

    expect(world.said.length).to.be.within(4, 6);
  });

  it('given a node that is behind, or a key in quarantine, then it says nothing it could not keep', async () => {
    const world = await makeWorld();
    world.isInStep = false;
    await commit(world, [rotation()]);
    await commit(world);
    expect(world.said).to.deep.equal([]);

    world.isInStep = true;
    world.maySign = false;
    await commit(world);
    expect(world.said).to.deep.equal([]);
  });
});

describe('node: a key that takes the place of another (spec X-14)', () => {
  const CHAIN = asHash(sha256(Uint8Array.of(1)));

  async function openSigner(secretKey: Uint8Array) {
    const options = {
      directory: '/votes',
      chain: CHAIN,
      validatorId: validatorIdOf(publicKeyOf(secretKey)),
      secretKey,
    };
    const disk = createMemoryDisk();
    await createVoteLog(options, { disk });
    return (await openVoteSigner(options, { disk, freeFraction: () => 1 })).signer;
  }

  it('given two keys, then the one that the next set names signs, and without either the first is meant', async () => {
    const [old, next] = [await openSigner(consensusSeed(0)), await openSigner(NEXT)];
    const id = validatorIdOf(old.publicKey);
    let set = [{ id, publicKey: old.publicKey }];
    const signer = createTurningSigner([old, next], () => set);

    expect(signer?.publicKey).to.deep.equal(old.publicKey);
    set = [{ id, publicKey: next.publicKey }];
    expect(signer?.publicKey).to.deep.equal(next.publicKey);
    set = [{ id, publicKey: asPublicKey(publicKeyOf(consensusSeed(3))) }];
    expect(signer?.publicKey).to.deep.equal(old.publicKey);
    expect(createTurningSigner([], () => set)).to.equal(undefined);
    await old.close();
    await next.close();
  });
});
