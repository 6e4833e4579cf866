/** Puts a refused transaction in words: from the manifest's failures, filled in with its facts. */
import type { Manifest } from '@daybook/contracts';
import { CONTRACTS_ERRORS, failureOf, fillWords } from '@daybook/contracts';
import type { CborMap, CborValue } from '@daybook/core';
import type { FieldFault, Refusal } from '../api/ports.ts';
import type { StoredResult } from '../ledger/stored-result.ts';

function isMap(value: CborValue | undefined): value is CborMap {
  if (typeof value !== 'object' || value === null) return false;
  return !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** A fault's pointer among the facts becomes an entry that clients can attach to their form. */
function faultsOf(facts: CborMap): readonly FieldFault[] {
  const { pointer, expected, found } = facts;
  if (typeof pointer !== 'string') return [];
  return [
    {
      pointer,
      expected: typeof expected === 'string' ? expected : 'another value',
      ...(found !== undefined && { found: String(found) }),
    },
  ];
}

/** @returns undefined for a transaction that succeeded */
export function explainOutcome(manifest: Manifest, stored: StoredResult): Refusal | undefined {
  const receipt = stored.result.code;
  if (receipt === 0) return undefined;
  const facts = isMap(stored.facts?.facts) ? stored.facts.facts : {};
  const errors = faultsOf(facts);
  const withFaults = errors.length === 0 ? {} : { errors };
  const declared = failureOf(manifest, receipt);
  if (declared !== undefined) {
    const { en } = fillWords(declared, facts);
    return { code: declared.code, detail: en, ...withFaults };
  }
  const engine = Object.entries(CONTRACTS_ERRORS).find(
    ([, entry]) => 'receipt' in entry && entry.receipt === receipt,
  );
  if (engine === undefined) {
    return { code: 'CONTRACTS_CODE_UNKNOWN', detail: `Receipt code ${receipt}.` };
  }
  const [code, { summary }] = engine;
  return { code, detail: fillWords({ en: summary, zh: summary }, facts).en, ...withFaults };
}
