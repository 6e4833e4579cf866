/**
 * The scene of the treasury tests: a fund for water with money on every level, the officers who may
 * act on it, and short ways to make each call. `change` replaces single inputs of a good call.
 */
import type { Contract } from '@daybook/contracts';
import type { Call, CallArguments } from '@daybook/core';
import { directory } from '../src/directory.ts';
import { treasury } from '../src/treasury.ts';
import type { Officers, TestLedger } from './ledger.ts';
import { createLedger } from './ledger.ts';

export const FUND = 'water-2026';
export const GRANTOR = 'hm-treasury/anna';
export const CONTROLLER = 'hm-treasury/carl';
export const BUDGETER = 'water/bo';
export const PAYER = 'water/pia';
/** Holds every role in the holder's organisation. */
export const EVERYTHING = 'water/max';
/** Holds every role in an organisation that has nothing to do with the fund. */
export const STRANGER = 'other/eve';
export const PAYEE = 'pump-works/ben';

const ALL = ['appropriator', 'budgeter', 'payer', 'controller'].map((role) => `treasury.${role}`);

export function gbp(minor: number | bigint): { minor: bigint; currency: string } {
  return { minor: BigInt(minor), currency: 'GBP' };
}

export function call(action: string, args: CallArguments): Call {
  return { contract: 'treasury', action, args };
}

export const appropriate = (change: CallArguments = {}): Call =>
  call('appropriate', {
    fund: FUND,
    title: 'Water 2026',
    holder: 'water',
    controller: 'hm-treasury',
    amount: gbp(1000),
    period: { start: '2026-01-01', end: '2026-12-31' },
    purposes: ['water'],
    basis: 'recorded',
    ...change,
  });

export const allocate = (change: CallArguments = {}): Call =>
  call('allocate', {
    fund: FUND,
    parent: FUND,
    allocation: 'north',
    title: 'North',
    holder: 'water',
    amount: gbp(600),
    purposes: ['water/irrigation', 'water/wells'],
    basis: 'recorded',
    ...change,
  });

export const commit = (change: CallArguments = {}): Call =>
  call('commit', {
    fund: FUND,
    allocation: 'north',
    commitment: 'pumps',
    title: 'Pumps',
    payee: { name: 'Pump Works', organisation: 'pump-works' },
    amount: gbp(400),
    purposes: ['water/irrigation'],
    basis: 'recorded',
    ...change,
  });

export const disburse = (change: CallArguments = {}): Call =>
  call('disburse', {
    fund: FUND,
    commitment: 'pumps',
    payment: 'inv-1',
    amount: gbp(100),
    date: '2026-03-01',
    purpose: 'water/irrigation/pumps',
    ...change,
  });

export const credit = (change: CallArguments = {}): Call =>
  call('credit', {
    fund: FUND,
    commitment: 'pumps',
    payment: 'credit-1',
    reverses: 'inv-1',
    amount: gbp(30),
    date: '2026-04-01',
    purpose: 'water/irrigation/pumps',
    ...change,
  });

/** Changes a call to money as publications tell of it. */
export const RECONSTRUCTED = { basis: 'reconstructed' } as const;

export const acknowledge = (payment = 'inv-1'): Call =>
  call('acknowledge', { fund: FUND, payment });

/** Who signs a good call of each action. */
export const SIGNERS: Readonly<Record<string, readonly string[]>> = {
  appropriate: [GRANTOR, BUDGETER],
  supplement: [GRANTOR, BUDGETER],
  lapse: [BUDGETER],
  allocate: [BUDGETER],
  increaseAllocation: [BUDGETER],
  returnAllocation: [BUDGETER],
  commit: [BUDGETER],
  increaseCommitment: [BUDGETER],
  returnCommitment: [BUDGETER],
  disburse: [PAYER, CONTROLLER],
  credit: [PAYER, CONTROLLER],
  acknowledge: [PAYEE],
  correct: [PAYER, CONTROLLER],
};

export function emptyLedger(more: readonly Contract[] = [], others: Officers = {}): TestLedger {
  return createLedger([directory, treasury, ...more], {
    [GRANTOR]: ['treasury.appropriator'],
    [CONTROLLER]: ['treasury.controller'],
    [BUDGETER]: ['treasury.budgeter'],
    [PAYER]: ['treasury.payer'],
    [EVERYTHING]: ALL,
    [STRANGER]: ALL,
    [PAYEE]: [],
    'county/cy': ['treasury.budgeter', 'treasury.payer'],
    ...others,
  });
}

/** Carries out calls one after the other, each signed by those who should; all must succeed. */
export function carryOut(ledger: TestLedger, ...calls: readonly Call[]): void {
  for (const each of calls) {
    const { failure } = ledger.act([each], SIGNERS[each.action] ?? []);
    if (failure !== undefined) {
      throw new Error(`${each.action}: ${failure.code} ${JSON.stringify(failure.facts)}`);
    }
  }
}

/** A ledger with money appropriated, allocated, committed and paid once. */
export function paidLedger(): TestLedger {
  const ledger = emptyLedger();
  carryOut(ledger, appropriate(), allocate(), commit(), disburse());
  return ledger;
}
