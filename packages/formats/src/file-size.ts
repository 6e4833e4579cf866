/** How large a file may be, for all formats. */
import type { FormatsFailure } from './errors.ts';
import type { SourceFile } from './records.ts';

/** One file is held in memory; the largest public file known to us has 50 MB. */
export const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** Why a file may not be read into memory, if it may not. */
export function checkSize({ name, bytes }: SourceFile): FormatsFailure | undefined {
  const size = bytes.length;
  return size <= FILE_BYTES_MAX
    ? undefined
    : { code: 'FORMATS_FILE_TOO_LARGE', file: name, size, sizeMax: FILE_BYTES_MAX };
}
