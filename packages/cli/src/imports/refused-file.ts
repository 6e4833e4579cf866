/** A file of which nothing could be read; the others of an import are. */
import type { FormatsFailure } from '@daybook/formats';

/** With line and column where the parser knows them. */
export interface RefusedFile {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
  /** Empty: the whole of it. */
  readonly field: string;
  readonly reason: FormatsFailure['code'];
  readonly expected: string;
  readonly found: string;
}

/** @param words  the failure in one sentence, for what no parser found */
export function refusalOfFile(
  file: string,
  failure: FormatsFailure,
  { expected, words }: { readonly expected: string; readonly words: string },
): RefusedFile {
  const whole = { file, field: '', reason: failure.code, expected };
  if (failure.code === 'FORMATS_JSON_INVALID' || failure.code === 'FORMATS_XML_INVALID') {
    const { line, column, found } = failure;
    return { ...whole, line, ...(column !== undefined && { column }), found };
  }
  return { ...whole, found: words };
}
