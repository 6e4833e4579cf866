/** The same amount to the same payee within days, whatever its number; what came back is none. */
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { risk } from '../src/risk.ts';
import type { TestLedger } from './ledger.ts';
import { outcome } from './ledger.ts';
import {
  answer,
  DAY_MS,
  guarded,
  heldCall,
  hits,
  LIMIT,
  ONE,
  pay,
  rule,
  SIGNERS,
  setRule,
  TWO,
} from './risk-scene.ts';
import {
  allocate,
  appropriate,
  carryOut,
  commit,
  credit,
  disburse,
  EVERYTHING,
  FUND,
  gbp,
  PAYER,
  RECONSTRUCTED,
} from './treasury-scene.ts';

const WEEK = rule('again', 'duplicate', { days: 7 });
const back = (ledger: TestLedger, change: CallArguments): string =>
  outcome(ledger.act([credit(change)], SIGNERS));
const cited = (...payments: readonly string[]) =>
  payments.map((payment) => `treasury.payment/${FUND}/${payment}`);

/** A second fund out of which the same, or another, payee is paid. */
function secondFund(ledger: TestLedger, terms: CallArguments = {}): string {
  const fund = 'water-2027';
  const of = { fund, amount: gbp(500) };
  carryOut(ledger, appropriate(of), allocate({ ...of, parent: fund }), commit({ ...of, ...terms }));
  return fund;
}

describe('risk: the same amount within days', () => {
  it('given another number, then the hit names fund, payment and day of the other, until the days are over', () => {
    const ledger = guarded(WEEK);
    expect(pay(ledger, 100, { payment: 'inv-1' })).to.equal('paid');
    ledger.wait(6 * DAY_MS);
    expect(pay(ledger, 99)).to.equal('paid');

    expect(pay(ledger, 100, { payment: 'inv-2' })).to.equal('held');

    expect(hits(ledger)[0]).to.deep.include({
      payment: 'inv-2',
      found: `1.00 GBP was paid on 2026-01-01 as ${FUND}/inv-1`,
      allowed: 'once in 7 days',
      cites: cited('inv-1'),
      since: '2026-01-01',
    });
    ledger.wait(DAY_MS);
    expect(pay(ledger, 100, { payment: 'inv-3' })).to.equal('paid');
  });

  it('given several, then the nearest is named and all are cited', () => {
    const ledger = guarded({ ...WEEK, verdict: 'alert' });
    pay(ledger, 100, { payment: 'inv-1' });
    ledger.wait(2 * DAY_MS);
    pay(ledger, 100, { payment: 'inv-2' });
    ledger.wait(DAY_MS);
    pay(ledger, 100, { payment: 'inv-3' });

    const hit = hits(ledger).find(({ payment }) => payment === 'inv-3');
    expect(hit?.found).to.equal(`1.00 GBP was paid on 2026-01-03 as ${FUND}/inv-2`);
    expect(hit?.cites).to.deep.equal(cited('inv-2', 'inv-1'));
  });

  it('given a rule without days, then only the number counts; with days the number does, however long ago', () => {
    const ledger = guarded(rule('twice', 'duplicate'));
    pay(ledger, 100, { payment: 'inv-1' });
    expect(pay(ledger, 100)).to.equal('paid');
    setRule(ledger, WEEK);
    ledger.wait(30 * DAY_MS);
    const fund = secondFund(ledger);

    expect(pay(ledger, 100, { payment: 'inv-1', fund })).to.equal('held');
    expect(hits(ledger).map(({ rule: name, found }) => [name, found])).to.deep.include.members([
      ['again', 'inv-1 for 1.00 GBP was paid before'],
    ]);
  });

  it('given a payee under another of its names, out of another fund, then it is the same payee', () => {
    const ledger = guarded(WEEK);
    pay(ledger, 100, { payment: 'inv-1' });
    const fund = secondFund(ledger, { payee: { name: 'PUMP  WORKS, Ltd.' } });

    expect(pay(ledger, 100, { fund })).to.equal('held');
    expect(hits(ledger)[0]?.cites).to.deep.equal(cited('inv-1'));
  });

  it('given another payee, then nothing is found', () => {
    const ledger = guarded(WEEK);
    pay(ledger, 100, { payment: 'inv-1' });
    const fund = secondFund(ledger, { payee: { name: 'Pipe Works' } });

    expect(pay(ledger, 100, { fund })).to.equal('paid');
  });

  it('given a payment that came back whole, then it may be made anew; of part of it, not', () => {
    const ledger = guarded(WEEK);
    pay(ledger, 100, { payment: 'inv-1' });

    expect(back(ledger, { payment: 'b-1', reverses: 'inv-1', amount: gbp(99) })).to.equal('ok');
    expect(pay(ledger, 100)).to.equal('held');
    expect(back(ledger, { payment: 'b-2', reverses: 'inv-1', amount: gbp(1) })).to.equal('ok');
    expect(pay(ledger, 100, { payment: 'inv-2' })).to.equal('paid');

    expect(pay(ledger, 100)).to.equal('held');
    const [last] = hits(ledger).slice(-1);
    expect(last?.cites).to.deep.equal(cited('inv-2'));
  });

  it('given money that one organisation holds and controls, then what came back is still compared with', () => {
    const ledger = guarded(WEEK);
    const fund = 'water-past';
    const past = { fund, ...RECONSTRUCTED, amount: gbp(900) };
    const sourceOf = (number: string) => ({
      source: { publisher: 'water', dataset: 'spend', number, occurrence: 1 },
    });
    const line = (number: string, date = '2026-01-01'): CallArguments => ({
      fund,
      date,
      ...sourceOf(number),
    });
    const appropriated = appropriate({ ...past, controller: 'water' });
    carryOut(ledger, appropriated, commit({ ...past, ...sourceOf('0'), allocation: fund }));
    const alone = (call: Call): string => {
      const { result, failure } = ledger.act([call], [PAYER, EVERYTHING]);
      const isHeld = result.events.some(({ name }) => name === 'held');
      return failure?.code ?? (isHeld ? 'held' : 'ok');
    };
    const paid = (number: string, date = '2026-01-01'): string =>
      alone(disburse({ payment: `n-${number}`, amount: gbp(100), ...line(number, date) }));
    expect(paid('1')).to.equal('ok');
    const minus = { reverses: 'n-1', amount: gbp(100), ...line('2') };
    expect(alone(credit(minus))).to.equal('ok');

    expect(paid('3')).to.equal('held');
    // Imported lines come in any order of days, and are judged by their own.
    expect(paid('4', '2026-01-09')).to.equal('ok');
    expect(paid('5', '2026-01-05')).to.equal('held');
  });

  it('given a payment that is held, refused or withdrawn, then it was not made, and repeats nothing', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT), WEEK);
    expect(pay(ledger, 1001)).to.equal('held');
    const call = heldCall(ledger);
    expect(pay(ledger, 1001)).to.equal('held');
    const again = hits(ledger).filter(({ rule: name }) => name === 'again');
    expect(again).to.deep.equal([]);

    answer(ledger, 'refuse', call, ONE, TWO);
    expect(ledger.rows(risk, 'alike')).to.deep.equal([]);
    const next = heldCall(ledger);
    answer(ledger, 'release', next, ONE, TWO);
    expect(ledger.rows(risk, 'alike').length).to.be.greaterThan(0);
    expect(pay(ledger, 1001)).to.equal('held');
    expect(hits(ledger).some(({ rule: name }) => name === 'again')).to.equal(true);
  });

  it('given a rule set later, then it says since when it compares, and shares what another compares with', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 100);
    ledger.wait(DAY_MS);
    setRule(ledger, WEEK);
    expect(ledger.rows(risk, 'alike')).to.deep.equal([]);
    expect(pay(ledger, 100)).to.equal('paid');
    ledger.wait(DAY_MS);
    setRule(ledger, rule('month', 'duplicate', { days: 30 }));

    const [{ rules = [] } = {}] = ledger.rows(risk, 'rulebook');
    const since = Object.fromEntries(rules.map((row) => [row.rule, row.since]));
    expect(since.again).to.equal(since.month);
    expect(since.again).to.not.equal('2026-01-01');
    expect(pay(ledger, 100)).to.equal('held');
    expect(hits(ledger).map((hit) => hit.rule)).to.have.members(['again', 'month']);
  });

  it('given one amount many times, then what is kept of it is bounded', () => {
    const ledger = guarded({ ...WEEK, verdict: 'alert' });
    for (let count = 0; count < 12; count += 1) pay(ledger, 100, { payment: `n-${count}` });

    for (const { payments } of ledger.rows(risk, 'alike')) {
      expect(payments.map(({ payment }) => payment)).to.deep.equal(
        [4, 5, 6, 7, 8, 9, 10, 11].map((count) => `n-${count}`),
      );
    }
    expect(hits(ledger).find(({ payment }) => payment === 'n-11')?.cites).to.have.length(8);
  });
});
