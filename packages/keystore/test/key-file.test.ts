import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { equalBytes, publicKeyOf, toHex } from '@daybook/core';
import { expect } from 'chai';
import type { CreateOptions, KeystoreFailure, ReadOptions } from '../src/index.ts';
import {
  createKeyFile,
  explainKeystore,
  KEY_PURPOSES,
  KEYSTORE_ERRORS,
  KeystoreError,
  readKeyFile,
  readPublicKey,
} from '../src/index.ts';
import { isKeyPurpose } from '../src/purposes.ts';

type Fields = Readonly<Record<string, unknown>>;
type Change = (fields: Fields) => unknown;

const PASSPHRASE = 'sechs Worte für den Tresor';
const SEED = new Uint8Array(32).fill(7);

const locked: CreateOptions = {
  purpose: 'consensus',
  protection: 'passphrase',
  passphrase: PASSPHRASE,
  secretKey: SEED,
};
const opened: ReadOptions = { purpose: 'consensus', passphrase: PASSPHRASE };

describe('keystore: key files', () => {
  let folder: string;
  let path: string;
  let lockedText: string;

  // Encrypting takes a quarter of a second by design: most tests share one file.
  before(async () => {
    const once = await mkdtemp(join(tmpdir(), 'daybook-keystore-'));
    await createKeyFile(join(once, 'key.json'), locked);
    lockedText = await readFile(join(once, 'key.json'), 'utf8');
    await rm(once, { recursive: true });
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daybook-keystore-'));
    path = join(folder, 'key.json');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** The failure of a promise that must fail. */
  async function failureOf(promise: Promise<unknown>): Promise<KeystoreFailure> {
    try {
      await promise;
    } catch (error) {
      if (error instanceof KeystoreError) {
        expect(error.message).to.equal(explainKeystore(error.failure));
        expect(error.code).to.equal(error.failure.code);
        return error.failure;
      }
      throw error;
    }
    return expect.fail('it did not fail');
  }

  /** Writes a key file with other fields, as somebody with write access could. */
  async function writeTampered(text: string, change: Change): Promise<void> {
    await writeFile(path, JSON.stringify(change(JSON.parse(text))), { mode: 0o600 });
  }

  it('given a passphrase, when a key is made and opened, then both halves come back', async () => {
    const created = await createKeyFile(path, locked);

    const key = await readKeyFile(path, opened);

    expect(key.secretKey).to.deep.equal(SEED);
    expect(equalBytes(key.publicKey, publicKeyOf(SEED))).to.equal(true);
    expect(created.publicKey).to.deep.equal(key.publicKey);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  it('given an encrypted file, when read as text, then the secret is not in it', () => {
    expect(lockedText).to.not.include(toHex(SEED));
    expect(lockedText).to.include(toHex(publicKeyOf(SEED)));
  });

  it('given no secret key, when two files are made, then the keys differ', async () => {
    const first = await createKeyFile(path, { purpose: 'account', protection: 'none' });
    const second = await createKeyFile(`${path}2`, { purpose: 'account', protection: 'none' });

    expect(equalBytes(first.publicKey, second.publicKey)).to.equal(false);
  });

  it('given the same key twice, when encrypted, then the files have nothing secret in common', async () => {
    await createKeyFile(path, locked);
    await createKeyFile(`${path}2`, locked);

    const [first, second] = await Promise.all(
      [path, `${path}2`].map(async (file) => JSON.parse(await readFile(file, 'utf8'))),
    );
    expect(first.derivation.salt).to.not.equal(second.derivation.salt);
    expect(first.cipher.ciphertext).to.not.equal(second.cipher.ciphertext);
  });

  for (const purpose of Object.keys(KEY_PURPOSES).filter(isKeyPurpose)) {
    it(`given a key for ${purpose}, when opened for it, then it opens; for another, not (spec D-8)`, async () => {
      await createKeyFile(path, { purpose, protection: 'none', secretKey: SEED });
      const another = purpose === 'peer' ? 'account' : 'peer';

      const key = await readKeyFile(path, { purpose, allowUnprotected: true });
      const failure = await failureOf(
        readKeyFile(path, { purpose: another, allowUnprotected: true }),
      );

      expect(key.secretKey).to.deep.equal(SEED);
      expect(failure).to.deep.equal({
        code: 'KEYSTORE_PURPOSE_WRONG',
        path,
        expected: another,
        actual: purpose,
      });
    });
  }

  it('given a sealing key, when made, then its public half is X25519 (RFC 7748 §5.2)', async () => {
    const secretKey = new Uint8Array(32);
    secretKey[0] = 9;

    const created = await createKeyFile(path, {
      purpose: 'sealing',
      protection: 'none',
      secretKey,
    });

    expect(toHex(created.publicKey)).to.equal(
      '422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079',
    );
  });

  it('given a wrong passphrase, when opened, then it stays shut', async () => {
    await writeFile(path, lockedText, { mode: 0o600 });

    const failure = await failureOf(
      readKeyFile(path, { ...opened, passphrase: `${PASSPHRASE}\n` }),
    );

    expect(failure).to.deep.equal({ code: 'KEYSTORE_PASSPHRASE_WRONG', path });
  });

  it('given a passphrase typed in another Unicode form, when opened, then it opens', async () => {
    await writeFile(path, lockedText, { mode: 0o600 });

    const key = await readKeyFile(path, { ...opened, passphrase: PASSPHRASE.normalize('NFD') });

    expect(key.secretKey).to.deep.equal(SEED);
  });

  it('given no or an empty passphrase, when made or opened, then it is missing', async () => {
    const empty = { ...locked, passphrase: '' };
    const onCreate = await failureOf(createKeyFile(path, empty));
    await writeFile(path, lockedText, { mode: 0o600 });

    const withNone = await failureOf(readKeyFile(path, { purpose: 'consensus' }));
    const withEmpty = await failureOf(readKeyFile(path, { ...opened, passphrase: '' }));

    for (const failure of [onCreate, withNone, withEmpty]) {
      expect(failure).to.deep.equal({ code: 'KEYSTORE_PASSPHRASE_MISSING', path });
    }
  });

  it('given an unencrypted file, when opened without allowing it, then it is refused', async () => {
    await createKeyFile(path, { purpose: 'peer', protection: 'none' });

    const failure = await failureOf(readKeyFile(path, { purpose: 'peer', passphrase: PASSPHRASE }));

    expect(failure.code).to.equal('KEYSTORE_UNPROTECTED');
  });

  for (const mode of [0o640, 0o604, 0o660, 0o601, 0o620]) {
    it(`given mode ${mode.toString(8)}, when opened, then the remedy is a chmod`, async () => {
      await createKeyFile(path, { purpose: 'peer', protection: 'none' });
      await chmod(path, mode);

      const reading = readKeyFile(path, { purpose: 'peer', allowUnprotected: true });
      const failure = await failureOf(reading);

      expect(failure).to.deep.equal({ code: 'KEYSTORE_MODE_OPEN', path, mode });
      expect(explainKeystore(failure)).to.include(`chmod 600 ${path}`);
    });
  }

  it('given mode 0400, when opened, then it opens', async () => {
    await createKeyFile(path, { purpose: 'peer', protection: 'none', secretKey: SEED });
    await chmod(path, 0o400);

    const key = await readKeyFile(path, { purpose: 'peer', allowUnprotected: true });

    expect(key.secretKey).to.deep.equal(SEED);
  });

  it('given an encrypted file, when only the public half is read, then no passphrase is needed', async () => {
    await writeFile(path, lockedText, { mode: 0o600 });
    await chmod(path, 0o644);

    const half = await readPublicKey(path);

    expect(half).to.deep.equal({
      purpose: 'consensus',
      publicKey: Uint8Array.from(publicKeyOf(SEED)),
      protection: 'passphrase',
    });
  });

  it('given a file at the path, when a key is made there, then the file is left alone', async () => {
    await writeFile(path, 'something dear');

    const failure = await failureOf(createKeyFile(path, locked));

    expect(failure).to.deep.equal({ code: 'KEYSTORE_FILE_EXISTS', path });
    expect(await readFile(path, 'utf8')).to.equal('something dear');
  });

  it('given no file or no folder, when read or made, then the codes differ', async () => {
    const nowhere = join(folder, 'none', 'key.json');

    expect(await failureOf(readKeyFile(path, opened))).to.deep.equal({
      code: 'KEYSTORE_FILE_MISSING',
      path,
    });
    expect(await failureOf(createKeyFile(nowhere, locked))).to.deep.equal({
      code: 'KEYSTORE_FILE_FAILED',
      path: nowhere,
      systemCode: 'ENOENT',
    });
  });

  it('given an encrypted file cut anywhere, when opened, then it is malformed', async () => {
    await writeFile(path, lockedText, { mode: 0o600 });
    const text = lockedText.trimEnd();

    for (let size = 0; size < text.length; size += 37) {
      await writeFile(path, text.slice(0, size));
      const failure = await failureOf(readKeyFile(path, opened));
      expect(failure.code, `${size} bytes`).to.equal('KEYSTORE_MALFORMED');
    }
  });

  const changes: Readonly<Record<string, Change>> = {
    'the ciphertext': (fields) =>
      within(fields, 'cipher', (cipher) => flipped(cipher, 'ciphertext')),
    'the nonce': (fields) => within(fields, 'cipher', (cipher) => flipped(cipher, 'nonce')),
    'the salt': (fields) => within(fields, 'derivation', (settings) => flipped(settings, 'salt')),
    'the public key': (fields) => flipped(fields, 'publicKey'),
    'the cost': (fields) => withDerivation(fields, { cost: 2 ** 14 }),
  };
  for (const [name, change] of Object.entries(changes)) {
    it(`given ${name} changed in an encrypted file, when opened, then it stays shut`, async () => {
      await writeTampered(lockedText, change);

      const failure = await failureOf(readKeyFile(path, opened));

      expect(failure.code).to.equal('KEYSTORE_PASSPHRASE_WRONG');
    });
  }

  it('given an encrypted key relabelled for another purpose, when opened, then it stays shut', async () => {
    await writeTampered(lockedText, (fields) => ({ ...fields, purpose: 'account' }));

    const failure = await failureOf(readKeyFile(path, { ...opened, purpose: 'account' }));

    expect(failure.code).to.equal('KEYSTORE_PASSPHRASE_WRONG');
  });

  it('given the public key changed in an unencrypted file, when opened, then it is refused', async () => {
    await createKeyFile(path, { purpose: 'peer', protection: 'none' });
    const text = await readFile(path, 'utf8');
    await writeTampered(text, (fields) => flipped(fields, 'publicKey'));

    const failure = await failureOf(readKeyFile(path, { purpose: 'peer', allowUnprotected: true }));

    expect(failure.code).to.equal('KEYSTORE_PUBLIC_KEY_WRONG');
  });

  const forms: Readonly<Record<string, Change>> = {
    'another format': (fields) => ({ ...fields, format: 'other' }),
    'another version': (fields) => ({ ...fields, version: 2 }),
    'an unknown purpose': (fields) => ({ ...fields, purpose: 'toString' }),
    'an unknown protection': (fields) => ({ ...fields, protection: 'rot13' }),
    'an unknown field': (fields) => ({ ...fields, comment: 'mine' }),
    'an open secret beside the encrypted one': (fields) => ({ ...fields, secretKey: '00' }),
    'upper-case hex': (fields) => ({ ...fields, publicKey: 'AB'.repeat(32) }),
    'a short public key': (fields) => ({ ...fields, publicKey: 'ab' }),
    'a list': () => [],
    'no derivation': (fields) => ({ ...fields, derivation: null }),
    'a cost of 2^30': (fields) => withDerivation(fields, { cost: 2 ** 30 }),
    'a cost of 2': (fields) => withDerivation(fields, { cost: 2 }),
    'a cost that is no power of two': (fields) => withDerivation(fields, { cost: 32_769 }),
    'a block size of a million': (fields) => withDerivation(fields, { blockSize: 1_000_000 }),
    'a parallelization of zero': (fields) => withDerivation(fields, { parallelization: 0 }),
    'another derivation': (fields) => withDerivation(fields, { name: 'pbkdf2' }),
  };
  for (const [name, change] of Object.entries(forms)) {
    it(`given a file with ${name}, when read, then it is malformed`, async () => {
      await writeTampered(lockedText, change);

      expect((await failureOf(readKeyFile(path, opened))).code).to.equal('KEYSTORE_MALFORMED');
      expect((await failureOf(readPublicKey(path))).code).to.equal('KEYSTORE_MALFORMED');
    });
  }

  it('given a folder, a large file or bytes that are no text, when read, then each is malformed', async () => {
    expect((await failureOf(readPublicKey(folder))).code).to.equal('KEYSTORE_MALFORMED');
    await writeFile(path, ' '.repeat(5000));
    expect((await failureOf(readPublicKey(path))).code).to.equal('KEYSTORE_MALFORMED');
    await writeFile(path, Uint8Array.of(0xff, 0xfe));
    expect((await failureOf(readPublicKey(path))).code).to.equal('KEYSTORE_MALFORMED');
  });

  it('given every failure, when explained, then path and remedy are named', () => {
    const facts = { path: '/keys/a', systemCode: 'EIO', mode: 0o644, fact: 'is not JSON' };
    const purposes = { expected: 'peer', actual: 'log' } as const;
    for (const code of Object.keys(KEYSTORE_ERRORS) as KeystoreFailure['code'][]) {
      const text = explainKeystore({ code, ...facts, ...purposes } as KeystoreFailure);

      expect(text, code).to.include('/keys/a');
      expect(text, code).to.include(KEYSTORE_ERRORS[code].remedy);
    }
  });
});

/** The fields with the first hex digit of one of them changed. */
function flipped(fields: Fields, name: string): Fields {
  const text = String(fields[name]);
  return { ...fields, [name]: (text.startsWith('0') ? '1' : '0') + text.slice(1) };
}

function within(fields: Fields, name: string, change: (inner: Fields) => Fields): Fields {
  return { ...fields, [name]: change(Object(fields[name])) };
}

function withDerivation(fields: Fields, change: Fields): Fields {
  return within(fields, 'derivation', (settings) => ({ ...settings, ...change }));
}
