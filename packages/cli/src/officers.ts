/**
 * Officers who sign: their key files, opened with passphrases from a file, the environment or the
 * terminal. Secret keys live in the memory of this process and nowhere else.
 */
import type { TransactionAuthor } from '@daybook/client';
import { createSigner } from '@daybook/core';
import type { KeyPurpose } from '@daybook/keystore';
import { readKeyFile, readPublicKey } from '@daybook/keystore';
import { CliError } from './errors.ts';
import { readText } from './files.ts';
import type { Input } from './frame/input.ts';
import type { Options } from './frame/verb.ts';
import type { World } from './frame/world.ts';
import { warn } from './print.ts';

export const PASSPHRASE_OPTION = {
  'passphrase-file': {
    value: 'FILE',
    help: 'File with the passphrase of the key; one for each key file, or one for all.',
    many: true,
  },
} as const satisfies Options;

export const SIGNER_OPTIONS = {
  signer: {
    value: 'OFFICER=KEYFILE',
    help: 'Who signs: organisation/name=KEYFILE, or KEYFILE alone where a key suffices.',
    many: true,
    environment: 'DAYBOOK_SIGNER',
  },
  ...PASSPHRASE_OPTION,
} as const satisfies Options;

const PASSPHRASE_VARIABLE = 'DAYBOOK_PASSPHRASE';

/** A key file on the command line. */
export interface KeyPlace {
  readonly file: string;
  readonly purpose: KeyPurpose;
  /** Which of several key files it is: decides which passphrase file belongs to it. */
  readonly position: number;
}

/** The text of a passphrase file, without the line break that editors add. */
async function readPassphrase(file: string): Promise<string> {
  return (await readText(file)).replace(/\r?\n$/, '');
}

/**
 * The passphrase for a key file: --passphrase-file, then the environment, then the terminal.
 * @throws CliError CLI_PASSPHRASE_MISSING
 */
async function passphraseFor(
  { file, position }: KeyPlace,
  input: Input,
  world: World,
): Promise<string> {
  const files = input.texts('passphrase-file');
  const own = files[Math.min(position, files.length - 1)];
  if (own !== undefined) return await readPassphrase(own);
  const fromEnvironment = world.environment[PASSPHRASE_VARIABLE];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  const typed = await world.ask(`Passphrase of ${file}: `, { secret: true });
  if (typed !== undefined && typed !== '') return typed;
  throw new CliError({ code: 'CLI_PASSPHRASE_MISSING', path: file });
}

/** A passphrase for new key files, typed twice at a terminal. */
export async function newPassphrase(what: string, input: Input, world: World): Promise<string> {
  const [file] = input.texts('passphrase-file');
  if (file !== undefined) return await readPassphrase(file);
  const fromEnvironment = world.environment[PASSPHRASE_VARIABLE];
  if (fromEnvironment !== undefined && fromEnvironment !== '') return fromEnvironment;
  const typed = await world.ask(`New passphrase for ${what}: `, { secret: true });
  const again = typed && (await world.ask('Once more: ', { secret: true }));
  if (typed !== undefined && typed !== '' && typed === again) return typed;
  throw new CliError({ code: 'CLI_PASSPHRASE_MISSING', path: what });
}

/** The secret half of a key file. @throws KeystoreError, CliError CLI_PASSPHRASE_MISSING */
export async function openKey(place: KeyPlace, input: Input, world: World): Promise<Uint8Array> {
  const { file, purpose } = place;
  const { protection } = await readPublicKey(file);
  if (protection === 'none') {
    warn(world, `the key file ${file} is not encrypted; use such keys for tests only.`);
    const key = await readKeyFile(file, { purpose, allowUnprotected: true });
    return key.secretKey;
  }
  const passphrase = await passphraseFor(place, input, world);
  return (await readKeyFile(file, { purpose, passphrase })).secretKey;
}

/** `organisation/name=FILE`, or `FILE`. */
export function readOfficer(text: string): { readonly identity?: string; readonly rest: string } {
  const cut = text.indexOf('=');
  const identity = cut < 0 ? undefined : text.slice(0, cut);
  if (identity === undefined || !/^[a-z0-9-]{2,64}\/[a-z0-9-]{2,64}$/.test(identity)) {
    return { rest: text };
  }
  return { identity, rest: text.slice(cut + 1) };
}

/** Everybody named by --signer, in that order. @throws CliError CLI_SIGNER_MISSING if nobody is */
export async function openSigners(
  input: Input,
  world: World,
): Promise<readonly TransactionAuthor[]> {
  const texts = input.texts('signer');
  if (texts.length === 0) throw new CliError({ code: 'CLI_SIGNER_MISSING' });
  const authors: TransactionAuthor[] = [];
  for (const [position, text] of texts.entries()) {
    const { identity, rest: file } = readOfficer(text);
    const secretKey = await openKey({ file, purpose: 'account', position }, input, world);
    const signer = createSigner(secretKey);
    authors.push({ signer, ...(identity !== undefined && { identity }) });
  }
  return authors;
}
