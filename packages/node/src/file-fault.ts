/**
 * What the operating system refuses over a file, under a name of our own: a folder that the user may
 * not read and a disk that is full are no defects, and their operator needs no stack.
 */
import { NodeError } from './errors.ts';

interface SystemFault extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: unknown;
}

/** Given by what reads or writes an open file, and names no path. */
const DISK_CODES: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'EIO',
  'EISDIR',
  'EROFS',
]);

/**
 * The same error, unless it is a refusal over a file: then NODE_FILE_FAILED with its facts.
 * @param file  what was worked on, where the error may not say so
 */
export function nameFileFault(error: unknown, file?: string): unknown {
  if (!isFileFault(error)) return error;
  const { code, syscall, path = file } = error;
  const place = path === undefined ? '' : ` ${String(path)}`;
  return new NodeError('NODE_FILE_FAILED', {
    detail: `${syscall}${place}: ${code}.`,
    cause: error,
  });
}

function isFileFault(error: unknown): error is SystemFault {
  if (!(error instanceof Error && 'code' in error && 'syscall' in error)) return false;
  const { code, syscall } = error;
  if (typeof code !== 'string' || typeof syscall !== 'string') return false;
  // A program that cannot be started has a path, too; what its caller makes of that is named there.
  if (syscall.startsWith('spawn')) return false;
  return DISK_CODES.has(code) || ('path' in error && typeof error.path === 'string');
}
