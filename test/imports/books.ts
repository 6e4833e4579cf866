/** Contracts over a map, into which the import tests carry their plans. */
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
import type {
  ImportPlan,
  KeptLine,
  KeptRow,
  PlannedCall,
  Present,
  RecordSource,
} from '@daybook/formats';
import { movedBy } from '@daybook/formats';

const CHAIN = asHash(sha256(encodeUtf8('spending')));
const START_MS = Date.UTC(2026, 0, 1);
const CALLS_PER_SETUP = 50;
const TRANSACTIONS_PER_BLOCK = 500;

/** One officer with all roles of each of these departments. */
const DEPARTMENTS = [
  'hm-treasury',
  'cabinet-office',
  'government-property-agency',
  'crown-commercial-service',
];
const ROLES = [
  'treasury.appropriator',
  'treasury.budgeter',
  'treasury.payer',
  'treasury.controller',
  'procurement.publisher',
];
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

/** The contracts over a map: an import without network and disk. */
export function createBooks() {
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

export const signersOf = ({ signers }: PlannedCall): readonly string[] =>
  signers.map(({ organisation }) => organisation);

/** Engine, state, and a way to sign and execute transactions. */
export type Books = ReturnType<typeof createBooks>;

export const rowsOf = openRecords(treasury);

/** What the books hold of an import, as the planner asks for it. */
export function presentIn({ view }: Books): Present {
  return {
    amountOf: (source) => {
      const row = rowsOf.source(view, source);
      return row && movedBy(row);
    },
    leftIn: ({ record, fund, name }) => {
      if (record === 'appropriation') return rowsOf.appropriation(view, { fund })?.left;
      if (record === 'allocation') return rowsOf.allocation(view, { fund, allocation: name })?.left;
      return rowsOf.commitment(view, { fund, commitment: name })?.left;
    },
  };
}

/** An imported line as the books keep it, with what their own rows say of it. */
export function keptLine({ view }: Books, key: RecordSource): KeptLine | undefined {
  const line = rowsOf.source(view, key);
  if (line === undefined) return undefined;
  const { fund, action, name, amount, details, ...source } = line;
  const kept = { source, action, amount, details };
  const payment = rowsOf.payment(view, { fund, payment: name });
  if (payment === undefined) {
    const { payee } = rowsOf.commitment(view, { fund, commitment: name }) ?? {};
    const { title } = rowsOf.allocation(view, { fund, allocation: name }) ?? {};
    return { ...kept, payee: payee?.name, title };
  }
  const rows: KeptRow[] = [];
  const { commitment } = payment;
  let above = rowsOf.commitment(view, { fund, commitment })?.allocation ?? fund;
  while (above !== fund) {
    const row = rowsOf.allocation(view, { fund, allocation: above });
    assert(row !== undefined, 'an allocation hangs on another or on the appropriation');
    rows.unshift({ name: above, title: row.title });
    above = row.parent;
  }
  const { date, payee, description } = payment;
  return { ...kept, payee: payee.name, payment: { date, description, rows } };
}

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

export function carryOut(plan: ImportPlan, books: Books): readonly string[] {
  const budget = [...plan.appropriations, ...plan.allocations, ...plan.commitments];
  const lines = plan.lines
    .flat()
    .map((planned) => books.transactionOf([planned.call], signersOf(planned)));
  return [...books.run(batched(budget, books.transactionOf)), ...books.run(lines)];
}
