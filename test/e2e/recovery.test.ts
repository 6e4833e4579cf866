/**
 * The runbook docs/operations/recovery.md, rehearsed: two of four validators are lost for good, the
 * chain stands, and the departments go on with two others by a file that they sign offline. In the
 * new era the set then changes by governance as it always does.
 * Scenario S40 of docs/reliability.md on real parts.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CallArguments } from '@daybook/core';
import { toHex, validatorIdOf } from '@daybook/core';
import { createKeyFile } from '@daybook/keystore';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import {
  getBytes,
  getJson,
  heightOf,
  postTransaction,
  stateRootsAt,
  statusOf,
} from './support/api.ts';
import { tellFigure } from './support/figures.ts';
import { openFund, paymentPath, signedPayment } from './support/fund.ts';
import type { NewKey } from './support/governing.ts';
import {
  adopt,
  installConsensusKey,
  newConsensusKey,
  proposalStatus,
} from './support/governing.ts';
import { FOUR, member } from './support/members.ts';
import type { Run } from './support/programs.ts';
import { runDaybook, runProgram } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const LOST = ['education', 'audit'] as const;
const SURVIVORS = ['finance', 'health'] as const;
/** A survivor whose key is held by a process of its own. */
const GUARDED = 'health';
const REPLACEMENTS = ['parks', 'roads'] as const;
const ALIVE = [...SURVIVORS, ...REPLACEMENTS];
const DELEGATES = [...ALIVE, 'audit'].map((slug) => `${slug}/admin`);
const PATIENCE_MS = 120_000;

describe('recovery from the loss of two of four validators (spec C-33)', function () {
  this.timeout(480_000);
  let cluster: Cluster;
  let file: string;
  let recoveredMs = 0;
  let lostAt = 0;
  const keys = new Map<string, NewKey>();

  const urlOf = (slug: string): string => cluster.node(slug).apiUrl;
  const recover = (slug: string, ...words: readonly string[]): Promise<Run> =>
    recoverWith(cluster.node(slug).configFile, ...words);
  const recoverWith = (configFile: string, ...words: readonly string[]): Promise<Run> => {
    const command = ['recover', '--config', configFile, '--file', file, ...words];
    return runProgram('packages/node/bin/daybookd.js', command);
  };
  /** Hands a payment in and waits until it is final, however long the machine takes. */
  const pay = async (slug: string, name: string): Promise<void> => {
    const { bytes } = signedPayment(cluster, name);
    const { status, body } = await postTransaction(urlOf(slug), bytes);
    expect([200, 202], JSON.stringify(body)).to.include(status);
    await eventually(async () => (await getJson(urlOf(slug), paymentPath(name))).status === 200, {
      what: `${name} is final at ${slug}`,
      withinMs: PATIENCE_MS,
    });
  };
  const governanceFile = async (slug: string): Promise<string> => {
    const secretKey = cluster.consortium.organisations.find((one) => one.slug === slug)?.governance;
    const keyFile = path.join(cluster.directory, `${slug}-governance.json`);
    if (secretKey === undefined) throw new Error(`${slug} has a governance key`);
    await createKeyFile(keyFile, { protection: 'none', purpose: 'governance', secretKey });
    return keyFile;
  };
  const adopted = async (action: string, args: CallArguments): Promise<void> => {
    const number = await adopt(cluster, urlOf('finance'), { delegates: DELEGATES, action, args });
    const isDone = async (): Promise<boolean> =>
      (await proposalStatus(urlOf('finance'), number)) === 'done';
    await eventually(isDone, { what: `${action} took effect`, withinMs: PATIENCE_MS });
  };
  const votes = async (slug: string): Promise<void> => {
    const isVoting = async (): Promise<boolean> =>
      (await statusOf(urlOf(slug))).activity === 'voting';
    await eventually(isVoting, { what: `${slug} votes`, withinMs: PATIENCE_MS });
  };
  const keysOfSet = async (): Promise<readonly string[]> => {
    const { body } = await getJson(urlOf('finance'), '/v1/validators');
    const { validators } = body as unknown as { readonly validators: readonly KeyRow[] };
    return validators.map(({ publicKey }) => publicKey);
  };
  const consent = async (slug: string): Promise<void> => {
    const key = await governanceFile(slug);
    const words = ['recovery', 'sign', file, '--key', key, '--organisation', slug, '--yes'];
    const { exitCode, stderr } = await runDaybook(words);
    expect(exitCode, stderr).to.equal(0);
  };

  before(async () => {
    cluster = await startCluster({
      members: [...FOUR, ...REPLACEMENTS.map((slug) => member(slug, 'observer'))],
      signers: [GUARDED],
      parameters: {
        epochBlocks: 10,
        blockIntervalMs: 50,
        roundBaseMs: 1000,
        emptyIntervalMs: 2000,
      },
    });
    file = path.join(cluster.directory, 'recovery.json');
    await openFund(urlOf('finance'), cluster);
    await pay('finance', 'before');
  });
  after(async () => {
    await cluster?.remove();
  });

  it('spec M-4: given two of four lost for good, then the chain stands and nothing lowers its quorum', async () => {
    await Promise.all(LOST.map(async (slug) => await cluster.node(slug).process.kill()));
    await rm(cluster.node('education').directory, { recursive: true });
    const head = await eventually(
      async () => {
        const heights = await Promise.all(ALIVE.map((slug) => heightOf(urlOf(slug))));
        return new Set(heights).size === 1 ? heights[0] : undefined;
      },
      { what: 'the survivors have the same head', withinMs: PATIENCE_MS },
    );

    const { bytes } = signedPayment(cluster, 'waits');
    expect((await postTransaction(urlOf('finance'), bytes, 'none')).status).to.equal(202);

    // Three empty intervals of two seconds: a chain with a quorum would have gone on.
    const deadline = performance.now() + 6000;
    await eventually(() => performance.now() > deadline, { what: 'time', withinMs: 7000 });
    expect(await heightOf(urlOf('finance'))).to.equal(head);
    lostAt = head;
  });

  it('given survivors, when a recovery is drafted from the head, then it names block and set', async () => {
    for (const slug of REPLACEMENTS) keys.set(slug, newConsensusKey(cluster, slug));
    const validators = REPLACEMENTS.flatMap((slug) => [
      '--validator',
      `${slug}=${toHex(keys.get(slug)?.publicKey ?? new Uint8Array())}`,
    ]);
    const kept = SURVIVORS.flatMap((slug) => ['--keep', slug]);

    const drafting = [
      ...['recovery', 'draft', '--url', urlOf('finance'), '--genesis', cluster.genesisFile],
      ...[...kept, ...validators, '--reason', 'two sites burned down', '--out', file, '--json'],
    ];
    const drafted = await runDaybook(drafting);

    expect(drafted.exitCode, drafted.stderr).to.equal(0);
    const said = JSON.parse(drafted.stdout) as { readonly height: number };
    expect(said.height).to.equal(await heightOf(urlOf('finance')));
  });

  it('given consents of too few departments, when tried dry, then it is refused by name and nothing changes', async () => {
    await consent('finance');
    await consent('health');
    await cluster.node('finance').process.stop();

    const tried = await recover('finance', '--dry-run');

    expect(tried.exitCode).to.equal(10);
    expect(tried.stdout).to.contain('CORE_RECOVERY_UNSIGNED');
    expect(tried.stdout).to.contain('3 departments must');
  });

  it('given consents of a quorum, when tried dry, then it says what would be done and changes nothing', async () => {
    // The department lost its machine; its governance key was never on it.
    await consent('audit');

    const tried = await recover('finance', '--dry-run');

    expect(tried.exitCode, tried.stdout).to.equal(0);
    expect(tried.stdout).to.contain('applies: consents of audit, finance, health hold');
    expect(tried.stdout).to.contain('this node signs in the new set');
    expect(tried.stdout).to.contain('nothing was changed');
    const names = await readdir(cluster.node('finance').dataDirectory);
    expect(names).not.to.include('recovery');
  });

  it('given the file at each node, when installed and started, then the chain goes on within seconds', async () => {
    await Promise.all(ALIVE.map(async (slug) => await cluster.node(slug).process.stop()));
    const signer = cluster.node(GUARDED).signer;
    if (signer === undefined) throw new Error('its key is held by a signer');
    await signer.process.stop();
    for (const slug of REPLACEMENTS) {
      const key = keys.get(slug);
      if (key === undefined) throw new Error('a key was made');
      await installConsensusKey(cluster, slug, { key, setting: 'consensusFile' });
    }
    for (const slug of ALIVE) {
      const installed = await recover(slug);
      expect(installed.exitCode, installed.stdout + installed.stderr).to.equal(0);
      const said =
        slug === GUARDED ? 'with the configuration of the signer, too' : 'vote log created';
      expect(installed.stdout).to.contain(said);
    }
    const atSigner = await recoverWith(signer.configFile);
    expect(atSigner.exitCode, atSigner.stdout + atSigner.stderr).to.equal(0);
    expect(atSigner.stdout).to.contain('its node judges the file');
    expect(atSigner.stdout).to.contain('this signer signs in the new set');
    expect(atSigner.stdout).to.contain('vote log created');
    await signer.process.start();
    const startedMs = performance.now();

    await Promise.all(ALIVE.map(async (slug) => await cluster.node(slug).process.start()));

    await eventually(async () => (await heightOf(urlOf('roads'))) > lostAt, {
      what: 'a block after the recovery',
      withinMs: PATIENCE_MS,
    });
    recoveredMs = performance.now() - startedMs;
    await pay('health', 'after');
    for (const slug of ALIVE) await votes(slug);
    tellFigure(`a block ${Math.round(recoveredMs)} ms after the start`);
  });

  it('given the recovered chain, then the recovery is a record for ever and the set is the one of the plan', async () => {
    const { body } = await getJson(urlOf('roads'), '/v1/contracts/governance/recovery');
    const { rows } = body as unknown as { readonly rows: readonly { readonly row: Row }[] };

    expect(rows).to.have.length(1);
    expect(rows[0]?.row.reason).to.equal('two sites burned down');
    expect(rows[0]?.row.departments).to.deep.equal(['audit', 'finance', 'health']);
    const words = ['--url', urlOf('roads'), '--genesis', cluster.genesisFile, '--recovery', file];
    const listed = await runDaybook(['list', 'governance', 'recovery', ...words]);
    expect(listed.exitCode, listed.stderr).to.equal(0);
    expect(listed.stdout).to.contain('two sites burned down');
    const set = await getJson(urlOf('roads'), '/v1/validators');
    expect((set.body as unknown as { validators: unknown[] }).validators).to.have.length(4);
  });

  it('given a proof across the recovery, then it holds with the file, and without it nobody can tell', async () => {
    const proof = path.join(cluster.directory, 'payment.daybook-proof');
    const bundle = await getBytes(urlOf('parks'), `${paymentPath('after')}?proof=bundle`);
    await writeFile(proof, bundle);
    const words = ['verify', proof, '--genesis', cluster.genesisFile, '--json'];

    const vouched = await runDaybook([...words, '--recovery', file]);
    const alone = await runDaybook(words);

    expect(vouched.exitCode, vouched.stdout).to.equal(0);
    expect(JSON.parse(vouched.stdout)).to.include({ outcome: 'valid' });
    expect(JSON.parse(alone.stdout)).to.include({ outcome: 'unknown' });
    expect(alone.stdout).to.contain('CLIENT_RECOVERY_UNKNOWN');
  });

  it('given nodes started again, then they go on in the era', async () => {
    const { process } = cluster.node('health');
    await process.kill();
    await process.start();
    await votes('health');
    await pay('health', 'later');
  });

  it('given a lost validator that comes back, then it stands where it was until its operator installs the file', async () => {
    const { process } = cluster.node('audit');
    await process.start();
    const before = await heightOf(urlOf('audit'));
    const head = await heightOf(urlOf('finance'));
    expect(before).to.be.below(head);
    await process.stop();

    const installed = await recover('audit');
    await process.start();

    expect(installed.stdout).to.contain('this node follows');
    await eventually(async () => (await heightOf(urlOf('audit'))) >= head, {
      what: 'it follows the recovered chain',
      withinMs: PATIENCE_MS,
    });
    expect((await statusOf(urlOf('audit'))).activity).not.to.equal('voting');
    const roots = await stateRootsAt([urlOf('audit'), urlOf('finance')], head);
    expect(new Set(roots).size).to.equal(1);
  });

  it('spec X-14 X-26: given a new key of a validator in the new era, when its rotation is adopted, then it says READY and signs', async () => {
    const { process } = cluster.node('roads');
    const key = newConsensusKey(cluster, 'roads');
    const validator = validatorIdOf(keys.get('roads')?.publicKey ?? key.publicKey);
    await process.stop();
    await installConsensusKey(cluster, 'roads', { key, setting: 'nextConsensusFile' });
    await process.start();

    const { publicKey: consensusKey, proof } = key;
    await adopted('proposeKeyRotation', { validator, consensusKey, proof });

    await votes('roads');
    expect(await keysOfSet()).to.include(toHex(key.publicKey));
    await pay('roads', 'rotated');
  });

  it('spec X-13 X-26: given the lost validator with a new key, when it is adopted again, then five vote in the new era', async () => {
    const { process } = cluster.node('audit');
    const key = newConsensusKey(cluster, 'audit');
    await process.stop();
    await installConsensusKey(cluster, 'audit', { key, setting: 'consensusFile' });
    await process.start();

    const { publicKey: consensusKey, proof } = key;
    await adopted('proposeValidator', { organisation: 'audit', consensusKey, proof });

    await votes('audit');
    const set = await keysOfSet();
    expect(set).to.have.length(5);
    expect(set).to.include(toHex(key.publicKey));
    await pay('audit', 'fifth');
    const head = await heightOf(urlOf('audit'));
    for (const slug of ALIVE) {
      await eventually(async () => (await heightOf(urlOf(slug))) >= head, {
        what: `${slug} at ${head}`,
        withinMs: PATIENCE_MS,
      });
    }
    const roots = await stateRootsAt([...ALIVE, 'audit'].map(urlOf), head);
    expect(new Set(roots).size).to.equal(1);
  });
});

interface KeyRow {
  readonly publicKey: string;
}

interface Row {
  readonly reason: string;
  readonly departments: readonly string[];
}
