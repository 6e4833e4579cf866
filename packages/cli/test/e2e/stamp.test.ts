/** `daybook stamp`: documents under one root, each verified offline with the file beside it. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { leafHash, merkleRoot, toHex } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { hashFile } from '../../src/verbs/stamp.ts';
import { run } from '../fixtures/run.ts';

const ARCHIVE = 'archive';
const MEMBERS = [
  {
    slug: ARCHIVE,
    title: { en: ARCHIVE, zh: ARCHIVE },
    officers: [{ name: 'head', roles: ['directory.administrator', 'governance.delegate'] }],
    node: 'validator',
  },
] as const;
const NAMES = ['a.txt', 'b.txt', 'c.txt'] as const;

describe('stamps of documents by command', () => {
  let cluster: Cluster;
  let folder: string;
  const inFolder = (name: string): string => path.join(folder, name);
  const files = (): readonly string[] => NAMES.map(inFolder);
  const stamp = () => run(['stamp', ...files(), ...signed()]);
  const verify = (...words: readonly string[]) =>
    run(['verify', ...words, '--genesis', cluster.genesisFile, '--json']);
  const signed = (): readonly string[] => {
    const key = path.join(cluster.directory, 'officers', `${ARCHIVE}-head.json`);
    const url = cluster.node(ARCHIVE).apiUrl;
    return ['--signer', `${ARCHIVE}/head=${key}`, '--url', url];
  };
  async function timeOf(name: string): Promise<string> {
    const verdict = await verify(`${inFolder(name)}.stamp`);
    expect(verdict.code, verdict.errors).to.equal(0);
    const { genTime } = verdict.json<{ readonly row: { readonly genTime: string } }>().row;
    expect(genTime).to.match(/^20/);
    return genTime;
  }

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-stamp-'));
    for (const name of NAMES) await writeFile(inFolder(name), `the text of ${name}`);
    cluster = await startCluster({ members: MEMBERS, parameters: { blockIntervalMs: 20 } });
  });
  after(async () => {
    await cluster.remove();
    await rm(folder, { recursive: true, force: true });
  });

  it('given documents, when stamped, then each stamp is valid without a node, and no other passes', async () => {
    const stamped = await stamp();
    expect(stamped.code, stamped.errors).to.equal(0);

    for (const name of NAMES) {
      const verdict = await verify(`${inFolder(name)}.stamp`);
      expect(verdict.code, verdict.errors).to.equal(0);
      expect(verdict.json()).to.include({ outcome: 'valid', document: inFolder(name) });
    }
    const swapped = await verify(`${inFolder('a.txt')}.stamp`, inFolder('b.txt'));
    expect(swapped.out).to.include('CLIENT_DOCUMENT_DIFFERS');
    await appendFile(inFolder('c.txt'), '!');
    const changed = await verify(`${inFolder('c.txt')}.stamp`);
    expect(changed.out).to.include('CLIENT_DOCUMENT_DIFFERS');
    expect(changed.code).to.not.equal(0);
  });

  it('given the same documents again, then they keep their earlier time', async () => {
    await writeFile(inFolder('c.txt'), 'the text of c.txt');

    const first = await timeOf('a.txt');
    await rm(`${inFolder('a.txt')}.stamp`);
    const again = await stamp();

    expect(again.code, again.errors).to.equal(0);
    expect(again.errors).to.include('the earlier time counts');
    expect(await timeOf('a.txt')).to.equal(first);
  });

  it('given their root taken before with another number of hashes under it, then they are stamped all the same', async () => {
    await writeFile(inFolder('d.txt'), 'the text of d.txt');
    const root = toHex(merkleRoot([leafHash(await hashFile(inFolder('d.txt')))]));
    const grabbed = await run([
      ...['timestamps', 'stamp-batch', '--root', root, '--count', '2'],
      ...signed(),
    ]);
    expect(grabbed.code, grabbed.errors).to.equal(0);

    const ran = await run(['stamp', inFolder('d.txt'), ...signed()]);

    expect(ran.code, ran.errors).to.equal(0);
    expect(ran.errors).not.to.include('the earlier time counts');
  });
});
