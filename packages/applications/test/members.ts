/** What members of a test decide by vote: acts that a contract reserves for governance. */
import type { Call } from '@daybook/core';
import { governance } from '../src/governance.ts';
import type { TestLedger } from './ledger.ts';
import { outcome } from './ledger.ts';

/**
 * Lets members adopt an act and waits until it took effect.
 * @param delegates  of so many organisations that it is adopted at once
 * @param act        contract, action and input as JSON
 * @returns          how the proposal ended: done, or why it was refused
 */
export function adoptAct(
  ledger: TestLedger,
  delegates: readonly string[],
  act: { readonly contract: string; readonly action: string; readonly input: object },
): string {
  const args = { ...act, input: JSON.stringify(act.input), reason: 'because of the test' };
  const call: Call = { contract: 'governance', action: 'proposeAct', args };
  const refused = outcome(ledger.act([call], delegates));
  if (refused !== 'ok') return refused;
  // Two blocks of time lock.
  for (let block = 0; block < 2; block += 1) ledger.block([]);
  const proposals = ledger.rows(governance, 'proposal');
  return proposals.reduce((a, b) => (a.number > b.number ? a : b)).status;
}
