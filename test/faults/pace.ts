/** How fast a chain advances, as one node tells it. */
import { heightOf } from '../e2e/support/api.ts';
import { elapse } from './moments.ts';

/** Mean milliseconds per height over a while. @throws Error when no height passed */
export async function heightMs(apiUrl: string, whileMs: number): Promise<number> {
  const [from, startedMs] = [await heightOf(apiUrl), performance.now()];
  await elapse(whileMs);
  const [to, endedMs] = [await heightOf(apiUrl), performance.now()];
  if (to === from) throw new Error(`no block in ${whileMs} ms`);
  return (endedMs - startedMs) / (to - from);
}
