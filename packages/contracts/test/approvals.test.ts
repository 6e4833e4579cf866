/** Four eyes, pending calls, guards with holds, and the feed of discretionary acts. */
import type { Executed } from '@daybook/contracts';
import { CONTRACTS_ERRORS, defineContract, field, ledger, openRecords } from '@daybook/contracts';
import type { TransactionSigner as Signer } from '@daybook/core';
import { asPublicKey, fromHex } from '@daybook/core';
import { expect } from 'chai';
import { decodeValue } from '../src/engine/value-codec.ts';
import type { Bench } from './fixtures/bench.ts';
import { createBench } from './fixtures/bench.ts';
import { boxes } from './fixtures/boxes.ts';
import type { Person } from './fixtures/people.ts';
import { peopleContract } from './fixtures/people.ts';

const t = { en: 'Title', zh: '标题' };
const DAY_MS = 86_400_000;
const key = (fill: number) => asPublicKey(new Uint8Array(32).fill(fill));
const as = (identity: string, fill: number): Signer => ({ identity, publicKey: key(fill) });

const ANN = as('aa/ann', 1);
const ART = as('aa/art', 2);
const BEN = as('bb/ben', 3);
const CAT = as('cc/cat', 4);
const PLAIN = as('aa/plain', 5);
const RISK1 = as('rr/one', 6);
const RISK2 = as('ss/two', 7);
const DAN = as('dd/dan', 9);

const reason = 'because of the test';
const codeOf = ({ failure }: Executed): string => failure?.code ?? 'OK';
const rows = openRecords(ledger);

/** Pays out: by a payer of the fund's organisation, agreed to by a controller of another. */
const payments = defineContract({
  number: 910,
  name: 'payments',
  version: 1,
  title: t,
  help: t,
  roles: {
    payer: { title: t, grantedBy: 'organisation' },
    controller: { title: t, grantedBy: 'organisation' },
  },
  records: {
    payment: {
      number: 1,
      title: t,
      key: { id: field.slug(t) },
      fields: { amount: field.amount(t), by: field.list(field.identity(t), { ...t, max: 9 }) },
    },
  },
  failures: {},
  actions: {
    pay: {
      title: t,
      by: { role: 'payer', organisation: 'organisation' },
      approvals: { officers: 2, organisations: 2, role: 'controller', days: 3 },
      guarded: true,
      input: { organisation: field.slug(t), id: field.slug(t), amount: field.amount(t) },
      handler(context, { id, amount }) {
        const by = context.signers.map(({ identity }) => identity);
        context.records.payment.insert({ id, amount, by });
      },
    },
    payControlled: {
      title: t,
      by: { role: 'payer' },
      approvals: { officers: 2, role: 'controller' },
      input: { id: field.slug(t) },
      handler(context, { id }) {
        context.records.payment.insert({ id, amount: 0n, by: [] });
      },
    },
    payNow: {
      title: t,
      by: { role: 'payer' },
      approvals: { officers: 2 },
      input: { id: field.slug(t) },
      handler(context, { id }) {
        context.records.payment.insert({ id, amount: 0n, by: [] });
      },
    },
  },
});

/** Holds payments over 1,000, alerts over 100. */
const watch = defineContract({
  number: 911,
  name: 'watch',
  version: 1,
  title: t,
  help: t,
  roles: { releaser: { title: t, grantedBy: 'organisation' } },
  records: {},
  failures: {},
  actions: {},
  guards: {
    ceiling: {
      title: t,
      actions: ['payments.pay'],
      release: { officers: 2, organisations: 2, role: 'releaser', days: 2 },
      judge(_context, { input }) {
        const amount = input.amount as bigint;
        const cites = [`payments.payment/${String(input.id)}`];
        if (amount > 1000n) return { verdict: 'hold', rule: 'over the ceiling', records: cites };
        if (amount > 100n) return { verdict: 'alert', rule: 'rather much', records: cites };
        return { verdict: 'pass' };
      },
    },
  },
});

const PEOPLE: readonly Person[] = [
  { identity: 'aa/ann', publicKey: key(1), roles: ['payments.payer', 'boxes.keeper'] },
  { identity: 'aa/art', publicKey: key(2), roles: ['payments.controller', 'payments.payer'] },
  { identity: 'bb/ben', publicKey: key(3), roles: ['payments.controller', 'boxes.keeper'] },
  { identity: 'cc/cat', publicKey: key(4), roles: ['payments.controller', 'payments.payer'] },
  { identity: 'aa/plain', publicKey: key(5), roles: [] },
  { identity: 'rr/one', publicKey: key(6), roles: ['watch.releaser'] },
  { identity: 'ss/two', publicKey: key(7), roles: ['watch.releaser'] },
  { identity: 'dd/dan', publicKey: key(9), roles: ['payments.payer'] },
];

const newBench = (suspended: ReadonlySet<string> = new Set(), ...guards: (typeof watch)[]): Bench =>
  createBench([peopleContract(PEOPLE, suspended), payments, boxes, ...guards]);

function pay(bench: Bench, signers: readonly Signer[], id = 'p1', amount = 50): Executed {
  return bench.run(signers, ['payments', 'pay', { organisation: 'aa', id, amount }]);
}

function callOf(executed: Executed): Uint8Array {
  const call = executed.result.events[0]?.fields.call;
  expect(call).to.be.instanceOf(Uint8Array);
  return call as Uint8Array;
}

const ledgerCall = (
  bench: Bench,
  signers: readonly Signer[],
  action: string,
  call: Uint8Array,
): string =>
  codeOf(
    bench.run(signers, ['ledger', action, action === 'approve' ? { call } : { call, reason }]),
  );

const statusOf = (bench: Bench, call: Uint8Array): string | undefined =>
  rows.pending(bench.view, { call })?.status;

const paymentOf = (bench: Bench, id = 'p1') => openRecords(payments).payment(bench.view, { id });

/** Who wrote the only record of a set. */
function writerOf(bench: Bench, set: number): unknown {
  const [stored] = [...bench.dump()].filter(([at]) => at.startsWith(`${set}|`));
  const decoded = decodeValue(fromHex(stored?.[1] ?? '') ?? new Uint8Array());
  return Array.isArray(decoded) ? decoded[4] : undefined;
}

describe('approvals: all sign at once (spec X-21)', () => {
  const cases: readonly (readonly [string, readonly Signer[], string])[] = [
    ['a payer and a controller of another organisation', [ANN, BEN], 'OK'],
    ['the order the other way round', [BEN, ANN], 'OK'],
    ['two officers of one organisation', [ANN, ART], 'waits'],
    ['one officer with both roles', [ART], 'waits'],
    ['a payer alone', [ANN], 'waits'],
    ['a payer of another organisation with a controller', [CAT, BEN], 'waits'],
    ['nobody with any role', [PLAIN], 'CONTRACTS_NOT_ENTITLED'],
    ['more than enough', [ANN, ART, BEN, CAT], 'OK'],
  ];
  for (const [who, signers, expected] of cases) {
    it(`given ${who}, then ${expected}`, () => {
      const bench = newBench();

      const executed = pay(bench, signers);

      const waits = executed.result.events[0]?.name === 'waiting';
      expect(waits ? 'waits' : codeOf(executed)).to.equal(expected);
      expect(paymentOf(bench) !== undefined).to.equal(expected === 'OK');
    });
  }

  it('given an action without waiting days, then too few signers are refused', () => {
    const { failure } = newBench().run([ANN], ['payments', 'payNow', { id: 'p1' }]);

    expect(failure?.code).to.equal('CONTRACTS_APPROVALS_MISSING');
    expect(failure?.facts).to.deep.equal({
      officers: 1,
      organisations: 1,
      pointer: '/signers',
      expected: 'one with the role payments.payer, and one other with the role payments.payer',
    });
  });

  const controlled: readonly (readonly [string, readonly Signer[], string])[] = [
    ['two payers', [ANN, DAN], 'CONTRACTS_APPROVALS_MISSING'],
    ['a payer and a controller', [DAN, BEN], 'OK'],
    ['one officer with both roles', [ART], 'CONTRACTS_APPROVALS_MISSING'],
    ['a payer beside one with both roles', [ANN, ART], 'OK'],
    ['two controllers of whom one pays, too', [BEN, CAT], 'OK'],
  ];
  for (const [who, signers, expected] of controlled) {
    it(`given ${who} where a controller must join, then ${expected}`, () => {
      const executed = newBench().run(signers, ['payments', 'payControlled', { id: 'p1' }]);

      expect(codeOf(executed)).to.equal(expected);
    });
  }

  it('given two keys of one officer, then they are one pair of eyes', () => {
    const people = [...PEOPLE, { identity: 'aa/ann', publicKey: key(8), roles: [] }];
    const bench = createBench([peopleContract(people), payments]);

    const executed = bench.run([ANN, as('aa/ann', 8)], ['payments', 'payNow', { id: 'p1' }]);

    expect(codeOf(executed)).to.equal('CONTRACTS_APPROVALS_MISSING');
  });
});

describe('approvals: a pending call (spec X-21)', () => {
  it('given the missing officer approves, then it takes effect with the approvers as signers', () => {
    const bench = newBench();
    const call = callOf(pay(bench, [ANN]));
    expect(statusOf(bench, call)).to.equal('waiting');

    expect(ledgerCall(bench, [BEN], 'approve', call)).to.equal('OK');

    expect(paymentOf(bench)?.by).to.deep.equal(['aa/ann', 'bb/ben']);
    expect(statusOf(bench, call)).to.equal('done');
    // The payment is the payer's, the closing of the pending call is the one's who closed it.
    expect(writerOf(bench, 910 * 65_536 + 1)).to.equal('aa/ann');
    expect(writerOf(bench, 3)).to.equal('bb/ben');
  });

  it('given the first to agree is a controller only, then the payer completes it', () => {
    const bench = newBench();
    const call = callOf(pay(bench, [BEN]));

    expect(ledgerCall(bench, [CAT], 'approve', call)).to.equal('OK');
    expect(statusOf(bench, call)).to.equal('waiting');
    expect(ledgerCall(bench, [ANN], 'approve', call)).to.equal('OK');

    expect(statusOf(bench, call)).to.equal('done');
  });

  it('given somebody who does not count or counts already, then refused', () => {
    const bench = newBench();
    const call = callOf(pay(bench, [ANN]));

    for (const signer of [ANN, PLAIN, RISK1]) {
      expect(ledgerCall(bench, [signer], 'approve', call)).to.equal('CONTRACTS_APPROVED_ALREADY');
    }
  });

  it('given its time is over, then it can not be approved any more', () => {
    const bench = newBench();
    const call = callOf(pay(bench, [ANN]));
    bench.block([], { timestampMs: bench.timeMs() + 3 * DAY_MS });

    expect(ledgerCall(bench, [BEN], 'approve', call)).to.equal('CONTRACTS_CALL_EXPIRED');
  });

  it('given a day that is over, then the chain notes what expired on it, as far as a block may', () => {
    const bench = newBench();
    const calls = Array.from({ length: 60 }, (_, n) => callOf(pay(bench, [ANN], `p${n}`)));
    const [done = new Uint8Array()] = calls;
    expect(ledgerCall(bench, [BEN], 'approve', done)).to.equal('OK');
    const expired = () => calls.filter((call) => statusOf(bench, call) === 'expired').length;
    const later = bench.timeMs() + 4 * DAY_MS;

    const { hook } = bench.block([], { timestampMs: later });

    const noted = expired();
    expect(noted).to.be.greaterThan(20).and.lessThan(59);
    expect(hook.events.filter(({ name }) => name === 'closed')).to.have.length(noted);
    bench.block([], { timestampMs: later + 1 });
    expect(expired()).to.equal(59);
    expect(statusOf(bench, done)).to.equal('done');
    expect(bench.block([], { timestampMs: later + 2 }).writes).to.deep.equal([]);
  });

  it('given a state in which it would fail, then approving fails and it goes on waiting', () => {
    const bench = newBench();
    const call = callOf(pay(bench, [ANN]));
    pay(bench, [ANN, BEN]);

    expect(ledgerCall(bench, [BEN], 'approve', call)).to.equal('CONTRACTS_RECORD_EXISTS');
    expect(statusOf(bench, call)).to.equal('waiting');
  });

  it('given it stands beside another call, then both are refused', () => {
    const args = { organisation: 'aa', id: 'p1', amount: 5 };
    const executed = newBench().run(
      [ANN],
      ['payments', 'pay', args],
      ['payments', 'pay', { ...args, id: 'p2' }],
    );

    expect(codeOf(executed)).to.equal('CONTRACTS_PENDING_ALONE');
  });

  it('given one who agreed withdraws it, then it is closed for everybody; others may not', () => {
    const bench = newBench();
    const call = callOf(pay(bench, [ANN]));

    expect(ledgerCall(bench, [BEN], 'withdraw', call)).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(ledgerCall(bench, [ANN], 'withdraw', call)).to.equal('OK');
    expect(ledgerCall(bench, [BEN], 'approve', call)).to.equal('CONTRACTS_CALL_CLOSED');
    expect(ledgerCall(bench, [ANN], 'withdraw', call)).to.equal('CONTRACTS_CALL_CLOSED');
  });

  it('given a call nobody knows, then the record is missing', () => {
    const unknown = new Uint8Array(32);

    expect(ledgerCall(newBench(), [BEN], 'approve', unknown)).to.equal('CONTRACTS_RECORD_MISSING');
  });

  it('given an approver who was suspended meanwhile, then that one counts no more', () => {
    const suspended = new Set<string>();
    const bench = newBench(suspended);
    const call = callOf(pay(bench, [ANN]));
    suspended.add('aa/ann');

    expect(ledgerCall(bench, [BEN], 'approve', call)).to.equal('OK');

    expect(statusOf(bench, call)).to.equal('waiting');
    expect(
      rows.pending(bench.view, { call })?.approvers.map(({ identity }) => identity),
    ).to.deep.equal(['bb/ben']);
  });
});

describe('guards', () => {
  const guarded = (): Bench => newBench(new Set(), watch);

  it('given a small payment, then it passes; given a larger one, then an alert is raised', () => {
    const bench = guarded();

    expect(pay(bench, [ANN, BEN], 'p1', 100).result.events).to.deep.equal([]);
    const [alert] = pay(bench, [ANN, BEN], 'p2', 101).result.events;

    expect(alert).to.deep.equal({
      contract: 'ledger',
      name: 'alerted',
      fields: {
        contract: 'payments',
        action: 'pay',
        guard: 'watch.ceiling',
        rule: 'rather much',
        cites: ['payments.payment/p2'],
      },
    });
    expect(paymentOf(bench, 'p2')).to.not.equal(undefined);
  });

  it('given a payment over the ceiling, then it is held with rule and records, and moves no money', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN, BEN], 'p1', 5000));

    expect(paymentOf(bench)).to.equal(undefined);
    expect(rows.pending(bench.view, { call })).to.deep.include({
      status: 'held',
      guard: 'watch.ceiling',
      rule: 'over the ceiling',
      cites: ['payments.payment/p1'],
    });
    expect(rows.pending(bench.view, { call })?.expires).to.equal(bench.timeMs() + 2 * DAY_MS);
  });

  it('given two releasers of two organisations, then it takes effect with its own signers', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN, BEN], 'p1', 5000));

    expect(ledgerCall(bench, [RISK1], 'release', call)).to.equal('OK');
    expect(paymentOf(bench)).to.equal(undefined);
    expect(ledgerCall(bench, [RISK1], 'release', call)).to.equal('CONTRACTS_APPROVED_ALREADY');
    expect(ledgerCall(bench, [ANN], 'release', call)).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(ledgerCall(bench, [RISK2], 'release', call)).to.equal('OK');

    expect(paymentOf(bench)?.by).to.deep.equal(['aa/ann', 'bb/ben']);
    expect(statusOf(bench, call)).to.equal('done');
  });

  it('given two releasers of two organisations refuse it, then it never takes effect', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN, BEN], 'p1', 5000));

    expect(ledgerCall(bench, [CAT], 'refuse', call)).to.equal('CONTRACTS_NOT_ENTITLED');
    expect(ledgerCall(bench, [RISK1], 'refuse', call)).to.equal('OK');
    expect(statusOf(bench, call)).to.equal('held');
    expect(ledgerCall(bench, [RISK1], 'refuse', call)).to.equal('CONTRACTS_APPROVED_ALREADY');
    expect(ledgerCall(bench, [RISK2], 'refuse', call)).to.equal('OK');

    expect(statusOf(bench, call)).to.equal('refused');
    expect(ledgerCall(bench, [RISK2], 'release', call)).to.equal('CONTRACTS_CALL_CLOSED');
    expect(ledgerCall(bench, [RISK2], 'refuse', call)).to.equal('CONTRACTS_CALL_CLOSED');
    const { remedy } = CONTRACTS_ERRORS.CONTRACTS_CALL_CLOSED;
    expect(remedy, 'a paid call is not paid again').to.match(/^done: .*do not submit it again/);
    expect(paymentOf(bench)).to.equal(undefined);
  });

  it('given one who released and then refuses, then the release is taken back, and the other way round', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN, BEN], 'p1', 5000));
    const of = () => {
      const { releasers = [], refusers = [] } = rows.pending(bench.view, { call }) ?? {};
      return [releasers, refusers].map((list) => list.map(({ identity }) => identity));
    };

    expect(ledgerCall(bench, [RISK1], 'release', call)).to.equal('OK');
    expect(of()).to.deep.equal([['rr/one'], []]);
    expect(ledgerCall(bench, [RISK1], 'refuse', call)).to.equal('OK');
    expect(of()).to.deep.equal([[], ['rr/one']]);
    expect(ledgerCall(bench, [RISK2], 'release', call)).to.equal('OK');
    expect(statusOf(bench, call)).to.equal('held');
    expect(ledgerCall(bench, [RISK1], 'release', call)).to.equal('OK');

    expect(statusOf(bench, call)).to.equal('done');
  });

  it('given a hold that nobody lifted in time, then it has expired', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN, BEN], 'p1', 5000));
    bench.block([], { timestampMs: bench.timeMs() + 2 * DAY_MS });

    expect(ledgerCall(bench, [RISK1], 'release', call)).to.equal('CONTRACTS_CALL_EXPIRED');
  });

  it('given a pending call that is held when it is complete, then it waits for release', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN], 'p1', 5000));
    expect(ledgerCall(bench, [BEN], 'approve', call)).to.equal('OK');
    expect(statusOf(bench, call)).to.equal('held');

    ledgerCall(bench, [RISK1], 'release', call);
    ledgerCall(bench, [RISK2], 'release', call);

    expect(paymentOf(bench)?.by).to.deep.equal(['aa/ann', 'bb/ben']);
  });

  it('given a held call, then approving it is not what it waits for', () => {
    const bench = guarded();
    const call = callOf(pay(bench, [ANN, BEN], 'p1', 5000));

    expect(ledgerCall(bench, [CAT], 'approve', call)).to.equal('CONTRACTS_CALL_CLOSED');
  });
});

describe('discretionary acts (spec X-22)', () => {
  it('given an act that took discretion, then the feed names who, what and why', () => {
    const bench = newBench();
    bench.run([ANN], ['boxes', 'open', { name: 'church' }]);
    const amount = { minor: 10, currency: 'GBP' };
    bench.run([ANN], ['boxes', 'give', { box: 'church', amount }]);
    const take = [
      'boxes',
      'take',
      { box: 'church', amount: { minor: 1, currency: 'GBP' }, reason },
    ] as const;

    bench.run([ANN, BEN], take, take);

    const acts = [0, 1].map((ordinal) =>
      rows.act(bench.view, { height: 3, transaction: 0, ordinal }),
    );
    for (const act of acts) {
      expect(act).to.deep.include({ contract: 'boxes', action: 'take', reason });
      expect(act?.actors).to.deep.equal(['aa/ann', 'bb/ben']);
    }
    expect(rows.act(bench.view, { height: 3, transaction: 0, ordinal: 2 })).to.equal(undefined);
  });

  it('given an act that failed, then it is on no feed', () => {
    const bench = newBench();
    bench.run([ANN], ['boxes', 'open', { name: 'church' }]);
    const amount = { minor: 10, currency: 'GBP' };

    bench.run([ANN, BEN], ['boxes', 'take', { box: 'church', amount, reason }]);

    expect(rows.act(bench.view, { height: 2, transaction: 0, ordinal: 0 })).to.equal(undefined);
  });
});
