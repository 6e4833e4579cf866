/** One task at a time, in the order they came: what advances the ledger never overlaps. */

export type Exclusive = <T>(task: () => Promise<T>) => Promise<T>;

export function createExclusive(): Exclusive {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    // The next task runs whether or not this one failed; its caller learns of the failure.
    last = result.catch(() => undefined);
    return result;
  };
}
