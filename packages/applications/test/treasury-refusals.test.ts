/** The treasury: every refusal with its code, and that a refused transaction leaves no trace. */
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { treasury } from '../src/treasury.ts';
import { keyOf, outcome } from './ledger.ts';
import {
  acknowledge,
  allocate,
  appropriate,
  CONTROLLER,
  call,
  carryOut,
  commit,
  credit,
  disburse,
  FUND,
  gbp,
  PAYEE,
  PAYER,
  paidLedger,
  SIGNERS,
  STRANGER,
} from './treasury-scene.ts';

describe('treasury: refusals', () => {
  interface Refusal {
    readonly title: string;
    readonly call: Call;
    readonly code: string;
    readonly signers?: readonly string[];
  }
  const without = ({ action, args }: Call, name: string): Call => {
    const { [name]: _, ...rest } = args;
    return call(action, rest);
  };
  const reason = 'More was needed.';
  const usd = { minor: 1n, currency: 'USD' };
  const on = (action: string, change: CallArguments): Call =>
    call(action, { fund: FUND, amount: gbp(1), ...change });
  const correction = (change: CallArguments = {}): Call =>
    call('correct', {
      fund: FUND,
      payment: 'inv-1',
      date: '2026-03-02',
      purpose: 'water/irrigation',
      description: 'Pumps',
      reason,
      ...change,
    });

  const refusals: readonly Refusal[] = [
    { title: 'a fund that exists', call: appropriate(), code: 'TREASURY_FUND_EXISTS' },
    {
      title: 'a holder that the directory does not know',
      call: appropriate({ fund: 'x-1', holder: 'nobody' }),
      code: 'CONTRACTS_REFERENCE_MISSING',
    },
    {
      title: 'a supplement to an unknown fund',
      call: on('supplement', { fund: 'none', reason }),
      code: 'TREASURY_FUND_UNKNOWN',
    },
    {
      title: 'a supplement in another currency',
      call: on('supplement', { amount: usd, reason }),
      code: 'TREASURY_CURRENCY_DIFFERS',
    },
    {
      title: 'a supplement without reason',
      call: on('supplement', {}),
      code: 'CONTRACTS_FIELD_MISSING',
    },
    {
      title: 'more lapsing than is left',
      call: on('lapse', { amount: gbp(401) }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'an allocation that exists',
      call: allocate({ amount: gbp(1) }),
      code: 'TREASURY_ALLOCATION_EXISTS',
    },
    {
      title: 'an allocation named like the fund',
      call: allocate({ allocation: FUND, amount: gbp(1) }),
      code: 'TREASURY_ALLOCATION_EXISTS',
    },
    {
      title: 'an allocation out of an unknown one',
      call: allocate({ allocation: 'x-1', parent: 'none' }),
      code: 'TREASURY_ALLOCATION_UNKNOWN',
    },
    {
      title: 'an allocation out of an unknown fund',
      call: allocate({ fund: 'none', parent: 'none' }),
      code: 'TREASURY_FUND_UNKNOWN',
    },
    {
      title: 'an allocation of more than is left',
      call: allocate({ allocation: 'x-1', amount: gbp(401) }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'an allocation in another currency',
      call: allocate({ allocation: 'x-1', amount: usd }),
      code: 'TREASURY_CURRENCY_DIFFERS',
    },
    {
      title: 'an allocation for another purpose',
      call: allocate({ allocation: 'x-1', amount: gbp(1), purposes: ['cars'] }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'an allocation for the same letters but another purpose',
      call: allocate({ allocation: 'x-1', amount: gbp(1), purposes: ['waterfront'] }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'an allocation wider than the purposes above',
      call: allocate({
        parent: 'north',
        allocation: 'x-1',
        amount: gbp(1),
        purposes: ['water/wells', 'water'],
      }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'an allocation beyond the period',
      call: allocate({
        allocation: 'x-1',
        amount: gbp(1),
        period: { start: '2026-06-01', end: '2027-01-01' },
      }),
      code: 'TREASURY_OUTSIDE_PERIOD',
    },
    {
      title: 'an allocation by an officer of another organisation',
      call: allocate({ allocation: 'x-1', amount: gbp(1) }),
      signers: [STRANGER],
      code: 'TREASURY_NOT_HOLDER',
    },
    {
      title: 'an allocation by a paying officer',
      call: allocate({ allocation: 'x-1', amount: gbp(1) }),
      signers: [PAYER],
      code: 'CONTRACTS_NOT_ENTITLED',
    },
    {
      title: 'an increase of an unknown allocation',
      call: on('increaseAllocation', { allocation: 'none', reason }),
      code: 'TREASURY_ALLOCATION_UNKNOWN',
    },
    {
      title: 'an increase beyond what is left above',
      call: on('increaseAllocation', { allocation: 'north', amount: gbp(401), reason }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'a return of more than an allocation has left',
      call: on('returnAllocation', { allocation: 'north', amount: gbp(201) }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'a return by a stranger',
      call: on('returnAllocation', { allocation: 'north' }),
      signers: [STRANGER],
      code: 'TREASURY_NOT_HOLDER',
    },
    {
      title: 'a commitment that exists',
      call: commit({ amount: gbp(1) }),
      code: 'TREASURY_COMMITMENT_EXISTS',
    },
    {
      title: 'a commitment of more than is left',
      call: commit({ commitment: 'x-1', amount: gbp(201) }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'a commitment for a car out of irrigation money',
      call: commit({ commitment: 'x-1', amount: gbp(1), purposes: ['cars'] }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'a payee who is both organisation and person',
      call: commit({
        commitment: 'x-1',
        amount: gbp(1),
        payee: { name: 'X', person: keyOf('person') },
      }),
      code: 'TREASURY_PAYEE_UNCLEAR',
    },
    {
      title: 'a payee who is nobody',
      call: commit({ commitment: 'x-1', amount: gbp(1), payee: {} }),
      code: 'TREASURY_PAYEE_UNCLEAR',
    },
    {
      title: 'a payee whose organisation is not in the directory',
      call: commit({ commitment: 'x-1', payee: { name: 'X', organisation: 'nobody' } }),
      code: 'CONTRACTS_REFERENCE_MISSING',
    },
    {
      title: 'an increase of an unknown commitment',
      call: on('increaseCommitment', { commitment: 'none', reason }),
      code: 'TREASURY_COMMITMENT_UNKNOWN',
    },
    {
      title: 'a return of more than a commitment has left',
      call: on('returnCommitment', { commitment: 'pumps', amount: gbp(301) }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'a payment from an unknown commitment',
      call: disburse({ commitment: 'none', payment: 'x' }),
      code: 'TREASURY_COMMITMENT_UNKNOWN',
    },
    { title: 'a payment number again', call: disburse(), code: 'TREASURY_PAYMENT_EXISTS' },
    {
      title: 'a payment of more than is left',
      call: disburse({ payment: 'x', amount: gbp(301) }),
      code: 'TREASURY_NOT_ENOUGH',
    },
    {
      title: 'a payment of nothing',
      call: disburse({ payment: 'x', amount: gbp(0) }),
      code: 'CONTRACTS_FIELD_RANGE',
    },
    {
      title: 'a negative payment',
      call: disburse({ payment: 'x', amount: gbp(-1) }),
      code: 'CONTRACTS_FIELD_RANGE',
    },
    {
      title: 'a payment in another currency',
      call: disburse({ payment: 'x', amount: usd }),
      code: 'TREASURY_CURRENCY_DIFFERS',
    },
    {
      title: 'a car paid with irrigation money',
      call: disburse({ payment: 'x', purpose: 'cars' }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'a payment for the allocation’s other purpose',
      call: disburse({ payment: 'x', purpose: 'water/wells' }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'a payment after the period',
      call: disburse({ payment: 'x', date: '2027-01-01' }),
      code: 'TREASURY_OUTSIDE_PERIOD',
    },
    {
      title: 'a credit that names no payment',
      call: without(credit(), 'reverses'),
      code: 'TREASURY_CREDIT_UNLINKED',
    },
    {
      title: 'a credit for an unknown payment',
      call: credit({ reverses: 'none' }),
      code: 'TREASURY_PAYMENT_UNKNOWN',
    },
    {
      title: 'a credit of more than was paid',
      call: credit({ amount: gbp(101) }),
      code: 'TREASURY_CREDIT_TOO_HIGH',
    },
    {
      title: 'a credit before the period',
      call: credit({ date: '2025-12-31' }),
      code: 'TREASURY_OUTSIDE_PERIOD',
    },
    {
      title: 'a credit in another currency',
      call: credit({ amount: usd }),
      code: 'TREASURY_CURRENCY_DIFFERS',
    },
    {
      title: 'a credit for another purpose',
      call: credit({ purpose: 'cars' }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'an acknowledgement by somebody else',
      call: acknowledge(),
      signers: [STRANGER],
      code: 'TREASURY_NOT_PAYEE',
    },
    {
      title: 'an acknowledgement of an unknown payment',
      call: acknowledge('none'),
      code: 'TREASURY_PAYMENT_UNKNOWN',
    },
    {
      title: 'a correction out of the earmark',
      call: correction({ purpose: 'cars' }),
      code: 'TREASURY_OUTSIDE_PURPOSE',
    },
    {
      title: 'a correction out of the period',
      call: correction({ date: '2027-03-01' }),
      code: 'TREASURY_OUTSIDE_PERIOD',
    },
    {
      title: 'a correction without reason',
      call: without(correction(), 'reason'),
      code: 'CONTRACTS_FIELD_MISSING',
    },
    {
      title: 'a correction by one officer',
      call: correction(),
      signers: [PAYER],
      code: 'CONTRACTS_APPROVALS_MISSING',
    },
  ];
  const ledger = paidLedger();
  for (const { title, call: refused, code, signers } of refusals) {
    it(`given ${title}, when ${refused.action} is called, then it is refused as ${code}`, () => {
      const size = ledger.size();
      const executed = ledger.act([refused], signers ?? SIGNERS[refused.action] ?? []);

      expect(outcome(executed)).to.equal(code);
      expect(executed.result.writes).to.deep.equal([]);
      expect(ledger.size()).to.equal(size);
    });
  }

  it('given a credit, when somebody acknowledges it, then it is refused: nobody was paid', () => {
    const paid = paidLedger();
    carryOut(paid, credit());

    expect(outcome(paid.act([acknowledge('credit-1')], [PAYEE]))).to.equal(
      'TREASURY_NOT_DISBURSEMENT',
    );
    expect(
      outcome(paid.act([credit({ payment: 'c-2', reverses: 'credit-1' })], [PAYER, CONTROLLER])),
    ).to.equal('TREASURY_NOT_DISBURSEMENT');
  });

  it('given a payment of another commitment, when a credit names it, then it is refused', () => {
    const paid = paidLedger();
    carryOut(paid, commit({ commitment: 'other', amount: gbp(10) }));

    const executed = paid.act([credit({ commitment: 'other' })], [PAYER, CONTROLLER]);

    expect(outcome(executed)).to.equal('TREASURY_CREDIT_UNLINKED');
  });

  it('given two good calls and a bad one in one transaction, when executed, then none takes effect', () => {
    const paid = paidLedger();
    const before = paid.rows(treasury, 'commitment');

    const executed = paid.act(
      [disburse({ payment: 'a' }), disburse({ payment: 'b' }), disburse({ payment: 'a' })],
      [PAYER, CONTROLLER],
    );

    expect(outcome(executed)).to.equal('TREASURY_PAYMENT_EXISTS');
    expect(paid.rows(treasury, 'commitment')).to.deep.equal(before);
  });
});
