/** Calls of the system, whose refusals become failures of this package. */
import { StateError } from '../errors.ts';

/** @throws StateError STATE_DISK_FULL where there is no room, else STATE_DISK_FAILED */
export function attempt<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskError(operation, path, error);
  }
}

/** What the system refused, under a name of this package. */
export function diskError(operation: string, path: string, cause: unknown): StateError {
  const reason = codeOf(cause);
  if (reason === 'ENOSPC' || reason === 'EDQUOT') {
    return new StateError({ code: 'STATE_DISK_FULL', path }, { cause });
  }
  return new StateError({ code: 'STATE_DISK_FAILED', path, operation, reason }, { cause });
}

/** The code of the system; all that the error says of itself where it has none. */
export function codeOf(error: unknown): string {
  const hasCode = typeof error === 'object' && error !== null && 'code' in error;
  return hasCode ? String(error.code) : String(error);
}
