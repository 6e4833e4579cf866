/** The books of a small fund: what must be there before payments, and any number of payments. */
import type { Call, CallArguments } from '@daybook/core';
import { commitTransaction } from './api.ts';
import type { Signed, Signing } from './transactions.ts';
import { signedBy } from './transactions.ts';

export const FUND = 'water-2026';
const HOLDER = 'finance';
const CONTROLLER = 'audit';
const AMOUNT = { minor: 1_000_000_000_000n, currency: 'GBP' };
const PURPOSE = 'water/irrigation';

function treasury(action: string, args: CallArguments): Call {
  return { contract: 'treasury', action, args };
}

/** Appropriation, allocation and commitment, all held by the organisation `finance`. */
export function openingCalls(): readonly Call[] {
  const period = { start: '2026-01-01', end: '2026-12-31' };
  const held = {
    fund: FUND,
    holder: HOLDER,
    amount: AMOUNT,
    purposes: ['water'],
    basis: 'recorded',
  };
  const payee = { name: 'Pump Works Ltd' };
  return [
    treasury('appropriate', { ...held, title: 'Water', controller: CONTROLLER, period }),
    treasury('allocate', { ...held, title: 'North', parent: FUND, allocation: 'north' }),
    treasury('commit', {
      fund: FUND,
      allocation: 'north',
      commitment: 'pumps',
      title: 'Pumps',
      payee,
      amount: AMOUNT,
      purposes: [PURPOSE],
      basis: 'recorded',
    }),
  ];
}

export function paymentCall(name: string, change: CallArguments = {}): Call {
  return treasury('disburse', {
    fund: FUND,
    commitment: 'pumps',
    payment: name,
    amount: { minor: 125n, currency: 'GBP' },
    date: '2026-03-01',
    purpose: `${PURPOSE}/pumps`,
    ...change,
  });
}

/** A payment with its two signatures. */
export function signedPayment(
  signing: Signing,
  name: string,
  change?: Parameters<typeof signedBy>[3],
): Signed {
  const officers = [`${HOLDER}/payer`, `${CONTROLLER}/controller`];
  return signedBy(signing, officers, [paymentCall(name)], change);
}

export function paymentPath(name: string): string {
  return `/v1/contracts/treasury/payment/${FUND}/${name}`;
}

/** Opens the fund. @throws Error with the answer if that is refused */
export async function openFund(apiUrl: string, signing: Signing): Promise<void> {
  const officers = [`${HOLDER}/treasurer`, `${HOLDER}/budgeter`];
  const { bytes } = signedBy(signing, officers, openingCalls());
  const { status, body } = await commitTransaction(apiUrl, bytes);
  if (status !== 200) throw new Error(`the fund was not opened: ${JSON.stringify(body)}`);
}
