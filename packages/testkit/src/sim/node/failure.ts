/** The code of whatever ended a node: a coded error, a failure of consensus, or a defect of ours. */
import { ContractsError } from '@daybook/contracts';

export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'DEFECT';
  if (error instanceof ContractsError) return error.failure.code;
  if ('code' in error && typeof error.code === 'string' && error.code !== 'ERR_ASSERTION') {
    return error.code;
  }
  return 'DEFECT';
}

/** A disk, database or log that failed or holds what is wrong. */
export function isStorageFailure(code: string): boolean {
  return code.startsWith('STATE_');
}

export function describeError(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  return JSON.stringify(error, (_key, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
