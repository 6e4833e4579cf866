import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  asHash,
  asPublicKey,
  fromHex,
  possessionSignBytes,
  readGenesisFile,
  verifyStrict,
} from '@daybook/core';
import { expect } from 'chai';
import type { Surroundings } from './fixtures/run.ts';
import { run } from './fixtures/run.ts';

const SLUGS = ['finance', 'health', 'education', 'audit'];
const PASSPHRASE: Surroundings = { environment: { DAYBOOK_PASSPHRASE: 'correct horse' } };

describe('cli: founding a consortium', () => {
  // scrypt takes a moment for each of some thirty keys.
  let folder = '';
  const inFolder = (...names: readonly string[]): string => path.join(folder, ...names);

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'daybook-init-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  it('given four departments, then each makes its own keys and a card without secrets', async () => {
    for (const [index, slug] of SLUGS.entries()) {
      const words = ['--organisation', slug, '--title', slug, '--out', inFolder(slug)];
      const protection = index === 0 ? [] : ['--unprotected'];
      const address = ['--address', `/ip4/192.0.2.${index + 1}/tcp/7770`];

      const ran = await run(
        ['init', 'keys', ...words, ...address, ...protection, '--json'],
        PASSPHRASE,
      );

      expect(ran.code, ran.errors).to.equal(0);
      expect(ran.errors).to.contain('daybookd create-votes');
    }

    const card = await readFile(inFolder('finance', 'card.json'), 'utf8');
    const governance = await readFile(inFolder('finance', 'governance.json'), 'utf8');
    const { mode } = await stat(inFolder('finance', 'consensus.json'));
    expect(card).to.not.contain('secret');
    expect(JSON.parse(governance)).to.include({ protection: 'passphrase', purpose: 'governance' });
    expect(mode & 0o077).to.equal(0);
  });

  it('given the cards, then the founding document is made, signed by all, and checked', async () => {
    const cards = SLUGS.flatMap((slug) => ['--card', inFolder(slug, 'card.json')]);
    const file = inFolder('genesis.json');
    const made = await run([
      'init',
      'genesis',
      '--name',
      'province',
      ...cards,
      '--out',
      file,
      '--json',
    ]);
    expect(made.code, made.errors).to.equal(0);
    expect(made.json().missing).to.deep.equal(SLUGS);

    // Two sign one copy after the other, two another one; then the copies come together.
    const copies = [inFolder('a.json'), inFolder('b.json')] as const;
    for (const [index, slug] of SLUGS.entries()) {
      const copy = copies[index % 2] ?? file;
      const from = index < 2 ? file : copy;
      const key = inFolder(slug, 'governance.json');
      const signed = await run(['init', 'sign', from, '--key', key, '--out', copy], PASSPHRASE);
      expect(signed.code, signed.errors).to.equal(0);
    }
    const half = await run(['init', 'check', copies[0]]);
    const merged = await run(['init', 'merge', ...copies, '--out', file]);
    const whole = await run(['init', 'check', file, ...cards, '--json']);

    expect(half.code).to.equal(1);
    expect(half.out).to.contain('Still to be signed by health, audit');
    expect(merged.code, merged.errors).to.equal(0);
    expect(whole.json()).to.include({ complete: true });
    expect(whole.errors).to.contain('daybookd create-votes');
    expect(readGenesisFile(JSON.parse(await readFile(file, 'utf8'))).ok).to.equal(true);
  });

  it('given a card altered on its way, then it is refused', async () => {
    const text = await readFile(inFolder('health', 'card.json'), 'utf8');
    const bent = inFolder('bent.json');
    await writeFile(bent, text.replace('192.0.2.2', '192.0.2.9'));

    const { code, errors } = await run(['init', 'genesis', '--name', 'xx', '--card', bent]);

    expect(code).to.equal(4);
    expect(errors).to.contain('CLI_CARD_INVALID');
  });

  it('given too few validators, then every fault of the document is named', async () => {
    const words = ['--name', 'Bad Name', '--card', inFolder('audit', 'card.json')];

    const { code, errors } = await run(['init', 'genesis', ...words, '--out', inFolder('no.json')]);

    expect(code).to.equal(2);
    expect(errors).to.contain('/name').and.to.contain('/validators');
  });

  it('given another key than a founder has, or a "no", then nothing is signed', async () => {
    const file = inFolder('genesis.json');
    const before = await readFile(file, 'utf8');

    const other = await run(['init', 'sign', file, '--key', inFolder('audit', 'peer.json')]);
    const declined = await run(
      ['init', 'sign', file, '--key', inFolder('audit', 'governance.json')],
      { typed: ['no'] },
    );

    expect(other.code).to.equal(2);
    expect(declined.errors).to.contain('CLI_DECLINED');
    expect(await readFile(file, 'utf8')).to.equal(before);
  });

  it('given keys that are there already, then they are never overwritten', async () => {
    const words = ['--organisation', 'audit', '--title', 'x', '--node', 'none', '--unprotected'];

    const { code, errors } = await run(['init', 'keys', ...words, '--out', inFolder('audit')]);

    expect(code).to.equal(7);
    expect(errors).to.contain('KEYSTORE_FILE_EXISTS');
  });

  it('given a protected key file and nobody to ask, then it says how to give the passphrase', async () => {
    const file = inFolder('genesis.json');
    const key = inFolder('finance', 'governance.json');

    const nobody = await run(['init', 'sign', file, '--key', key]);
    const wrong = await run(['init', 'sign', file, '--key', key], { typed: ['yes', 'wrong'] });

    expect(nobody.code).to.equal(7);
    expect(nobody.errors).to.contain('--passphrase-file');
    expect(wrong.errors).to.contain('KEYSTORE_PASSPHRASE_WRONG');
  });

  it('given key files, then they are made, shown and listed', async () => {
    const file = inFolder('jane.json');
    const made = await run(['key', 'create', file, '--unprotected', '--json']);
    const shown = await run(['key', 'show', file, '--json']);
    const listed = await run(['key', 'list', inFolder('finance'), '--json']);

    expect(shown.json()).to.deep.equal(made.json());
    expect(made.json()).to.include({ purpose: 'account', protection: 'none' });
    const purposes = listed.json<readonly { purpose: string }[]>().map(({ purpose }) => purpose);
    expect(purposes).to.deep.equal(['consensus', 'governance', 'log', 'peer', 'sealing']);
  });

  it('given a peer key, then it is shown with the peer id that the card has', async () => {
    const shown = await run(['key', 'show', inFolder('finance/peer.json'), '--json']);
    const { card } = JSON.parse(await readFile(inFolder('finance/card.json'), 'utf8')) as {
      card: { node: { peerId: string } };
    };

    expect(shown.json().peerId)
      .to.equal(card.node.peerId)
      .and.to.match(/^12D3Koo/);
  });

  it('spec X-13: given a new consensus key, when proven, then the proof holds for that chain and organisation', async () => {
    const file = inFolder('consensus-next.json');
    const made = await run([
      'key',
      'create',
      file,
      '--purpose',
      'consensus',
      '--unprotected',
      '--json',
    ]);
    const chain = 'ab'.repeat(32);
    const words = ['key', 'prove', file, '--organisation', 'audit'];

    const proven = await run([...words, '--chain', chain, '--json']);
    const unbound = await run(words);

    const { publicKey } = made.json<{ publicKey: string }>();
    const { consensusKey, proof } = proven.json<{ consensusKey: string; proof: string }>();
    const key = asPublicKey(bytesOf(publicKey));
    const claim = { purpose: 'consensus', publicKey: key } as const;
    const message = possessionSignBytes(asHash(bytesOf(chain)), claim, 'audit');
    expect(consensusKey).to.equal(publicKey);
    expect(verifyStrict(key, message, bytesOf(proof))).to.equal(true);
    expect(unbound.errors).to.contain('--genesis');
  });
});

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array();
}
