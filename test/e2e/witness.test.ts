/**
 * `daybook witness` as a process beside a cluster of processes: it cosigns, survives a kill, and
 * stops with evidence when validators sign a second history under the same founding document, which
 * here they do: their folders are emptied and they begin again.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { oversight } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient } from '@daybook/client';
import {
  asHash,
  createSigner,
  encodeNoteKey,
  fromHex,
  NOTE_BYTES_MAX,
  possessionSignBytes,
  publicKeyOf,
  readCheckpointNote,
  toHex,
} from '@daybook/core';
import { createKeyFile, readKeyFile } from '@daybook/keystore';
import { createVotes } from '@daybook/node';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { openFund } from './support/fund.ts';
import { startLoad } from './support/load.ts';
import { FOUR, member } from './support/members.ts';
import type { Run } from './support/programs.ts';
import { runDaybook } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NAME = 'university.example/w1';
const WITHIN_MS = 120_000;
const REGISTRAR = { name: 'registrar', roles: ['oversight.registrar'] };

describe('witness (validators=4)', function () {
  this.timeout(400_000);
  let cluster: Cluster;
  let clients: readonly Client[];
  let folder = '';
  let keyFile = '';
  let running: ChildProcess | undefined;

  const wordsFor = (state: string): string[] => [
    ...['witness', '--name', NAME, '--key', keyFile, '--genesis', cluster.genesisFile],
    ...['--state', path.join(folder, state), '--every', '1', '--json'],
    ...clients.flatMap(({ urls }) => ['--url', urls[0] ?? '']),
  ];
  const oneRound = (state: string): Promise<Run> => runDaybook([...wordsFor(state), '--once']);
  const startWitness = (): ChildProcess => {
    const command = ['--conditions=source', 'packages/cli/bin/daybook.js', ...wordsFor('state')];
    return spawn(process.execPath, command, { cwd: ROOT, stdio: 'ignore' });
  };
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    const child = running ?? expect.fail('a witness runs');
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    running = undefined;
    return child.exitCode;
  };
  const sizeOf = async (client: Client): Promise<number> => {
    const note = await client.checkpoint();
    const read = note && readCheckpointNote(note);
    return read?.ok === true ? read.value.head.size : 0;
  };
  const cosignedSize = async (client: Client): Promise<number> => {
    const note = await client.checkpoint();
    const read = note && readCheckpointNote(note);
    if (read?.ok !== true) return 0;
    const { head, note: signed } = read.value;
    return signed.signatures.some(({ name }) => name === NAME) ? head.size : 0;
  };
  /** A second life of the validators, without memory of the first. */
  const beginAgain = async (): Promise<void> => {
    await cluster.stop();
    for (const node of cluster.nodes) {
      await rm(node.dataDirectory, { recursive: true });
      await mkdir(node.dataDirectory, { recursive: true });
      const keys = cluster.consortium.organisations.find(({ slug }) => slug === node.slug);
      const publicKey = publicKeyOf(keys?.consensus ?? expect.fail('it is a validator'));
      const { chain } = cluster.genesis;
      await createVotes({ dataDirectory: node.dataDirectory, chain, publicKey });
    }
    await cluster.start();
  };

  before(async () => {
    const [finance = member('finance', 'validator'), ...others] = FOUR;
    const registering = { ...finance, officers: [...finance.officers, REGISTRAR] };
    cluster = await startCluster({
      members: [registering, ...others],
      parameters: { emptyIntervalMs: 1000 },
    });
    clients = cluster.nodes.map(({ apiUrl }) => createClient({ urls: [apiUrl] }));
    folder = path.join(cluster.directory, 'witness');
    keyFile = path.join(folder, 'key.json');
    await mkdir(folder);
    await createKeyFile(keyFile, { purpose: 'log', protection: 'none' });
  });
  after(async () => {
    if (running !== undefined) await end('SIGKILL');
    await cluster?.remove();
  });

  it('given no node that answers, when it makes one round, then it ends with 3 for its timer to notice', async () => {
    const words = wordsFor('silent').filter((word) => word !== '--url' && !word.startsWith('http'));

    const { exitCode, stdout } = await runDaybook([
      ...words,
      ...['--url', 'http://127.0.0.1:1', '--once'],
    ]);

    expect(exitCode).to.equal(3);
    expect(stdout).to.contain('"away"');
  });

  it('spec L-14: given its proof of possession, then the consortium registers the witness', async () => {
    const words = ['key', 'prove', keyFile, '--witness', NAME, '--genesis', cluster.genesisFile];
    const proven = await runDaybook([...words, '--json']);
    const { witness, publicKey, proof } = JSON.parse(proven.stdout);
    const [client = expect.fail('there is a node')] = clients;
    const { officers } = cluster.consortium.organisations[0] ?? { officers: [] };
    expect(officers.map(({ identity }) => identity)).to.contain('finance/registrar');
    const officer = cluster.officer('finance/registrar');
    const author = { identity: officer.identity, signer: createSigner(officer.secretKey) };

    const outcome = await client.perform(
      [author],
      [
        client.contractOf(oversight).calls.registerWitness({
          organisation: 'finance',
          name: witness,
          publicKey: bytesOf(publicKey),
          title: { en: 'University', zh: '大学' },
          proof: bytesOf(proof),
          reason: 'It watches for the public.',
        }),
      ],
    );

    expect(outcome.state).to.equal('committed');
    const key = await readKeyFile(keyFile, { purpose: 'log', allowUnprotected: true });
    const claim = { purpose: 'witness', publicKey: createSigner(key.secretKey).publicKey } as const;
    const message = possessionSignBytes(asHash(cluster.genesis.chain), claim, NAME);
    expect(createSigner(key.secretKey).sign(message)).to.deep.equal(bytesOf(proof));
  });

  it('spec L-12: given a running witness, then every node serves its cosignature', async () => {
    running = startWitness();

    for (const client of clients) {
      await eventually(async () => (await cosignedSize(client)) > 0, {
        what: `a cosignature at ${client.urls[0]}`,
        withinMs: WITHIN_MS,
      });
    }
  });

  it('given a witness that runs, when another is started in its folder, then that one is refused', async () => {
    const { exitCode, stderr } = await oneRound('state');

    expect(exitCode).to.equal(7);
    expect(stderr).to.contain('CLI_FOLDER_LOCKED');
  });

  it('spec L-16: given genesis, a vouched block, witnesses or nothing, then daybook checkpoint says what follows', async () => {
    const [client = expect.fail('there is a node')] = clients;
    const block = (await client.block(1)) ?? expect.fail('there is a block 1');
    const { secretKey } = await readKeyFile(keyFile, { purpose: 'log', allowUnprotected: true });
    const { publicKey } = createSigner(secretKey);
    const key = encodeNoteKey({ name: NAME, type: 'cosignature', publicKey });
    const out = path.join(folder, 'checkpoint.txt');
    const urls = clients.flatMap(({ urls: [url = ''] }) => ['--url', url]);
    const ask = async (...words: readonly string[]) =>
      await runDaybook(['checkpoint', ...urls, ...words, '--json']);

    const whole = await ask('--genesis', cluster.genesisFile, '--out', out);
    const vouched = await ask('--trusted', `1:${toHex(block.blockHash)}`);
    const cosigned = await eventually(
      async () => {
        // Until the first tree is cosigned; from then on one always is.
        const asked = await ask('--witness', key);
        return asked.exitCode === 0 && asked;
      },
      { what: 'a start at the witness', withinMs: WITHIN_MS },
    );
    const untold = await ask();
    const wrong = await ask('--trusted', `1:${'0'.repeat(64)}`);

    const codes = [whole, vouched, cosigned, untold, wrong].map(({ exitCode }) => exitCode);
    expect(codes, whole.stderr).to.deep.equal([0, 0, 0, 5, 4]);
    const told = JSON.parse(whole.stdout);
    expect(told).to.include({ outcome: 'valid', compared: 4, chain: toHex(cluster.genesis.chain) });
    expect(told.seals).to.include({ validators: 4, quorum: 3 });
    expect(told.nodes).to.have.length(4);
    expect(readCheckpointNote(await readFile(out)).ok).to.equal(true);
  });

  it('given a witness that is killed, when started again, then it goes on above what it saw', async () => {
    await end('SIGKILL');
    const state = await readFile(path.join(folder, 'state/witness.json'), 'utf8');
    const [client = expect.fail('there is a node')] = clients;
    const before = await sizeOf(client);

    running = startWitness();

    await eventually(async () => (await cosignedSize(client)) > before, {
      what: 'a cosignature of a later tree',
      withinMs: WITHIN_MS,
    });
    expect(state.length).to.be.lessThan(6 * NOTE_BYTES_MAX);
    expect(await end('SIGTERM')).to.equal(0);
  });

  it('spec L-15: given validators that sign a second history, then it stops with a proof', async () => {
    const [client = expect.fail('there is a node')] = clients;
    const first = await oneRound('state');
    const watch = ['checkpoint', '--genesis', cluster.genesisFile, '--url', client.urls[0] ?? ''];
    const watching = await runDaybook([...watch, '--state', path.join(folder, 'watched')]);
    expect(watching.exitCode, watching.stderr).to.equal(0);
    expect(watching.stdout).to.contain('One node alone may hide a fork');
    const saw = JSON.parse(await readFile(path.join(folder, 'state/witness.json'), 'utf8'));
    const size = Number(saw.note.split('\n')[1]);
    expect(first.exitCode, first.stderr).to.equal(0);
    await beginAgain();
    await openFund(client.urls[0] ?? '', cluster);
    // Payments make blocks sooner than the pause between empty ones.
    const load = startLoad(cluster, { apiUrls: client.urls, clientsPerNode: 1, prefix: 'again' });
    await eventually(async () => (await sizeOf(client)) > size, {
      what: 'a second history that is longer',
      withinMs: WITHIN_MS,
    });
    await load.stop();

    const alarmed = await oneRound('state');
    const file = path.join(folder, 'state/checkpoint-fork.bin');
    const verify = ['verify', file, '--json'];
    const verified = await runDaybook([...verify, '--genesis', cluster.genesisFile]);
    const untold = await runDaybook(verify);
    const again = await oneRound('state');
    const watched = await runDaybook([...watch, '--state', path.join(folder, 'watched')]);

    expect(watched.exitCode, watched.stderr).to.equal(8);
    expect([alarmed.exitCode, again.exitCode], alarmed.stderr).to.deep.equal([8, 8]);
    expect(alarmed.stderr).to.contain('CLI_WITNESS_FORK');
    expect([verified.exitCode, untold.exitCode], verified.stderr).to.deep.equal([0, 5]);
    const { outcome, facts } = JSON.parse(verified.stdout);
    expect(outcome).to.equal('valid');
    expect(facts.signedBoth.length).to.be.at.least(2);
    const spoilt = Uint8Array.from(await readFile(file));
    spoilt[spoilt.length - 1] = (spoilt.at(-1) ?? 0) ^ 1;
    await writeFile(path.join(folder, 'spoilt.bin'), spoilt);
    const refused = await runDaybook(['verify', path.join(folder, 'spoilt.bin')]);
    expect(refused.exitCode).to.equal(4);
  });

  it('spec L-15: given nodes whose history shrank, then it stops with both checkpoints', async () => {
    const before = await oneRound('other');
    await beginAgain();
    await eventually(
      async () => (await Promise.all(clients.map(sizeOf))).every((size) => size > 0),
      { what: 'a checkpoint of the third life', withinMs: WITHIN_MS },
    );

    const alarmed = await oneRound('other');

    expect([before.exitCode, alarmed.exitCode], alarmed.stderr).to.deep.equal([0, 8]);
    expect(alarmed.stderr).to.contain('CLI_WITNESS_SHRUNK');
    const both = await readFile(path.join(folder, 'other/shrunk-tree.txt'), 'utf8');
    expect(both.split('daybook/').length).to.be.at.least(9);
  });
});

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? expect.fail(`${hex} is hex`);
}
