import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { readCitation } from '../src/audit-citation.ts';
import { governance } from '../src/governance.ts';
import { risk } from '../src/risk.ts';
import { treasury } from '../src/treasury.ts';
import { outcome } from './ledger.ts';
import { adoptAct } from './members.ts';
import {
  ANALYSTS,
  DAY_MS,
  DELEGATES,
  FAST,
  guarded,
  hits,
  LIMIT,
  PAYERS_ANALYST,
  pay,
  reason,
  reviewOf,
  rule,
  setRule,
} from './risk-scene.ts';
import {
  allocate,
  appropriate,
  BUDGETER,
  CONTROLLER,
  call,
  carryOut,
  commit,
  disburse,
  FUND,
  GRANTOR,
  gbp,
  RECONSTRUCTED,
} from './treasury-scene.ts';

describe('risk: rules are acts of the members (spec X-32)', () => {
  it('given no rule, then a payment passes and no books are kept', () => {
    const ledger = guarded();

    expect(pay(ledger, 90_000)).to.equal('paid');
    expect(ledger.rows(risk, 'account')).to.deep.equal([]);
  });

  it('given an officer, then no signature puts a rule into force, only a vote', () => {
    const ledger = guarded();
    const { reason: _, ...rest } = rule('top', 'payment');
    const args = { ...rest, reason, limit: gbp(1000) };

    const executed = ledger.act([{ contract: 'risk', action: 'setRule', args }], DELEGATES);

    expect(outcome(executed)).to.equal('CONTRACTS_CALLER_REFUSED');
  });

  it('given a malformed rule or another act, then the members cannot propose it', () => {
    const ledger = guarded();

    expect(setRule(ledger, rule('top', 'riddle'))).to.equal('GOVERNANCE_ACT_REFUSED');
    const act = { contract: 'treasury', action: 'disburse', input: {} };
    expect(adoptAct(ledger, DELEGATES, act)).to.equal('GOVERNANCE_ACT_REFUSED');
  });

  it('given a rule that lacks its measure, when adopted, then it fails and none is in force', () => {
    const ledger = guarded();
    setRule(ledger, rule('top', 'payment'));

    const [proposal] = ledger.rows(governance, 'proposal');
    expect(proposal).to.deep.include({ status: 'failed', outcome: 'RISK_RULE_INCOMPLETE' });
    expect(ledger.rows(risk, 'rulebook')).to.deep.equal([]);
  });

  it('given a rule, when changed and retired by vote, then the rulebook says so', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));
    setRule(ledger, rule('top', 'payment', { limit: { minor: '2000', currency: 'GBP' } }));
    expect(pay(ledger, 1500)).to.equal('paid');

    const input = { rule: 'top', reason };
    adoptAct(ledger, DELEGATES, { contract: 'risk', action: 'retireRule', input });

    expect(ledger.rows(risk, 'rulebook')).to.deep.equal([{ rules: [] }]);
    expect(pay(ledger, 5000)).to.equal('paid');
  });
});

describe('risk: what rules find', () => {
  it('given a payment above the ceiling, then the hit explains rule, limit and record', () => {
    const ledger = guarded(rule('top', 'payment', LIMIT));

    expect(pay(ledger, 1000)).to.equal('paid');
    expect(pay(ledger, 1001)).to.equal('held');
    expect(hits(ledger)[0]).to.deep.include({
      fund: FUND,
      rule: 'top',
      payee: 'organisation:pump-works',
      found: '10.01 GBP',
      allowed: 'at most 10.00 GBP',
      cites: [`treasury.commitment/${FUND}/pumps`],
      status: 'held',
    });
    expect(ledger.rows(treasury, 'payment')).to.have.length(1);
  });

  it('given an alert, then the payment passes and the hit waits to be looked at', () => {
    const ledger = guarded(rule('top', 'payment', { ...LIMIT, verdict: 'alert' }));

    expect(pay(ledger, 1001)).to.equal('paid');
    const [hit] = hits(ledger);
    expect(hit).to.deep.include({ status: 'paid', verdict: 'alert', reviewBy: '2026-01-15' });
    const review = reviewOf(ledger, 'top');
    expect(outcome(ledger.act([review], [PAYERS_ANALYST]))).to.equal('RISK_OWN_PAYMENT');
    expect(hits(ledger)[0]).to.include({ status: 'paid', payer: 'water' });
    const reviewed = () => outcome(ledger.act([review], ['audit/ann']));
    expect([reviewed(), reviewed()]).to.deep.equal(['ok', 'RISK_HIT_CLOSED']);
  });

  it('given a ceiling of a month, then what was paid before counts', () => {
    const ledger = guarded(rule('monthly', 'period', { ...LIMIT, months: 'month' }));

    expect(pay(ledger, 600)).to.equal('paid');
    expect(pay(ledger, 400)).to.equal('paid');
    expect(pay(ledger, 1)).to.equal('held');
    ledger.wait(31 * DAY_MS);
    expect(pay(ledger, 1000)).to.equal('paid');
  });

  it('given payments just under a ceiling, then the third in a week is one too many', () => {
    const measures = { ...LIMIT, percent: 90, count: 3, days: 7 };
    const ledger = guarded(rule('split', 'splitting', measures));

    expect(pay(ledger, 950)).to.equal('paid');
    expect(pay(ledger, 899)).to.equal('paid');
    expect(pay(ledger, 1000)).to.equal('paid');
    expect(pay(ledger, 900)).to.equal('held');
    expect(hits(ledger)[0]?.cites).to.have.length(2);
    ledger.wait(7 * DAY_MS);
    expect(pay(ledger, 900)).to.equal('paid');
  });

  it('given the same number, amount and payee in another fund, then it is a duplicate', () => {
    const ledger = guarded(rule('twice', 'duplicate'));
    expect(pay(ledger, 100, { payment: 'inv-1' })).to.equal('paid');
    const fund = 'water-2027';
    const of = { fund, amount: gbp(500) };
    carryOut(ledger, appropriate(of), allocate({ ...of, parent: fund }), commit(of));

    expect(pay(ledger, 100, { payment: 'inv-1', fund })).to.equal('held');
    expect(hits(ledger)[0]?.cites).to.deep.equal([`treasury.payment/${FUND}/inv-1`]);
    expect(pay(ledger, 101, { payment: 'inv-1', fund })).to.equal('paid');
    expect(pay(ledger, 100, { payment: 'inv-2', fund })).to.equal('paid');
  });

  it('given recorded money, when the number is paid again with a source, then it is a duplicate', () => {
    const ledger = guarded(rule('twice', 'duplicate'));
    const source = { publisher: 'water', dataset: 'spend', number: '7', occurrence: 1 };
    expect(pay(ledger, 100, { payment: 'inv-1' })).to.equal('paid');
    const fund = 'water-2027';
    const of = { fund, amount: gbp(500) };
    carryOut(ledger, appropriate(of), allocate({ ...of, parent: fund }), commit(of));

    expect(pay(ledger, 100, { payment: 'inv-1', fund, source })).to.equal('held');
    expect(hits(ledger)[0]?.cites).to.deep.equal([`treasury.payment/${FUND}/inv-1`]);
  });

  it('given reconstructed money, when two lines have one number, then the second is a duplicate', () => {
    const ledger = guarded(rule('twice', 'duplicate'));
    const fund = 'water-past';
    const past = { fund, ...RECONSTRUCTED, amount: gbp(500) };
    carryOut(ledger, appropriate(past), commit({ ...past, allocation: fund }));
    const line = (number: string, occurrence: number): CallArguments => ({
      fund,
      source: { publisher: 'water', dataset: 'spend', number, occurrence },
    });

    expect(pay(ledger, 1, line('3', 1))).to.equal('paid');
    expect(pay(ledger, 1, line('4', 1))).to.equal('paid');
    expect(pay(ledger, 1, line('3', 2))).to.equal('held');
  });

  it('given recorded money, when a payment names a source, then it still counts for the day it is made', () => {
    const ledger = guarded(rule('fast', 'velocity', { count: 2, days: 1 }));
    const past = (number: string): CallArguments => ({
      date: `2026-0${number}-01`,
      source: { publisher: 'water', dataset: 'spend', number, occurrence: 1 },
    });

    expect(pay(ledger, 1, past('3'))).to.equal('paid');
    expect(pay(ledger, 1, past('6'))).to.equal('held');
  });

  it('given reconstructed money, when lines of a publication are imported, then each counts for its own day', () => {
    const ledger = guarded(rule('fast', 'velocity', { count: 2, days: 1 }));
    const fund = 'water-past';
    const past = { fund, ...RECONSTRUCTED, amount: gbp(500) };
    carryOut(ledger, appropriate(past), commit({ ...past, allocation: fund }));
    const line = (number: string): CallArguments => ({
      fund,
      date: `2026-0${number}-01`,
      source: { publisher: 'water', dataset: 'spend', number, occurrence: 1 },
    });

    expect(pay(ledger, 1, line('3'))).to.equal('paid');
    expect(pay(ledger, 1, line('6'))).to.equal('paid');
    expect(pay(ledger, 1, { ...line('7'), date: '2026-06-01' })).to.equal('held');
  });

  it('given a payee that two analysts blacklisted, then it is held until the day named', () => {
    const ledger = guarded(rule('black', 'listed'));
    const input = { payee: 'organisation:pump-works', legalBasis: 'Act 7', until: '2026-01-31' };
    const list: Call = { contract: 'risk', action: 'list', args: { ...input, reason } };
    expect(outcome(ledger.act([list], ['audit/ann']))).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(outcome(ledger.act([list], ANALYSTS))).to.equal('ok');

    expect(pay(ledger, 1)).to.equal('held');
    ledger.wait(40 * DAY_MS);
    expect(pay(ledger, 1)).to.equal('paid');
    expect(outcome(ledger.act([list], ANALYSTS))).to.equal('RISK_DATE_PAST');
  });

  it('given the longest name of slashes, then what the hit rests on can be read', () => {
    const ledger = guarded(rule('black', 'listed'));
    const name = '/'.repeat(199);
    const input = { payee: `name:${name}`, legalBasis: 'Act 7', until: '2026-12-31', reason };
    const list: Call = { contract: 'risk', action: 'list', args: input };
    expect(outcome(ledger.act([list], ANALYSTS))).to.equal('ok');
    carryOut(
      ledger,
      call('returnCommitment', { fund: FUND, commitment: 'pumps', amount: gbp(10) }),
    );
    const set = { payee: { name }, commitment: 'odd', amount: gbp(10) };
    expect(outcome(ledger.act([commit(set)], [BUDGETER]))).to.equal('ok');

    expect(pay(ledger, 5, { commitment: 'odd' })).to.equal('held');
    const [cited = ''] = hits(ledger)[0]?.cites ?? [];
    expect(readCitation(cited)?.key).to.deep.equal([`name:${name}`]);
  });

  it('given a related party, then its payment is held', () => {
    const ledger = guarded(rule('kin', 'related'));
    const args = {
      organisation: 'water',
      payee: 'organisation:pump-works',
      relation: 'One owner.',
    };
    const relate: Call = { contract: 'risk', action: 'relate', args: { ...args, reason } };
    expect(outcome(ledger.act([relate], ['audit/ann']))).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(outcome(ledger.act([relate], ANALYSTS))).to.equal('ok');
    const wrong = { ...relate, args: { ...relate.args, payee: 'pump-works' } };
    expect(outcome(ledger.act([wrong], ANALYSTS))).to.equal('RISK_PAYEE_MALFORMED');

    expect(pay(ledger, 1)).to.equal('held');
    expect(hits(ledger)[0]?.found).to.equal('One owner.');
  });

  it('given a related party that two analysts withdraw, then its payments pass again', () => {
    const ledger = guarded(rule('kin', 'related'));
    const pair = { organisation: 'water', payee: 'organisation:pump-works', reason };
    const args = { ...pair, relation: 'One owner.' };
    const unrelate: Call = { contract: 'risk', action: 'unrelate', args: pair };
    expect(outcome(ledger.act([unrelate], ANALYSTS))).to.equal('RISK_NOT_RELATED');
    const relate: Call = { contract: 'risk', action: 'relate', args };
    expect(outcome(ledger.act([relate], ANALYSTS))).to.equal('ok');

    expect(outcome(ledger.act([unrelate], ['audit/ann']))).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(outcome(ledger.act([unrelate], ANALYSTS))).to.equal('ok');
    expect(outcome(ledger.act([unrelate], ANALYSTS))).to.equal('RISK_NOT_RELATED');

    expect(pay(ledger, 1)).to.equal('paid');
    expect(ledger.rows(risk, 'relation')[0]).to.include({ status: 'withdrawn' });
    expect(outcome(ledger.act([relate], ANALYSTS))).to.equal('ok');
    expect(pay(ledger, 1)).to.equal('held');
  });

  it('given three payments in a day where two are many, then the second is held', () => {
    const ledger = guarded(rule('fast', 'velocity', { count: 2, days: 1 }));

    expect(pay(ledger, 1)).to.equal('paid');
    expect(pay(ledger, 1)).to.equal('held');
    ledger.wait(DAY_MS);
    expect(pay(ledger, 1)).to.equal('paid');
  });

  it('given more payments than any list would hold, then all of a long window count', () => {
    const ledger = guarded(rule('fast', 'velocity', { count: 46, days: 90 }));
    const paid = Array.from({ length: 45 }, () => {
      ledger.wait(DAY_MS);
      return pay(ledger, 1);
    });

    expect(new Set(paid)).to.deep.equal(new Set(['paid']));
    expect(pay(ledger, 1)).to.equal('held');
    expect(hits(ledger)[0]).to.include({ found: '46 payments in 90 days' });
    expect(hits(ledger)[0]?.cites).to.have.length(16);
    expect(setRule(ledger, rule('slow', 'velocity', { count: 2, days: 367 }))).to.equal('failed');
  });

  it('given two spellings of one name, then the blacklist and the counts mean both', () => {
    const ledger = guarded(
      rule('black', 'listed'),
      rule('fast', 'velocity', { count: 2, days: 1 }),
    );
    const spelled = (name: string, commitment: string): void => {
      const back = { fund: FUND, commitment: 'pumps', amount: gbp(10) };
      carryOut(ledger, call('returnCommitment', back));
      const set = { payee: { name }, commitment, amount: gbp(10) };
      expect(outcome(ledger.act([commit(set)], [BUDGETER]))).to.equal('ok');
    };
    spelled('Tar & Sons Ltd', 'one');
    spelled('TAR AND SONS LIMITED', 'two');

    expect(pay(ledger, 5, { commitment: 'one' })).to.equal('paid');
    expect(pay(ledger, 5, { commitment: 'two' })).to.equal('held');
    expect(hits(ledger)[0]).to.include({ rule: 'fast', payee: 'name:TAR AND SONS LIMITED' });
    const args = { payee: 'name:Tar and Sons', legalBasis: 'Act 7', until: '2026-12-31', reason };
    const list: Call = { contract: 'risk', action: 'list', args };
    expect(outcome(ledger.act([list], ANALYSTS))).to.equal('ok');
    ledger.wait(DAY_MS);
    expect(pay(ledger, 4, { commitment: 'one' })).to.equal('held');
    expect(hits(ledger).map((hit) => hit.rule)).to.include('black');
  });

  it('given an organisation beside a blacklisted name, or another name beside it, then it is held', () => {
    const ledger = guarded(rule('black', 'listed'), rule('kin', 'related'));
    const named = (payee: CallArguments, commitment: string): void => {
      const back = { fund: FUND, commitment: 'pumps', amount: gbp(10) };
      carryOut(ledger, call('returnCommitment', back));
      const set = { payee, commitment, amount: gbp(10) };
      expect(outcome(ledger.act([commit(set)], [BUDGETER]))).to.equal('ok');
    };
    const key = new Uint8Array(32).fill(5);
    const more = { legalBasis: 'Act 7', until: '2026-12-31', reason };
    const list = (payee: string): void => {
      const each: Call = { contract: 'risk', action: 'list', args: { payee, ...more } };
      expect(outcome(ledger.act([each], ANALYSTS))).to.equal('ok');
    };
    named({ name: 'Tar & Sons Ltd', organisation: 'other' }, 'beside');
    named({ name: 'Harmless', organisation: 'pump-works' }, 'masked');
    named({ name: 'Pump-Works Ltd' }, 'bare');
    named({ name: 'Nobody', key }, 'keyed');
    for (const commitment of ['beside', 'masked', 'bare', 'keyed']) {
      expect(pay(ledger, 1, { commitment }), commitment).to.equal('paid');
    }
    list('name:TAR AND SONS');
    list('organisation:pump-works');
    list(`key:${'05'.repeat(32)}`);

    for (const commitment of ['beside', 'masked', 'bare', 'keyed']) {
      expect(pay(ledger, 1, { commitment }), commitment).to.equal('held');
    }
    const found = hits(ledger).map(({ payee, found: what }) => `${payee} ${what.split(':')[0]}`);
    expect(found).to.have.members([
      'organisation:other name',
      'organisation:pump-works listed until 2026-12-31',
      'name:Pump-Works Ltd listed until 2026-12-31',
      'name:Nobody key',
    ]);
    const off = { payee: 'organisation:pump-works', reason };
    const unlist: Call = { contract: 'risk', action: 'unlist', args: off };
    expect(outcome(ledger.act([unlist], ANALYSTS))).to.equal('ok');
    expect(pay(ledger, 1, { commitment: 'masked' })).to.equal('paid');
    expect(pay(ledger, 1, { commitment: 'bare' })).to.equal('paid');
  });

  it('given payments by a name, and by it beside an organisation, then counts and totals mean both', () => {
    const ledger = guarded(
      rule('monthly', 'period', { ...LIMIT, months: 'month' }),
      rule('fast', 'velocity', { count: 3, days: 1 }),
      rule('split', 'splitting', { ...LIMIT, percent: 90, count: 2, days: 7 }),
    );
    const payees = [{ name: 'Tar', organisation: 'other' }, { name: 'TAR Ltd' }, { name: 'Grit' }];
    for (const [index, payee] of payees.entries()) {
      carryOut(
        ledger,
        call('returnCommitment', { fund: FUND, commitment: 'pumps', amount: gbp(2000) }),
        commit({ payee, commitment: `c-${index}`, amount: gbp(2000) }),
      );
    }

    expect(pay(ledger, 950, { commitment: 'c-0' })).to.equal('paid');
    expect(pay(ledger, 950, { commitment: 'c-2' })).to.equal('paid');
    expect(pay(ledger, 950, { commitment: 'c-1' })).to.equal('held');
    expect(hits(ledger).map((hit) => hit.rule)).to.have.members(['monthly', 'split']);
    expect(pay(ledger, 10, { commitment: 'c-1' })).to.equal('paid');
    expect(pay(ledger, 10, { commitment: 'c-1' })).to.equal('held');
    expect(hits(ledger).map((hit) => hit.rule)).to.include('fast');
  });

  it('given money that the payee paid to the payer before, then it is a round trip', () => {
    const ledger = guarded(rule('circle', 'roundTrip', { days: 30 }));
    expect(pay(ledger, 1)).to.equal('paid');
    const fund = 'back-2026';
    const payee = { name: 'Water', organisation: 'water' };
    const named = { fund, holder: 'other', amount: gbp(50) };
    const act = (each: Call, ...who: string[]) =>
      expect(outcome(ledger.act([each], who))).to.equal('ok');
    act(appropriate(named), GRANTOR, 'other/eve');
    act(
      commit({ fund, allocation: fund, amount: gbp(50), payee, purposes: ['water'] }),
      'other/eve',
    );

    const eve = { fund, payment: 'x', amount: gbp(5) };
    const back = ledger.act([disburse(eve)], ['other/eve', CONTROLLER]);
    expect(outcome(back)).to.equal('ok');
    expect(hits(ledger)).to.deep.equal([]);
    // Water pays the one who paid it.
    const set = { payee: { name: 'Other', organisation: 'other' }, commitment: 'again' };
    carryOut(
      ledger,
      call('returnCommitment', { fund: FUND, commitment: 'pumps', amount: gbp(10) }),
    );
    act(commit({ ...set, amount: gbp(10) }), BUDGETER);

    expect(pay(ledger, 5, { commitment: 'again' })).to.equal('held');
    expect(hits(ledger)[0]?.cites).to.deep.equal([`treasury.payment/${fund}/x`]);
  });

  it('given a payee silent for a year, then waking it up is found', () => {
    const ledger = guarded(rule('asleep', 'dormant', { days: 200 }));
    expect(pay(ledger, 1)).to.equal('paid');
    ledger.wait(201 * DAY_MS);

    expect(pay(ledger, 1)).to.equal('held');
    expect(hits(ledger)[0]?.found).to.equal('silent for 201 days');
  });

  it('given a rule of one fund, then payments of others are none of its business', () => {
    const ledger = guarded(rule('top', 'payment', { ...LIMIT, fund: 'other-fund' }));

    expect(pay(ledger, 5000)).to.equal('paid');
  });
});

describe('risk: since when a rule counts', () => {
  it('given a rule that was added later, then rule and hit say from which day on it counts', () => {
    const ledger = guarded(rule('fast', 'velocity', FAST));
    ledger.wait(5 * DAY_MS);
    const [first, second] = ['2026-01-01', '2026-01-06'];
    const split = { ...LIMIT, percent: 90, count: 2, days: 30 };
    for (const [name, more] of [
      ['split', {}],
      ['again', { days: 60 }],
      ['other', { percent: 80 }],
    ] as const) {
      if (name === 'other') ledger.wait(DAY_MS);
      setRule(ledger, rule(name, 'splitting', { ...split, ...more }));
    }
    setRule(ledger, rule('top', 'payment', LIMIT));
    pay(ledger, 950);
    pay(ledger, 950);

    const [{ rules = [], since } = {}] = ledger.rows(risk, 'rulebook');
    const days = Object.fromEntries(rules.map((row) => [row.rule, row.since]));
    expect(since).to.equal(first);
    expect(days).to.include({ fast: first, split: second, again: second, top: undefined });
    expect(days.other).not.to.be.oneOf([second, undefined]);
    const found = Object.fromEntries(hits(ledger).map((hit) => [hit.rule, hit.since]));
    expect(found).to.include({ fast: first, split: second, again: second, other: days.other });
  });
});
