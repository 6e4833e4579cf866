/** The scene of the risk tests: a fund with rules in force, who may lift what they hold, and payments. */
import { ledger as chain, openRecords } from '@daybook/contracts';
import type { Call, CallArguments } from '@daybook/core';
import { expect } from 'chai';
import { governance } from '../src/governance.ts';
import { risk } from '../src/risk.ts';
import type { TestLedger } from './ledger.ts';
import { outcome } from './ledger.ts';
import { adoptAct } from './members.ts';
import {
  allocate,
  appropriate,
  CONTROLLER,
  carryOut,
  commit,
  disburse,
  emptyLedger,
  FUND,
  gbp,
  PAYER,
} from './treasury-scene.ts';

export const DAY_MS = 86_400_000;
export const [ONE, TWO, SAME] = ['court/one', 'audit/two', 'court/three'];
/** Releasers all the same, who signed the payment or are of who pays. */
export const PARTIAL = [PAYER, CONTROLLER, 'water/wes'];
/** A releaser of the controller, who signed nothing. */
export const CONTROLLERS_OTHER = 'hm-treasury/cora';
export const ANALYSTS = ['audit/ann', 'court/cat'];
export const PAYERS_ANALYST = 'water/ana';
export const DELEGATES = ['hm-treasury/dee', 'water/del', 'audit/dan', 'court/deb', 'other/dot'];
export const SIGNERS = [PAYER, CONTROLLER];
export const pending = openRecords(chain).pending;
export const reason = 'because of the test';

export const rule = (name: string, kind: string, more: object = {}) => ({
  rule: name,
  kind,
  verdict: 'hold',
  title: { en: name, zh: '规则' },
  legalBasis: 'Financial rules, article 1',
  reason,
  ...more,
});

/** A fund of 100,000 with rules in force. */
export function guarded(...rules: readonly object[]): TestLedger {
  const others = {
    [ONE]: ['risk.releaser'],
    [TWO]: ['risk.releaser'],
    [SAME]: ['risk.releaser'],
    [PAYER]: ['treasury.payer', 'risk.releaser'],
    [CONTROLLER]: ['treasury.controller', 'risk.releaser'],
    'water/wes': ['risk.releaser'],
    [CONTROLLERS_OTHER]: ['risk.releaser'],
    ...Object.fromEntries([...ANALYSTS, PAYERS_ANALYST].map((name) => [name, ['risk.analyst']])),
    ...Object.fromEntries(DELEGATES.map((name) => [name, ['governance.delegate']])),
  };
  const ledger = emptyLedger([governance, risk], others);
  for (const input of rules) expect(setRule(ledger, input)).to.equal('done');
  const amount = gbp(100_000);
  carryOut(ledger, appropriate({ amount }), allocate({ amount }), commit({ amount }));
  return ledger;
}

export function setRule(ledger: TestLedger, input: object): string {
  return adoptAct(ledger, DELEGATES, { contract: 'risk', action: 'setRule', input });
}

let number = 0;

/** Pays under a new number. @returns 'paid', 'held', or the code of the refusal */
export function pay(ledger: TestLedger, minor: number, change: CallArguments = {}): string {
  number += 1;
  const payment = `p-${number}`;
  const executed = ledger.act([disburse({ payment, amount: gbp(minor), ...change })], SIGNERS);
  if (executed.failure !== undefined) return executed.failure.code;
  const isHeld = executed.result.events.some(({ name }) => name === 'held');
  return isHeld ? 'held' : 'paid';
}

export const hits = (ledger: TestLedger) => ledger.rows(risk, 'hit');
export const heldCall = (ledger: TestLedger): Uint8Array => {
  const held = hits(ledger).find(({ status }) => status === 'held');
  if (held?.call === undefined) throw new Error('a hit has its held call');
  return held.call;
};

export function answer(
  ledger: TestLedger,
  action: string,
  held: Uint8Array,
  ...who: string[]
): string {
  const each: Call = { contract: 'ledger', action, args: { call: held, reason } };
  return outcome(ledger.act([each], who));
}

export const FAST = { count: 2, days: 3 };
export const LIMIT = { limit: { minor: '1000', currency: 'GBP' } };

/** That the hit of a rule on the first payment found was looked at. */
export function reviewOf(ledger: TestLedger, name: string): Call {
  const payment = hits(ledger)[0]?.payment ?? '';
  return { contract: 'risk', action: 'review', args: { fund: FUND, payment, rule: name, reason } };
}
