/** Waiting with a bound, without leaving timers or listeners behind. */

/**
 * Runs `work` with a signal that aborts with `parent`, or after `ms` milliseconds. Unlike
 * `AbortSignal.timeout` the timer goes when the work is done, which matters at 500 a second.
 */
export async function withDeadline<T>(
  parent: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  parent.addEventListener('abort', abort, { once: true });
  if (parent.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    parent.removeEventListener('abort', abort);
  }
}
