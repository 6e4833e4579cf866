/**
 * A verb for each action of each contract: `daybook treasury disburse …`. Nothing here knows any
 * contract; options, help and checks come from the manifest.
 */
import type { Client, Language, TransactionAuthor } from '@daybook/client';
import { buildTransaction, renderDraft, signTransaction, timeText } from '@daybook/client';
import type { ManifestAction, ManifestContract } from '@daybook/contracts';
import { isForPeople, validateInput } from '@daybook/contracts';
import type { Call, Genesis, InputFault, PublicKey } from '@daybook/core';
import { asPublicKey, fromHex, LIMITS, readGenesisFile } from '@daybook/core';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { malformed, readJson, writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { withPatience } from '../frame/progress.ts';
import type { Option, Options, Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openSigners, readOfficer, SIGNER_OPTIONS } from '../officers.ts';
import { remark } from '../print.ts';
import { expectedByHand, readAct, readableInput, withActHelp } from './act-input.ts';
import { contractNamed } from './contracts.ts';
import type { Flag } from './flags.ts';
import { assemble, flagAt, flagsOf, optionOf, typedForm } from './flags.ts';
import { answerOutcome } from './outcome.ts';

/** Options of every verb that hands a transaction in. */
export const WAIT_OPTIONS = {
  wait: {
    value: 'HOW_FAR',
    help: 'How far it must have come before the answer.',
    choices: ['none', 'accepted', 'committed'],
    default: 'committed',
  },
  timeout: { value: 'SECONDS', help: 'Longest waiting.', default: '30' },
} as const satisfies Options;

/** Options of every verb that builds a transaction. */
export const BUILD_OPTIONS = {
  ...SIGNER_OPTIONS,
  cosigner: {
    value: 'OFFICER[=KEY]',
    help:
      'Who signs later, with --offline: organisation/name, or organisation/name=HEX if the ' +
      'directory need not be asked for the key.',
    many: true,
  },
  offline: {
    value: 'FILE',
    help: 'Hand nothing in: write a draft for the others to sign ("-" for standard output).',
  },
  'valid-for': { value: 'SECONDS', help: 'How long it may wait for its block; half of the most.' },
  input: {
    value: 'FILE',
    help: 'JSON file with the input, money as "1234.56 GBP"; options go before it.',
  },
  ...WAIT_OPTIONS,
  ...NODE_OPTIONS,
} as const satisfies Options;

const TIMEOUT_SECONDS_MAX = 86_400;

/** The verbs of a contract, one for each action that people may take. */
export function actionVerbs(
  contract: ManifestContract,
  options: { readonly language?: Language; readonly before?: readonly string[] } = {},
): readonly Verb[] {
  const { language = 'en', before = [] } = options;
  return Object.values(contract.actions)
    .filter(isForPeople)
    .map((action) => actionVerb(action, { language, before }));
}

function actionVerb(
  action: ManifestAction,
  { language, before }: { readonly language: Language; readonly before: readonly string[] },
): Verb {
  const flags = flagsOf(action.input, BUILD_OPTIONS);
  const rows = flags.map((flag): readonly [string, Option] => [
    flag.name,
    withActHelp(action, flag, optionOf(flag, language)),
  ]);
  const example = flags.find(({ isRequired }) => isRequired);
  return {
    words: [...before, action.contract, kebab(action.name)],
    title: action.title[language],
    help: [action.help?.[language], entitlementText(action)].filter(Boolean).join(' '),
    operands: [],
    options: { ...Object.fromEntries(rows), ...BUILD_OPTIONS },
    examples: [
      `${action.contract} ${kebab(action.name)} --signer finance/jane=jane.json` +
        (example === undefined ? '' : ` --${example.name} … --input rest.json`),
    ],
    run: (input, world) => perform(action, flags, { input, world }),
  };
}

/** Verbs are written with hyphens; the name of the action is taken, too. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Who may, in words, from the manifest. */
export function entitlementText({ by, approvals }: ManifestAction): string {
  const who = typeof by === 'string' ? ENTITLED[by] : `Needs an officer with the role ${by.role}.`;
  if (approvals === undefined) return who;
  const { officers, organisations, role, days } = approvals;
  const when = days === 0 ? 'must sign together' : `must agree within ${days} days`;
  return `${who} ${officers} officers of ${organisations} organisations ${when} (${role}).`;
}

const ENTITLED = {
  anyone: 'Anyone may do this.',
  officer: 'Any active officer may do this.',
  contract: 'Only other contracts may do this.',
  governance: 'Only the members may do this, by vote.',
} as const;

interface Stage {
  readonly input: Input;
  readonly world: World;
}

async function perform(
  action: ManifestAction,
  flags: readonly Flag[],
  stage: Stage,
): Promise<Exit> {
  const { input } = stage;
  const file = input.optionalText('input');
  const base = file === undefined ? undefined : await readJson(file);
  const assembled = assemble(flags, (name) => input.texts(name), base);
  const { value, faults } = await readAct(action, readableInput(action.input, assembled));
  const checked = validateInput(action, value);
  if (!checked.ok) throw inputFailure(checked.reason, flags);
  if (faults.length > 0) throw inputFailure(faults, flags);
  const call = { contract: action.contract, action: action.name, args: checked.value };
  return await performCalls([call], stage, (pointer) => flagAt(flags, pointer));
}

function inputFailure(faults: readonly InputFault[], flags: readonly Flag[]): CliError {
  const lines = faults.map(({ pointer, expected, found }) => ({
    where: flagAt(flags, pointer) ?? pointer,
    expected: typedForm(flags, pointer) ?? expectedByHand(pointer, expected),
    found,
  }));
  return new CliError({ code: 'CLI_INPUT_INVALID', faults: lines });
}

/** Signs calls with the keys at hand, and hands them in, or writes a draft for the others. */
export async function performCalls(
  calls: readonly Call[],
  { input, world }: Stage,
  optionAt?: (pointer: string) => string | undefined,
): Promise<Exit> {
  const draftFile = input.optionalText('offline');
  const cosigners = input.texts('cosigner');
  if (draftFile === undefined && cosigners.length > 0) {
    const expected = 'nothing without --offline: everybody signs now, or a draft goes round';
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--cosigner', expected });
  }
  const validForMs = validForOf(input);
  const client = await connect(input);
  const isAlone = draftFile === undefined || input.texts('signer').length > 0;
  const authors = isAlone ? await openSigners(input, world) : [];
  if (draftFile !== undefined) {
    return await writeDraft(calls, { authors, client, draftFile, validForMs }, { input, world });
  }
  const transaction = await client.sign(
    authors,
    calls,
    validForMs === undefined ? {} : { validForMs },
  );
  const outcome = await withPatience(
    'Waiting for the block',
    world,
    client.submit(transaction, { ...waitOf(input), signal: world.signal }),
  );
  return await answerOutcome(outcome, { input, world, client, calls }, optionAt);
}

function validForOf(input: Input): number | undefined {
  const seconds = input.integer('valid-for', { min: 1, max: TIMEOUT_SECONDS_MAX });
  return seconds === undefined ? undefined : seconds * 1000;
}

/** What --wait and --timeout say. */
export function waitOf(input: Input): {
  readonly wait: 'none' | 'accepted' | 'committed';
  readonly timeoutMs: number;
} {
  const wait = input.text('wait');
  const seconds = input.integer('timeout', { min: 1, max: TIMEOUT_SECONDS_MAX }) ?? 1;
  return {
    wait: wait === 'none' || wait === 'accepted' ? wait : 'committed',
    timeoutMs: seconds * 1000,
  };
}

interface Drafting {
  readonly authors: readonly TransactionAuthor[];
  readonly client: Client;
  readonly draftFile: string;
  readonly validForMs: number | undefined;
}

async function writeDraft(
  calls: readonly Call[],
  { authors, client, draftFile, validForMs }: Drafting,
  { input, world }: Stage,
): Promise<Exit> {
  const later = await Promise.all(input.texts('cosigner').map((text) => cosignerOf(text, client)));
  const signers = [
    ...authors.map(({ identity, signer }) => ({
      publicKey: signer.publicKey,
      ...(identity !== undefined && { identity }),
    })),
    ...later,
  ];
  if (signers.length === 0) throw new CliError({ code: 'CLI_SIGNER_MISSING' });
  const { chain, document } = await genesisOf(input, client);
  const { validityMaxMs } = document.parameters;
  // Drafts travel between offices: they get all the time that the chain allows, a minute aside.
  const validUntilMs = world.nowMs() + (validForMs ?? Math.max(validityMaxMs - 60_000, 1000));
  const transaction = buildTransaction({ chain, signers, calls, validUntilMs });
  const signatures = authors.map(({ signer }) => signTransaction(transaction, signer));
  await writeOut(draftFile, renderDraft({ transaction, signatures }), world);
  const waiting = later.map(({ identity }) => identity).join(', ');
  remark(
    world,
    `Draft written to ${draftFile}; valid until ${timeText(validUntilMs)}.` +
      (waiting === '' ? '' : ` To be signed by ${waiting} with daybook sign.`),
  );
  return 'done';
}

/** With --genesis no node is needed for a draft. */
async function genesisOf(input: Input, client: Client): Promise<Genesis> {
  const file = input.optionalText('genesis');
  if (file === undefined) return await client.genesis();
  const genesis = readGenesisFile(await readJson(file));
  if (genesis.ok) return genesis.value;
  throw malformed(file, 'it is no genesis file that all founders signed');
}

/** `organisation/name=HEX`, or `organisation/name` with the first key that the directory holds. */
async function cosignerOf(
  text: string,
  client: Client,
): Promise<{ readonly identity: string; readonly publicKey: PublicKey }> {
  const { identity, rest } = readOfficer(text);
  const named = identity ?? text;
  const hex = identity === undefined ? await keyInDirectory(text, client) : rest;
  const bytes = hex === undefined ? undefined : fromHex(hex);
  if (bytes?.length === 32) return { identity: named, publicKey: asPublicKey(bytes) };
  const expected = 'organisation/name of an officer in the directory, or organisation/name=HEX';
  throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--cosigner', expected });
}

async function keyInDirectory(identity: string, client: Client): Promise<string | undefined> {
  const [organisation = '', name = ''] = identity.split('/', 2);
  const isOfficer = /^[a-z0-9-]{2,64}\/[a-z0-9-]{2,64}$/.test(identity);
  if (!isOfficer || identity.length > 2 * LIMITS.nameCharactersMax + 1) return undefined;
  const directory = client.contractBy(await contractNamed('directory', client));
  const found = await directory.records('officer').get({ organisation, name });
  const keys = found?.row.keys;
  return Array.isArray(keys) && typeof keys[0] === 'string' ? keys[0] : undefined;
}
