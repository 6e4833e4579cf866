/** What comes back of a payment lowers the totals of rules, in its month, by the word of two. */
import type { CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { risk } from '../src/risk.ts';
import type { TestLedger } from './ledger.ts';
import { outcome } from './ledger.ts';
import { DAY_MS, guarded, LIMIT, pay, rule, SIGNERS, setRule } from './risk-scene.ts';
import {
  appropriate,
  carryOut,
  commit,
  credit,
  disburse,
  EVERYTHING,
  gbp,
  PAYER,
  RECONSTRUCTED,
} from './treasury-scene.ts';

const MONTHLY = rule('monthly', 'period', { ...LIMIT, months: 'month' });
const back = (ledger: TestLedger, change: CallArguments): string =>
  outcome(ledger.act([credit(change)], SIGNERS));
const totals = (ledger: TestLedger) => ledger.rows(risk, 'month').map(({ total }) => total);

describe('risk: credits', () => {
  it('given part of a payment came back, then so much may be paid again in its month, and no more', () => {
    const ledger = guarded(MONTHLY);
    pay(ledger, 600, { payment: 'one' });
    pay(ledger, 400, { payment: 'two' });
    expect(pay(ledger, 1)).to.equal('held');

    expect(back(ledger, { reverses: 'two', amount: gbp(150) })).to.equal('ok');

    expect(new Set(totals(ledger))).to.deep.equal(new Set([850n]));
    expect(pay(ledger, 151)).to.equal('held');
    expect(pay(ledger, 150)).to.equal('paid');
    expect(pay(ledger, 1)).to.equal('held');
  });

  it('given it came back a month later, then it opens no room in that month', () => {
    const ledger = guarded(MONTHLY);
    pay(ledger, 900, { payment: 'one' });
    ledger.wait(31 * DAY_MS);
    pay(ledger, 1000, { payment: 'two' });

    expect(back(ledger, { reverses: 'one', amount: gbp(900) })).to.equal('ok');

    expect(new Set(totals(ledger))).to.deep.equal(new Set([0n, 1000n]));
    expect(pay(ledger, 1)).to.equal('held');
  });

  it('given a payment of before the books, when it comes back, then no total is lowered by it', () => {
    const ledger = guarded();
    pay(ledger, 900, { payment: 'early' });
    setRule(ledger, MONTHLY);
    pay(ledger, 1000, { payment: 'late' });

    expect(back(ledger, { reverses: 'early', amount: gbp(900) })).to.equal('ok');

    expect(new Set(totals(ledger))).to.deep.equal(new Set([1000n]));
  });

  it('given money that one organisation holds and controls, then its credits lower no total', () => {
    const ledger = guarded(MONTHLY);
    const fund = 'water-past';
    const past = { fund, ...RECONSTRUCTED, amount: gbp(900) };
    const source = (number: string) => ({
      source: { publisher: 'water', dataset: 'spend', number, occurrence: 1 },
    });
    const appropriated = appropriate({ ...past, controller: 'water' });
    carryOut(ledger, appropriated, commit({ ...past, ...source('0'), allocation: fund }));
    const alone = [PAYER, EVERYTHING];
    const line = { fund, payment: 'one', amount: gbp(700), ...source('1') };
    expect(outcome(ledger.act([disburse(line)], alone))).to.equal('ok');
    const minus = { fund, reverses: 'one', amount: gbp(700), ...source('2') };

    expect(outcome(ledger.act([credit(minus)], alone))).to.equal('ok');

    expect(new Set(totals(ledger))).to.deep.equal(new Set([700n]));
  });
});
