/** `daybook stamp`: documents under one root, each verified offline with the file beside it. */
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
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
  const stamp = () => {
    const key = path.join(cluster.directory, 'officers', `${ARCHIVE}-head.json`);
    const url = cluster.node(ARCHIVE).apiUrl;
    return run(['stamp', ...files(), '--signer', `${ARCHIVE}/head=${key}`, '--url', url]);
  };
  const verify = (...words: readonly string[]) =>
    run(['verify', ...words, '--genesis', cluster.genesisFile, '--json']);

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

    const again = await stamp();

    expect(again.code).to.not.equal(0);
    expect(again.errors).to.include('CLI_STAMP_FAILED');
  });
});
