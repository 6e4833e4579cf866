/**
 * Conservation: no sequence of actions creates or loses money or takes it out of its earmark, whether
 * payments pass, are held, released or refused, and a handler that would is stopped by the engine.
 */
import { defineContract } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { directory } from '../src/directory.ts';
import { governance } from '../src/governance.ts';
import { risk } from '../src/risk.ts';
import { treasury } from '../src/treasury.ts';
import type { TestLedger } from './ledger.ts';
import { createLedger, outcome } from './ledger.ts';
import { adoptAct } from './members.ts';
import type { Names, Step } from './treasury-random.ts';
import { audit, callOf, noNames, pickFrom, remember, step, sumOf } from './treasury-random.ts';
import {
  allocate,
  appropriate,
  BUDGETER,
  CONTROLLER,
  carryOut,
  commit,
  disburse,
  emptyLedger,
  GRANTOR,
  PAYEE,
  PAYER,
  SIGNERS,
} from './treasury-scene.ts';

/** In each of two tests. */
const OPERATIONS = 5_000;
const RUNS = 10;
const AUDIT_EVERY = 100;
const RELEASERS = ['court/one', 'audit/two'];
const DELEGATES = ['court/dee', 'audit/del', 'water/dan', 'other/dot', 'hm-treasury/deb'];

/** A call that a rule held, and what it would do. */
interface HeldCall {
  readonly key: Uint8Array;
  readonly made: Call;
}

/** A ledger on which payments above 40 are held, and many in a day are alerted of. */
function guardedLedger(): TestLedger {
  const others = {
    ...Object.fromEntries(RELEASERS.map((name) => [name, ['risk.releaser']])),
    ...Object.fromEntries(DELEGATES.map((name) => [name, ['governance.delegate']])),
  };
  const ledger = emptyLedger([governance, risk], others);
  const words = {
    title: { en: 'A rule', zh: '规则' },
    legalBasis: 'Test',
    reason: 'For the test.',
  };
  const limit = { minor: '40', currency: 'GBP' };
  for (const input of [
    { rule: 'top', kind: 'payment', verdict: 'hold', limit, ...words },
    { rule: 'many', kind: 'velocity', verdict: 'alert', count: 2, days: 1, ...words },
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
  for (const [at, each] of [first, ...run].entries()) {
    const ended = each.twist > 16 ? endHold(ledger, names, held, each) : undefined;
    tally(ended ?? take(ledger, names, held, callOf(names, each)));
    if (at % AUDIT_EVERY === 0) expect(audit(ledger)).to.deep.equal([]);
  }
}

/** The books of risk control hold every payment, and nothing that was only held. */
function auditBooks(ledger: TestLedger): readonly string[] {
  const paid = ledger.rows(treasury, 'payment').filter(({ kind }) => kind === 'disbursement');
  return ['GBP', 'EUR', 'JPY'].filter((currency) => {
    const own = paid.filter(({ amount }) => amount.currency === currency);
    const months = ledger.rows(risk, 'month').filter((row) => row.currency === currency);
    const booked = sumOf(months.map(({ total }) => total));
    return booked !== sumOf(own.map(({ amount }) => amount.minor));
  });
}

describe('treasury: conservation', () => {
  for (const [what, isGuarded] of [
    ['treasury alone', false],
    ['under risk rules', true],
  ] as const) {
    it(`given ${OPERATIONS} random operations ${what}, when audited, then no penny was made, lost or diverted`, function () {
      this.timeout(120_000);
      const outcomes = new Map<string, number>();
      const steps = { minLength: OPERATIONS / RUNS, maxLength: OPERATIONS / RUNS };

      fc.assert(
        fc.property(fc.array(step, steps), (run) => {
          const ledger = isGuarded ? guardedLedger() : emptyLedger();
          takeSteps(ledger, run, (code) => outcomes.set(code, (outcomes.get(code) ?? 0) + 1));
          expect(audit(ledger)).to.deep.equal([]);
          if (isGuarded) expect(auditBooks(ledger)).to.deep.equal([]);
        }),
        // Hundreds of steps are not shrunk in reasonable time; the seed replays them.
        { numRuns: RUNS, seed: 20260301, endOnFailure: true },
      );

      const codes = [...outcomes.keys()];
      const expected = ['NOT_ENOUGH', 'OUTSIDE_PURPOSE', 'CURRENCY_DIFFERS', 'CREDIT_TOO_HIGH'];
      const others = isGuarded ? ['held', 'released', 'refused'] : [];
      const isKnown = (code: string): boolean =>
        code === 'ok' || others.includes(code) || code.startsWith('TREASURY_');
      expect(outcomes.get('ok')).to.be.greaterThan(OPERATIONS / 4);
      expect(codes.filter((code) => !isKnown(code))).to.deep.equal([]);
      expect(codes).to.include.members([...expected.map((code) => `TREASURY_${code}`), ...others]);
    });
  }
});

describe('treasury: a broken handler', () => {
  const { definition } = treasury;
  const broken = (action: string, field: string): typeof treasury => {
    const spoilt = definition.actions[action];
    const handler = (context: never, input: never): unknown => {
      const tables = (context as { records: Record<string, { put(row: object): void }> }).records;
      const record = action === 'allocate' ? 'allocation' : 'commitment';
      const table = tables[record];
      const put = table?.put;
      Object.assign(table ?? {}, {
        put: (row: Record<string, unknown>) =>
          put?.({ ...row, [field]: (row[field] as bigint) + 1n }),
      });
      try {
        return spoilt?.handler(context, input);
      } finally {
        Object.assign(table ?? {}, { put });
      }
    };
    const actions = { ...definition.actions, [action]: { ...spoilt, handler } };
    return defineContract({ ...definition, actions } as never) as typeof treasury;
  };

  for (const field of ['left', 'spent', 'returned', 'received', 'credited']) {
    it(`given a handler that adds a penny to ${field}, when it pays, then the invariant refuses it`, () => {
      const ledger = createLedger([directory, broken('disburse', field)], {
        [GRANTOR]: ['treasury.appropriator'],
        [CONTROLLER]: ['treasury.controller'],
        [BUDGETER]: ['treasury.budgeter'],
        [PAYER]: ['treasury.payer'],
        [PAYEE]: [],
      });
      carryOut(ledger, appropriate(), allocate(), commit());

      const executed = ledger.act([disburse()], [PAYER, CONTROLLER]);

      expect(outcome(executed)).to.equal('CONTRACTS_INVARIANT_BROKEN');
      expect(ledger.rows(treasury, 'payment')).to.deep.equal([]);
    });
  }
});
