/** The import engine, loaded when it is first asked for: the formats behind it would slow every start. */
import type { ImportOptions, ImportParts, ImportReport } from './import-lines.ts';

/**
 * Imports all lines, or what is missing of them.
 * @throws ImportError when the ledger refuses a budget; whatever the parts throw passes through, and
 *   nothing is lost by starting again
 */
export async function importLines(
  options: ImportOptions,
  parts: ImportParts,
): Promise<ImportReport> {
  const { runImport } = await import('./import-lines.ts');
  return await runImport(options, parts);
}
