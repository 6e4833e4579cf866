/**
 * How one life of the process ends: once, with the exit code of the first failure. What fails while
 * everything is being closed is told, too, and is no stop on request any more.
 */
import { EXIT_CODES, endOf } from './exit-codes.ts';
import type { Logger } from './log.ts';

export interface ProcessEnd {
  /** Whether the process is on its way out. */
  isNear(): boolean;
  /** Stops on request. Idempotent. */
  request(): void;
  /** Says what failed, and stops. */
  fail(error: unknown): void;
}

export interface ProcessEndParts {
  readonly logger: Logger;
  /** Closes everything; called once. */
  readonly stop: () => Promise<void>;
  /** Told once, when all is closed or could not be. */
  readonly ended: (exitCode: number) => void;
}

export function createProcessEnd({ logger, stop, ended }: ProcessEndParts): ProcessEnd {
  let isNear = false;
  let exitCode: number = EXIT_CODES.done;
  const tell = (message: string, error: unknown): void => {
    const end = endOf(error);
    logger.error(message, end.facts);
    if (exitCode === EXIT_CODES.done) exitCode = end.exitCode;
  };
  const request = (): void => {
    if (isNear) return;
    isNear = true;
    stop()
      .catch((error: unknown) => tell('stop failed', error))
      .finally(() => {
        logger.info('node stopped', { exitCode });
        ended(exitCode);
      });
  };
  return {
    isNear: () => isNear,
    request,
    fail: (error) => {
      tell(isNear ? 'failed while stopping' : 'node must stop', error);
      request();
    },
  };
}
