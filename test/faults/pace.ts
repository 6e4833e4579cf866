/** How fast a chain advances, as one node tells it. */
import { getJson, heightOf } from '../e2e/support/api.ts';
import { eventually } from '../e2e/support/waiting.ts';
import { elapse } from './moments.ts';

export interface Pace {
  /** Mean milliseconds per height. */
  readonly heightMs: number;
  readonly heights: number;
  /** Heights decided in a round above 0: each has cost T(0) at least. */
  readonly lateHeights: number;
}

/** A machine that others use, too, may take this long for one height on the average. */
const HEIGHT_MS_MAX = 3000;

/** Mean milliseconds per height over a while. @throws Error when no height passed */
export async function heightMs(apiUrl: string, whileMs: number): Promise<number> {
  const [from, startedMs] = [await heightOf(apiUrl), performance.now()];
  await elapse(whileMs);
  const [to, endedMs] = [await heightOf(apiUrl), performance.now()];
  if (to === from) throw new Error(`no block in ${whileMs} ms`);
  return (endedMs - startedMs) / (to - from);
}

/** Until a node has so many heights more. @returns its height then */
export async function pass(apiUrl: string, heights: number): Promise<number> {
  const from = await heightOf(apiUrl);
  return await eventually(
    async () => {
      const now = await heightOf(apiUrl);
      return now >= from + heights ? now : undefined;
    },
    { what: `${heights} heights from ${from}`, withinMs: (heights + 1) * HEIGHT_MS_MAX },
  );
}

/** Mean milliseconds per height over so many heights, and the rounds that they took. */
export async function paceOver(apiUrl: string, heights: number): Promise<Pace> {
  const [from, startedMs] = [await heightOf(apiUrl), performance.now()];
  const to = await pass(apiUrl, heights);
  const meanMs = (performance.now() - startedMs) / (to - from);
  let lateHeights = 0;
  for (let height = from + 1; height <= to; height += 1) {
    const { body } = await getJson(apiUrl, `/v1/blocks/${height}`);
    const { round } = body.certificate as { readonly round: number };
    lateHeights += round > 0 ? 1 : 0;
  }
  return { heightMs: meanMs, heights: to - from, lateHeights };
}
