/** `daybook timestamp-authority` as `openssl ts` sees it: asked, verified and refused. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { timestamps } from '@daybook/applications';
import type { Client } from '@daybook/client';
import { createClient } from '@daybook/client';
import { sha256 } from '@daybook/core';
import type { Cluster } from '@daybook/testkit';
import { startCluster } from '@daybook/testkit';
import { expect } from 'chai';
import { run } from '../fixtures/run.ts';

const ARCHIVE = 'archive';
const POLICY = '1.3.6.1.4.1.99999.1';
const MEMBERS = [
  {
    slug: ARCHIVE,
    title: { en: ARCHIVE, zh: ARCHIVE },
    officers: [
      { name: 'head', roles: ['directory.administrator', 'governance.delegate'] },
      { name: 'robot', roles: ['timestamps.authority'] },
    ],
    node: 'validator',
  },
] as const;
/** A root, and an authority under it whose certificate is for time-stamping alone. */
const OPENSSL_CONFIG = `
[req]
distinguished_name = name
prompt = no
[name]
CN = Daybook test
[root]
basicConstraints = critical,CA:true
[authority]
extendedKeyUsage = critical,timeStamping
[web]
extendedKeyUsage = serverAuth
`;
const exec = promisify(execFile);

describe('a time-stamp authority by command', () => {
  let cluster: Cluster;
  let client: Client;
  let folder: string;
  let url: string;
  const stopping = new AbortController();
  let ended: Promise<unknown>;

  const inFolder = (name: string): string => path.join(folder, name);
  const openssl = async (...words: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await exec('openssl', [...words], { cwd: folder });
    return stdout + stderr;
  };

  async function makeCertificates(): Promise<void> {
    await writeFile(inFolder('config'), OPENSSL_CONFIG);
    const key = ['-newkey', 'rsa:2048', '-nodes', '-config', 'config'];
    await openssl(
      'req',
      '-x509',
      ...key,
      '-keyout',
      'root.key',
      '-out',
      'root.pem',
      '-extensions',
      'root',
    );
    for (const [name, kind] of [
      ['tsa', 'authority'],
      ['web', 'web'],
    ] as const) {
      const ec = [
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-config',
        'config',
      ];
      await openssl('req', ...ec, '-keyout', `${name}.key`, '-out', `${name}.csr`);
      const by = ['-CA', 'root.pem', '-CAkey', 'root.key', '-CAcreateserial', '-extfile', 'config'];
      await openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        ...by,
        '-extensions',
        kind,
        '-out',
        `${name}.pem`,
      );
    }
  }

  const words = (name: string): readonly string[] => [
    'timestamp-authority',
    ...['--authority', ARCHIVE, '--policy', POLICY, '--listen', '127.0.0.1:0'],
    ...['--key', inFolder(`${name}.key`), '--certificate', inFolder(`${name}.pem`)],
    ...['--url', cluster.node(ARCHIVE).apiUrl, '--genesis', cluster.genesisFile, '--json'],
    ...[
      '--signer',
      `${ARCHIVE}/robot=${path.join(cluster.directory, 'officers', `${ARCHIVE}-robot.json`)}`,
    ],
  ];

  async function post(query: Uint8Array, type = 'application/timestamp-query'): Promise<Response> {
    return await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: query });
  }

  /** Asks for a time-stamp of the document as openssl does. @returns the file of the answer */
  async function stamp(name: string, ...options: readonly string[]): Promise<string> {
    await openssl('ts', '-query', '-data', 'document', ...options, '-out', `${name}.tsq`);
    const response = await post(await readFile(inFolder(`${name}.tsq`)));
    expect(response.headers.get('content-type')).to.equal('application/timestamp-reply');
    await writeFile(inFolder(`${name}.tsr`), new Uint8Array(await response.arrayBuffer()));
    return `${name}.tsr`;
  }

  before(async function () {
    // A Debian package, and no part of what npm installs.
    const version = await exec('openssl', ['version']).catch(() => undefined);
    if (version === undefined) this.skip();
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-tsa-'));
    await makeCertificates();
    await writeFile(inFolder('document'), 'A will.\n');
    cluster = await startCluster({ members: MEMBERS, parameters: { blockIntervalMs: 20 } });
    client = createClient({ urls: [cluster.node(ARCHIVE).apiUrl], chain: cluster.genesis.chain });
    url = await new Promise<string>((resolve, reject) => {
      ended = run(words('tsa'), {
        signal: stopping.signal,
        onOut: (text) => resolve(JSON.parse(text).url),
      });
      ended.then((end) => reject(new Error(JSON.stringify(end))), reject);
    });
  });
  after(async () => {
    stopping.abort();
    await ended;
    await cluster?.remove();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  it('given a document, then openssl verifies the token, and the ledger has its number and time', async () => {
    const answer = await stamp('first', '-sha256', '-cert');
    const shown = await openssl('ts', '-reply', '-in', answer, '-text');
    const trust = ['-CAfile', 'root.pem'];

    const byQuery = await openssl(
      'ts',
      '-verify',
      '-queryfile',
      'first.tsq',
      '-in',
      answer,
      ...trust,
    );
    const byData = await openssl('ts', '-verify', '-data', 'document', '-in', answer, ...trust);
    const other = await openssl('ts', '-verify', '-data', 'config', '-in', answer, ...trust).catch(
      String,
    );

    expect([byQuery, byData].every((text) => text.includes('Verification: OK'))).to.equal(true);
    expect(other).to.contain('message imprint mismatch');
    const { token } = client.contractOf(timestamps).records;
    const serialNumber = Number(/Serial number: (0x[0-9A-F]+)/.exec(shown)?.[1]);
    const found = await token.get({ authority: ARCHIVE, serialNumber });
    expect(found?.row.hashedMessage).to.deep.equal(sha256(await readFile(inFolder('document'))));
    const seconds = new Date(found?.row.genTime ?? 0).toUTCString().slice(17, 25);
    expect(shown).to.contain(seconds).and.to.contain(`Policy OID: ${POLICY}`);
  });

  it('given SHA-512, no nonce and no certificate asked for, then the token verifies with the certificate at hand', async () => {
    const answer = await stamp('bare', '-sha512', '-no_nonce');
    const trust = ['-CAfile', 'root.pem', '-untrusted', 'tsa.pem'];
    const verified = await openssl('ts', '-verify', '-data', 'document', '-in', answer, ...trust);
    expect(verified).to.contain('Verification: OK');
  });

  it('given many at once, then their numbers have no gaps and each token is of its own document', async () => {
    const { token } = client.contractOf(timestamps).records;
    const count = async (): Promise<number> => {
      let rows = 0;
      for await (const _ of token.list({ authority: ARCHIVE })) rows += 1;
      return rows;
    };
    const before = await count();

    await Promise.all(Array.from({ length: 12 }, (_, at) => stamp(`many-${at}`, '-sha256')));

    expect(await count()).to.equal(before + 12);
  });

  it('given another policy, a weak hash, or no request at all, then it is refused with the reason of the standard', async () => {
    const refusals = [
      [
        await stamp('policy', '-sha256', '-tspolicy', '1.2.3.4'),
        'unacceptedPolicy',
        'policy is not supported',
      ],
      [await stamp('weak', '-sha1'), 'badAlg', 'unrecognized or unsupported algorithm'],
    ] as const;
    for (const [file, name, words] of refusals) {
      const shown = await openssl('ts', '-reply', '-in', file, '-text');
      expect(shown, name).to.contain('Status: Rejected').and.to.match(new RegExp(words, 'i'));
    }
    const torn = (await readFile(inFolder('first.tsq'))).subarray(0, 20);
    await writeFile(inFolder('torn.tsr'), new Uint8Array(await (await post(torn)).arrayBuffer()));
    expect(await openssl('ts', '-reply', '-in', 'torn.tsr', '-text')).to.contain('Rejected');
    expect((await post(torn, 'text/plain')).status).to.equal(415);
    expect((await fetch(url)).status).to.equal(405);
  });

  it('given a certificate for something else, or of another key, then it does not start', async () => {
    const web = await run(words('web'));
    const other = await run(words('tsa').map((word) => word.replace('tsa.key', 'web.key')));

    expect([web.code, other.code]).to.deep.equal([7, 7]);
    expect(web.errors).to.contain('not for time-stamping alone');
    expect(other.errors).to.contain('of another key');
  });
});
