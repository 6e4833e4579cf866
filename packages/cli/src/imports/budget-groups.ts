/** Budget calls that travel together: fewer transactions, none of them too large. */
import { encodeCanonical, LIMITS } from '@daybook/core';
import type { PlannedCall } from '@daybook/formats';

/** Calls with the same signers that travel in one transaction. */
const CALLS_MAX = 50;
/** Leaves as much again for signers, signatures and the frame of the body. */
const CALLS_BYTES_MAX = LIMITS.transactionBytesMax / 2;

/** Neighbours with the same signers together, in the order planned; a large call goes alone. */
export function groupNeighbours(
  calls: readonly PlannedCall[],
): readonly (readonly PlannedCall[])[] {
  const groups: PlannedCall[][] = [];
  let bytes = 0;
  for (const call of calls) {
    const group = groups.at(-1) ?? [];
    const [first] = group;
    const size = encodeCanonical(call.call.args).length;
    const isSame = first !== undefined && signersKey(first) === signersKey(call);
    if (isSame && group.length < CALLS_MAX && bytes + size <= CALLS_BYTES_MAX) {
      group.push(call);
      bytes += size;
    } else {
      groups.push([call]);
      bytes = size;
    }
  }
  return groups;
}

function signersKey({ signers }: PlannedCall): string {
  return signers.map(({ organisation, role }) => `${organisation}/${role}`).join(' ');
}
