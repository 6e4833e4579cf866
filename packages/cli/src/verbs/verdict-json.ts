/** Verdicts in the form that scripts read. */
import type { ListVerdict, ProvenFrame, Verdict } from '@daybook/client';

/** A verdict on one record as scripts read it. */
export function verdictJson(verdict: Verdict): Readonly<Record<string, unknown>> {
  if (verdict.outcome === 'invalid') return verdict;
  const { facts } = verdict;
  return {
    ...frameJson(verdict),
    contract: facts.record.contract.name,
    record: facts.record.spec.name,
    key: facts.record.key,
    present: facts.value !== undefined,
    ...(facts.writtenIn !== undefined && { writtenIn: facts.writtenIn.height }),
    ...(facts.stored !== undefined && { row: facts.stored.fields, stamp: facts.stored.stamp }),
  };
}

/** A verdict on a list as scripts read it, with all its records. */
export function listJson(verdict: ListVerdict): Readonly<Record<string, unknown>> {
  if (verdict.outcome === 'invalid') return verdict;
  const { facts } = verdict;
  return {
    ...frameJson(verdict),
    contract: facts.contract.name,
    record: facts.spec.name,
    within: facts.within,
    whole: facts.isWhole,
    count: facts.rows.length,
    rows: facts.rows.map(({ key, stored }) => ({
      key,
      ...(stored && { row: stored.fields, stamp: stored.stamp }),
    })),
  };
}

type Decided = Exclude<Verdict | ListVerdict, { readonly outcome: 'invalid' }>;

function frameJson(verdict: Decided): Readonly<Record<string, unknown>> {
  const facts: ProvenFrame = verdict.facts;
  const { header, blockHash } = facts.block;
  return {
    outcome: verdict.outcome,
    ...(verdict.outcome === 'unknown' && { reason: verdict.reason }),
    chain: facts.chain,
    chainName: facts.chainName,
    height: header.height,
    blockHash,
    timestampMs: header.timestampMs,
    seals: facts.seals,
  };
}
