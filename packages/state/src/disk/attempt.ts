/** Calls of the system, whose refusals become failures of this package. */
import { StateError } from '../errors.ts';

/** @throws StateError STATE_DISK_FAILED when the system refuses */
export function attempt<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const failure = { code: 'STATE_DISK_FAILED', path, operation, reason } as const;
    throw new StateError(failure, { cause: error });
  }
}
