/**
 * `daybook seal bid` and `daybook seal access`: what is shown later only is kept in a private file
 * together with its salt, and its commitment goes onto the ledger. The file is the input of the
 * action that opens it, so that `--input FILE` does the rest. No node is asked.
 */
import { randomBytes } from 'node:crypto';
import type { Access, Offer } from '@daybook/applications';
import { validateInput } from '@daybook/contracts';
import type { CallArguments } from '@daybook/core';
import { assert, SEAL_SALT_SIZE, toHex } from '@daybook/core';
import { kebab } from '../actions/action-verb.ts';
import { knownContracts } from '../actions/contracts.ts';
import { moneyOf } from '../actions/flags.ts';
import { CliError } from '../errors.ts';
import type { Exit } from '../exit-codes.ts';
import { writePrivate } from '../files.ts';
import type { Input } from '../frame/input.ts';
import { renderPairs } from '../frame/style.ts';
import type { Options, Verb } from '../frame/verb.ts';
import type { World } from '../frame/world.ts';
import { answer } from '../print.ts';
import { hashFile } from './stamp.ts';

/** JSON form of the input of an action. */
type JsonInput = Readonly<Record<string, unknown>>;

/** Something sealed: where its commitment goes, and the input that opens it. */
interface Sealed {
  readonly commitment: Uint8Array;
  /** Action that takes the commitment, and what it is to be given beside. */
  readonly close: { readonly verb: string; readonly input: JsonInput };
  /** Action that opens it, and its whole input. */
  readonly open: { readonly verb: string; readonly input: JsonInput };
}

async function sealBid(input: Input, world: World): Promise<Exit> {
  const { sealBid: commit } = await import('@daybook/applications');
  const documents = input.optionalText('documents');
  const [ocid, bid, tenderer] = [input.text('ocid'), input.text('bid'), input.text('tenderer')];
  const value = moneyOf(input.text('value')) ?? input.text('value');
  const hash = documents === undefined ? {} : { documents: toHex(await hashFile(documents)) };
  const open = { ocid, bid, salt: newSalt(), value, ...hash };
  const { salt, ...offer } = await checked('procurement', 'revealBid', open);
  const close = { ocid, bid, tenderer };
  // A commitment of zeros stands in for the one that is not made yet.
  const place = { ...close, commitment: '00'.repeat(SEAL_SALT_SIZE) };
  await checked('procurement', 'submitBid', place);
  const commitment = commit(close, asSalt(salt), offer as unknown as Offer);
  return await keep(
    {
      commitment,
      close: {
        verb: 'procurement submit-bid',
        input: { ...close, commitment: toHex(commitment) },
      },
      open: { verb: 'procurement reveal-bid', input: open },
    },
    input,
    world,
  );
}

async function sealAccess(input: Input, world: World): Promise<Exit> {
  const { sealAccess: commit } = await import('@daybook/applications');
  const key = { organisation: input.text('organisation'), deferral: input.text('deferral') };
  const access = Object.fromEntries(
    ['about', 'record', 'kind', 'legalBasis', 'caseNumber', 'purpose'].map((name) => [
      name,
      input.text(kebab(name)),
    ]),
  );
  const open = { ...key, salt: newSalt(), ...access };
  const { salt, ...told } = await checked('oversight', 'discloseAccess', open);
  const commitment = commit(key, asSalt(salt), told as unknown as Access);
  return await keep(
    {
      commitment,
      close: { verb: 'oversight defer-access', input: { ...key, access: toHex(commitment) } },
      open: { verb: 'oversight disclose-access', input: open },
    },
    input,
    world,
  );
}

function newSalt(): string {
  return randomBytes(SEAL_SALT_SIZE).toString('hex');
}

function asSalt(value: unknown): Uint8Array {
  assert(value instanceof Uint8Array, 'a salt that was checked is bytes');
  return value;
}

/** The input as the action takes it. @throws CliError CLI_INPUT_INVALID with every fault */
async function checked(contract: string, name: string, input: JsonInput): Promise<CallArguments> {
  const action = (await knownContracts()).find((one) => one.name === contract)?.actions[name];
  assert(action !== undefined, `this release has the action ${contract}.${name}`);
  const values = validateInput(action, input);
  if (values.ok) return values.value;
  const faults = values.reason.map(({ pointer, expected, found }) => {
    return { where: `--${kebab(pointer.split('/')[1] ?? '')}`, expected, found };
  });
  throw new CliError({ code: 'CLI_INPUT_INVALID', faults });
}

/** Nothing is told before the file is on the disk: without it nobody can open what was sealed. */
async function keep(
  { commitment, close, open }: Sealed,
  input: Input,
  world: World,
): Promise<Exit> {
  const file = input.text('out');
  await writePrivate(file, `${JSON.stringify(open.input, undefined, 2)}\n`);
  const words = Object.entries(close.input).map(([name, value]) => `--${kebab(name)} ${value}`);
  const [now, later] = [
    `daybook ${close.verb} ${words.join(' ')}`,
    `daybook ${open.verb} --input ${shellWord(file)}`,
  ];
  answer(input, world, {
    json: { commitment: toHex(commitment), file, close: close.input, now, later },
    lines: (paint) =>
      renderPairs(
        [
          { title: 'Commitment', text: toHex(commitment) },
          { title: 'Kept in', text: `${file}, with the salt: keep it safe, and a copy of it` },
          { title: 'Now', text: now },
          { title: 'Later', text: later },
        ],
        paint,
      ),
  });
  return 'done';
}

/** A word that a shell takes as it is. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

const OUT_OPTION = {
  out: {
    value: 'FILE',
    help: 'Where to keep what is sealed and its salt, readable by you alone; must not exist.',
    required: true,
  },
} as const satisfies Options;
const LOST =
  'Whoever reads the file knows what is sealed; if it is lost, nobody can open the seal.';

export const SEAL_VERBS: readonly Verb[] = [
  {
    words: ['seal', 'bid'],
    title: 'Seal an offer: a private file with its salt, and the commitment to submit.',
    help:
      'Hand the commitment in before the tender closes, and open the bid between then and its last ' +
      `moment for that: the commands are shown. ${LOST}`,
    operands: [],
    options: {
      ocid: { value: 'IDENTIFIER', help: 'Process that asks for bids.', required: true },
      bid: { value: 'IDENTIFIER', help: 'Number of the bid.', required: true },
      tenderer: { value: 'SLUG', help: 'Organisation that bids.', required: true },
      value: { value: 'MONEY', help: 'Price, for example "1234.56 GBP".', required: true },
      documents: {
        value: 'FILE',
        help: 'Documents of the offer; sealed with it by their SHA-256.',
      },
      ...OUT_OPTION,
    },
    examples: [
      'seal bid --ocid ocds-x-1 --bid b-1 --tenderer pump-works --value "1234.56 GBP" --out b-1.json',
    ],
    run: sealBid,
  },
  {
    words: ['seal', 'access'],
    title: 'Seal an access that the person is told of later: a private file, and the commitment.',
    help: `Two custodians log the commitment with the day by which it must be told. ${LOST}`,
    operands: [],
    options: {
      organisation: { value: 'SLUG', help: 'Organisation that looked.', required: true },
      deferral: { value: 'IDENTIFIER', help: 'Its number for this access.', required: true },
      about: { value: 'BLINDED', help: 'The person, as a blinded identifier.', required: true },
      record: { value: 'TEXT', help: 'Record that was looked at.', required: true },
      kind: {
        value: 'CHOICE',
        help: 'What was done.',
        choices: ['read', 'received', 'used'],
        required: true,
      },
      'legal-basis': { value: 'TEXT', help: 'Law that allows it.', required: true },
      'case-number': { value: 'TEXT', help: 'Number of the case.', required: true },
      purpose: { value: 'TEXT', help: 'What for.', required: true },
      ...OUT_OPTION,
    },
    examples: [
      'seal access --organisation court --deferral d-1 --about 5f… --record register.person/7 ' +
        '--kind read --legal-basis "Act 7" --case-number 12/26 --purpose "Inquiry" --out d-1.json',
    ],
    run: sealAccess,
  },
];
