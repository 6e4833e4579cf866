/**
 * Waiting for conditions with a bound, instead of sleeping.
 */
import { setTimeout as pause, setImmediate as turnOfLoop } from 'node:timers/promises';

/** Only against hanging; within the time that a test has. */
const HANGING_MS = 30_000;

/** Resolves once `condition` holds; @throws after long with the text that says what was awaited */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  everyMs = 2,
): Promise<void> {
  const deadline = performance.now() + HANGING_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) {
      throw new Error(`not within ${HANGING_MS} ms: ${what}`);
    }
    await pause(everyMs);
  }
}

/** Lets sockets and timers that are due have their turn. */
export async function turn(): Promise<void> {
  await turnOfLoop();
}

/** A promise that is settled from outside. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}
