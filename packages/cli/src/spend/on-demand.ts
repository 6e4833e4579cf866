/** The import engine, loaded when it is first asked for: the formats behind it would slow every start. */
import type { ImportReport, ImportSpendOptions, ImportSpendParts } from './import-spend.ts';

/**
 * Imports all files, or what is missing of them.
 * @throws ImportError when a file cannot be read or the ledger refuses a budget; whatever the parts
 *   throw passes through, and nothing is lost by starting again
 */
export async function importSpend(
  options: ImportSpendOptions,
  parts: ImportSpendParts,
): Promise<ImportReport> {
  const { runImport } = await import('./import-spend.ts');
  return await runImport(options, parts);
}
