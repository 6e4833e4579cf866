/** Eras (protocol §19): what signatures of a height bind. */
import type { Hash } from '@daybook/core';
import { asHash } from '@daybook/core';

/** What signatures of a height bind: G, or the era of the last recovery before it. */
export function chainOfHeight(
  {
    chain,
    eras,
  }: {
    readonly chain: Uint8Array;
    readonly eras: readonly { readonly fromHeight: number; readonly era: Uint8Array }[];
  },
  height: number,
): Hash {
  const era = eras.findLast(({ fromHeight }) => fromHeight <= height)?.era;
  return asHash(era ?? chain);
}
