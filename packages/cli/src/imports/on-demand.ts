/** The import engines, loaded when they are first asked for: the formats behind it would slow every start. */

import type { PlannedPart } from '@daybook/formats';
import type { ImportOptions, ImportParts, ImportReport } from './import-lines.ts';
import type {
  ReleaseImportOptions,
  ReleaseImportParts,
  ReleaseImportReport,
} from './import-releases.ts';
import type { FileParts, FileReport } from './keep-files.ts';

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

/**
 * Keeps the files of an import as they came, or what is missing of them.
 * @throws ImportError when a part is refused; whatever the parts throw passes through, and nothing is
 *   lost by starting again
 */
export async function keepFiles(
  planned: readonly PlannedPart[],
  parts: FileParts,
): Promise<FileReport> {
  const { runKeepFiles } = await import('./keep-files.ts');
  return await runKeepFiles(planned, parts);
}

/**
 * Imports all releases of OCDS files, or what is missing of them.
 * @throws whatever the parts throw; nothing is lost by starting again
 */
export async function importReleases(
  options: ReleaseImportOptions,
  parts: ReleaseImportParts,
): Promise<ReleaseImportReport> {
  const { runReleaseImport } = await import('./import-releases.ts');
  return await runReleaseImport(options, parts);
}
