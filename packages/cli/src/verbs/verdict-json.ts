/** A verdict in the form that scripts read. */
import type { Verdict } from '@daybook/client';

/** A verdict as scripts read it. */
export function verdictJson(verdict: Verdict): Readonly<Record<string, unknown>> {
  const { outcome } = verdict;
  if (outcome === 'invalid') return { outcome, reason: verdict.reason };
  const { facts } = verdict;
  const { header, blockHash } = facts.block;
  return {
    outcome,
    ...(outcome === 'unknown' && { reason: verdict.reason }),
    chain: facts.chain,
    chainName: facts.chainName,
    height: header.height,
    blockHash,
    timestampMs: header.timestampMs,
    seals: facts.seals,
    contract: facts.record.contract.name,
    record: facts.record.spec.name,
    key: facts.record.key,
    present: facts.value !== undefined,
    ...(facts.stored !== undefined && { row: facts.stored.fields, stamp: facts.stored.stamp }),
  };
}
