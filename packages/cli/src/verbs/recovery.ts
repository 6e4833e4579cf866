/**
 * Recovery files (protocol §19): drafted from what a surviving node still serves, then passed from
 * department to department, each consenting with its governance key.
 */
import type { RecoveryFile, RecoveryPlan, RecoveryValidator } from '@daybook/core';
import {
  asPublicKey,
  asValidatorId,
  compareBytes,
  eraOf,
  fromHex,
  isGoodPublicKey,
  recoverySignBytes,
  renderRecoveryFile,
  sign,
  toHex,
  validatorIdOf,
} from '@daybook/core';
import { connect, NODE_OPTIONS, readRecovery } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openKey, PASSPHRASE_OPTION } from '../officers.ts';
import { answer, remark } from '../print.ts';
import { confirm, YES_OPTION } from './init.ts';

async function presentSet(input: Input): Promise<{
  readonly plan: Pick<RecoveryPlan, 'chain' | 'height' | 'blockHash'>;
  readonly set: readonly RecoveryValidator[];
}> {
  const client = await connect(input);
  const [chain, { head }, { validators }] = await Promise.all([
    client.chain(),
    client.status(),
    client.validators(),
  ]);
  const { governance } = await import('@daybook/applications');
  const records = client.contractOf(governance).records.validator;
  const set: RecoveryValidator[] = [];
  for (const { id, publicKey } of validators) {
    const found = await records.get({ id });
    const organisation = found?.row.organisation ?? '';
    set.push({ id: asValidatorId(id), publicKey: asPublicKey(publicKey), organisation });
  }
  return { plan: { chain, height: head.height, blockHash: head.blockHash }, set };
}

function kept(input: Input, set: readonly RecoveryValidator[]): readonly RecoveryValidator[] {
  return input.texts('keep').map((organisation) => {
    const found = set.find((one) => one.organisation === organisation);
    if (found !== undefined) return found;
    const expected = `one of ${set.map((one) => one.organisation).join(', ')}`;
    throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--keep', expected });
  });
}

/** A validator with a new key: under its id if its organisation had one, else under a new one. */
function joining(input: Input, set: readonly RecoveryValidator[]): readonly RecoveryValidator[] {
  return input.texts('validator').map((text) => {
    const [organisation = '', hex = ''] = text.split('=', 2);
    const key = fromHex(hex);
    if (key?.length !== 32 || !isGoodPublicKey(key)) {
      const expected = 'ORGANISATION=KEY with a consensus public key of 64 hexadecimal digits';
      throw new CliError({ code: 'CLI_OPTION_INVALID', option: '--validator', expected });
    }
    const publicKey = asPublicKey(key);
    const before = set.find((one) => one.organisation === organisation);
    return { id: before?.id ?? validatorIdOf(publicKey), publicKey, organisation };
  });
}

interface Pair {
  readonly title: string;
  readonly text: string;
}

function pairsOf({ plan, consents }: RecoveryFile): readonly Pair[] {
  return [
    { title: 'Goes on from', text: `height ${plan.height}, block ${toHex(plan.blockHash)}` },
    { title: 'Reason', text: plan.reason },
    ...plan.validators.map(({ organisation, publicKey }) => ({
      title: 'Validator',
      text: `${organisation} ${toHex(publicKey)}`,
    })),
    { title: 'Era', text: toHex(eraOf(plan)) },
    {
      title: 'Signed by',
      text: consents.map(({ organisation }) => organisation).join(', ') || 'nobody yet',
    },
  ];
}

function answerFile(
  file: string,
  recovery: RecoveryFile,
  { input, world }: { readonly input: Input; readonly world: World },
): void {
  const { plan, consents } = recovery;
  answer(input, world, {
    json: {
      file,
      height: plan.height,
      blockHash: plan.blockHash,
      era: eraOf(plan),
      validators: plan.validators,
      signedBy: consents.map(({ organisation }) => organisation),
    },
    lines: (paint) => renderPairs([{ title: 'File', text: file }, ...pairsOf(recovery)], paint),
  });
}

async function draft(input: Input, world: World): Promise<Exit> {
  const file = input.text('out');
  const { plan, set } = await presentSet(input);
  const members = [...kept(input, set), ...joining(input, set)];
  const validators = members.sort((a, b) => compareBytes(a.id, b.id));
  const recovery = { plan: { ...plan, validators, reason: input.text('reason') }, consents: [] };
  await writeOut(file, renderRecoveryFile(recovery), world);
  // What was written is read again: two members of one organisation, for example, are a fault.
  answerFile(file, await readRecovery(file), { input, world });
  return 'done';
}

async function consent(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  const organisation = input.text('organisation');
  const { plan, consents } = await readRecovery(file);
  remark(
    world,
    renderPairs(pairsOf({ plan, consents }), (_colour, text) => text),
  );
  await confirm('Consent to exactly this recovery? yes/no: ', input, world);
  const place = { file: input.text('key'), purpose: 'governance', position: 0 } as const;
  const secretKey = await openKey(place, input, world);
  const signature = sign(secretKey, recoverySignBytes(plan));
  const others = consents.filter((one) => one.organisation !== organisation);
  const recovery = { plan, consents: [...others, { organisation, signature }] };
  await writeOut(file, renderRecoveryFile(recovery), world);
  answerFile(file, recovery, { input, world });
  return 'done';
}

export const RECOVERY_VERBS: readonly Verb[] = [
  {
    words: ['recovery', 'draft'],
    title: 'Draft a recovery after the permanent loss of too many validators.',
    help:
      'Asks a surviving node for the head and the set; ask the one with the highest head. Every ' +
      'department then checks the file and signs it with daybook recovery sign.',
    operands: [],
    options: {
      keep: { value: 'ORGANISATION', help: 'Its validator goes on with its key.', many: true },
      validator: {
        value: 'ORGANISATION=KEY',
        help: 'A validator with a new consensus key, see daybook key create.',
        many: true,
      },
      reason: { value: 'TEXT', help: 'What happened; shown for ever.', required: true },
      out: { value: 'FILE', help: 'Where to write it.', default: 'recovery.json' },
      ...NODE_OPTIONS,
    },
    examples: [
      'recovery draft --keep finance --keep health --validator parks=3b6a…c2 --reason "two sites lost"',
    ],
    run: draft,
  },
  {
    words: ['recovery', 'sign'],
    title: 'Consent to a recovery with the governance key of your department.',
    operands: [{ name: 'file', help: 'Recovery file; your signature is added to it.' }],
    options: {
      key: { value: 'FILE', help: 'Governance key file, kept offline.', required: true },
      organisation: { value: 'SLUG', help: 'Your department.', required: true },
      ...YES_OPTION,
      ...PASSPHRASE_OPTION,
    },
    examples: ['recovery sign recovery.json --key governance.json --organisation finance'],
    run: consent,
  },
];
