/**
 * The validator set of a running chain changes three times while payments go on: a fifth validator
 * joins, one gets a new key, one leaves. A proof file of a payment is then checked across all of it.
 * Scenario S22 of docs/reliability.md on real parts.
 */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FollowedNode, FollowGround, Judgement, KnownHistory } from '@daybook/client';
import {
  createClient,
  fetchStartAtBlock,
  followNode,
  startAtGenesis,
  verifyCheckpointFork,
  verifyProofBundle,
  withSeen,
} from '@daybook/client';
import type { Header, ProofBundle } from '@daybook/core';
import {
  asHash,
  createSigner,
  decodeHeader,
  decodeProofBundle,
  encodeHeader,
  encodeNote,
  encodeProofBundle,
  encodeTreeHead,
  encodeUtf8,
  fromHex,
  sha256,
  signNote,
  TRUST_PERIOD_MS,
  toHex,
} from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import {
  commitTransaction,
  getBytes,
  getJson,
  heightOf,
  stateRootsAt,
  statusOf,
} from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openFund, paymentPath, signedPayment } from './support/fund.ts';
import {
  adopt,
  changeKeys,
  installConsensusKey,
  newConsensusKey,
  proposalStatus,
} from './support/governing.ts';
import type { Load } from './support/load.ts';
import { startLoad } from './support/load.ts';
import type { LyingNode } from './support/lying-node.ts';
import { startLyingNode } from './support/lying-node.ts';
import { FOUR, member } from './support/members.ts';
import { runDaybook } from './support/programs.ts';
import { signedBy } from './support/transactions.ts';
import { eventually } from './support/waiting.ts';

const NEWCOMER = 'parks';
const DELEGATES = ['finance/admin', 'health/admin', 'education/admin', 'audit/admin'];
const CHANGE_MS = 120_000;

interface ValidatorsView {
  readonly validators: readonly { readonly id: string; readonly publicKey: string }[];
}

describe('changes of the validator set under load (validators=4 to 5)', function () {
  this.timeout(480_000);
  let cluster: Cluster;
  let load: Load | undefined;
  let urls: readonly string[];
  /** Of the validator that joins. */
  let joinedKey: Uint8Array;
  let liar: LyingNode;

  const urlOf = (slug: string): string => cluster.node(slug).apiUrl;
  const setAt = async (slug: string): Promise<ValidatorsView['validators']> => {
    const { body } = await getJson(urlOf(slug), '/v1/validators');
    return (body as unknown as ValidatorsView).validators;
  };
  const isDone = async (number: number): Promise<boolean> => {
    return (await proposalStatus(urlOf('finance'), number)) === 'done';
  };
  const votes = async (slug: string): Promise<boolean> => {
    return (await statusOf(urlOf(slug))).activity === 'voting';
  };
  const idOf = async (slug: string): Promise<Uint8Array> => {
    const list = await getJson(urlOf('finance'), '/v1/contracts/governance/validator');
    const { rows } = list.body as unknown as {
      readonly rows: readonly {
        readonly row: { readonly id: string; readonly organisation: string };
      }[];
    };
    const found = rows.find(({ row }) => row.organisation === slug)?.row;
    return Uint8Array.from(Buffer.from(found?.id ?? '', 'hex'));
  };

  before(async () => {
    cluster = await startCluster({
      members: [...FOUR, member(NEWCOMER, 'observer')],
      parameters: {
        epochBlocks: 10,
        blockIntervalMs: 50,
        roundBaseMs: 1000,
        emptyIntervalMs: 2000,
      },
    });
    urls = FOUR.map(({ slug }) => cluster.node(slug).apiUrl);
    await openFund(urls[0] ?? '', cluster);
    // One client each: the machine is for the change, and the load only has to go on.
    const apiUrls = ['health', 'education'].map(urlOf);
    load = startLoad(cluster, { apiUrls, clientsPerNode: 1, prefix: 'load' });
    liar = await startLyingNode(urls[0] ?? '');
  });
  after(async () => {
    await liar?.stop();
    await load?.stop().catch(() => undefined);
    await cluster?.remove();
  });

  it('spec X-13 X-26: given an observer with a consensus key, when adopted, then it says READY by itself and votes', async () => {
    const key = newConsensusKey(cluster, NEWCOMER);
    joinedKey = key.secretKey;
    const { process, address } = cluster.node(NEWCOMER);
    await process.stop();
    await installConsensusKey(cluster, NEWCOMER, { key, setting: 'consensusFile' });
    await process.start();
    const peerId = (await getJson(urlOf(NEWCOMER), '/v1/status')).body.peerId as string;
    const announce = {
      contract: 'directory',
      action: 'announceNode',
      args: { organisation: NEWCOMER, peerId, role: 'validator', addresses: [address] },
    };
    const announced = signedBy(cluster, [`${NEWCOMER}/admin`], [announce]);
    const answer = await commitTransaction(urlOf('finance'), announced.bytes);
    expect(answer.status, JSON.stringify(answer.body)).to.equal(200);
    const startedMs = performance.now();

    const number = await adopt(cluster, urlOf('finance'), {
      delegates: DELEGATES,
      action: 'proposeValidator',
      args: { organisation: NEWCOMER, consensusKey: key.publicKey, proof: key.proof },
    });

    await eventually(() => isDone(number), { what: 'the set has five', withinMs: CHANGE_MS });
    await eventually(() => votes(NEWCOMER), { what: 'the newcomer votes', withinMs: CHANGE_MS });
    expect(await setAt('finance')).to.have.length(5);
    tellFigure(`a fifth validator in ${Math.round(performance.now() - startedMs)} ms`);
  });

  it('spec X-14: given a second key, when the rotation is adopted, then the same validator signs with it', async () => {
    const key = newConsensusKey(cluster, 'audit');
    const { process } = cluster.node('audit');
    const validator = await idOf('audit');
    await process.stop();
    await installConsensusKey(cluster, 'audit', { key, setting: 'nextConsensusFile' });
    await process.start();

    const number = await adopt(cluster, urlOf('finance'), {
      delegates: DELEGATES,
      action: 'proposeKeyRotation',
      args: { validator, consensusKey: key.publicKey, proof: key.proof },
    });

    await eventually(() => isDone(number), { what: 'the key is in the set', withinMs: CHANGE_MS });
    const inSet = await eventually(
      async () => (await setAt('finance')).find(({ id }) => id === toHex(validator)),
      { what: 'the validator is in the set', withinMs: CHANGE_MS },
    );
    expect(inSet.publicKey).to.equal(toHex(key.publicKey));
    await eventually(() => votes('audit'), {
      what: 'it votes with the new key',
      withinMs: CHANGE_MS,
    });
  });

  it('spec X-14: given the old key destroyed, when the validator starts again, then it votes with the new one alone', async () => {
    const { process, directory } = cluster.node('audit');
    const keys = path.join(directory, 'keys');
    await process.stop();
    await rm(path.join(keys, 'consensus.json'));
    const consensusFile = path.join(keys, 'nextConsensusFile.json');
    await changeKeys(cluster, 'audit', { consensusFile, nextConsensusFile: undefined });

    await process.start();

    await eventually(() => votes('audit'), {
      what: 'it votes after a restart',
      withinMs: CHANGE_MS,
    });
  });

  it('spec X-13: given five, when one is removed by decision, then four go on and it follows', async () => {
    const validator = await idOf('education');

    const number = await adopt(cluster, urlOf('finance'), {
      delegates: DELEGATES,
      action: 'proposeValidatorRemoval',
      args: { validator },
    });

    await eventually(() => isDone(number), { what: 'the set has four again', withinMs: CHANGE_MS });
    const activity = async (): Promise<boolean> =>
      (await statusOf(urlOf('education'))).activity === 'following';
    await eventually(activity, { what: 'the removed one follows', withinMs: CHANGE_MS });
    expect(await setAt('finance')).to.have.length(4);
    const before = await heightOf(urlOf('finance'));
    await eventually(async () => (await heightOf(urlOf('education'))) > before + 3, {
      what: 'it gets the blocks of the others',
      withinMs: CHANGE_MS,
    });
  });

  it('spec X-13: given four, when a removal would leave three, then the contract says which rule and what to do', async () => {
    const call = {
      contract: 'governance',
      action: 'proposeValidatorRemoval',
      args: { validator: await idOf('health'), reason: 'for the test' },
    };

    const { bytes } = signedBy(cluster, DELEGATES, [call]);
    const { status, body } = await commitTransaction(urlOf('finance'), bytes);

    expect(status).to.equal(422);
    expect(body.code).to.equal('GOVERNANCE_VALIDATORS_TOO_FEW');
    expect(String(body.remedy)).to.contain('Add a validator');
  });

  it('spec L-3: given a proof file across three changes, when verified, then it is valid, and with one change less it is not', async () => {
    const paid = await commitTransaction(urlOf('finance'), signedPayment(cluster, 'proven').bytes);
    expect(paid.status, JSON.stringify(paid.body)).to.equal(200);

    const bundle = await getBytes(urlOf('finance'), `${paymentPath('proven')}?proof=bundle`);

    const verdict = verifyProofBundle(bundle, {
      chain: cluster.genesis.chain,
      nowMs: Date.now(),
    });
    expect(verdict.outcome, JSON.stringify(verdict)).to.equal('valid');
    expect(verdict.outcome === 'valid' && verdict.facts.setChanges).to.equal(3);
    const file = path.join(cluster.directory, 'across.daybook-proof');
    await writeFile(file, bundle);
    const words = ['verify', file, '--genesis', cluster.genesisFile];
    const { exitCode } = await runDaybook(words);
    expect(exitCode).to.equal(0);
    const decoded = decodeProofBundle(bundle);
    const changes = decoded.ok ? decoded.value.changes : [];
    for (const [missing] of changes.entries()) {
      const fewer = changes.filter((_change, index) => index !== missing);
      const broken = decoded.ok && encodeProofBundle({ ...decoded.value, changes: fewer });
      const trust = { chain: cluster.genesis.chain, nowMs: Date.now() };
      expect(broken && verifyProofBundle(broken, trust).outcome).to.equal('invalid');
    }
    tellFigure(`${bundle.length} bytes with three changes`);
  });

  it('I17: given a node that serves another header, forges a seal or withholds a change, when a client reads a proof from it, then each is invalid, by its name', async () => {
    const target = `${paymentPath('proven')}?proof=bundle`;
    const trust = { chain: cluster.genesis.chain, nowMs: Date.now() };
    const lies: Readonly<Record<string, (honest: ProofBundle) => ProofBundle>> = {
      'CLIENT_CERTIFICATE_INVALID, header': (honest) => ({
        ...honest,
        header: later(honest.header),
      }),
      'CLIENT_CERTIFICATE_INVALID, seal': (honest) => ({
        ...honest,
        certificate: bitFlipped(honest.certificate),
      }),
      'CLIENT_VALIDATORS_WRONG, change': (honest) => ({
        ...honest,
        changes: honest.changes.slice(0, -1),
      }),
    };

    const before = verifyProofBundle(await getBytes(liar.url, target), trust);

    expect(before.outcome).to.equal('valid');
    for (const [expected, alter] of Object.entries(lies)) {
      liar.tell((_target, bytes) => altered(bytes, alter));
      const verdict = verifyProofBundle(await getBytes(liar.url, target), trust);
      const code = verdict.outcome === 'invalid' ? verdict.reason.code : verdict.outcome;
      expect(code, expected).to.equal(expected.split(',')[0]);
    }
    liar.tell(() => undefined);
  });

  it('I17: given a checkpoint that is withheld, older or too old, when a client follows the node, then it is invalid, has shrunk, or cannot be told', async () => {
    const { node, ground, follow } = following(cluster, liar);
    const early = (await node.client.checkpoint()) ?? expect.fail('there is a checkpoint');
    const known = await eventually(
      async () => {
        const first = await follow();
        return first.kind === 'extends' && withSeen(undefined, first, liar.url);
      },
      { what: 'an honest checkpoint', withinMs: CHANGE_MS },
    );
    const grown = await eventually(
      async () => {
        const next = await follow(known);
        return next.kind === 'extends' && withSeen(known, next, liar.url);
      },
      { what: 'a larger tree', withinMs: CHANGE_MS },
    );

    // Not the last one: a tree that a quorum of the set before has signed, too, holds without it.
    liar.tell((target, bytes) =>
      target.includes('proof=bundle')
        ? altered(bytes, (honest) => ({ ...honest, changes: honest.changes.slice(1) }))
        : undefined,
    );
    const withheld = await follow(grown);
    liar.tell((target) => (target.startsWith('/v1/checkpoint') ? early : undefined));
    const stale = await follow(grown);
    liar.tell(() => undefined);
    const { height, blockHash } = (await statusOf(liar.url)).head;
    const vouched = { height, blockHash: asHash(fromHex(blockHash) ?? new Uint8Array()) };
    const start = await fetchStartAtBlock(createClient({ urls: [liar.url] }), vouched);
    if (!start.ok) return expect.fail(start.reason.code);
    const aMonthLater = () => Date.now() + TRUST_PERIOD_MS + 60_000;
    const old = await eventually(
      async () => {
        const at = { ...ground, start: start.value, nowMs: aMonthLater };
        const judged = await followNode(node, undefined, [], at);
        // Until the tree has passed the block, nothing is said of its age.
        const isLater = judged.kind === 'undecided' && judged.reason.code.endsWith('_LATER');
        return !isLater && judged;
      },
      { what: 'a checkpoint past the vouched block', withinMs: CHANGE_MS },
    );

    expect(withheld.kind, JSON.stringify(withheld)).to.equal('invalid');
    expect(stale.kind, JSON.stringify(stale)).to.equal('shrunk');
    expect(old.kind === 'undecided' && old.reason.code).to.equal('CLIENT_CHECKPOINT_OLD');
  });

  it('I17: given stolen keys of a quorum and a fork that is shown to one client alone, when it follows the node, then it holds the proof', async () => {
    const { ground, follow } = following(cluster, liar);
    const first = await follow();
    if (first.kind !== 'extends') return expect.fail(JSON.stringify(first));
    const { head } = first.seen;
    const text = encodeTreeHead({ ...head, root: asHash(sha256(encodeUtf8('elsewhere'))) });
    const stolen = [
      joinedKey,
      ...['finance', 'health'].map((slug) => consensusKeyOf(cluster, slug)),
    ];
    const signatures = stolen.map((secret) => signNote(text, head.origin, createSigner(secret)));
    const forked = encodeUtf8(encodeNote({ text, signatures }));

    liar.tell((target) => (target.startsWith('/v1/checkpoint') ? forked : undefined));
    const judged = await follow(withSeen(undefined, first, liar.url));
    liar.tell(() => undefined);

    if (judged.kind !== 'fork') return expect.fail(JSON.stringify(judged));
    const trust = { chain: cluster.genesis.chain, nowMs: ground.nowMs() };
    expect(verifyCheckpointFork(judged.proof, trust).outcome).to.equal('valid');
  });

  it('given everything that was promised, when every node is asked, then all of it is there once', async () => {
    const promised = load?.promised ?? [];
    await eventually(() => promised.length > 50, { what: '50 payments', withinMs: CHANGE_MS });
    await load?.stop();
    load = undefined;
    const all = [...urls, urlOf(NEWCOMER)];
    const head = Math.max(...(await Promise.all(all.map(heightOf))));
    for (const url of all) {
      await eventually(async () => (await heightOf(url)) >= head, {
        what: `${url} at ${head}`,
        withinMs: CHANGE_MS,
      });
    }

    const lost: string[] = [];
    for (const name of promised) {
      const { status } = await getJson(urlOf(NEWCOMER), paymentPath(name));
      if (status !== 200) lost.push(name);
    }

    expect(lost).to.deep.equal([]);
    expect(new Set(await stateRootsAt(all, head)).size, `roots of height ${head}`).to.equal(1);
    tellFigure(`${promised.length} payments through three changes, none lost`);
  });
});

/** A client that starts at genesis and follows one node. */
function following(cluster: Cluster, { url }: LyingNode) {
  const node: FollowedNode = { url, client: createClient({ urls: [url] }) };
  const { genesis } = cluster;
  const ground: FollowGround = { genesis, start: startAtGenesis(genesis), nowMs: Date.now };
  const follow = (known?: KnownHistory): Promise<Judgement> => followNode(node, known, [], ground);
  return { node, ground, follow };
}

function altered(bytes: Uint8Array, alter: (honest: ProofBundle) => ProofBundle): Uint8Array {
  const bundle = decodeProofBundle(bytes);
  return bundle.ok ? encodeProofBundle(alter(bundle.value)) : expect.fail(bundle.reason.code);
}

/** A header that nobody sealed: of a millisecond later. */
function later(bytes: Uint8Array): Uint8Array {
  const decoded = decodeHeader(bytes);
  if (!decoded.ok) return expect.fail(decoded.reason.code);
  const header: Header = { ...decoded.value, timestampMs: decoded.value.timestampMs + 1 };
  return encodeHeader(header);
}

function bitFlipped(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  changed[changed.length - 33] = (changed[changed.length - 33] ?? 0) ^ 1;
  return changed;
}

function consensusKeyOf({ consortium }: Cluster, slug: string): Uint8Array {
  const found = consortium.organisations.find((one) => one.slug === slug);
  return found?.consensus ?? expect.fail(`${slug} is a member`);
}
