/**
 * Assertions for what only a bug of ours can break. They are always on: a ledger that goes on with
 * a broken invariant does more harm than one that stops.
 */

/** Thrown by `assert`; nothing in the project catches it but the outermost frame. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/**
 * Stops unless the condition holds. `message` says what must hold, as a sentence in the present.
 * @throws AssertionError
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new AssertionError(message);
  }
}

/**
 * Ends an exhaustive `switch`: the compiler refuses it while a case is missing.
 * @throws AssertionError when a value escaped the types
 */
export function assertNever(value: never): never {
  throw new AssertionError(`a value outside its type was reached: ${typeof value}`);
}
