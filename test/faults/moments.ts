/** How long a fault lasts: its duration is part of it, and is never waited for anything else. */

export async function elapse(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves with what comes first: the value, or the words when the time is over. */
export async function within<T>(ms: number, what: string, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms);
  });
  try {
    return await Promise.race([task, over]);
  } finally {
    clearTimeout(timer);
  }
}
