/**
 * Founding a consortium: each department makes its own keys and hands out a card, somebody puts the
 * cards together, everybody looks at the result and consents with the governance key.
 */
import type { FounderSignature } from '@daybook/core';
import { missingFounders, signAsFounder, toHex } from '@daybook/core';
import { readPublicKey } from '@daybook/keystore';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { readJson, writeNew, writeOut } from '../files.ts';
import type { GenesisDraft } from '../founding/assembly.ts';
import {
  assembleGenesis,
  mergeDrafts,
  readDraftFile,
  renderGenesis,
  summaryOf,
} from '../founding/assembly.ts';
import type { SignedCard } from '../founding/card.ts';
import { readCard } from '../founding/card.ts';
import type { DepartmentPlan } from '../founding/department.ts';
import { createDepartment } from '../founding/department.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { newPassphrase, openKey, PASSPHRASE_OPTION } from '../officers.ts';
import { answer, remark } from '../print.ts';
import { UNPROTECTED_OPTION } from './keys.ts';

/** The officer every department begins with: grants roles to the others. */
const FIRST_OFFICER = 'admin=directory.administrator,governance.delegate';

function officersOf(input: Input): DepartmentPlan['officers'] {
  return input.texts('officer').map((text) => {
    const [name = '', roles = ''] = text.split('=', 2);
    return { name, roles: roles.split(',').filter((role) => role !== '') };
  });
}

function nodeOf(input: Input): DepartmentPlan['node'] {
  const node = input.text('node');
  return node === 'observer' || node === 'none' ? node : 'validator';
}

async function keys(input: Input, world: World): Promise<Exit> {
  const slug = input.text('organisation');
  if (!/^[a-z0-9-]{2,64}$/.test(slug)) {
    const expected = '2 to 64 of a-z, 0-9 and -';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--organisation', expected });
  }
  const en = input.text('title');
  const plan: DepartmentPlan = {
    slug,
    title: { en, zh: input.optionalText('title-zh') ?? en },
    officers: officersOf(input),
    node: nodeOf(input),
    addresses: input.texts('address'),
  };
  if (plan.node !== 'none' && plan.addresses.length === 0) {
    throw new CliError({ code: 'CLI_OPERAND_MISSING', name: '--address MULTIADDRESS' });
  }
  const folder = input.optionalText('out') ?? slug;
  const protection = input.flag('unprotected')
    ? ({ protection: 'none' } as const)
    : ({
        protection: 'passphrase',
        passphrase: await newPassphrase(`the keys of ${slug}`, input, world),
      } as const);
  const { card, files } = await createDepartment(plan, folder, protection);
  answer(input, world, {
    json: { files, card: card.card },
    lines: (paint) => {
      const pairs = Object.entries(files).map(([title, text]) => ({ title, text }));
      return renderPairs(pairs, paint);
    },
  });
  remark(world, NEXT_STEPS);
  return 'done';
}

const NEXT_STEPS = [
  'Hand card.json to the others, and read them your governance key over the telephone.',
  'Keep the governance key offline; copy peer.json and consensus.json to the node, nowhere else.',
  'When the founding document is complete, make the vote log on the node: daybookd create-votes.',
].join('\n');

async function readCards(files: readonly string[]): Promise<readonly SignedCard[]> {
  const cards: SignedCard[] = [];
  for (const path of files) {
    const card = readCard(await readJson(path));
    if (!card.ok) throw new CliError({ code: 'CLI_CARD_INVALID', path, fact: card.reason });
    cards.push(card.value);
  }
  return cards;
}

async function genesis(input: Input, world: World): Promise<Exit> {
  const made = assembleGenesis(await readCards(input.texts('card')), {
    name: input.text('name'),
    timeMs: world.nowMs(),
    developmentMode: input.flag('development'),
    parameters: input.texts('parameter'),
  });
  const file = input.text('out');
  await writeNew(file, renderGenesis({ genesis: made, signatures: [] }));
  const missing = missingFounders(made, []);
  answer(input, world, {
    json: { file, chain: toHex(made.chain), missing },
    lines: (paint) => renderPairs([...summaryOf(made), { title: 'File', text: file }], paint),
  });
  remark(world, `To be signed by ${missing.join(', ')} with daybook init sign.`);
  return 'done';
}

/** The organisation whose governance key is in a key file. */
async function founderOf(draft: GenesisDraft, keyFile: string): Promise<string> {
  const { publicKey } = await readPublicKey(keyFile);
  const hex = toHex(publicKey);
  const { organisations } = draft.genesis.document;
  const own = organisations.find(({ governanceKey }) => governanceKey === hex);
  if (own !== undefined) return own.slug;
  const expected = 'the governance key of one of the organisations in the document';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--key', expected });
}

async function sign(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  const keyFile = input.text('key');
  const draft = await readDraftFile(file);
  const organisation = await founderOf(draft, keyFile);
  const pairs = [...summaryOf(draft.genesis), { title: 'Signing as', text: organisation }];
  remark(
    world,
    renderPairs(pairs, (_colour, text) => text),
  );
  await confirm('Is this the document that was agreed on? yes/no: ', input, world);
  const place = { file: keyFile, purpose: 'governance', position: 0 } as const;
  const secretKey = await openKey(place, input, world);
  const { chain } = draft.genesis;
  const signature: FounderSignature = {
    organisation,
    signature: toHex(signAsFounder(chain, secretKey)),
  };
  const others = draft.signatures.filter((one) => one.organisation !== organisation);
  const signed = { ...draft, signatures: [...others, signature] };
  await writeOut(input.optionalText('out') ?? file, renderGenesis(signed), world);
  const missing = missingFounders(draft.genesis, signed.signatures);
  answer(input, world, {
    json: { file: input.optionalText('out') ?? file, chain: toHex(chain), organisation, missing },
    lines: () => statusText(missing),
  });
  return 'done';
}

/** Asks where somebody can answer; scripts say --yes or are not asked. */
export async function confirm(question: string, input: Input, world: World): Promise<void> {
  if (input.flag('yes')) return;
  const answered = await world.ask(question);
  if (answered === undefined || /^y(es)?$/i.test(answered.trim())) return;
  throw new CliError({ code: 'CLI_DECLINED' });
}

function statusText(missing: readonly string[]): string {
  if (missing.length === 0) return 'Complete: every founder has signed.';
  return `Still to be signed by ${missing.join(', ')}.`;
}

async function merge(input: Input, world: World): Promise<Exit> {
  const files = input.operands('file');
  const drafts = await Promise.all(
    files.map(async (one) => ({ file: one, draft: await readDraftFile(one) })),
  );
  const merged = mergeDrafts(drafts);
  const file = input.text('out');
  await writeOut(file, renderGenesis(merged), world);
  const missing = missingFounders(merged.genesis, merged.signatures);
  answer(input, world, {
    json: { file, chain: toHex(merged.genesis.chain), missing },
    lines: () => statusText(missing),
  });
  return 'done';
}

async function check(input: Input, world: World): Promise<Exit> {
  const { genesis: read, signatures } = await readDraftFile(input.operand('file'));
  for (const { card } of await readCards(input.texts('card'))) {
    const { slug } = card.organisation;
    const there = read.document.organisations.find((one) => one.slug === slug);
    if (JSON.stringify(there) === JSON.stringify(card.organisation)) continue;
    const faults = [{ where: slug, expected: 'what its card says', found: 'something else' }];
    throw new CliError({ code: 'CLI_GENESIS_INVALID', faults });
  }
  const missing = missingFounders(read, signatures);
  answer(input, world, {
    json: { chain: toHex(read.chain), complete: missing.length === 0, missing },
    lines: (paint) =>
      `${renderPairs(summaryOf(read), paint)}\n${paint(missing.length === 0 ? 'green' : 'yellow', statusText(missing))}`,
  });
  if (missing.length > 0) return 'refused';
  remark(world, 'Each validator now makes its vote log, once: daybookd create-votes.');
  return 'done';
}

export const YES_OPTION = { yes: { help: 'Do not ask for confirmation.' } } as const;
const GENESIS_OPERAND = { name: 'file', help: 'Genesis file.' } as const;
const CARD_OPTION = { value: 'FILE', help: 'Card of a department.', many: true } as const;

export const INIT_VERBS: readonly Verb[] = [
  {
    words: ['init', 'keys'],
    title: 'Make the keys of your department and its public card.',
    help:
      'Six keys, one for each purpose, and an account key for each officer, all on this machine. ' +
      'Only card.json is for the others.',
    operands: [],
    options: {
      organisation: { value: 'SLUG', help: 'Name for ever: a-z, 0-9 and -.', required: true },
      title: { value: 'TEXT', help: 'Name for people.', required: true },
      'title-zh': { value: 'TEXT', help: 'Name for people in Chinese; the same if left out.' },
      officer: {
        value: 'NAME=ROLE,…',
        help: 'An officer with roles.',
        many: true,
        default: FIRST_OFFICER,
      },
      node: {
        value: 'PART',
        help: 'What its node does.',
        choices: ['validator', 'observer', 'none'],
        default: 'validator',
      },
      address: {
        value: 'MULTIADDRESS',
        help: 'Where others reach the node, for example /dns4/node.finance.example/tcp/7770.',
        many: true,
      },
      out: {
        value: 'FOLDER',
        help: 'Where to put the files; named as the organisation if left out.',
      },
      ...UNPROTECTED_OPTION,
      ...PASSPHRASE_OPTION,
    },
    examples: [
      'init keys --organisation finance --title "Ministry of Finance" --address /ip4/192.0.2.7/tcp/7770',
    ],
    run: keys,
  },
  {
    words: ['init', 'genesis'],
    title: 'Put the cards of all departments together to the founding document.',
    operands: [],
    options: {
      name: { value: 'NAME', help: 'Name of the chain: a-z, 0-9 and -.', required: true },
      card: { ...CARD_OPTION, required: true },
      out: { value: 'FILE', help: 'Where to write it.', default: 'genesis.json' },
      parameter: { value: 'NAME=NUMBER', help: 'A chain parameter.', many: true },
      development: { help: 'Allow fewer than four validators.' },
    },
    examples: ['init genesis --name provincial --card finance.json --card health.json'],
    run: genesis,
  },
  {
    words: ['init', 'sign'],
    title: 'Consent to the founding document with the governance key.',
    operands: [GENESIS_OPERAND],
    options: {
      key: { value: 'FILE', help: 'Governance key file.', required: true },
      out: { value: 'FILE', help: 'Where to write it; the same file if left out.' },
      ...YES_OPTION,
      ...PASSPHRASE_OPTION,
    },
    examples: ['init sign genesis.json --key finance/governance.json'],
    run: sign,
  },
  {
    words: ['init', 'merge'],
    title: 'Bring the consents of several copies together.',
    operands: [{ ...GENESIS_OPERAND, many: true }],
    options: { out: { value: 'FILE', help: 'Where to write it.', default: 'genesis.json' } },
    run: merge,
  },
  {
    words: ['init', 'check'],
    title: 'Check the founding document: its fields, its consents, and cards against it.',
    operands: [GENESIS_OPERAND],
    options: { card: CARD_OPTION },
    examples: ['init check genesis.json --card finance/card.json'],
    run: check,
  },
];
