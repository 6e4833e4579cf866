/**
 * Conservation: no sequence of actions creates or loses money or takes it out of its earmark, whether
 * payments pass, are held, released or refused, and a handler that would is stopped by the engine.
 */
import { randomInt } from 'node:crypto';
import type { Call } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { directory } from '../src/directory.ts';
import { applications } from '../src/index.ts';
import { ALIKE_MAX } from '../src/risk/alike.ts';
import { writtenPayee } from '../src/risk/payees.ts';
import { risk } from '../src/risk.ts';
import { treasury } from '../src/treasury.ts';
import type { Change } from './broken-contract.ts';
import { brokenContract } from './broken-contract.ts';
import type { TestLedger } from './ledger.ts';
import { createLedger, outcome } from './ledger.ts';
import { adoptAct } from './members.ts';
import type { Names, Step } from './treasury-random.ts';
import { audit, callOf, noNames, pickFrom, remember, step } from './treasury-random.ts';
import {
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
  RECONSTRUCTED,
  SIGNERS,
} from './treasury-scene.ts';

/** Some short runs of fresh ledgers, and one in which the books grow large, or as large as told. */
const SHORT = { operations: 2_500, runs: 5 };
const LONG = { operations: Number(process.env.DAYBOOK_TREASURY_OPERATIONS ?? 10_000), runs: 1 };
const PINNED = 20260305;
/** Another in each run; `DAYBOOK_TREASURY_SEED` replays the one that a test names. */
const FRESH = Number(process.env.DAYBOOK_TREASURY_SEED ?? randomInt(2 ** 31));
/** Audits of a run; each adds up every row. */
const AUDITS = 5;
const RELEASERS = ['court/one', 'audit/two'];
const DELEGATES = ['court/dee', 'audit/del', 'water/dan', 'other/dot', 'hm-treasury/deb'];

/** The contracts beside those that every ledger of the scene has. */
const BESIDES = applications.filter((one) => one !== directory && one !== treasury);

/** A call that a rule held, and what it would do. */
interface HeldCall {
  readonly key: Uint8Array;
  readonly made: Call;
}

/** All contracts, and payments above 40 are held, and many in a day are alerted of. */
function guardedLedger(): TestLedger {
  const others = {
    ...Object.fromEntries(RELEASERS.map((name) => [name, ['risk.releaser']])),
    ...Object.fromEntries(DELEGATES.map((name) => [name, ['governance.delegate']])),
  };
  const ledger = emptyLedger(BESIDES, others);
  const words = {
    title: { en: 'A rule', zh: '规则' },
    legalBasis: 'Test',
    reason: 'For the test.',
  };
  const limit = { minor: '40', currency: 'GBP' };
  for (const input of [
    { rule: 'top', kind: 'payment', verdict: 'hold', limit, ...words },
    { rule: 'many', kind: 'velocity', verdict: 'alert', count: 2, days: 1, ...words },
    { rule: 'again', kind: 'duplicate', verdict: 'alert', days: 30, ...words },
  ]) {
    const adopted = adoptAct(ledger, DELEGATES, { contract: 'risk', action: 'setRule', input });
    expect(adopted).to.equal('done');
  }
  return ledger;
}

/** Takes an action. @returns ok, held, or the code of the refusal */
function take(ledger: TestLedger, names: Names, held: HeldCall[], made: Call): string {
  const executed = ledger.act([made], SIGNERS[made.action] ?? []);
  const code = outcome(executed);
  if (code !== 'ok') return code;
  const hold = executed.result.events.find(({ name }) => name === 'held');
  if (hold === undefined) {
    remember(names, made);
    return 'ok';
  }
  held.push({ key: hold.fields.call as Uint8Array, made });
  names.count += 1;
  return 'held';
}

/** Releases or refuses a held call; undefined if none is held. */
function endHold(
  ledger: TestLedger,
  names: Names,
  held: HeldCall[],
  { pick, twist }: Step,
): string | undefined {
  const found = pickFrom(held, pick);
  if (found === undefined) return undefined;
  held.splice(held.indexOf(found), 1);
  const action = twist === 17 ? 'refuse' : 'release';
  const args = { call: found.key, reason: 'A random step.' };
  const code = outcome(ledger.act([{ contract: 'ledger', action, args }], RELEASERS));
  if (code !== 'ok') return code;
  if (action === 'release') remember(names, found.made);
  return action === 'release' ? 'released' : 'refused';
}

/** Takes steps one after the other, with an audit now and then. */
function takeSteps(ledger: TestLedger, run: readonly Step[], tally: (code: string) => void): void {
  const names = noNames();
  const held: HeldCall[] = [];
  const first = { ...run[0], action: 'appropriate' } as Step;
  const auditEvery = Math.ceil(run.length / AUDITS);
  for (const [at, each] of [first, ...run].entries()) {
    const ended = each.twist > 16 ? endHold(ledger, names, held, each) : undefined;
    tally(ended ?? take(ledger, names, held, callOf(names, each)));
    if (at % auditEvery === 0) expect(audit(ledger)).to.deep.equal([]);
  }
}

/**
 * The books of risk control hold every payment under all that its payee is called, less what came back
 * by two organisations, and nothing that was only held. @returns payees whose total differs
 */
function auditBooks(ledger: TestLedger): readonly string[] {
  const booked = new Map(ledger.rows(risk, 'booked').map((row) => [nameOf(row), row]));
  const commitments = ledger.rows(treasury, 'commitment');
  const totals = new Map<string, bigint>();
  const add = (key: string, minor: bigint) => totals.set(key, (totals.get(key) ?? 0n) + minor);
  for (const row of ledger.rows(treasury, 'payment')) {
    if (row.kind === 'credit') continue;
    const owner = commitments.find(
      ({ fund, commitment }) => fund === row.fund && commitment === row.commitment,
    );
    const back = owner?.holder === owner?.controller ? 0n : row.reversed;
    const { payees = [], month = '' } = booked.get(nameOf(row)) ?? {};
    expect(payees, nameOf(row)).to.include(writtenPayee(row.payee).toLowerCase());
    for (const payee of payees) {
      add(`${payee} ${row.amount.currency} ${month}`, row.amount.minor - back);
    }
  }
  for (const { payee, currency, month, total } of ledger.rows(risk, 'month')) {
    add(`${payee} ${currency} ${month}`, -total);
  }
  return [...totals].filter(([, minor]) => minor !== 0n).map(([key]) => key);
}

/**
 * What a payment is compared with are the latest of its amount to each name of its payee, none twice and
 * none that came back whole by two organisations. @returns what is wrong of which payee and amount
 */
function auditAlike(ledger: TestLedger): readonly string[] {
  const booked = new Map(ledger.rows(risk, 'booked').map((row) => [nameOf(row), row]));
  const commitments = ledger.rows(treasury, 'commitment');
  const expected = new Map<string, { readonly standing: Set<string>; back: number }>();
  for (const row of ledger.rows(treasury, 'payment')) {
    if (row.kind === 'credit') continue;
    const owner = commitments.find(
      ({ fund, commitment }) => fund === row.fund && commitment === row.commitment,
    );
    const isBack = row.reversed === row.amount.minor && owner?.holder !== owner?.controller;
    for (const payee of booked.get(nameOf(row))?.payees ?? []) {
      const key = `${payee} ${row.amount.currency} ${row.amount.minor}`;
      const all = expected.get(key) ?? { standing: new Set<string>(), back: 0 };
      if (isBack) all.back += 1;
      else all.standing.add(nameOf(row));
      expected.set(key, all);
    }
  }
  const kept = new Map(
    ledger.rows(risk, 'alike').map((row) => [`${row.payee} ${row.amount}`, row.payments]),
  );
  return [...expected].flatMap(([key, { standing, back }]) => {
    const payments = kept.get(key) ?? [];
    const names = payments.map(nameOf);
    const days = payments.map(({ day }) => day);
    // One that came back may have pushed another out before.
    const least = Math.min(ALIKE_MAX, standing.size + back) - back;
    return [
      ...(names.length < least ? [`${key}: ${names.length} of ${least}`] : []),
      ...(names.every((name) => standing.has(name)) ? [] : [`${key}: one came back`]),
      ...(new Set(names).size === names.length ? [] : [`${key}: one twice`]),
      ...(days.every((day, at) => at === 0 || (days[at - 1] ?? '') <= day) ? [] : [`${key}: days`]),
    ];
  });
}

const nameOf = ({ fund, payment }: { readonly fund: string; readonly payment: string }): string =>
  `${fund}/${payment}`;

describe('treasury: conservation', () => {
  for (const [what, isGuarded, seed, { operations, runs }] of [
    ['on the treasury alone', false, PINNED, SHORT],
    ['beside all contracts, under risk rules', true, PINNED, SHORT],
    ['beside all contracts, under risk rules', true, FRESH, LONG],
  ] as const) {
    it(`given ${operations} random operations in ${runs} runs ${what} (seed ${seed}), when audited, then no penny was made, lost or diverted`, () => {
      const outcomes = new Map<string, number>();
      const length = operations / runs;
      const steps = { minLength: length, maxLength: length, size: 'max' } as const;

      fc.assert(
        fc.property(fc.array(step, steps), (run) => {
          const ledger = isGuarded ? guardedLedger() : emptyLedger();
          takeSteps(ledger, run, (code) => outcomes.set(code, (outcomes.get(code) ?? 0) + 1));
          expect(audit(ledger)).to.deep.equal([]);
          if (isGuarded) expect([...auditBooks(ledger), ...auditAlike(ledger)]).to.deep.equal([]);
        }),
        // Hundreds of steps are not shrunk in reasonable time; the seed replays them.
        { numRuns: runs, seed, endOnFailure: true },
      );

      const codes = [...outcomes.keys()];
      const expected = [
        ...['NOT_ENOUGH', 'OUTSIDE_PURPOSE', 'OUTSIDE_PERIOD', 'CURRENCY_DIFFERS'],
        ...['CREDIT_TOO_HIGH', 'CREDIT_UNLINKED', 'ABOVE_RECORDED', 'ALREADY_IMPORTED'],
      ];
      const others = isGuarded ? ['held', 'released', 'refused'] : [];
      const isKnown = (code: string): boolean =>
        code === 'ok' || others.includes(code) || code.startsWith('TREASURY_');
      expect(codes.filter((code) => !isKnown(code))).to.deep.equal([]);
      // How much a fresh seed reaches is chance.
      if (seed !== PINNED) return;
      expect(outcomes.get('ok')).to.be.greaterThan(operations / 4);
      expect(codes).to.include.members([...expected.map((code) => `TREASURY_${code}`), ...others]);
    });
  }
});

const broken = (action: string, changes: Readonly<Record<string, Change | 'left alone'>>) =>
  brokenContract(treasury, action, changes);

/** What the engine says when the last of these calls is carried out by a broken handler. */
function refusalOf(contract: typeof treasury, ...calls: readonly Call[]): unknown {
  const ledger = createLedger([directory, contract], {
    [GRANTOR]: ['treasury.appropriator'],
    [CONTROLLER]: ['treasury.controller'],
    [BUDGETER]: ['treasury.budgeter'],
    [PAYER]: ['treasury.payer'],
    [PAYEE]: [],
  });
  carryOut(ledger, ...calls.slice(0, -1));
  const size = ledger.size();
  const [last] = calls.slice(-1);
  const { failure } = ledger.act(
    last === undefined ? [] : [last],
    SIGNERS[last?.action ?? ''] ?? [],
  );
  expect(failure?.code).to.equal('CONTRACTS_INVARIANT_BROKEN');
  expect(ledger.size()).to.equal(size);
  return failure?.facts.invariant;
}

const more =
  (field: string, minor: bigint): Change =>
  (row) => ({ ...row, [field]: (row[field] as bigint) + minor });

describe('treasury: a broken handler', () => {
  const opened = [appropriate(), allocate()];

  for (const [field, invariant] of [
    ['left', 'commitmentConserved'],
    ['spent', 'paymentsCounted'],
    ['returned', 'commitmentsGivenBack'],
    ['received', 'commitmentsTaken'],
    ['credited', 'commitmentConserved'],
  ] as const) {
    it(`given a handler that adds a penny to ${field}, when it pays, then ${invariant} refuses it`, () => {
      const contract = broken('disburse', { commitment: more(field, 1n) });

      const refusal = refusalOf(contract, ...opened, commit(), disburse());

      expect(refusal).to.equal(invariant);
    });
  }

  const reconstructing: Change = (row) => ({ ...row, ...RECONSTRUCTED });
  const unrecorded: Change = ({ recorded: _, ...row }) => row;
  const creditMore = broken('credit', {
    payment: (row) => (row.kind === 'credit' ? { ...row, amount: gbp(130) } : row),
    commitment: (row) => more('left', 100n)(more('credited', 100n)(row)),
  });
  for (const [what, invariant, contract, calls] of [
    ['allocates', 'allocationBasis', broken('allocate', { allocation: reconstructing }), opened],
    [
      'commits',
      'commitmentBasis',
      broken('commit', { commitment: reconstructing }),
      [...opened, commit()],
    ],
    [
      'pays elsewhere',
      'paymentBasis',
      broken('disburse', { payment: unrecorded }),
      [...opened, commit(), disburse()],
    ],
    [
      'credits more than was spent',
      'creditsBacked',
      creditMore,
      [...opened, commit(), disburse(), credit()],
    ],
  ] as const) {
    it(`given recorded money, when a handler ${what} as if it were reconstructed, then ${invariant} refuses it`, () => {
      expect(refusalOf(contract, ...calls)).to.equal(invariant);
    });
  }

  const untouched = (record: string, action: string) => broken(action, { [record]: 'left alone' });
  const set =
    (field: string, value: unknown): Change =>
    (row) => ({ ...row, [field]: value });
  const paidIn = [...opened, commit(), disburse()];
  const back = (action: string, args: object) =>
    call(action, { fund: FUND, amount: gbp(10), ...args });
  for (const [what, invariant, contract, calls] of [
    [
      'allocates without taking from the appropriation',
      'allocationsTaken',
      untouched('appropriation', 'allocate'),
      opened,
    ],
    [
      'takes an allocation back without giving it to the appropriation',
      'allocationsGivenBack',
      untouched('appropriation', 'returnAllocation'),
      [...opened, back('returnAllocation', { allocation: 'north' })],
    ],
    [
      'commits without taking from the allocation',
      'commitmentsTaken',
      untouched('allocation', 'commit'),
      [...opened, commit()],
    ],
    [
      'takes a commitment back without giving it to the allocation',
      'commitmentsGivenBack',
      untouched('allocation', 'returnCommitment'),
      [...opened, commit(), back('returnCommitment', { commitment: 'pumps' })],
    ],
    [
      'pays without taking from the commitment',
      'paymentsCounted',
      untouched('commitment', 'disburse'),
      paidIn,
    ],
    [
      'allocates for a purpose outside',
      'allocationEarmarked',
      broken('allocate', { allocation: set('purposes', ['roads']) }),
      opened,
    ],
    [
      'allocates for a period outside',
      'allocationEarmarked',
      broken('allocate', {
        allocation: set('period', { start: '2026-01-01', end: '2027-01-01' }),
      }),
      opened,
    ],
    [
      'commits for a purpose outside',
      'commitmentEarmarked',
      broken('commit', { commitment: set('purposes', ['water']) }),
      [...opened, commit()],
    ],
    [
      'changes the payee of a commitment',
      'commitmentEarmarked',
      broken('increaseCommitment', { commitment: set('payee', { name: 'Eve' }) }),
      [...opened, commit(), back('increaseCommitment', { commitment: 'pumps', reason: 'More.' })],
    ],
    [
      'widens an appropriation',
      'appropriationBound',
      broken('allocate', { appropriation: set('purposes', ['water', 'roads']) }),
      opened,
    ],
    [
      'pays for a purpose outside',
      'paymentEarmarked',
      broken('disburse', { payment: set('purpose', 'water/wells') }),
      paidIn,
    ],
    [
      'pays after the period',
      'paymentEarmarked',
      broken('disburse', { payment: set('date', '2027-01-01') }),
      paidIn,
    ],
    [
      'pays another payee',
      'paymentEarmarked',
      broken('disburse', { payment: set('payee', { name: 'Eve' }) }),
      paidIn,
    ],
    [
      'pays another currency',
      'paymentsCounted',
      broken('disburse', { payment: set('amount', { minor: 100n, currency: 'EUR' }) }),
      paidIn,
    ],
  ] as const) {
    it(`given a handler that ${what}, then ${invariant} refuses it`, () => {
      expect(refusalOf(contract, ...calls)).to.equal(invariant);
    });
  }
});
