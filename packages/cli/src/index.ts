/** The command line of a ledger, and the import engine that scripts share with it. Exports only. */
export { knownContracts } from './actions/contracts.ts';
export { CLI_ERRORS, CliError, explainCli } from './errors.ts';
export { EXIT_CODES } from './exit-codes.ts';
export { ImportError } from './imports/import-error.ts';
export type {
  ImportOptions,
  ImportParts,
  ImportProgress,
  ImportReport,
} from './imports/import-lines.ts';
export type {
  ReleaseImportOptions,
  ReleaseImportParts,
  ReleaseImportReport,
} from './imports/import-releases.ts';
export { importLines, importReleases, keepFiles } from './imports/on-demand.ts';
export { pendingCalls } from './imports/pending-calls.ts';
export type { RefusedLine } from './imports/settlement.ts';
export { main } from './main.ts';
export { renderCliReference } from './reference.ts';
