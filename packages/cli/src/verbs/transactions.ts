/** Transactions that several hands make: calls from a file, drafts to sign, drafts to send. */
import type { Draft } from '@daybook/client';
import {
  assembleTransaction,
  ClientError,
  missingSigners,
  readDraft,
  renderDraft,
  signTransaction,
  timeText,
} from '@daybook/client';
import { validateInput } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { createSigner, equalBytes, toHex } from '@daybook/core';
import { BUILD_OPTIONS, performCalls, WAIT_OPTIONS, waitOf } from '../actions/action-verb.ts';
import { contractNamed } from '../actions/contracts.ts';
import { answerOutcome } from '../actions/outcome.ts';
import { connect, NODE_OPTIONS } from '../connect.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { malformed, readJson, writeOut } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { withPatience } from '../frame/progress.ts';
import type { Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { openKey, PASSPHRASE_OPTION } from '../officers.ts';
import { answer, remark } from '../print.ts';
import { confirm, YES_OPTION } from './init.ts';

interface CallLine {
  readonly contract: string;
  readonly action: string;
  readonly args: unknown;
}

function readCallLines(json: unknown, file: string): readonly CallLine[] {
  const items = Array.isArray(json) ? json : [];
  const lines = items.filter(
    (item): item is CallLine =>
      typeof item?.contract === 'string' && typeof item.action === 'string' && 'args' in item,
  );
  if (lines.length > 0 && lines.length === items.length) return lines;
  throw malformed(file, 'it is not a list of {"contract", "action", "args"}');
}

async function submit(input: Input, world: World): Promise<Exit> {
  const file = input.text('calls');
  const client = await connect(input);
  const calls: Call[] = [];
  const faults: { where: string; expected: string; found: string }[] = [];
  for (const [index, line] of readCallLines(await readJson(file), file).entries()) {
    const contract = await contractNamed(line.contract, client);
    const action = Object.hasOwn(contract.actions, line.action)
      ? contract.actions[line.action]
      : undefined;
    if (action === undefined) {
      const known = Object.keys(contract.actions);
      throw new ClientError({ code: 'CLIENT_ACTION_UNKNOWN', name: line.action, known });
    }
    const checked = validateInput(action, line.args, `/${index}/args`);
    if (checked.ok) calls.push({ ...line, args: checked.value });
    else
      faults.push(...checked.reason.map(({ pointer, ...fault }) => ({ where: pointer, ...fault })));
  }
  if (faults.length > 0) throw new CliError({ code: 'CLI_INPUT_INVALID', faults });
  return await performCalls(calls, { input, world });
}

async function readDraftFile(file: string): Promise<Draft> {
  const draft = readDraft(await readJson(file));
  if (draft.ok) return draft.value;
  throw new ClientError(draft.reason);
}

/** What is about to be signed, made from the bytes that are signed. */
function draftText({ transaction }: Draft): string {
  const { body, id } = transaction;
  const signers = body.signers.map(({ identity, publicKey }) => identity ?? toHex(publicKey));
  const calls = body.calls.map(({ contract, action, args }) => {
    const shown = JSON.stringify(
      args,
      (_name, value: unknown) => {
        if (value instanceof Uint8Array) return toHex(value);
        return typeof value === 'bigint' ? value.toString() : value;
      },
      2,
    );
    return `${contract}.${action} ${shown}`;
  });
  return [
    `Transaction ${toHex(id)}`,
    `Chain ${toHex(body.chain)}`,
    `Valid until ${timeText(body.validUntilMs)}`,
    `Signers ${signers.join(', ')}`,
    ...calls,
  ].join('\n');
}

async function sign(input: Input, world: World): Promise<Exit> {
  const file = input.operand('file');
  const draft = await readDraftFile(file);
  remark(world, draftText(draft));
  await confirm('Sign this? yes/no: ', input, world);
  const place = { file: input.text('key'), purpose: 'account', position: 0 } as const;
  const signer = createSigner(await openKey(place, input, world));
  const signature = signTransaction(draft.transaction, signer);
  const others = draft.signatures.filter((one) => !equalBytes(one.publicKey, signer.publicKey));
  const signed = { ...draft, signatures: [...others, signature] };
  const out = input.optionalText('out') ?? file;
  await writeOut(out, renderDraft(signed), world);
  const missing = missingSigners(signed.transaction, signed.signatures);
  const id = toHex(draft.transaction.id);
  if (out !== '-') {
    answer(input, world, {
      json: { file: out, id, missing },
      lines: () =>
        missing.length === 0
          ? `Signed by all: daybook send ${out}`
          : `Signed; still to be signed by ${missing.join(', ')}.`,
    });
  }
  return 'done';
}

async function send(input: Input, world: World): Promise<Exit> {
  const { transaction, signatures } = await readDraftFile(input.operand('file'));
  const complete = assembleTransaction(transaction, signatures);
  const client = await connect(input);
  const outcome = await withPatience(
    'Waiting for the block',
    world,
    client.submit(complete, { ...waitOf(input), signal: world.signal }),
  );
  const { calls } = complete.body;
  return await answerOutcome(outcome, { input, world, client, calls });
}

const DRAFT_OPERAND = { name: 'file', help: 'Draft, from --offline.' } as const;

export const TRANSACTION_VERBS: readonly Verb[] = [
  {
    words: ['submit'],
    title: 'Hand in calls from a file, together or not at all.',
    help:
      'The file is a JSON list of {"contract", "action", "args"}. For one call, name it instead: ' +
      'daybook submit CONTRACT ACTION, which is the same as daybook CONTRACT ACTION.',
    operands: [],
    options: {
      calls: { value: 'FILE', help: 'The list of calls.', required: true },
      ...BUILD_OPTIONS,
    },
    examples: ['submit --calls calls.json --signer finance/jane=jane.json'],
    run: submit,
  },
  {
    words: ['sign'],
    title: 'Sign a draft that another officer made.',
    help: 'Shows what would be signed, made from the signed bytes themselves; needs no node.',
    operands: [DRAFT_OPERAND],
    options: {
      key: { value: 'FILE', help: 'Account key file.', required: true },
      out: { value: 'FILE', help: 'Where to write it; the same file if left out.' },
      ...YES_OPTION,
      ...PASSPHRASE_OPTION,
    },
    examples: ['sign payment.draft --key jim.json'],
    run: sign,
  },
  {
    words: ['send'],
    title: 'Hand in a draft that everybody has signed.',
    operands: [DRAFT_OPERAND],
    options: { ...WAIT_OPTIONS, ...NODE_OPTIONS },
    examples: ['send payment.draft'],
    run: send,
  },
];
