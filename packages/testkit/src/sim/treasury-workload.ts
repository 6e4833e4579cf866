/**
 * The workload of one seed in ten: public money through the real contracts, with payments of four
 * eyes. Calls come in any order, so many of them fail at execution, as they should.
 */
import type { Call, CallArguments } from '@daybook/core';
import type { Member } from './foundry.ts';
import { tally } from './tally.ts';
import type { Workload } from './workload.ts';
import type { Prng } from './world/prng.ts';

const GRANTOR = 'office-0';
const HOLDER = 'office-1';
const FUNDS = 3;

export const TREASURY_ROLES = ['appropriator', 'budgeter', 'payer', 'controller'].map(
  (role) => `treasury.${role}`,
);

function call(action: string, args: CallArguments): Call {
  return { contract: 'treasury', action, args };
}

function gbp(prng: Prng, most: number): { readonly minor: bigint; readonly currency: string } {
  return { minor: BigInt(prng.between(1, most)), currency: 'GBP' };
}

function appropriate(fund: string, prng: Prng): Call {
  return call('appropriate', {
    fund,
    title: 'Water',
    holder: HOLDER,
    controller: GRANTOR,
    amount: gbp(prng, 100_000),
    period: { start: '2025-01-01', end: '2026-12-31' },
    purposes: ['water'],
    basis: 'recorded',
  });
}

/** What the holder of a fund does with it: the later steps need the earlier ones. */
const STEPS: readonly ((fund: string, prng: Prng) => Call)[] = [
  (fund, prng) =>
    call('allocate', {
      fund,
      parent: fund,
      allocation: 'north',
      title: 'North',
      holder: HOLDER,
      amount: gbp(prng, 20_000),
      purposes: ['water/wells'],
      basis: 'recorded',
    }),
  (fund, prng) =>
    call('commit', {
      fund,
      allocation: 'north',
      commitment: 'pumps',
      title: 'Pumps',
      payee: { name: 'Pump Works', organisation: GRANTOR },
      amount: gbp(prng, 10_000),
      purposes: ['water/wells'],
      basis: 'recorded',
    }),
  (fund, prng) =>
    call('disburse', {
      fund,
      commitment: 'pumps',
      payment: `invoice-${prng.below(1000)}`,
      amount: gbp(prng, 500),
      date: '2025-09-01',
      purpose: 'water/wells',
    }),
];

function fundOf(prng: Prng): string {
  return `fund-${prng.below(FUNDS)}`;
}

export const TREASURY_WORKLOAD: Workload = {
  // Strategies of the adversary write to it.
  contracts: [tally],
  nextCalls: ({ slug }, prng) => {
    const fund = fundOf(prng);
    if (slug === GRANTOR) return [appropriate(fund, prng)];
    const step = prng.pick(STEPS);
    return [step(fund, prng)];
  },
  author: (members, prng) => prng.pick(members.slice(0, 2)),
  cosigners: (author: Member, [first], members) => {
    const needsTwo = first?.action === 'appropriate' || first?.action === 'disburse';
    return needsTwo ? members.slice(0, 2).filter((member) => member !== author) : [];
  },
};
