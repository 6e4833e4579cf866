/** The treasury: money on its way down and on its way back, and who must sign for it. */
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { treasury } from '../src/treasury.ts';
import { outcome } from './ledger.ts';
import {
  acknowledge,
  allocate,
  appropriate,
  BUDGETER,
  CONTROLLER,
  call,
  carryOut,
  commit,
  credit,
  disburse,
  EVERYTHING,
  emptyLedger,
  FUND,
  GRANTOR,
  gbp,
  PAYER,
  paidLedger,
  RECONSTRUCTED,
  SIGNERS,
  STRANGER,
} from './treasury-scene.ts';

const row = (ledger: ReturnType<typeof emptyLedger>, record: 'allocation' | 'commitment') =>
  ledger.rows(treasury, record)[0];

describe('treasury: money on its way down', () => {
  it('given a grantor and a holder, when both sign, then the fund is open with all its money', () => {
    const ledger = emptyLedger();

    carryOut(ledger, appropriate());

    expect(ledger.rows(treasury, 'appropriation')).to.deep.equal([
      {
        fund: FUND,
        title: 'Water 2026',
        grantor: 'hm-treasury',
        holder: 'water',
        controller: 'hm-treasury',
        currency: 'GBP',
        period: { start: '2026-01-01', end: '2026-12-31' },
        spendBy: '2026-12-31',
        purposes: ['water'],
        basis: 'recorded',
        status: 'open',
        received: 1000n,
        allocated: 0n,
        committed: 0n,
        returned: 0n,
        left: 1000n,
      },
    ]);
  });

  it('given a fund, when money is allocated twice over and committed, then each level shows it', () => {
    const ledger = emptyLedger();

    carryOut(ledger, appropriate(), allocate(), commit());
    carryOut(
      ledger,
      allocate({
        parent: 'north',
        allocation: 'valley',
        amount: gbp(50),
        purposes: ['water/wells'],
      }),
    );

    expect(ledger.rows(treasury, 'appropriation')[0]).to.include({ allocated: 600n, left: 400n });
    expect(row(ledger, 'allocation')).to.include({
      received: 600n,
      allocated: 50n,
      committed: 400n,
      left: 150n,
      controller: 'hm-treasury',
      currency: 'GBP',
    });
    expect(row(ledger, 'commitment')).to.include({ received: 400n, left: 400n, spent: 0n });
  });

  it('given a commitment, when it is paid to the last penny, then its status says that it is empty', () => {
    const ledger = paidLedger();

    carryOut(ledger, disburse({ payment: 'inv-2', amount: gbp(300) }));

    expect(row(ledger, 'commitment')).to.include({ spent: 400n, left: 0n, status: 'empty' });
  });

  it('given a payment, when it is made, then it names payee, commitment, purpose and date', () => {
    const ledger = paidLedger();
    const [payment] = ledger.rows(treasury, 'payment');

    expect(payment).to.deep.equal({
      fund: FUND,
      payment: 'inv-1',
      commitment: 'pumps',
      kind: 'disbursement',
      amount: { currency: 'GBP', minor: 100n },
      date: '2026-03-01',
      payee: { name: 'Pump Works', organisation: 'pump-works' },
      purpose: 'water/irrigation/pumps',
      status: 'paid',
      recorded: ledger.now(),
      reversed: 0n,
    });
  });

  it('given a commitment straight out of the appropriation, when made, then the fund shows it', () => {
    const ledger = emptyLedger();

    carryOut(ledger, appropriate(), commit({ allocation: FUND }));

    expect(ledger.rows(treasury, 'appropriation')[0]).to.include({ committed: 400n, left: 600n });
  });

  it('given every action, when it succeeds, then one event tells of it', () => {
    const ledger = emptyLedger();
    const told = (each: Call): string[] =>
      ledger.act([each], SIGNERS[each.action] ?? []).result.events.map(({ name }) => name);

    const reason = 'More was needed.';
    expect(
      [
        appropriate(),
        call('supplement', { fund: FUND, amount: gbp(10), reason }),
        allocate(),
        call('increaseAllocation', { fund: FUND, allocation: 'north', amount: gbp(10), reason }),
        commit(),
        call('increaseCommitment', { fund: FUND, commitment: 'pumps', amount: gbp(10), reason }),
        disburse(),
        credit(),
        acknowledge(),
        call('correct', {
          fund: FUND,
          payment: 'inv-1',
          date: '2026-03-02',
          purpose: 'water/irrigation',
          description: 'Pumps',
          reason,
        }),
        call('returnCommitment', { fund: FUND, commitment: 'pumps', amount: gbp(1) }),
        call('returnAllocation', { fund: FUND, allocation: 'north', amount: gbp(1) }),
        call('lapse', { fund: FUND, amount: gbp(1) }),
      ].map((each) => told(each).find((name) => name !== 'acted')),
    ).to.deep.equal([
      'appropriated',
      'supplemented',
      'allocated',
      'allocated',
      'committed',
      'committed',
      'disbursed',
      'credited',
      'acknowledged',
      'corrected',
      'commitmentReturned',
      'allocationReturned',
      'lapsed',
    ]);
  });
});

describe('treasury: money on its way back', () => {
  it('given unused money, when it is returned level by level, then nothing is left anywhere', () => {
    const ledger = paidLedger();

    carryOut(
      ledger,
      call('returnCommitment', { fund: FUND, commitment: 'pumps', amount: gbp(300) }),
      call('returnAllocation', { fund: FUND, allocation: 'north', amount: gbp(500) }),
      call('lapse', { fund: FUND, amount: gbp(900) }),
    );

    const empty = { left: 0n, status: 'empty' };
    expect(row(ledger, 'commitment')).to.include({ ...empty, returned: 300n, spent: 100n });
    expect(row(ledger, 'allocation')).to.include({ ...empty, returned: 500n, committed: 100n });
    expect(ledger.rows(treasury, 'appropriation')[0]).to.include({
      ...empty,
      returned: 900n,
      allocated: 100n,
    });
  });

  it('given a payment, when part of it is credited, then that part can be spent again', () => {
    const ledger = paidLedger();

    carryOut(ledger, credit());

    expect(row(ledger, 'commitment')).to.include({ spent: 100n, credited: 30n, left: 330n });
    const payments = ledger.rows(treasury, 'payment').map(({ kind, reversed, status }) => ({
      kind,
      reversed,
      status,
    }));
    expect(payments).to.deep.equal([
      { kind: 'disbursement', reversed: 30n, status: 'paid' },
      { kind: 'credit', reversed: 0n, status: 'credited' },
    ]);
  });

  it('given a reconstructed commitment, when a credit comes first and names no payment, then it counts', () => {
    const ledger = emptyLedger();
    carryOut(
      ledger,
      appropriate(RECONSTRUCTED),
      allocate(RECONSTRUCTED),
      commit({ ...RECONSTRUCTED, amount: gbp(0) }),
    );
    expect(row(ledger, 'commitment')).to.include({ status: 'empty' });

    const { reverses: _, ...args } = credit().args;
    carryOut(ledger, call('credit', args));

    expect(row(ledger, 'commitment')).to.include({ spent: 0n, credited: 30n, left: 30n });
    expect(row(ledger, 'commitment')).to.include({ status: 'open' });
  });
});

describe('treasury: recorded money stays recorded', () => {
  it('given a recorded fund, when something reconstructed is taken out of it, then no credit makes money', () => {
    const ledger = emptyLedger();
    carryOut(ledger, appropriate(), allocate());

    for (const made of [
      commit({ ...RECONSTRUCTED, amount: gbp(0) }),
      commit({ ...RECONSTRUCTED, allocation: FUND, amount: gbp(0) }),
      allocate({ ...RECONSTRUCTED, allocation: 'south', amount: gbp(0) }),
      allocate({ ...RECONSTRUCTED, parent: 'north', allocation: 'valley', amount: gbp(0) }),
    ]) {
      const { failure } = ledger.act([made], [BUDGETER]);
      expect(failure?.code).to.equal('TREASURY_ABOVE_RECORDED');
      const above = made.args.parent ?? made.args.allocation;
      expect(failure?.facts).to.deep.equal({ above });
    }
  });

  it('given a reconstructed fund, when a part of it is recorded, then that holds from there down', () => {
    const ledger = emptyLedger();
    const source = { publisher: 'water', dataset: 'spend', number: '1', occurrence: 1 };
    carryOut(ledger, appropriate(RECONSTRUCTED), allocate(), commit());

    const wider = commit({ ...RECONSTRUCTED, commitment: 'x-1', amount: gbp(0) });
    expect(outcome(ledger.act([wider], [BUDGETER]))).to.equal('TREASURY_ABOVE_RECORDED');
    carryOut(ledger, disburse({ source }));
    expect(ledger.rows(treasury, 'payment')[0]).to.include({ recorded: ledger.now() });
  });
});

describe('treasury: four eyes', () => {
  const pay = (change: CallArguments = {}): Call => disburse({ payment: 'inv-2', ...change });

  it('given one officer alone, when money is paid, then it is refused', () => {
    const ledger = paidLedger();

    expect(outcome(ledger.act([pay()], [PAYER]))).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(outcome(ledger.act([pay()], [CONTROLLER]))).to.equal('CONTRACTS_APPROVALS_MISSING');
  });

  it('given one officer who holds both roles, when alone, then the same eyes do not count twice', () => {
    const ledger = paidLedger();

    expect(outcome(ledger.act([pay()], [EVERYTHING]))).to.equal('CONTRACTS_APPROVALS_MISSING');
  });

  it('given two officers of the holder, when the controller is another organisation, then it is refused', () => {
    const ledger = paidLedger();

    expect(outcome(ledger.act([pay()], [PAYER, EVERYTHING]))).to.equal('TREASURY_FOUR_EYES');
  });

  it('given two officers of strangers, when they sign, then it is refused', () => {
    const ledger = paidLedger();

    expect(outcome(ledger.act([pay()], [STRANGER, CONTROLLER]))).to.equal('TREASURY_FOUR_EYES');
    expect(outcome(ledger.act([pay()], [STRANGER, PAYER]))).to.equal('TREASURY_FOUR_EYES');
  });

  it('given a fund whose controller is the holder itself, then it neither commits nor pays', () => {
    const ledger = emptyLedger();
    carryOut(ledger, appropriate({ controller: 'water' }), allocate());
    const source = { publisher: 'water', dataset: 'spend', number: '1', occurrence: 1 };

    for (const change of [{}, { source }]) {
      const code = outcome(ledger.act([commit(change)], [BUDGETER]));
      expect(code).to.equal('TREASURY_OWN_CONTROLLER');
    }
    const reconstructed = { fund: 'water-past', ...RECONSTRUCTED };
    carryOut(ledger, appropriate({ ...reconstructed, controller: 'water' }));
    const out = { ...reconstructed, allocation: 'water-past', source };
    expect(outcome(ledger.act([commit(out)], [BUDGETER]))).to.equal('ok');
    const today = pay({ fund: 'water-past' });
    expect(outcome(ledger.act([today], [PAYER, EVERYTHING]))).to.equal('TREASURY_OWN_CONTROLLER');
  });

  it('given recorded money, when a payment names a source, then two organisations still sign and the time is kept', () => {
    const ledger = emptyLedger();
    const source = { publisher: 'water', dataset: 'spend', number: '1', occurrence: 1 };
    carryOut(ledger, appropriate(), allocate(), commit());

    const own = ledger.act([pay({ source })], [PAYER, EVERYTHING]);
    expect(outcome(own)).to.equal('TREASURY_FOUR_EYES');
    expect(outcome(ledger.act([pay({ source })], [PAYER, CONTROLLER]))).to.equal('ok');
    const recorded = ledger.now();
    const again = { payment: 'c', reverses: 'inv-2', source: { ...source, number: '2' } };
    carryOut(ledger, credit(again));

    const [paid, credited] = ledger.rows(treasury, 'payment');
    expect(paid).to.deep.include({ payment: 'inv-2', recorded, source });
    expect(credited).to.deep.include({ payment: 'c', recorded: ledger.now() });
  });

  it('given what was paid elsewhere by the holder alone, when imported, then it is kept as it was', () => {
    const ledger = emptyLedger();
    const source = { publisher: 'water', dataset: 'spend', number: '1', occurrence: 1 };
    carryOut(
      ledger,
      appropriate({ ...RECONSTRUCTED, controller: 'water' }),
      allocate(RECONSTRUCTED),
      commit({ ...RECONSTRUCTED, source }),
    );
    const line = { source: { ...source, number: '2' } };

    expect(outcome(ledger.act([pay(line)], [PAYER, EVERYTHING]))).to.equal('ok');
    expect(ledger.rows(treasury, 'payment')[0]).to.not.have.property('recorded');
  });

  it('given the officers in the other order, when they sign, then it is paid', () => {
    const ledger = paidLedger();

    expect(outcome(ledger.act([pay()], [CONTROLLER, PAYER]))).to.equal('ok');
  });

  it('given an appropriation, when the grantor signs alone or with a stranger, then it is refused', () => {
    const ledger = emptyLedger();

    expect(outcome(ledger.act([appropriate()], [GRANTOR]))).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(outcome(ledger.act([appropriate()], [GRANTOR, STRANGER]))).to.equal(
      'TREASURY_FOUR_EYES',
    );
    expect(outcome(ledger.act([appropriate()], [BUDGETER]))).to.equal(
      'CONTRACTS_APPROVALS_MISSING',
    );
  });

  it('given an allocation to another organisation, when it pays, then its own officer must sign', () => {
    const ledger = emptyLedger();
    carryOut(ledger, appropriate(), allocate({ holder: 'county' }));

    expect(outcome(ledger.act([commit()], [BUDGETER]))).to.equal('TREASURY_NOT_HOLDER');
    expect(outcome(ledger.act([commit()], ['county/cy']))).to.equal('ok');
    expect(outcome(ledger.act([pay()], [PAYER, CONTROLLER]))).to.equal('TREASURY_FOUR_EYES');
    expect(outcome(ledger.act([pay()], ['county/cy', CONTROLLER]))).to.equal('ok');
  });
});
