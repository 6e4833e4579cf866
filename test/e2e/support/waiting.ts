/** Waiting for a condition with a bound: the only way these tests wait. */

export interface WaitOptions {
  /** What is waited for, named when it does not come. */
  readonly what: string;
  readonly withinMs: number;
  readonly everyMs?: number;
}

/**
 * Asks until the answer is neither undefined nor false.
 * @returns that answer
 * @throws Error when the time is over, with the last failure as cause
 */
export async function eventually<T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  { what, withinMs, everyMs = 25 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  let cause: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      cause = undefined;
    } catch (error) {
      // A node that is down answers nothing; whether that may last is for the bound to say.
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`not within ${withinMs} ms: ${what}`, { cause });
}
