/** The founding document of the ledger that API tests talk to. */
import { foundingContractsOf } from '@daybook/contracts';
import type { Genesis, ValidatorSet } from '@daybook/core';
import { DEFAULT_PARAMETERS, sha256 } from '@daybook/core';
import { notebook } from './notebook.ts';

export const GENESIS_TIME = Date.UTC(2026, 0, 1);

/** A genesis with one contract and nobody in it. */
export function buildGenesis(validators: ValidatorSet): Genesis {
  const document = {
    format: 'daybook-genesis/1',
    name: 'api-test',
    timeMs: GENESIS_TIME,
    developmentMode: true,
    parameters: DEFAULT_PARAMETERS,
    contracts: foundingContractsOf([notebook]),
    organisations: [],
    validators: [],
    observers: [],
  } as const;
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return { document, bytes, chain: sha256(bytes) as Genesis['chain'], validators };
}
