/** The body of an answer within a bound: no node can fill the memory of its reader. */
import { concatBytes } from '@daybook/core';

/** Largest answer that is read; pages end at 1 MiB of values, proof bundles at 4 MiB. */
export const ANSWER_BYTES_MAX = 32 * 1024 * 1024;

/** @returns the bytes, or undefined if there are more than `bytesMax` */
export async function readBounded(
  response: Response,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  if (response.body === null) return new Uint8Array();
  const announced = Number(response.headers.get('content-length') ?? 0);
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (announced <= bytesMax && size <= bytesMax) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? chunks[0] : concatBytes(...chunks);
    size += value.length;
    chunks.push(value);
  }
  await reader.cancel();
  return undefined;
}
