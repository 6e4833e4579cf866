/**
 * What faults have made a machine's disk, database or a part beside consensus refuse. Whoever ends
 * over one of these errors ends by right; another error with the same code, a missing file among
 * them, is its own doing.
 */
export interface Refusals {
  /** Notes an error that a fault has made. @returns the same one, to be thrown */
  add<Refusal extends Error>(error: Refusal): Refusal;
  /** Whether it is one of them: the very object, and no other with its words. */
  explain(error: unknown): boolean;
}

export function createRefusals(): Refusals {
  const made = new WeakSet<Error>();
  return {
    add: (error) => {
      made.add(error);
      return error;
    },
    explain: (error) => error instanceof Error && made.has(error),
  };
}
