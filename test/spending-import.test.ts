/**
 * The shipped spending data, from its bytes through mapper and plan into the contracts, without
 * network and disk: every line that is not refused becomes a payment, the books add up to what the
 * files say, and a second import finds nothing to do.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { applications, foundingContracts, treasury } from '@daybook/applications';
import type { StateView, StateWrite } from '@daybook/contracts';
import { createEngine, openRecords } from '@daybook/contracts';
import type { Call, Genesis, GenesisOrganisation, RecordKey, Transaction } from '@daybook/core';
import {
  asHash,
  asPublicKey,
  assert,
  asValidatorId,
  DEFAULT_PARAMETERS,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  encodeUtf8,
  GENESIS_FORMAT,
  publicKeyOf,
  SIGNATURE_SIZE,
  sha256,
  toHex,
} from '@daybook/core';
import type { PlannedCall, SpendLine, SpendPlan, SpendPresent } from '@daybook/formats';
import { decodeSpendMapping, planImport, readSpendFile, totalSpend } from '@daybook/formats';
import { expect } from 'chai';

const FOLDER = join(import.meta.dirname, '../config/samples/uk-cabinet-office-spend');
const CHAIN = asHash(sha256(encodeUtf8('spending')));
const START_MS = Date.UTC(2026, 0, 1);
const CALLS_PER_SETUP = 50;
const TRANSACTIONS_PER_BLOCK = 500;

/** One officer with all roles of each of four departments. */
const DEPARTMENTS = [
  'hm-treasury',
  'cabinet-office',
  'government-property-agency',
  'crown-commercial-service',
];
const ROLES = ['appropriator', 'budgeter', 'payer', 'controller'].map((role) => `treasury.${role}`);
const keyOf = (name: string): Uint8Array => publicKeyOf(sha256(encodeUtf8(name)));

function genesis(): Genesis {
  const organisations = DEPARTMENTS.map(
    (slug): GenesisOrganisation => ({
      slug,
      title: { en: slug, zh: slug },
      governanceKey: toHex(keyOf(`${slug} governance`)),
      officers: [
        {
          name: 'officer',
          publicKey: toHex(keyOf(slug)),
          roles: ['directory.administrator', ...ROLES],
        },
      ],
    }),
  );
  const document = {
    format: GENESIS_FORMAT,
    name: 'spending',
    timeMs: START_MS,
    developmentMode: true,
    parameters: DEFAULT_PARAMETERS,
    contracts: foundingContracts,
    organisations,
    validators: [],
    observers: [],
  } as const;
  return { document, bytes: new Uint8Array(), chain: CHAIN, validators: [] };
}

/** The contracts over a map. */
function createBooks() {
  const engine = createEngine(applications);
  const state = new Map<string, StateWrite>();
  const idOf = ({ set, partition, key }: RecordKey): string =>
    `${set} ${toHex(partition ?? new Uint8Array())} ${toHex(key)}`;
  const view: StateView = { get: (key) => state.get(idOf(key))?.value };
  const store = (writes: readonly StateWrite[]): void => {
    for (const write of writes) state.set(idOf(write.recordKey), write);
  };
  store(engine.applyGenesis(genesis()).writes);
  let height = 0;
  let nonce = 0;

  const transactionOf = (calls: readonly Call[], organisations: readonly string[]): Transaction => {
    nonce += 1;
    const signers = [...new Set(organisations)].map((slug) => ({
      publicKey: asPublicKey(keyOf(slug)),
      identity: `${slug}/officer`,
    }));
    const body = encodeBody({
      version: 1,
      chain: CHAIN,
      signers,
      nonce: sha256(encodeUtf8(`${nonce}`)).subarray(0, 16),
      validUntilMs: START_MS + 1e9,
      calls,
    });
    const unsigned = signers.map(() => new Uint8Array(SIGNATURE_SIZE));
    const decoded = decodeTransaction(encodeTransaction(body, unsigned));
    assert(decoded.ok, 'planned calls make a transaction');
    return decoded.value;
  };
  /** Executes transactions in blocks. @returns codes of those that were refused */
  const run = (transactions: readonly Transaction[]): readonly string[] => {
    const refused: string[] = [];
    for (let from = 0; from < transactions.length; from += TRANSACTIONS_PER_BLOCK) {
      height += 1;
      const executed = engine.execute(view, {
        chain: CHAIN,
        height,
        timestampMs: START_MS + height,
        proposer: asValidatorId(CHAIN),
        entries: transactions
          .slice(from, from + TRANSACTIONS_PER_BLOCK)
          .map((transaction) => ({ type: 'transaction', transaction })),
      });
      assert(executed.ok, 'a block of transactions is valid');
      store(executed.value.writes);
      refused.push(...executed.value.transactions.flatMap(({ failure }) => failure?.code ?? []));
    }
    return refused;
  };
  return { engine, view, transactionOf, run };
}

const signersOf = ({ signers }: PlannedCall): readonly string[] =>
  signers.map(({ organisation }) => organisation);

/** Budget calls in as few transactions as their signers allow, in order. */
function batched(
  calls: readonly PlannedCall[],
  transactionOf: ReturnType<typeof createBooks>['transactionOf'],
): readonly Transaction[] {
  const transactions: Transaction[] = [];
  let batch: PlannedCall[] = [];
  const close = (): void => {
    const [first] = batch;
    if (first !== undefined) {
      transactions.push(
        transactionOf(
          batch.map(({ call }) => call),
          signersOf(first),
        ),
      );
    }
    batch = [];
  };
  for (const planned of calls) {
    const [first] = batch;
    const isSame = first === undefined || `${signersOf(first)}` === `${signersOf(planned)}`;
    if (!isSame || batch.length === CALLS_PER_SETUP) close();
    batch.push(planned);
  }
  close();
  return transactions;
}

function carryOut(plan: SpendPlan, books: ReturnType<typeof createBooks>): readonly string[] {
  const budget = [...plan.appropriations, ...plan.allocations, ...plan.commitments];
  const payments = plan.payments.map((planned) =>
    books.transactionOf([planned.call], signersOf(planned)),
  );
  return [...books.run(batched(budget, books.transactionOf)), ...books.run(payments)];
}

describe('the shipped spending data in the contracts', function () {
  this.timeout(120_000);
  const mapping = decodeSpendMapping(
    JSON.parse(readFileSync(join(FOLDER, 'mapping.json'), 'utf8')),
  );
  assert(mapping.ok, 'the shipped mapping is right');
  const lines: SpendLine[] = [];
  for (const name of readdirSync(FOLDER).toSorted()) {
    if (!name.endsWith('.csv')) continue;
    const read = readSpendFile({ name, bytes: readFileSync(join(FOLDER, name)) }, mapping.value);
    assert(read.ok, 'a shipped file can be read');
    lines.push(...read.value);
  }
  const organisations = { grantor: 'hm-treasury', controller: 'hm-treasury' };
  const planOf = (from: readonly SpendLine[], present?: SpendPresent): SpendPlan =>
    planImport(from, {
      mapping: mapping.value,
      ...organisations,
      ...(present !== undefined && { present }),
    });
  const books = createBooks();
  const read = openRecords(treasury);
  const present: SpendPresent = {
    amountOf: ({ fund, name }) => {
      const row = read.payment(books.view, { fund, payment: name });
      return row && (row.kind === 'credit' ? -row.amount.minor : row.amount.minor);
    },
    leftIn: ({ record, fund, name }) => {
      if (record === 'appropriation') return read.appropriation(books.view, { fund })?.left;
      if (record === 'allocation')
        return read.allocation(books.view, { fund, allocation: name })?.left;
      return read.commitment(books.view, { fund, commitment: name })?.left;
    },
  };

  it('given the first two years, when imported, then no call is refused', () => {
    const early = lines.filter(({ file }) => file < '2021-06');

    expect(carryOut(planOf(early), books)).to.deep.equal([]);
  });

  it('given all three years, when imported after them, then only the rest is paid and nothing refused', () => {
    const plan = planOf(lines, present);

    expect(plan.payments.length).to.be.lessThan(10_000);
    expect(carryOut(plan, books)).to.deep.equal([]);
  });

  it('given the books, when added up, then they say what the files say', () => {
    const [totals] = totalSpend(lines);
    const plan = planOf(lines);

    const spent = plan.commitments.map(
      ({ target }) =>
        read.commitment(books.view, { fund: target.fund, commitment: target.name })?.spent ?? 0n,
    );
    const received = plan.appropriations.map(
      ({ target }) => read.appropriation(books.view, { fund: target.fund })?.received ?? 0n,
    );

    expect(spent.reduce((sum, each) => sum + each, 0n)).to.equal(totals?.imported);
    expect(received.reduce((sum, each) => sum + each, 0n)).to.equal(totals?.imported);
    expect(plan.payments.every(({ target }) => present.amountOf(target) !== undefined)).to.equal(
      true,
    );
  });

  it('given everything imported, when imported again, then there is nothing to do', () => {
    const { appropriations, allocations, commitments, payments, changed } = planOf(lines, present);

    expect([appropriations, allocations, commitments, payments, changed].flat()).to.deep.equal([]);
  });

  it('given a payment sent again all the same, when executed, then the contract refuses it', () => {
    const [first] = planOf(lines).payments;
    assert(first !== undefined, 'there are payments');

    const again = books.transactionOf([first.call], signersOf(first));

    expect(books.run([again])).to.deep.equal(['TREASURY_ALREADY_IMPORTED']);
  });

  it('given planned calls, when judged without state, then no input is at fault', () => {
    const plan = planOf(lines.slice(0, 500));
    const calls = [plan.appropriations, plan.allocations, plan.commitments, plan.payments].flat();

    expect(books.engine.check(calls.map(({ call }) => call))).to.deep.equal([]);
  });
});
