/**
 * Waiting for conditions with a bound, instead of sleeping.
 */
import { setTimeout as pause, setImmediate as turnOfLoop } from 'node:timers/promises';

/** Resolves once `condition` holds; @throws after `boundMs` with the text that says what was awaited */
export async function until(
  what: string,
  condition: () => boolean,
  boundMs = 10_000,
): Promise<void> {
  const deadline = performance.now() + boundMs;
  while (!condition()) {
    if (performance.now() > deadline) {
      throw new Error(`not within ${boundMs} ms: ${what}`);
    }
    await pause(2);
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
