/** Risk control: what a hold keeps back, and who lifts it. */
import { ledger as chain } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { expect } from 'chai';
import { risk } from '../src/risk.ts';
import { treasury } from '../src/treasury.ts';
import { outcome } from './ledger.ts';
import { adoptAct } from './members.ts';
import {
  answer,
  CONTROLLERS_OTHER,
  DAY_MS,
  DELEGATES,
  FAST,
  guarded,
  heldCall,
  hits,
  LIMIT,
  ONE,
  PARTIAL,
  pay,
  pending,
  reason,
  reviewOf,
  rule,
  SAME,
  SIGNERS,
  TWO,
} from './risk-scene.ts';
import {
  appropriate,
  BUDGETER,
  call,
  disburse,
  FUND,
  GRANTOR,
  gbp,
  PAYER,
} from './treasury-scene.ts';

describe('risk: holds (spec X-33)', () => {
  it('given a hit whose payment is held, then no review takes it off the list', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001);

    expect(outcome(ledger.act([reviewOf(ledger, 'top')], ['audit/ann']))).to.equal('RISK_HIT_HELD');
    expect(hits(ledger)[0]?.status).to.equal('held');
  });

  it('given a held payment, when two of two organisations release it, then it is paid once', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001);
    const held = heldCall(ledger);

    expect(answer(ledger, 'release', held, ONE)).to.equal('ok');
    expect(answer(ledger, 'release', held, SAME)).to.equal('ok');
    expect(ledger.rows(treasury, 'payment')).to.deep.equal([]);
    expect(answer(ledger, 'release', held, TWO)).to.equal('ok');
    expect(answer(ledger, 'release', held, ONE)).to.equal('CONTRACTS_CALL_CLOSED');

    expect(ledger.rows(treasury, 'payment')).to.have.length(1);
    expect(hits(ledger)[0]?.status).to.equal('paid');
    expect(ledger.rows(risk, 'account')).to.have.length(2);
    expect(ledger.rows(risk, 'tally').map(({ count }) => count)).to.deep.equal([1, 1, 1, 1]);
  });

  it('given a hold, when the days of the parameter are over, then nobody can release it', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001);
    const held = heldCall(ledger);
    expect(pending(ledger.view, { call: held })?.expires).to.equal(ledger.now() + 10 * DAY_MS);
    ledger.wait(10 * DAY_MS);

    expect(answer(ledger, 'release', held, ONE, TWO)).to.equal('CONTRACTS_CALL_EXPIRED');
  });

  it('given a hold that expired, then its hit is overdue at once, and anybody may note it', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT), rule('fast', 'velocity', FAST));
    pay(ledger, 1);
    pay(ledger, 1001);
    const held = heldCall(ledger);
    const expires = pending(ledger.view, { call: held })?.expires;
    expect(hits(ledger).map(({ heldUntil }) => heldUntil)).to.deep.equal([expires, expires]);
    const note: Call = { contract: 'ledger', action: 'expire', args: { call: held } };
    expect(outcome(ledger.act([note], ['key:anybody']))).to.equal('CONTRACTS_CALL_OPEN');
    const input = { rule: 'top', reason };
    adoptAct(ledger, DELEGATES, { contract: 'risk', action: 'retireRule', input });
    ledger.wait(10 * DAY_MS);

    expect(outcome(ledger.act([note], ['key:anybody']))).to.equal('ok');

    expect(pending(ledger.view, { call: held })?.status).to.equal('expired');
    expect(hits(ledger).map(({ status }) => status)).to.deep.equal(['expired', 'expired']);
    const { queries = {} } = risk.definition;
    expect(queries.heldHits).to.include({ inTime: 'heldUntil' });
    expect(queries.expiredHits).to.include({ overdue: 'heldUntil' });
    expect(outcome(ledger.act([note], ['key:anybody']))).to.equal('CONTRACTS_CALL_CLOSED');
  });

  it('given a held payment that is withdrawn, then its hit says so; one handed in anew stays held', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001, { payment: 'inv-9' });
    const first = heldCall(ledger);
    pay(ledger, 1002, { payment: 'inv-9' });
    expect(answer(ledger, 'withdraw', first, PAYER)).to.equal('ok');
    expect(hits(ledger)[0]).to.deep.include({ status: 'held', amount: gbp(1002) });

    expect(answer(ledger, 'withdraw', heldCall(ledger), PAYER)).to.equal('ok');

    expect(hits(ledger)[0]?.status).to.equal('withdrawn');
  });

  it('given an imported line whose hold expired, when handed in anew, then it is held anew and can be released', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    const source = { publisher: 'water', dataset: 'spend', number: '7', occurrence: 1 };
    const line = { payment: 'inv-9', source };
    expect(pay(ledger, 1001, line)).to.equal('held');
    ledger.wait(11 * DAY_MS);
    const expired = heldCall(ledger);
    expect(pending(ledger.view, { call: expired })).to.include({ status: 'held' });
    expect(pending(ledger.view, { call: expired })?.expires).to.be.below(ledger.now());

    expect(pay(ledger, 1001, line)).to.equal('held');
    const calls = hits(ledger).map(({ call }) => call ?? new Uint8Array());
    const open = calls.filter(
      (call) => (pending(ledger.view, { call })?.expires ?? 0) > ledger.now(),
    );
    expect(open).to.have.length(1);
    expect(answer(ledger, 'release', open[0] ?? new Uint8Array(), ONE, TWO)).to.equal('ok');

    expect(ledger.rows(treasury, 'payment').map(({ payment }) => payment)).to.deep.equal(['inv-9']);
    expect(pay(ledger, 1001, line)).to.equal('TREASURY_ALREADY_IMPORTED');
  });

  it('given releasers who signed the payment or are of who pays, then none of them counts', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001);
    const held = heldCall(ledger);

    for (const name of PARTIAL) {
      for (const action of ['release', 'refuse'] as const) {
        expect(answer(ledger, action, held, name)).to.equal('CONTRACTS_NOT_ENTITLED');
      }
    }
    expect(answer(ledger, 'release', held, TWO, ...PARTIAL)).to.equal('ok');

    expect(hits(ledger)[0]?.status).to.equal('held');
    expect(answer(ledger, 'release', held, ONE)).to.equal('ok');
    expect(hits(ledger)[0]?.status).to.equal('paid');
  });

  it('given another officer of the controller, then one of an organisation without part in it joins', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001);
    const held = heldCall(ledger);

    expect(answer(ledger, 'release', held, CONTROLLERS_OTHER)).to.equal('ok');
    expect(hits(ledger)[0]?.status).to.equal('held');
    expect(answer(ledger, 'release', held, TWO)).to.equal('ok');

    expect(hits(ledger)[0]?.status).to.equal('paid');
  });

  it('given releasers of one organisation who refuse, then the payment stays held', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001);
    const held = heldCall(ledger);

    expect(answer(ledger, 'refuse', held, ONE, SAME)).to.equal('ok');
    expect(pending(ledger.view, { call: held })?.status).to.equal('held');
    expect(hits(ledger)[0]?.status).to.equal('held');
    expect(answer(ledger, 'release', held, SAME, TWO)).to.equal('ok');

    expect(hits(ledger)[0]?.status).to.equal('paid');
  });

  it('given a payment that two organisations refused, then under the same number it may be tried again', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    pay(ledger, 1001, { payment: 'inv-9' });
    expect(answer(ledger, 'refuse', heldCall(ledger), ONE, TWO)).to.equal('ok');

    expect(pay(ledger, 1000, { payment: 'inv-9' })).to.equal('paid');
    expect(hits(ledger)[0]).to.deep.include({ status: 'refused', amount: gbp(1001) });
  });

  it('given a payment that could not be made anyway, then it is refused and not held', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));

    expect(pay(ledger, 100_001)).to.equal('TREASURY_NOT_ENOUGH');
    expect(hits(ledger)).to.deep.equal([]);
  });

  it('given budget calls beside a payment that is held, then none of them takes effect', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    const other = appropriate({ fund: 'other-2026', amount: gbp(1) });
    const supplement = call('supplement', { fund: FUND, amount: gbp(1), reason });
    const before = ledger.rows(treasury, 'appropriation');
    const paid = disburse({ payment: 'b', amount: gbp(1001) });
    const everybody = [...SIGNERS, BUDGETER, GRANTOR];

    for (const calls of [
      [other, paid],
      [paid, supplement],
      [other, paid, supplement],
    ]) {
      const executed = ledger.act(calls, everybody);
      expect(outcome(executed)).to.equal('CONTRACTS_PENDING_ALONE');
      expect(executed.failure?.facts).to.deep.equal({ guard: 'risk.payments', rule: 'top' });
    }

    expect(ledger.rows(treasury, 'appropriation')).to.deep.equal(before);
    expect(ledger.rows(treasury, 'payment')).to.deep.equal([]);
    expect(ledger.rows(chain, 'pending').filter(({ status }) => status === 'held')).to.deep.equal(
      [],
    );
    expect(hits(ledger)).to.deep.equal([]);
    const small = disburse({ payment: 'b', amount: gbp(1000) });
    expect(outcome(ledger.act([supplement, small], everybody))).to.equal('ok');
  });

  it('given a held payment beside another call, then the transaction says so and does nothing', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    const both = [
      disburse({ payment: 'a', amount: gbp(1) }),
      disburse({ payment: 'b', amount: gbp(1001) }),
    ];

    const executed = ledger.act(both, SIGNERS);

    expect(outcome(executed)).to.equal('CONTRACTS_PENDING_ALONE');
    expect(executed.failure?.facts).to.deep.equal({ guard: 'risk.payments', rule: 'top' });
    expect(ledger.rows(treasury, 'payment')).to.deep.equal([]);
  });
});
