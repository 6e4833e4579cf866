/** How fast a chain advances, as one node tells it. */
import { getJson, heightOf } from '../e2e/support/api.ts';
import { elapse } from './moments.ts';

export interface Pace {
  /** Mean milliseconds per height. */
  readonly heightMs: number;
  readonly heights: number;
  /** Heights decided in a round above 0: each has cost T(0) at least. */
  readonly lateHeights: number;
}

/** Mean milliseconds per height over a while. @throws Error when no height passed */
export async function heightMs(apiUrl: string, whileMs: number): Promise<number> {
  return (await heightsWithin(apiUrl, whileMs)).heightMs;
}

/** The same with the rounds that it took. @throws Error when no height passed */
export async function paceOf(apiUrl: string, whileMs: number): Promise<Pace> {
  const { from, to, heightMs: meanMs } = await heightsWithin(apiUrl, whileMs);
  let lateHeights = 0;
  for (let height = from + 1; height <= to; height += 1) {
    const { body } = await getJson(apiUrl, `/v1/blocks/${height}`);
    const { round } = body.certificate as { readonly round: number };
    lateHeights += round > 0 ? 1 : 0;
  }
  return { heightMs: meanMs, heights: to - from, lateHeights };
}

async function heightsWithin(
  apiUrl: string,
  whileMs: number,
): Promise<{ readonly from: number; readonly to: number; readonly heightMs: number }> {
  const [from, startedMs] = [await heightOf(apiUrl), performance.now()];
  await elapse(whileMs);
  const [to, endedMs] = [await heightOf(apiUrl), performance.now()];
  if (to === from) throw new Error(`no block in ${whileMs} ms`);
  return { from, to, heightMs: (endedMs - startedMs) / (to - from) };
}
