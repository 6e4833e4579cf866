/** Proposals in frames, for the checkers that look at what a proposal says. */
import type { PrePrepare } from '@daybook/core';
import { decodeMessage } from '@daybook/core';

/** Decodes once what travels to all as one array. */
export function proposalDecoder(): (bytes: Uint8Array) => PrePrepare | undefined {
  const known = new WeakMap<Uint8Array, { readonly proposal: PrePrepare | undefined }>();
  return (bytes) => {
    const before = known.get(bytes);
    if (before !== undefined) return before.proposal;
    const decoded = decodeMessage(bytes);
    const isOne = decoded.ok && decoded.value.type === 'pre-prepare';
    const proposal = isOne ? (decoded.value as PrePrepare) : undefined;
    known.set(bytes, { proposal });
    return proposal;
  };
}
