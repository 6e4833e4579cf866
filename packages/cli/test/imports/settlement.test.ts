import type { Outcome, Problem } from '@daybook/client';
import { asTransactionId } from '@daybook/core';
import type { ImportTotals, PlannedLine } from '@daybook/formats';
import { expect } from 'chai';
import type { RefusedEntry } from '../../src/imports/settlement.ts';
import { settleLine, withRefusals } from '../../src/imports/settlement.ts';

const id = asTransactionId(new Uint8Array(32));

function payment(action: 'disburse' | 'credit', minor: bigint): PlannedLine {
  return {
    file: '2019-06.csv',
    line: 7,
    target: { record: 'payment', fund: 'f', name: 'p', key: { fund: 'f', payment: 'p' } },
    call: { contract: 'treasury', action, args: { amount: { minor, currency: 'GBP' } } },
    signers: [],
    amount: action === 'credit' ? -minor : minor,
    currency: 'GBP',
  };
}

function refusal(code: string, errors?: Problem['errors']): Outcome {
  const problem = { status: 422, code, title: code, detail: 'why', remedy: 'what' };
  return { state: 'refused', id, problem: { ...problem, ...(errors && { errors }) } };
}

describe('cli: what became of imported lines', () => {
  it('given a refusal with a field, then place, field and reason are reported', () => {
    const errors = [{ pointer: '/calls/0/args/amount/minor', expected: 'less', found: 'more' }];

    const settled = settleLine(payment('disburse', 5n), refusal('TREASURY_NOT_ENOUGH', errors));

    expect((settled as RefusedEntry).line).to.deep.equal({
      file: '2019-06.csv',
      line: 7,
      field: 'amount',
      reason: 'TREASURY_NOT_ENOUGH',
      expected: 'less',
      found: 'more',
    });
  });

  it('given a payment that was there before, then it is neither added nor refused', () => {
    expect(settleLine(payment('disburse', 5n), refusal('TREASURY_PAYMENT_EXISTS'))).to.equal(
      'there',
    );
  });

  it('given no decision, then the line is reported with the code that says so', () => {
    const codes = [
      { state: 'pending', id, progress: 'received' },
      { state: 'expired', id },
      undefined,
    ].map(
      (outcome) =>
        (settleLine(payment('credit', 5n), outcome as Outcome) as RefusedEntry).line.reason,
    );

    expect(codes).to.deep.equal(['CLI_LINE_UNDECIDED', 'CLI_LINE_EXPIRED', 'CLI_LINE_UNDECIDED']);
  });

  it('given refused lines, then they move from one side of the totals to the other', () => {
    const total: ImportTotals = {
      currency: 'GBP',
      file: 100n,
      imported: 90n,
      refused: 10n,
      linesImported: 4,
      linesRefused: 1,
      linesWithoutAmount: 0,
      credits: 1,
      credited: 20n,
    };
    const refused = [payment('disburse', 30n), payment('credit', 20n)].map(
      (one) => settleLine(one, refusal('X_Y')) as RefusedEntry,
    );

    const [after] = withRefusals([total], refused);

    expect(after).to.deep.include({ file: 100n, imported: 80n, refused: 20n });
    expect(after).to.deep.include({ linesImported: 2, linesRefused: 3, credits: 0, credited: 0n });
  });
});
