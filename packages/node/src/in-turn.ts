/** Endings: a part that fails to end is no reason to leave others open, or to tell of another one. */

/**
 * Calls one after the other, each when the one before is done, whatever became of it.
 * @throws what the first of them that failed threw, after the last
 */
export async function allInTurn(tasks: readonly (() => Promise<unknown>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const task of tasks) {
    await task().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * Waits for all of them, none for another.
 * @throws what the first in the list that failed threw, when all are done
 */
export async function allAtOnce(endings: readonly Promise<unknown>[]): Promise<void> {
  const ends = await Promise.allSettled(endings);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
