/**
 * Random operations on the treasury, and an audit that adds up all rows by itself, without the sums
 * and invariants that the contract declares.
 */
import type { Period, RowOf } from '@daybook/contracts';
import type { Call } from '@daybook/core';
import fc from 'fast-check';
import { treasury } from '../src/treasury.ts';
import type { TestLedger } from './ledger.ts';
import {
  acknowledge,
  allocate,
  appropriate,
  call,
  commit,
  disburse,
  RECONSTRUCTED,
  SIGNERS,
} from './treasury-scene.ts';

type Row<K extends keyof (typeof treasury)['records']> = RowOf<(typeof treasury)['records'][K]>;

/** One random operation: what to do, on which row, with how much, and how it may be wrong. */
export interface Step {
  readonly action: string;
  readonly pick: number;
  readonly other: number;
  readonly amount: number;
  readonly twist: number;
}

const ACTIONS = Object.keys(SIGNERS);
export const step: fc.Arbitrary<Step> = fc.record({
  action: fc.oneof(
    fc.constantFrom(...ACTIONS),
    fc.constantFrom('disburse', 'disburse', 'credit', 'commit', 'allocate'),
  ),
  pick: fc.nat(1000),
  other: fc.nat(1000),
  amount: fc.oneof(
    fc.integer({ min: 1, max: 50 }),
    fc.integer({ min: 1, max: 5000 }),
    // So that payments are alike, and come back whole.
    fc.constantFrom(20, 45),
  ),
  twist: fc.nat(19),
});

/** What a run has made so far, by name, so that steps can refer to it. */
export interface Names {
  readonly funds: string[];
  readonly allocations: (readonly [fund: string, name: string])[];
  readonly commitments: (readonly [fund: string, name: string])[];
  readonly payments: (readonly [fund: string, commitment: string, name: string])[];
  count: number;
}

export const CURRENCIES = ['GBP', 'EUR', 'JPY'];
const PURPOSES = ['water', 'water/wells', 'water/irrigation', 'water/irrigation/pumps', 'cars'];

export const pickFrom = <T>(list: readonly T[], index: number): T | undefined =>
  list[index % Math.max(list.length, 1)];

/** Months that money is bound to: most steps take what is above, one in twenty goes beyond. */
const PERIODS: Readonly<Record<number, object>> = {
  5: { period: { start: '2026-02-01', end: '2026-09-30' } },
  6: { period: { start: '2026-06-01', end: '2027-01-31' } },
};
const DATES = ['2026-03-01', '2026-05-01', '2026-08-01'];
const LATE = '2027-03-01';

/** A day, now and then one after the end of every period. */
function dateOf({ other, twist }: Step): string {
  return twist === 7 ? LATE : (pickFrom(DATES, other) ?? LATE);
}

/** A few numbers of a publisher, so that some come twice. */
function sourceOf({ pick, twist }: Step): object {
  if (twist < 2 || twist > 4) return {};
  return { source: { publisher: 'water', dataset: 'spend', number: `${pick}`, occurrence: 1 } };
}

/** The call of a step; one in five names the wrong currency, purpose, period or day. */
export function callOf(names: Names, step: Step): Call {
  const { action, pick, other, amount, twist } = step;
  const owned = /Allocation$/.test(action) ? names.allocations : names.commitments;
  const isOnRow = /^(increase|return|disburse|credit)/.test(action);
  const [fund, name] = (isOnRow ? pickFrom(owned, pick) : undefined) ?? [
    pickFrom(names.funds, pick) ?? 'none',
    'none',
  ];
  const paid = pickFrom(names.payments, other);
  const inFund = names.allocations.filter(([owner]) => owner === fund).map(([, each]) => each);
  const money = { minor: BigInt(amount), currency: twist === 0 ? 'USD' : currencyOf(names, fund) };
  const purpose = pickFrom(PURPOSES, twist === 1 ? 4 : other % 4) ?? 'water';
  const reason = 'A random step.';
  const fresh = `n-${names.count}`;
  const parent = pickFrom([fund, ...inFund], other) ?? fund;
  const basis = other % 3 === 0 ? 'reconstructed' : 'recorded';
  const source = sourceOf(step);
  const named = { fund, amount: money, purposes: [purpose], basis, ...PERIODS[twist], ...source };
  const date = dateOf(step);
  const line = { fund, commitment: name, payment: fresh, amount: money, purpose, date, ...source };
  const known = { fund: paid?.[0] ?? fund, payment: paid?.[2] ?? 'none' };
  const reversal =
    paid === undefined || twist < 5
      ? {}
      : { fund: paid[0], commitment: paid[1], reverses: paid[2] };
  const calls: Readonly<Record<string, () => Call>> = {
    appropriate: () => {
      const currency = pickFrom(CURRENCIES, names.funds.length) ?? 'GBP';
      const whole = { minor: BigInt(amount * 10), currency };
      return appropriate({ fund: fresh, amount: whole, ...(other % 2 === 0 && RECONSTRUCTED) });
    },
    supplement: () => call(action, { fund, amount: money, reason }),
    lapse: () => call(action, { fund, amount: money }),
    allocate: () => allocate({ ...named, parent, allocation: fresh }),
    increaseAllocation: () => call(action, { fund, allocation: name, amount: money, reason }),
    returnAllocation: () => call(action, { fund, allocation: name, amount: money }),
    commit: () => commit({ ...named, allocation: parent, commitment: fresh }),
    increaseCommitment: () =>
      call(action, { fund, commitment: name, amount: money, reason, ...source }),
    returnCommitment: () => call(action, { fund, commitment: name, amount: money, ...source }),
    disburse: () => disburse(line),
    credit: () => call(action, { ...line, ...reversal }),
    acknowledge: () => call(action, known),
    correct: () =>
      call(action, { ...known, date: '2026-06-01', purpose, description: 'Corrected', reason }),
  };
  return calls[action]?.() ?? acknowledge('none');
}

/** What a run begins with. */
export function noNames(): Names {
  return { funds: [], allocations: [], commitments: [], payments: [], count: 0 };
}

/** Funds take the currencies in turn. */
function currencyOf({ funds }: Names, fund: string): string {
  return CURRENCIES[funds.indexOf(fund) % CURRENCIES.length] ?? 'GBP';
}

export function remember(names: Names, { action, args }: Call): void {
  names.count += 1;
  const { fund, allocation, commitment, payment } = args;
  if (typeof fund !== 'string') return;
  if (action === 'appropriate') names.funds.push(fund);
  if (action === 'allocate') names.allocations.push([fund, `${allocation}`]);
  if (action === 'commit') names.commitments.push([fund, `${commitment}`]);
  if (action === 'disburse') names.payments.push([fund, `${commitment}`, `${payment}`]);
}

export const sumOf = (values: readonly bigint[]): bigint =>
  values.reduce((sum, each) => sum + each, 0n);

/** Rows by the name of what they hang on. */
function grouped<R>(
  rows: readonly R[],
  nameOf: (row: R) => string,
): (name: string) => readonly R[] {
  const groups = Map.groupBy(rows, nameOf);
  return (name) => groups.get(name) ?? [];
}

/** Adds up every row of the ledger and says what does not fit. */
export function audit(ledger: TestLedger): readonly string[] {
  const faults: string[] = [];
  const demand = (holds: boolean, fault: string): void => {
    if (!holds) faults.push(fault);
  };
  const appropriations = ledger.rows(treasury, 'appropriation');
  const allocations = ledger.rows(treasury, 'allocation');
  const commitments = ledger.rows(treasury, 'commitment');
  const payments = ledger.rows(treasury, 'payment');

  const allocationsOf = grouped(allocations, ({ fund, parent }) => `${fund}/${parent}`);
  const commitmentsOf = grouped(commitments, (row) => `${row.fund}/${row.allocation}`);
  const paymentsOf = grouped(payments, (row) => `${row.fund}/${row.commitment}`);
  const netOf = (rows: readonly { received: bigint; returned: bigint }[]): bigint =>
    sumOf(rows.map(({ received, returned }) => received - returned));
  const checkNode = (node: Row<'appropriation'> | Row<'allocation'>, name: string): void => {
    const { fund, received, allocated, committed, returned, left } = node;
    const below = allocationsOf(`${fund}/${name}`);
    const taken = commitmentsOf(`${fund}/${name}`);
    demand(received === allocated + committed + returned + left, `${fund}/${name} adds up`);
    demand(allocated === netOf(below), `${fund}/${name} allocated what is below it`);
    demand(committed === netOf(taken), `${fund}/${name} committed what is below it`);
    for (const row of [...below, ...taken]) {
      demand(row.currency === node.currency, `${fund}/${name} keeps its currency`);
      demand(areCovered(row.purposes, node.purposes), `${fund}/${name} keeps its purposes`);
      demand(isWithin(row.period, node.period), `${fund}/${name} keeps its period`);
      demand(row.basis === 'recorded' || node.basis !== 'recorded', `${fund}/${name} is recorded`);
    }
  };
  for (const row of appropriations) checkNode(row, row.fund);
  for (const row of allocations) checkNode(row, row.allocation);
  for (const row of commitments) {
    const own = paymentsOf(`${row.fund}/${row.commitment}`);
    const paid = (kind: string): bigint =>
      sumOf(own.filter((each) => each.kind === kind).map(({ amount }) => amount.minor));
    const { received, credited, spent, returned, left, commitment } = row;
    demand(received + credited === spent + returned + left, `${commitment} adds up`);
    demand(spent === paid('disbursement'), `${commitment} spent what was paid`);
    demand(credited === paid('credit'), `${commitment} got back what was credited`);
    demand(spent - credited <= received, `${commitment} spent no more than it received`);
    const isRecorded = row.basis === 'recorded';
    demand(!isRecorded || credited <= spent, `${commitment} got back no more than it spent`);
    for (const { amount, purpose, reversed, payment, ...each } of own) {
      const credits = own.filter(({ reverses }) => reverses === payment);
      const isCredit = each.kind === 'credit';
      const { start, end } = row.period;
      demand(reversed === sumOf(credits.map((c) => c.amount.minor)), `${payment} is credited`);
      demand(!(isRecorded && isCredit) || each.reverses !== undefined, `${payment} is linked`);
      demand(start <= each.date && (isCredit || each.date <= end), `${payment} is in the period`);
      const isElsewhere = !isRecorded && each.source !== undefined;
      demand(isElsewhere === (each.recorded === undefined), `${payment} has its time`);
      demand(amount.currency === row.currency, `${payment} is in the currency of the fund`);
      demand(areCovered([purpose], row.purposes), `${payment} is within the earmark`);
      demand(reversed <= amount.minor, `${payment} is not credited twice`);
    }
  }
  for (const { fund, basis, received } of appropriations) {
    if (basis !== 'recorded') continue;
    const spent = commitments.filter((row) => row.fund === fund).map((row) => row.spent);
    const back = payments.filter((row) => row.fund === fund).map(({ reversed }) => reversed);
    demand(sumOf(spent) - sumOf(back) <= received, `${fund} spent no more than it received`);
  }
  for (const currency of CURRENCIES) {
    const own = <T extends { readonly currency: string }>(rows: readonly T[]): readonly T[] =>
      rows.filter((row) => row.currency === currency);
    const left = [...own(appropriations), ...own(allocations), ...own(commitments)].map(
      (row) => row.left,
    );
    const spent = own(commitments).map((row) => row.spent - row.credited);
    demand(netOf(own(appropriations)) === sumOf(left) + sumOf(spent), `${currency} is conserved`);
  }
  return faults;
}

function isWithin(inner: Period, outer: Period): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function areCovered(purposes: readonly string[], by: readonly string[]): boolean {
  return purposes.every((each) => by.some((path) => `${each}/`.startsWith(`${path}/`)));
}
