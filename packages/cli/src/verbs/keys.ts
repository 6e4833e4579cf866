/** Key files: make, show, list. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import {
  asPublicKey,
  peerIdFromPublicKey,
  possessionSignBytes,
  publicKeyOf,
  sign,
  toHex,
} from '@daybook/core';
import type { PublicKeyFile } from '@daybook/keystore';
import { createKeyFile, isKeyPurpose, KEY_PURPOSES, readPublicKey } from '@daybook/keystore';
import { TRUST_OPTIONS, trustedChainOf } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs, renderTable } from '../frame/style.ts';
import type { Options, Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { newPassphrase, openKey, PASSPHRASE_OPTION } from '../officers.ts';
import { answer } from '../print.ts';

/** For development chains: no passphrase, and a warning wherever the key is used. */
export const UNPROTECTED_OPTION = {
  unprotected: { help: 'Do not encrypt: for development and tests only.' },
} as const satisfies Options;

async function create(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  const purpose = input.text('purpose');
  if (!isKeyPurpose(purpose)) {
    const expected = Object.keys(KEY_PURPOSES).join(', ');
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--purpose', expected });
  }
  const made = input.flag('unprotected')
    ? await createKeyFile(file, { purpose, protection: 'none' })
    : await createKeyFile(file, {
        purpose,
        protection: 'passphrase',
        passphrase: await newPassphrase(file, input, world),
      });
  answerKey(file, made, { input, world });
  return 'done';
}

async function show(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  answerKey(file, await readPublicKey(file), { input, world });
  return 'done';
}

/** A peer key has a second name, the one that networks and the directory know it by. */
function peerIdOf({ purpose, publicKey }: PublicKeyFile): string | undefined {
  return purpose === 'peer' ? peerIdFromPublicKey(publicKey) : undefined;
}

function keyJson(file: string, key: PublicKeyFile) {
  const { purpose, publicKey, protection } = key;
  return { file, purpose, publicKey: toHex(publicKey), peerId: peerIdOf(key), protection };
}

function answerKey(
  file: string,
  key: PublicKeyFile,
  { input, world }: { readonly input: Input; readonly world: World },
): void {
  const peerId = peerIdOf(key);
  answer(input, world, {
    json: keyJson(file, key),
    lines: (paint) =>
      renderPairs(
        [
          { title: 'File', text: file },
          { title: 'Purpose', text: `${key.purpose}: ${KEY_PURPOSES[key.purpose]}` },
          { title: 'Public key', text: toHex(key.publicKey) },
          ...(peerId === undefined ? [] : [{ title: 'Peer id', text: peerId }]),
          { title: 'Protection', text: key.protection },
        ],
        paint,
      ),
  });
}

async function list(input: Input, world: World): Promise<Exit> {
  const folder = input.optionalOperand('folder') ?? '.';
  const names = await namesIn(folder);
  const keys: ReturnType<typeof keyJson>[] = [];
  for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
    const file = path.join(folder, name);
    const key = await readPublicKey(file).catch(() => undefined); // not every JSON file is a key
    if (key !== undefined) keys.push(keyJson(file, key));
  }
  answer(input, world, {
    json: keys,
    lines: (paint) => {
      const rows = keys.map((key) => [key.file, key.purpose, key.publicKey, key.protection]);
      const titles = ['File', 'Purpose', 'Public key', 'Protection'];
      return rows.length === 0 ? 'No key files.' : renderTable(titles, rows, paint);
    },
  });
  return 'done';
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const systemCode = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CliError({ code: 'CLI_FILE_FAILED', path: folder, systemCode }, { cause: error });
  }
}

/** The proof that whoever wants a key registered holds it, for one chain and holder. */
async function prove(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  const { holder, purpose, keyPurpose } = holderOf(input);
  const chain = await trustedChainOf(input);
  if (chain === undefined) {
    const expected = 'a genesis file, or the chain id with --chain';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--genesis', expected });
  }
  const secretKey = await openKey({ file, purpose: keyPurpose, position: 0 }, input, world);
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const message = possessionSignBytes(chain, { purpose, publicKey }, holder);
  const [key, proof] = [toHex(publicKey), toHex(sign(secretKey, message))];
  const [holderTitle, keyTitle] =
    purpose === 'witness' ? ['Witness', 'Public key'] : ['Organisation', 'Consensus key'];
  answer(input, world, {
    json:
      purpose === 'witness'
        ? { witness: holder, publicKey: key, proof }
        : { organisation: holder, consensusKey: key, proof },
    lines: (paint) =>
      renderPairs(
        [
          { title: holderTitle, text: holder },
          { title: keyTitle, text: key },
          { title: 'Proof', text: proof },
        ],
        paint,
      ),
  });
  return 'done';
}

/** For whom a key is proven: a validator of an organisation, or a witness. */
function holderOf(input: Input) {
  const witness = input.optionalText('witness');
  if (witness !== undefined) {
    return { holder: witness, purpose: 'witness', keyPurpose: 'log' } as const;
  }
  const holder = input.text('organisation');
  return { holder, purpose: 'consensus', keyPurpose: 'consensus' } as const;
}

export const KEY_VERBS: readonly Verb[] = [
  {
    words: ['key', 'create'],
    title: 'Make a key file.',
    help: 'Encrypted under a passphrase, readable by you alone; an existing file is never touched.',
    operands: [{ name: 'file', help: 'Where to keep it.' }],
    options: {
      purpose: {
        value: 'PURPOSE',
        help: 'What the key is for.',
        choices: Object.keys(KEY_PURPOSES),
        default: 'account',
      },
      ...UNPROTECTED_OPTION,
      ...PASSPHRASE_OPTION,
    },
    examples: ['key create jane.json', 'key create jane.json --passphrase-file jane.secret'],
    run: create,
  },
  {
    words: ['key', 'show'],
    title: 'Show the public half of a key file.',
    help: 'Of a peer key also the peer id, as daybook directory announce-node takes it.',
    operands: [{ name: 'file', help: 'Key file.' }],
    options: {},
    run: show,
  },
  {
    words: ['key', 'prove'],
    title: 'Prove that you hold a new consensus key, or the key of a witness.',
    help:
      'Prints key and proof as daybook governance propose-validator and propose-key-rotation ' +
      'take them; those of a witness, as daybook oversight register-witness does. The proof is for ' +
      'one chain and one holder.',
    operands: [{ name: 'file', help: 'Key file of the purpose consensus; of a witness, log.' }],
    options: {
      organisation: { value: 'SLUG', help: 'Organisation whose validator gets the key.' },
      witness: { value: 'NAME', help: 'Name of the witness that has the key.' },
      ...TRUST_OPTIONS,
      ...PASSPHRASE_OPTION,
    },
    examples: ['key prove consensus-next.json --organisation audit --genesis genesis.json'],
    run: prove,
  },
  {
    words: ['key', 'list'],
    title: 'List the key files of a folder.',
    operands: [{ name: 'folder', help: 'The present one if left out.', optional: true }],
    options: {},
    run: list,
  },
];
