/** The treasury: what becomes of a payment, and what is overdue. */
import type { JsonValue } from '@daybook/contracts';
import { createEngine, overdueOf, toJson } from '@daybook/contracts';
import { expect } from 'chai';
import { directory } from '../src/directory.ts';
import { treasury } from '../src/treasury.ts';
import { keyOf, outcome } from './ledger.ts';
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
  emptyLedger,
  FUND,
  GRANTOR,
  gbp,
  PAYEE,
  PAYER,
  paidLedger,
  STRANGER,
} from './treasury-scene.ts';

describe('treasury: acknowledgement', () => {
  it('given the payee’s organisation, when its officer signs, then the payment is acknowledged once', () => {
    const ledger = paidLedger();

    carryOut(ledger, acknowledge());

    expect(ledger.rows(treasury, 'payment')[0]?.status).to.equal('acknowledged');
    expect(outcome(ledger.act([acknowledge()], [PAYEE]))).to.equal('TREASURY_ALREADY_ACKNOWLEDGED');
  });

  it('given a person with a blinded identifier and a key, when the key signs, then it is acknowledged', () => {
    const ledger = emptyLedger();
    const payee = { person: keyOf('blinded'), key: keyOf('key:farmer') };
    carryOut(ledger, appropriate(), allocate(), commit({ payee }), disburse());

    expect(outcome(ledger.act([acknowledge()], ['key:somebody']))).to.equal('TREASURY_NOT_PAYEE');
    expect(outcome(ledger.act([acknowledge()], ['key:farmer']))).to.equal('ok');
  });

  it('given a payee known by name only, when anybody signs, then nobody can acknowledge', () => {
    const ledger = emptyLedger();
    carryOut(ledger, appropriate(), allocate(), commit({ payee: { name: 'X' } }), disburse());

    expect(outcome(ledger.act([acknowledge()], [PAYEE]))).to.equal('TREASURY_NOT_PAYEE');
  });
});

describe('treasury: correction', () => {
  it('given a wrong purpose, when two officers correct it, then only purpose, date and text change', () => {
    const ledger = paidLedger();
    const [before] = ledger.rows(treasury, 'payment');

    carryOut(
      ledger,
      call('correct', {
        fund: FUND,
        payment: 'inv-1',
        date: '2026-03-05',
        purpose: 'water/irrigation/pipes',
        description: 'Pipes, not pumps',
        reason: 'The invoice was read wrongly.',
      }),
    );

    expect(ledger.rows(treasury, 'payment')).to.deep.equal([
      {
        ...before,
        date: '2026-03-05',
        purpose: 'water/irrigation/pipes',
        description: 'Pipes, not pumps',
      },
    ]);
  });
});

describe('treasury: correction of a credit', () => {
  const late = { date: '2027-02-01', description: 'Came back late', reason: 'A wrong day.' };
  const corrected = (change: object) =>
    call('correct', {
      ...{ fund: FUND, payment: 'credit-1', purpose: 'water/irrigation/pipes' },
      ...late,
      ...change,
    });

  it('given money that came back after the period, then the credit is corrected like others', () => {
    const ledger = paidLedger();
    carryOut(ledger, credit({ date: '2027-01-15' }), corrected({}));

    const row = ledger.rows(treasury, 'payment').find(({ payment }) => payment === 'credit-1');
    expect(row).to.include({ date: '2027-02-01', purpose: 'water/irrigation/pipes' });
  });

  it('given a day before the period, then it is refused for a credit, too', () => {
    const ledger = paidLedger();
    carryOut(ledger, credit({ date: '2027-01-15' }));

    const refused = ledger.act([corrected({ date: '2025-12-31' })], [PAYER, CONTROLLER]);

    expect(outcome(refused)).to.equal('TREASURY_OUTSIDE_PERIOD');
  });
});

describe('treasury: import identity', () => {
  const source = { publisher: 'water', dataset: 'spend/2026-03', number: '4711', occurrence: 1 };

  it('given a line that was imported, when it comes again as another payment, then it is refused', () => {
    const ledger = paidLedger();
    carryOut(ledger, disburse({ payment: 'a', source }));

    const again = disburse({ payment: 'b', source });

    expect(outcome(ledger.act([again], [PAYER, CONTROLLER]))).to.equal('TREASURY_ALREADY_IMPORTED');
  });

  it('given a line that was imported, when it comes again in another fund, then it is refused', () => {
    const ledger = paidLedger();
    const other = { fund: 'water-2027' };
    carryOut(ledger, disburse({ payment: 'a', source }));
    carryOut(
      ledger,
      appropriate(other),
      allocate({ ...other, parent: 'water-2027' }),
      commit(other),
    );

    const again = disburse({ ...other, payment: 'a', source });

    expect(outcome(ledger.act([again], [PAYER, CONTROLLER]))).to.equal('TREASURY_ALREADY_IMPORTED');
  });

  it('given a line of a publisher that the fund was not appropriated for, then it is refused', () => {
    const ledger = paidLedger();
    const foreign = { ...source, publisher: 'hm-treasury' };
    const lines = [
      [disburse({ payment: 'a', source: foreign }), PAYER, CONTROLLER],
      [commit({ commitment: 'more', source: foreign }), BUDGETER],
      [allocate({ allocation: 'more', source: foreign }), BUDGETER],
    ] as const;

    for (const [call, ...signers] of lines) {
      const { failure } = ledger.act([call], signers);
      expect(failure?.code, call.action).to.equal('TREASURY_PUBLISHER_OTHER');
      expect(failure?.facts).to.include({ publisher: 'hm-treasury', holder: 'water', named: '-' });
    }
    expect(ledger.rows(treasury, 'source')).to.have.length(0);
  });

  it('given a fund that was appropriated for a publisher, then its lines are imported there', () => {
    const ledger = paidLedger();
    const fund = { fund: 'dfid-2026' };
    carryOut(
      ledger,
      appropriate({ ...fund, publisher: 'dfid' }),
      allocate({ ...fund, parent: 'dfid-2026' }),
      commit(fund),
      disburse({ ...fund, payment: 'a', source: { ...source, publisher: 'dfid' } }),
    );

    const [kept] = ledger.rows(treasury, 'source');
    expect(kept).to.include({ publisher: 'dfid', fund: 'dfid-2026' });
  });

  it('given a publisher that is an organisation, when a fund names it, then it agrees itself', () => {
    const ledger = emptyLedger();
    const named = appropriate({ publisher: 'other' });

    const alone = ledger.act([named], [GRANTOR, BUDGETER]);
    expect(alone.failure?.code).to.equal('TREASURY_PUBLISHER_SILENT');
    expect(alone.failure?.facts).to.include({ publisher: 'other', holder: 'water' });

    expect(outcome(ledger.act([named], [GRANTOR, BUDGETER, STRANGER]))).to.equal('ok');
    const own = appropriate({ fund: 'own-2026', publisher: 'water' });
    expect(outcome(ledger.act([own], [GRANTOR, BUDGETER]))).to.equal('ok');
  });

  it('given the next occurrence of the number, when it comes, then it is another payment', () => {
    const ledger = paidLedger();
    carryOut(ledger, disburse({ payment: 'a', source }));

    carryOut(ledger, disburse({ payment: 'b', source: { ...source, occurrence: 2 } }));

    expect(ledger.rows(treasury, 'source')).to.have.length(2);
  });

  it('given a refused payment, when the line comes again in order, then its identity was not used up', () => {
    const ledger = paidLedger();
    const refused = disburse({ payment: 'a', source, amount: gbp(1_000_000) });

    expect(outcome(ledger.act([refused], [PAYER, CONTROLLER]))).to.equal('TREASURY_NOT_ENOUGH');

    carryOut(ledger, disburse({ payment: 'a', source }));
  });
});

describe('treasury: deadlines', () => {
  const manifest = createEngine([directory, treasury]).manifest();
  const { records } = manifest.contracts.find(({ name }) => name === 'treasury') ?? {};
  const overdue = (
    record: 'appropriation' | 'allocation' | 'commitment' | 'payment',
    row: object | undefined,
    today: string,
  ): readonly string[] => {
    const described = records?.[record];
    const values = new Map(Object.entries(row ?? {}));
    const json = Object.entries(described?.fields ?? {}).flatMap(
      ([name, spec]): [string, JsonValue][] =>
        values.has(name) ? [[name, toJson(spec, values.get(name))]] : [],
    );
    return described === undefined
      ? ['no such record']
      : overdueOf(described, Object.fromEntries(json), {
          today,
          instant: `${today}T00:00:00.000Z`,
        });
  };

  it('given money left after its period, when the day has passed, then it is overdue on each level', () => {
    const ledger = paidLedger();

    for (const record of ['appropriation', 'allocation', 'commitment'] as const) {
      const [row] = ledger.rows(treasury, record);
      expect(overdue(record, row, '2026-12-31'), record).to.deep.equal([]);
      expect(overdue(record, row, '2027-01-01'), record).to.deep.equal(['spendBy']);
    }
  });

  it('given a commitment spent in full, when its period is over, then it is not overdue', () => {
    const ledger = paidLedger();
    carryOut(ledger, disburse({ payment: 'inv-2', amount: gbp(300) }));

    const [row] = ledger.rows(treasury, 'commitment');
    expect(overdue('commitment', row, '2027-01-01')).to.deep.equal([]);
  });

  it('given a payment to be acknowledged, when the day has passed, then it is overdue until it is', () => {
    const ledger = emptyLedger();
    carryOut(ledger, appropriate(), allocate(), commit());
    carryOut(ledger, disburse({ acknowledgeBy: '2026-04-01' }));
    const [waiting] = ledger.rows(treasury, 'payment');
    carryOut(ledger, acknowledge());
    const [acknowledged] = ledger.rows(treasury, 'payment');

    expect(overdue('payment', waiting, '2026-04-01')).to.deep.equal([]);
    expect(overdue('payment', waiting, '2026-04-02')).to.deep.equal(['acknowledgeBy']);
    expect(overdue('payment', acknowledged, '2026-04-02')).to.deep.equal([]);
  });
});
