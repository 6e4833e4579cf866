/** The plan: names that stay, budgets that cover, and nothing twice. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { ImportPlan, PlannedCall, Present, SpendLine } from '../src/index.ts';
import { planImport, spendMoves } from '../src/index.ts';
import type { Sample } from './sample.ts';
import { readSample } from './sample.ts';

const shipped = readSample('cabinet-office');
const epsrc = readSample('epsrc');

const planOf = (
  { mapping, lines }: Pick<Sample, 'mapping' | 'lines'>,
  present?: Present,
): ImportPlan =>
  planImport(spendMoves(lines, mapping), {
    grantor: 'hm-treasury',
    controller: 'hm-treasury',
    ...(present === undefined ? {} : { present }),
  });

const minorOf = ({ call }: PlannedCall): bigint => {
  const { amount } = call.args;
  return amount !== null && typeof amount === 'object' && 'minor' in amount
    ? BigInt(amount.minor as bigint)
    : 0n;
};
const sumOf = (calls: readonly PlannedCall[]): bigint =>
  calls.reduce((sum, call) => sum + minorOf(call), 0n);
/** Identity of a line without its details. */
function sourceOf({ call }: PlannedCall): string {
  const { details: _details, ...source } = call.args.source as Readonly<Record<string, string>>;
  return JSON.stringify(source);
}
const idOf = ({ target }: PlannedCall): string => `${target.record} ${target.fund}/${target.name}`;
const paymentsOf = ({ lines }: Pick<ImportPlan, 'lines'>) => lines.flat();
const callsOf = (plan: ImportPlan): readonly PlannedCall[] => [
  ...plan.appropriations,
  ...plan.allocations,
  ...plan.commitments,
  ...paymentsOf(plan),
];

describe('formats: plan of an import', () => {
  const plan = planOf(shipped);

  it('given the shipped data, when planned, then each line is one payment under one tree a year', () => {
    expect(paymentsOf(plan)).to.have.length(17_460);
    expect(plan.appropriations.map(({ target }) => target.fund)).to.deep.equal([
      'cabinet-office-2019-20',
      'cabinet-office-2020-21',
      'cabinet-office-2021-22',
      'cabinet-office-2022-23',
    ]);
    expect([plan.allocations.length, plan.commitments.length]).to.deep.equal([1205, 3467]);
  });

  it('given the shipped data, when planned, then the budget is what was paid, on every level', () => {
    expect(sumOf(plan.appropriations)).to.equal(363_242_431_016n);
    expect(sumOf(plan.commitments)).to.equal(363_242_431_016n);
  });

  it('given any call, when planned, then it says that the budget is reconstructed and who signs', () => {
    for (const call of [...plan.appropriations, ...plan.allocations, ...plan.commitments]) {
      expect(call.call.args.basis, idOf(call)).to.equal('reconstructed');
    }
    expect(paymentsOf(plan)[0]?.signers).to.deep.equal([
      { organisation: 'cabinet-office', role: 'treasury.payer' },
      { organisation: 'hm-treasury', role: 'treasury.controller' },
    ]);
    expect(plan.appropriations[0]?.signers).to.deep.equal([
      { organisation: 'hm-treasury', role: 'treasury.appropriator' },
      { organisation: 'cabinet-office', role: 'treasury.budgeter' },
    ]);
  });

  it('given the first line, when planned, then the call says all that the file says', () => {
    const { file, line, target, call } = paymentsOf(plan)[0] ?? {};

    expect({ file, line, target }).to.deep.equal({
      file: '2019-06.csv',
      line: 2,
      target: {
        record: 'payment',
        fund: 'cabinet-office-2019-20',
        name: 'spend-over-25000.2019-06.10003997.1',
        key: { fund: 'cabinet-office-2019-20', payment: 'spend-over-25000.2019-06.10003997.1' },
      },
    });
    expect(call).to.deep.equal({
      contract: 'treasury',
      action: 'disburse',
      args: {
        fund: 'cabinet-office-2019-20',
        payment: 'spend-over-25000.2019-06.10003997.1',
        commitment: plan.commitments[0]?.target.name,
        amount: { minor: 3_286_100n, currency: 'GBP' },
        date: '2019-06-11',
        purpose:
          'cabinet-office/cabinet-office/gcs-international-4494430e81cd/' +
          'exp-purchase-of-goods-services-marketing-media',
        description: 'EXP - PURCHASE OF GOODS/SERVICES - MARKETING & MEDIA',
        source: {
          publisher: 'cabinet-office',
          dataset: 'spend-over-25000/2019-06',
          number: '10003997',
          occurrence: 1,
          details:
            '{"payee":"DAI EUROPE LTD","area":"GCS INTERNATIONAL","body":"CABINET OFFICE","more":[["Departmental Family","CAB"]]}',
        },
      },
    });
  });

  it('given any plan, when its calls are named, then no name is used twice and parents come first', () => {
    for (const { allocations, ...rest } of [plan, planOf(epsrc)]) {
      const ids = callsOf({ allocations, ...rest }).map(idOf);
      expect(new Set(ids).size).to.equal(ids.length);

      const seen = new Set(rest.appropriations.map(({ target }) => target.name));
      for (const { target, call } of allocations) {
        expect(seen.has(`${call.args.parent}`), target.name).to.equal(true);
        seen.add(target.name);
      }
      for (const { target, call } of rest.commitments) {
        expect(seen.has(`${call.args.allocation}`), target.name).to.equal(true);
      }
    }
  });

  it('given the same lines again, when planned, then the plan is the same', () => {
    expect(planOf(shipped)).to.deep.equal(plan);
  });

  it('given lines in another order, when planned, then the calls are the same', () => {
    const reversed = planOf({ ...shipped, lines: shipped.lines.toReversed() });
    const texts = (calls: readonly PlannedCall[]): string[] =>
      calls.map((call) => `${idOf(call)} ${minorOf(call)}`).toSorted();

    expect(texts(callsOf(reversed))).to.deep.equal(texts(callsOf(plan)));
  });

  it('given credits, when planned, then they are credits and the budget does not count on them', () => {
    const { appropriations, ...rest } = planOf(epsrc);
    const payments = paymentsOf(rest);
    const credits = payments.filter(({ call }) => call.action === 'credit');
    const debits = payments.filter(({ call }) => call.action === 'disburse');

    expect([credits.length, sumOf(credits)]).to.deep.equal([40, 469_942n]);
    expect(sumOf(appropriations)).to.equal(sumOf(debits));
  });

  it('given four currencies, when planned, then each has a fund of its own', () => {
    const funds = planOf(epsrc).appropriations.map(({ target }) => target.fund);

    expect(funds.toSorted()).to.deep.equal([
      'epsrc-2015-16',
      'epsrc-2015-16-aud',
      'epsrc-2015-16-eur',
      'epsrc-2015-16-usd',
    ]);
  });

  it('given everything on the ledger, when planned again, then nothing is to be done', () => {
    const amounts = new Map(paymentsOf(plan).map((each) => [sourceOf(each), minorOf(each)]));
    const present: Present = {
      amountOf: (source) => amounts.get(JSON.stringify(source)),
      leftIn: () => 0n,
    };

    expect(callsOf(planOf(shipped, present))).to.deep.equal([]);
  });

  it('given a line whose amount the publisher changed, when planned again, then people must judge it', () => {
    const whole = planOf(epsrc);
    const present = ledgerAfter(whole, paymentsOf(whole).length);
    const [first, ...rest] = epsrc.lines;
    const altered = first?.ok ? { ...first, payment: { ...first.payment, amount: 3n } } : first;

    const again = planOf({ ...epsrc, lines: altered ? [altered, ...rest] : rest }, present);
    expect(callsOf(again)).to.deep.equal([]);
    expect(
      again.changed.map(({ file, line, recorded, reported }) => ({
        file,
        line,
        recorded,
        reported,
      })),
    ).to.deep.equal([{ file: '2015-05.csv', line: 2, recorded: -2n, reported: -3n }]);
  });

  it('given a stop after any payment, when planned again, then the rest comes and no budget grows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80 }), (stop) => {
        const whole = planOf(epsrc);
        const done = new Set(paymentsOf(whole).slice(0, stop).map(idOf));
        const present = ledgerAfter(whole, stop);

        const rest = planOf(epsrc, present);
        expect(paymentsOf(rest).map(idOf)).to.deep.equal(
          paymentsOf(whole)
            .map(idOf)
            .filter((id) => !done.has(id)),
        );
        expect([...rest.appropriations, ...rest.allocations, ...rest.commitments]).to.deep.equal(
          [],
        );
      }),
      { numRuns: 20 },
    );
  });

  it('given half of the lines on the ledger, when all are planned, then budgets grow by the rest', () => {
    const { mapping, lines } = shipped;
    const early: readonly SpendLine[] = lines.filter(({ file }) => file < '2021-08');
    const first = planOf({ mapping, lines: early });
    const present = ledgerAfter(first, paymentsOf(first).length);

    const second = planOf(shipped, present);
    expect(paymentsOf(second).length).to.equal(17_460 - paymentsOf(first).length);
    expect(sumOf(second.appropriations)).to.equal(sumOf(paymentsOf(second)));
    expect(second.appropriations.map(({ call }) => call.action)).to.deep.equal([
      'supplement', // A line of March 2021 was published in August 2021.
      'supplement',
      'appropriate',
    ]);
    expect(new Set(second.commitments.map(({ call }) => call.action))).to.deep.equal(
      new Set(['commit', 'increaseCommitment']),
    );
  });
});

/** What a ledger answers after a plan's budget and its first payments were carried out. */
function ledgerAfter(plan: ImportPlan, payments: number): Present {
  const paid = new Map<string, bigint>();
  const left = new Map<string, bigint>();
  for (const call of [...plan.appropriations, ...plan.allocations]) {
    left.set(idOf(call), 0n);
  }
  for (const call of plan.commitments) {
    left.set(idOf(call), minorOf(call));
  }
  for (const payment of paymentsOf(plan).slice(0, payments)) {
    const { fund } = payment.target;
    const id = `commitment ${fund}/${payment.call.args.commitment}`;
    const sign = payment.call.action === 'credit' ? 1n : -1n;
    left.set(id, (left.get(id) ?? 0n) + sign * minorOf(payment));
    paid.set(sourceOf(payment), -sign * minorOf(payment));
  }
  return {
    amountOf: (source) => paid.get(JSON.stringify(source)),
    leftIn: (target) => left.get(`${target.record} ${target.fund}/${target.name}`),
  };
}
