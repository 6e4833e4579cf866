/**
 * How V8 collects young garbage. By default several threads share the work on some megabytes; on two
 * processors they spend more of them on waiting for each other than one thread spends on the work
 * (measured, see ADR 25).
 */
import { setFlagsFromString } from 'node:v8';

/** V8 prints a line to the error output when it knows the flag no more, and goes on without it. */
export function collectYoungInOneThread(): void {
  setFlagsFromString('--no-parallel-scavenge');
}
