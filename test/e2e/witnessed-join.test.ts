/**
 * From a witness to a node that joins: a witness outside the consortium cosigns once, `daybook
 * checkpoint` takes the newest tree that it cosigned, long after newer ones came, and an empty node
 * joins by a snapshot only if its history goes through that tree.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { oversight } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient } from '@daybook/client';
import {
  asHash,
  createSigner,
  encodeNoteKey,
  generateSecretKey,
  possessionSignBytes,
  readCheckpointNote,
} from '@daybook/core';
import { createKeyFile, readKeyFile } from '@daybook/keystore';
import type { Cluster, ClusterNode } from '@daybook/testkit';
import { createCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { getJson, heightOf, statusOf } from './support/api.ts';
import { ALONE, member } from './support/members.ts';
import { runDaybook } from './support/programs.ts';
import { eventually } from './support/waiting.ts';

const NAME = 'university.example/w1';
const REGISTRAR = { name: 'registrar', roles: ['oversight.registrar'] };
const WITHIN_MS = 120_000;
const SLOT_S = 10;

describe('joining from a checkpoint that a witness cosigned (validators=1, observers=1)', function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let source: ClusterNode;
  let joiner: ClusterNode;
  let client: Client;
  let checkpointFile: string;
  let witnessKey: string;

  const sizeOf = (note: Uint8Array | undefined): number => {
    const read = note && readCheckpointNote(note);
    return read?.ok === true ? read.value.head.size : 0;
  };

  before(async () => {
    const [finance = member('finance', 'validator')] = ALONE;
    const registering = { ...finance, officers: [...finance.officers, REGISTRAR] };
    cluster = await createCluster({
      members: [registering, member('newspaper', 'observer')],
      parameters: { emptyIntervalMs: 1000 },
      settings: { sync: { snapshotSeconds: SLOT_S } },
    });
    [source, joiner] = [cluster.node('finance'), cluster.node('newspaper')];
    client = createClient({ urls: [source.apiUrl] });
    checkpointFile = path.join(cluster.directory, 'witnessed.txt');
    await source.process.start();
  });
  after(async () => {
    await cluster?.remove();
  });

  /** Registers a witness by its key. */
  async function register(keyFile: string): Promise<void> {
    const { secretKey } = await readKeyFile(keyFile, { purpose: 'log', allowUnprotected: true });
    const signer = createSigner(secretKey);
    const { publicKey } = signer;
    witnessKey = encodeNoteKey({ name: NAME, type: 'cosignature', publicKey });
    const claim = { purpose: 'witness', publicKey } as const;
    const proof = signer.sign(possessionSignBytes(asHash(cluster.genesis.chain), claim, NAME));
    const officer = cluster.officer('finance/registrar');
    const author = { identity: officer.identity, signer: createSigner(officer.secretKey) };
    const title = { en: 'University', zh: '大学' };
    const call = {
      organisation: 'finance',
      name: NAME,
      publicKey,
      title,
      proof,
      reason: 'Public.',
    };
    const { registerWitness } = client.contractOf(oversight).calls;
    const outcome = await client.perform([author], [registerWitness(call)]);
    expect(outcome.state).to.equal('committed');
  }

  it('spec L-16: given a tree cosigned once, when newer ones came, then daybook checkpoint starts from it', async () => {
    const folder = path.join(cluster.directory, 'witness');
    const keyFile = path.join(folder, 'key.json');
    await mkdir(folder);
    await createKeyFile(keyFile, { purpose: 'log', protection: 'none' });
    await register(keyFile);
    const url = ['--url', source.apiUrl];
    const words = [
      'witness',
      '--name',
      NAME,
      '--key',
      keyFile,
      '--state',
      path.join(folder, 'kept'),
    ];
    const witness = [...words, '--genesis', cluster.genesisFile, '--once', '--json', ...url];
    const cosigned = async (): Promise<boolean> => {
      await runDaybook(witness);
      return sizeOf(await client.checkpoint(undefined, 1)) > 0;
    };
    await eventually(cosigned, { what: 'a cosigned tree', withinMs: WITHIN_MS });
    const size = sizeOf(await client.checkpoint(undefined, 1));
    await eventually(async () => sizeOf(await client.checkpoint()) > size, {
      what: 'a newer tree that nobody cosigned',
      withinMs: WITHIN_MS,
    });

    const start = ['checkpoint', ...url, '--witness', witnessKey, '--out', checkpointFile];
    const { exitCode, stdout, stderr } = await runDaybook([...start, '--json']);

    expect(exitCode, stderr).to.equal(0);
    expect(JSON.parse(stdout)).to.include({ outcome: 'valid', size });
    expect(sizeOf(await readFile(checkpointFile))).to.equal(size);
  });

  it('spec N-17: given another witness than the one who cosigned, then the node does not join', async () => {
    await eventually(isOffered, { what: 'a snapshot after the tree', withinMs: WITHIN_MS });
    const { publicKey } = createSigner(generateSecretKey());
    const plain = await readFile(joiner.configFile, 'utf8');
    await configure(plain, encodeNoteKey({ name: NAME, type: 'cosignature', publicKey }));

    await joiner.process.start().catch(() => undefined);
    const { exitCode } = await joiner.process.ended();

    expect(exitCode).to.equal(10);
    expect(await readFile(joiner.logFile, 'utf8')).to.contain('NODE_CHECKPOINT_CONTRADICTED');
    await writeFile(joiner.configFile, plain);
  });

  it('spec N-17: given the witness who cosigned, then the node joins through its tree', async () => {
    await configure(await readFile(joiner.configFile, 'utf8'), witnessKey);

    await joiner.process.start();

    const follows = async (): Promise<boolean> => (await statusOf(joiner.apiUrl)).ready;
    await eventually(follows, { what: 'the joiner follows the chain', withinMs: WITHIN_MS });
    const { body } = await getJson(joiner.apiUrl, '/v1/status');
    expect(Number(body.oldestStateHeight), 'it did not follow from genesis').to.be.greaterThan(0);
  });

  async function configure(config: string, key: string): Promise<void> {
    const lines = ['mode: snapshot', `checkpointFile: ${checkpointFile}`, `witnesses: ['${key}']`];
    const more = lines.map((line) => `  ${line}\n`).join('');
    await writeFile(joiner.configFile, config.replace('sync:\n', `sync:\n${more}`));
  }

  /** Whether a slot began after the tree. */
  async function isOffered(): Promise<boolean> {
    const slotAt = async (height: number): Promise<number> => {
      const { body } = await getJson(source.apiUrl, `/v1/blocks/${height}`);
      return Math.floor(Number(body.timestampMs) / (SLOT_S * 1000));
    };
    const last = sizeOf(await readFile(checkpointFile)) - 1;
    return (await slotAt(last)) < (await slotAt(await heightOf(source.apiUrl)));
  }
});
