/** The command line of a ledger, and the import engine that scripts share with it. Exports only. */
export { knownContracts } from './actions/contracts.ts';
export { CLI_ERRORS, CliError, explainCli } from './errors.ts';
export { EXIT_CODES } from './exit-codes.ts';
export { main } from './main.ts';
export { renderCliReference } from './reference.ts';
export { ImportError } from './spend/import-error.ts';
export type {
  ImportProgress,
  ImportReport,
  ImportSpendOptions,
  ImportSpendParts,
} from './spend/import-spend.ts';
export { importSpend } from './spend/on-demand.ts';
export type { RefusedLine } from './spend/settlement.ts';
