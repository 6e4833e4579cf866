/** The client against real nodes: what only they can show. */
import { directory, treasury } from '@daybook/applications';
import type { Client, FeedEntry } from '@daybook/client';
import { createClient, signAs, verifyTransactionProof } from '@daybook/client';
import {
  asTransactionId,
  createSigner,
  equalBytes,
  generateSecretKey,
  publicKeyOf,
  trustGenesis,
} from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { MEMBERS, TREASURY } from './departments.ts';

describe('client against real nodes', () => {
  let cluster: Cluster;
  let client: Client;

  before(async () => {
    cluster = await startCluster({ members: MEMBERS, parameters: { blockIntervalMs: 50 } });
    const urls = cluster.nodes.map(({ apiUrl }) => apiUrl);
    client = createClient({ urls, chain: cluster.genesis.chain });
  });

  after(() => cluster.remove());

  const author = (identity: string) => ({
    identity,
    signer: createSigner(cluster.officer(identity).secretKey),
  });

  const addOfficer = (name: string) =>
    client.contractOf(directory).calls.addOfficer({
      organisation: TREASURY,
      name,
      kind: 'officer',
      publicKey: publicKeyOf(generateSecretKey()),
    });

  /** Signed transactions that each add an officer. */
  const additions = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) =>
      signAs([author(`${TREASURY}/admin`)], {
        chain: cluster.genesis.chain,
        calls: [addOfficer(`${prefix}-${index}`)],
        validUntilMs: Date.now() + 120_000,
      }),
    );

  it('given a typed contract, then calls, rows and keys have the types of its definition', async () => {
    const outcome = await client.perform([author(`${TREASURY}/admin`)], [addOfficer('ann')]);
    const officers = client.contractOf(directory).records.officer;
    const found = await officers.get({ organisation: TREASURY, name: 'ann' });
    const names: string[] = [];
    for await (const { row } of officers.list({ organisation: TREASURY })) names.push(row.name);

    expect(outcome.state).to.equal('committed');
    expect(found?.row.keys[0]).to.be.instanceOf(Uint8Array);
    expect(found?.stamp?.writer).to.equal(`${TREASURY}/admin`);
    expect(names).to.deep.equal(['admin', 'ann', 'controller', 'granter']);
    expect(() =>
      client.contractOf(treasury).calls.acknowledge({ fund: 'x', payment: 'p' }),
    ).to.not.throw();
    const bad = { fund: 'x', payment: 'with space' };
    expect(() => client.contractOf(treasury).calls.acknowledge(bad)).to.throw(/\/payment/);
  });

  it('given a chain that is trusted, then genesis and manifest are checked against it', async () => {
    const genesis = await client.genesis();
    const { contracts } = await client.manifest();
    const [first] = cluster.nodes;
    const foreign = createClient({
      urls: [first?.apiUrl ?? ''],
      chain: publicKeyOf(generateSecretKey()) as never,
    });

    expect(equalBytes(genesis.chain, cluster.genesis.chain)).to.equal(true);
    expect(contracts.map(({ name }) => name)).to.include.members([
      'ledger',
      'directory',
      'treasury',
    ]);
    const failure = await foreign.genesis().catch((error: { code?: string }) => error.code);
    expect(failure).to.equal('CLIENT_CHAIN_DIFFERS');
  });

  it('given a receipt with its proof, then transaction and result are in a sealed block', async () => {
    const outcome = await client.perform([author(`${TREASURY}/admin`)], [addOfficer('bob')]);
    const receipt = await client.receipt(outcome.id, { proof: true });
    if (receipt?.state !== 'committed' || receipt.proof === undefined) throw new Error('no proof');

    const proven = verifyTransactionProof(receipt.proof, trustGenesis(cluster.genesis));

    expect(proven.ok && proven.value.result.code).to.equal(0);
    expect(proven.ok && equalBytes(proven.value.transaction.id, outcome.id)).to.equal(true);
  });

  it('given a proof bundle, then it is valid for this chain, and a bent one is not', async () => {
    const key = { organisation: TREASURY, name: 'ann' };
    const bundle = await client.contractOf(directory).records.officer.prove(key);
    const bent = Uint8Array.from(bundle);
    bent[bent.length >> 1] = (bent[bent.length >> 1] ?? 0) ^ 1;

    expect(client.verify(bundle).outcome).to.equal('valid');
    expect(client.verify(bent).outcome).to.equal('invalid');
    expect(createClient({ urls: client.urls }).verify(bundle).outcome).to.equal('unknown');
  });

  it('given an unknown transaction, then nobody knows what became of it', async () => {
    expect(await client.outcomeOf(asTransactionId(new Uint8Array(32)))).to.equal(undefined);
    expect(await client.block(1_000_000)).to.equal(undefined);
  });

  it('given the same transaction again, then it is the same one', async () => {
    const [transaction] = additions('same', 1);
    if (transaction === undefined) throw new Error('one was asked for');

    const first = await client.submit(transaction);
    const again = await client.submit(transaction, { startAt: 2 });

    expect(first.state).to.equal('committed');
    expect(again.state === 'committed' && again.receipt.height).to.equal(
      first.state === 'committed' && first.receipt.height,
    );
  });

  it('given a validator killed under a batch, then everything becomes final and no event is lost or doubled', async () => {
    const [first] = cluster.nodes;
    const stop = new AbortController();
    const seen: FeedEntry[] = [];
    const following = (async () => {
      for await (const entry of client.events({
        after: '0',
        signal: stop.signal,
        event: 'officerAdded',
      })) {
        seen.push(entry);
        if (seen.length === 203) stop.abort();
      }
    })();

    const half = client.submitBatch(additions('early', 100), { timeoutMs: 90_000, startAt: 0 });
    await first?.process.kill();
    const rest = client.submitBatch(additions('late', 100), { timeoutMs: 90_000, startAt: 0 });
    const outcomes = [...(await half), ...(await rest)];
    await first?.process.start();
    await following;

    expect(outcomes.filter(({ state }) => state !== 'committed')).to.deep.equal([]);
    const cursors = seen.map(({ cursor }) => cursor);
    expect(new Set(cursors).size).to.equal(203);
    let count = 0;
    for await (const _found of client
      .contractOf(directory)
      .records.officer.list({ organisation: TREASURY }))
      count += 1;
    expect(count).to.equal(3 + 203);
  });
});
