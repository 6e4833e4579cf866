/** What a kept file becomes when it comes out again, whatever its format. */
import type { RecordSource, SourceFile } from '../records.ts';
import type { KeptFinding, KeptLine } from './kept.ts';
import { differenceOf } from './ledger-word.ts';

/** Lines that may come out of kept files, and under which names the ledger has them. */
export interface KeptSeries {
  /** First and second part of the identities of the files' lines. */
  readonly publisher: string;
  readonly dataset: string;
  /** What is on the ledger under an identity, and held by whoever keeps the file. */
  readonly lineOf: (source: RecordSource) => KeptLine | undefined;
}

export interface MergedFiles {
  /** Empty where none of it is on the ledger. */
  readonly files: readonly SourceFile[];
  /** What was left out although it is on the ledger, and why. */
  readonly findings: readonly KeptFinding[];
}

/** One pass over kept files. */
export interface MergePass extends MergedFiles {
  /** Whether the files differ from those that went in. */
  readonly isChanged: boolean;
}

/**
 * Merges files until they say what the ledger says. They are their holder's word: where what was put
 * into them does not read as the ledger's own, they are left out as a whole.
 */
export function settle(
  files: readonly SourceFile[],
  { publisher, dataset }: KeptSeries,
  pass: (files: readonly SourceFile[]) => MergePass,
): MergedFiles {
  const { files: merged, findings, isChanged } = pass(files);
  if (!isChanged) return { files: merged, findings };
  const again = pass(merged);
  if (!again.isChanged && again.findings.length === 0) return { files: merged, findings };
  const source = { publisher, dataset, number: files[0]?.name ?? '', occurrence: 1 };
  const fault = differenceOf('', 'what the ledger says', 'other text for the same');
  return { files: [], findings: [...findings, { source, ...fault }] };
}
