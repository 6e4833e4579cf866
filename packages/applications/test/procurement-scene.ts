/** Officers, calls and purchases that the tests of procurement share. */
import type { Executed } from '@daybook/contracts';
import type { Call, CallArguments } from '@daybook/core';
import { encodeUtf8, sha256 } from '@daybook/core';
import { expect } from 'chai';
import { directory } from '../src/directory.ts';
import { procurement, sealBid } from '../src/procurement.ts';
import { treasury } from '../src/treasury.ts';
import type { Officers, TestLedger } from './ledger.ts';
import { createLedger, outcome } from './ledger.ts';

export const OCID = 'ocds-daybook-pumps-1';
export const BUYER = 'water/bea';
export const EVALUATOR = 'water/eva';
export const PAYER = 'water/pia';
export const PUMPS = 'pump-works/ben';
export const PIPES = 'pipe-works/pat';
export const CONTROLLER = 'hm-treasury/carl';
export const SECOND_BUYER = 'water/bob';
export const PUMPS_EVALUATOR = 'pump-works/eve';
/** Holds and pays money that is not the buyer's own. */
export const WORKS = 'works/wes';
export const MINUTE_MS = 60_000;
export const SALT = sha256(encodeUtf8('salt of a test'));

export const gbp = (minor: number) => ({ minor: BigInt(minor), currency: 'GBP' });
export const act = (action: string, args: CallArguments): Call => ({
  contract: 'procurement',
  action,
  args: { ocid: OCID, ...args },
});
export const pay = (action: string, args: CallArguments): Call => ({
  contract: 'treasury',
  action,
  args: { fund: 'water-2026', ...args },
});

export const OFFICERS = {
  [BUYER]: ['procurement.buyer', 'procurement.publisher'],
  [EVALUATOR]: ['procurement.evaluator', 'treasury.budgeter'],
  [PAYER]: ['treasury.payer'],
  [PUMPS]: ['procurement.tenderer'],
  [PIPES]: ['procurement.tenderer', 'procurement.publisher'],
  [CONTROLLER]: ['treasury.controller', 'treasury.appropriator', 'procurement.evaluator'],
  [SECOND_BUYER]: ['procurement.buyer'],
  [PUMPS_EVALUATOR]: ['procurement.evaluator'],
  [WORKS]: ['treasury.budgeter', 'treasury.payer'],
};

export function newLedger(others: Officers = {}): TestLedger {
  return createLedger([directory, treasury, procurement], { ...OFFICERS, ...others });
}

export function must(ledger: TestLedger, call: Call, ...signers: readonly string[]): Executed {
  const executed = ledger.act([call], signers);
  expect(
    outcome(executed),
    `${call.action} ${JSON.stringify(executed.failure?.facts, text)}`,
  ).to.equal('ok');
  return executed;
}

const text = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

export const sealed = (bid: string, tenderer: string, minor: number): Uint8Array =>
  sealBid({ ocid: OCID, bid, tenderer }, SALT, { value: gbp(minor) });

export const bidOf = (tenderer: string, minor: number): Call =>
  act('submitBid', {
    bid: `bid-${tenderer}`,
    tenderer,
    commitment: sealed(`bid-${tenderer}`, tenderer, minor),
  });

export const reveal = (tenderer: string, minor: number): Call =>
  act('revealBid', { bid: `bid-${tenderer}`, salt: SALT, value: gbp(minor) });

/** A tender that takes bids for a minute, opens them for another and awards within a third. */
export function opened(ledger: TestLedger, terms: CallArguments = {}): void {
  must(
    ledger,
    act('plan', { publisher: 'water', planning: { rationale: 'Wells run dry.' } }),
    BUYER,
  );
  const now = ledger.now();
  const times = {
    closes: now + MINUTE_MS,
    revealBy: now + 2 * MINUTE_MS,
    awardBy: now + 3 * MINUTE_MS,
  };
  const item = { id: '1', description: 'Pump', quantity: { value: 3_000_000n, unit: 'C62' } };
  must(ledger, act('openTender', { title: 'Pumps', items: [item], ...times, ...terms }), BUYER);
}

export const AWARD = act('award', {
  award: 'a-1',
  bid: 'bid-pump-works',
  items: [],
  reason: 'The lowest price.',
});
export const CONTRACT = {
  contract: 'c-1',
  award: 'a-1',
  value: gbp(300),
  items: [],
  ends: '2026-06-30',
  fund: 'water-2026',
  commitment: 'pumps',
};

export const END = act('endContract', {
  contract: 'c-1',
  status: 'cancelled',
  reason: 'The well is dry.',
});

/** Two bids, one of them opened, and an award. */
export function awarded(ledger: TestLedger): void {
  opened(ledger);
  must(ledger, bidOf('pump-works', 300), PUMPS);
  must(ledger, bidOf('pipe-works', 250), PIPES);
  ledger.wait(MINUTE_MS);
  must(ledger, reveal('pump-works', 300), PUMPS);
  ledger.wait(MINUTE_MS);
  must(ledger, AWARD, BUYER, EVALUATOR);
}

export function funded(ledger: TestLedger, committed: number, holder = 'water'): void {
  const officer = holder === 'water' ? EVALUATOR : WORKS;
  const period = { start: '2026-01-01', end: '2026-12-31' };
  const purposes = ['water'];
  const who = { holder, controller: 'hm-treasury' };
  const terms = { period, purposes, basis: 'recorded', amount: gbp(1000) };
  must(ledger, pay('appropriate', { ...who, ...terms, title: 'Water' }), CONTROLLER, officer);
  const payee = { name: 'Pump Works', organisation: 'pump-works' };
  const set = { allocation: 'water-2026', commitment: 'pumps', title: 'Pumps', payee };
  const amount = gbp(committed);
  must(ledger, pay('commit', { ...set, amount, purposes, basis: 'recorded' }), officer);
}

export function disbursed(ledger: TestLedger, payment: string, minor: number, payer = PAYER): void {
  const args = { commitment: 'pumps', payment, amount: gbp(minor), purpose: 'water' };
  must(ledger, pay('disburse', { ...args, date: '2026-03-01' }), payer, CONTROLLER);
}
