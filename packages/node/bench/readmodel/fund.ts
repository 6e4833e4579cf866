/**
 * A chain of one fund on a real directory: an appropriation, allocations, commitments, and payments
 * as an import writes them, each a transaction of its own with the publisher's line it was. Blocks
 * are built, executed and stored as a validator does; consensus and signatures are left out.
 */

import { applications } from '@daybook/applications';
import { createEngine } from '@daybook/contracts';
import type { Call, Genesis, Transaction } from '@daybook/core';
import {
  assert,
  decodeTransaction,
  encodeBody,
  encodeTransaction,
  generateNonce,
  SIGNATURE_SIZE,
} from '@daybook/core';
import type { BlockLog, StateStore } from '@daybook/state';
import { createNodeDisk, openBlockLog, openLevel } from '@daybook/state';
import type { Executor } from '../../src/ledger/executor.ts';
import { createExecutor } from '../../src/ledger/executor.ts';
import type { Ledger } from '../../src/ledger/ledger.ts';
import { openLedger } from '../../src/ledger/open-ledger.ts';
import type { Manifests } from '../../src/manifests.ts';
import { createManifests } from '../../src/manifests.ts';
import { openState } from '../../src/open-state.ts';
import { notebook } from '../../test/api/support/notebook.ts';
import {
  buildNext,
  certify,
  makeGenesis,
  officerOf,
  PLAIN_VERIFIER,
  VALIDITY_MS,
} from '../../test/support/chain.ts';

export const FUND = 'water-2026';
export const COMMITMENTS = 4000;
/** What a full block holds at 2,000 transactions a second and a block each quarter second. */
export const BLOCK_TRANSACTIONS = 500;
const ALLOCATIONS = 40;
const CURRENCY = 'GBP';
const PURPOSE = 'water';
const OFFICES = ['appropriator', 'budgeter', 'payer', 'controller'];
const ROLES = ['directory.administrator', ...OFFICES.map((role) => `treasury.${role}`)];
const [GRANTOR, HOLDER] = [0, 1];
const GIVEN = 10n ** 15n;

export interface FundChain {
  readonly genesis: Genesis;
  readonly ledger: Ledger;
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  readonly executor: Executor;
  readonly manifests: Manifests;
  /** Commits blocks with so many further payments. */
  pay(count: number): Promise<void>;
  close(): Promise<void>;
}

export const commitmentOf = (index: number): string => `works-${index % COMMITMENTS}`;
const allocationOf = (index: number): string => `district-${index % ALLOCATIONS}`;
const payeeOf = (index: number): string => `Contractor ${(index * 7919) % COMMITMENTS} Ltd`;

/** Opens a new chain with everything but payments. */
export async function openFund(directory: string): Promise<FundChain> {
  const genesis = makeGenesis({ name: 'fund', roles: ROLES });
  const disk = createNodeDisk();
  const blockLog = await openBlockLog({ directory: `${directory}/blocks` }, { disk });
  const stateStore = await openState(`${directory}/state`, {}, { disk, openKeyValue: openLevel });
  const engine = createEngine([...applications, notebook]);
  const executor = createExecutor(engine, genesis);
  const parts = { blockLog, stateStore, executor, signatures: PLAIN_VERIFIER };
  const { ledger } = await openLedger(genesis, { ...parts, known: () => undefined });
  let paid = 0;
  await commit(ledger, [GRANTOR, HOLDER], [appropriation()]);
  await commitAll(ledger, [HOLDER], ALLOCATIONS, allocation);
  await commitAll(ledger, [HOLDER], COMMITMENTS, commitment);
  return {
    genesis,
    ledger,
    blockLog,
    stateStore,
    executor,
    manifests: createManifests(engine, ledger, stateStore),
    pay: async (count) => {
      await commitAll(ledger, [HOLDER, GRANTOR], count, (index) => payment(paid + index));
      paid += count;
    },
    close: async () => {
      await blockLog.close();
      await stateStore.close();
    },
  };
}

async function commitAll(
  ledger: Ledger,
  signers: readonly number[],
  count: number,
  callOf: (index: number) => Call,
): Promise<void> {
  for (let from = 0; from < count; from += BLOCK_TRANSACTIONS) {
    const size = Math.min(BLOCK_TRANSACTIONS, count - from);
    const calls = Array.from({ length: size }, (_, index) => callOf(from + index));
    await commit(ledger, signers, calls);
  }
}

/** One block, each call a transaction of its own. */
async function commit(
  ledger: Ledger,
  signers: readonly number[],
  calls: readonly Call[],
): Promise<void> {
  const block = buildNext(
    ledger,
    calls.map((call) => transactionOf(ledger, signers, call)),
  );
  for (const { result, facts } of block.outcomes) {
    assert(result.code === 0, `every call is good: ${JSON.stringify(facts)}`);
  }
  await ledger.commit(block, certify(ledger, block));
}

/** Nobody checks signatures of a block that the ledger builds itself. */
function transactionOf(ledger: Ledger, signers: readonly number[], call: Call): Transaction {
  const { timestampMs } = ledger.head().header;
  const bytes = encodeBody({
    version: 1,
    chain: ledger.genesis.chain,
    signers: signers.map((index) => officerOf(index)),
    nonce: generateNonce(),
    validUntilMs: timestampMs + VALIDITY_MS,
    calls: [call],
  });
  const unsigned = signers.map(() => new Uint8Array(SIGNATURE_SIZE));
  const decoded = decodeTransaction(encodeTransaction(bytes, unsigned));
  assert(decoded.ok, 'a transaction can be read');
  return decoded.value;
}

const treasury = (action: string, args: Call['args']): Call => ({
  contract: 'treasury',
  action,
  args,
});

function appropriation(): Call {
  return treasury('appropriate', {
    fund: FUND,
    title: 'Water for villages',
    holder: 'office-1',
    controller: 'office-0',
    amount: { minor: GIVEN, currency: CURRENCY },
    period: { start: '2026-01-01', end: '2026-12-31' },
    purposes: [PURPOSE],
    basis: 'recorded',
  });
}

function allocation(index: number): Call {
  return treasury('allocate', {
    fund: FUND,
    parent: FUND,
    allocation: allocationOf(index),
    title: `District ${index}`,
    holder: 'office-1',
    amount: { minor: GIVEN / BigInt(ALLOCATIONS), currency: CURRENCY },
    purposes: [PURPOSE],
    basis: 'recorded',
  });
}

function commitment(index: number): Call {
  return treasury('commit', {
    fund: FUND,
    allocation: allocationOf(index),
    commitment: commitmentOf(index),
    title: `Works ${index} in the district`,
    payee: { name: payeeOf(index) },
    amount: { minor: GIVEN / BigInt(COMMITMENTS), currency: CURRENCY },
    purposes: [PURPOSE],
    basis: 'recorded',
  });
}

function payment(index: number): Call {
  const [day, month] = [1 + (index % 28), 1 + (index % 12)].map((part) =>
    String(part).padStart(2, '0'),
  );
  return treasury('disburse', {
    fund: FUND,
    commitment: commitmentOf(index),
    payment: `p-${index}`,
    amount: { minor: BigInt(1 + ((index * 104_729) % 10_000_000)), currency: CURRENCY },
    date: `2026-${month}-${day}`,
    purpose: `${PURPOSE}/pumps`,
    description: `Invoice ${index} of the works`,
    source: { publisher: 'office-1', dataset: 'spend/2026', number: `${index}`, occurrence: 1 },
  });
}
