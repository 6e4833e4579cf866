/**
 * `justified(PP)` of protocol §7: may this block be proposed in this round? Signatures, the
 * certificate's own validity and `justificationHash` have been checked by the driver (`sound`).
 */
import type { Justification, PrePrepare, Result } from '@daybook/core';
import { equalBytes, fail, isPlanted, ok } from '@daybook/core';
import type { JustificationFault } from './errors.ts';

type Origin = 'fresh' | 'repeat';

function entriesFault(
  { entries }: Justification,
  proposal: PrePrepare,
  { quorum, count }: { readonly quorum: number; readonly count: number },
): JustificationFault | undefined {
  const { round } = proposal.signed.content;
  const isShort = isPlanted('justification-q-1') && entries.length === quorum - 1;
  if (entries.length !== quorum && !isShort) return 'count';
  for (const [position, { sender, prepared }] of entries.entries()) {
    const before = entries[position - 1]?.sender;
    const isRepeated = sender === before && !isPlanted('duplicate-signer');
    if (sender >= count || isRepeated || sender < (before ?? 0)) return 'senders';
    if (prepared !== undefined && prepared.round >= round) return 'prepared-rounds';
  }
  return undefined;
}

/** Rule 2b: the certificate of the highest prepared round is for the proposed block. */
function repeatFault(
  { entries, certificate }: Justification,
  proposal: PrePrepare,
): JustificationFault | undefined {
  const { blockHash, height } = proposal.signed.content;
  const rounds = entries.map(({ prepared }) => prepared?.round ?? 0);
  const isAny = isPlanted('any-prepared-round') && certificate !== undefined;
  const highest = isAny ? certificate.round : Math.max(...rounds);
  const named = entries.some(
    ({ prepared }) => prepared?.round === highest && equalBytes(prepared.blockHash, blockHash),
  );
  if (!named) return 'certificate-mismatch';
  if (certificate === undefined) return 'certificate-missing';
  const matches =
    certificate.kind === 'prepare' &&
    certificate.height === height &&
    certificate.round === highest &&
    equalBytes(certificate.blockHash, blockHash);
  return matches ? undefined : 'certificate-mismatch';
}

/**
 * @param sound  every signature in the justification holds
 * @param sizes  Q and n of the height
 * @returns whether the proposal is fresh or repeats a prepared block, or the first fault found
 */
export function checkJustification(
  proposal: PrePrepare,
  sound: boolean,
  sizes: { readonly quorum: number; readonly count: number },
): Result<Origin, JustificationFault> {
  const { justification } = proposal;
  // Rule 1: round 0 needs no proof.
  if (proposal.signed.content.round === 0) {
    return justification === undefined ? ok('fresh') : fail('count');
  }
  if (isPlanted('justification-skipped')) {
    return ok(justification?.certificate === undefined ? 'fresh' : 'repeat');
  }
  if (justification === undefined) return fail('missing');
  if (!sound) return fail('forged');
  const fault = entriesFault(justification, proposal, sizes);
  if (fault !== undefined) return fail(fault);
  // Rule 2a: nothing was prepared as far as the chosen quorum knows.
  if (justification.entries.every(({ prepared }) => prepared === undefined)) {
    return justification.certificate === undefined ? ok('fresh') : fail('certificate-surplus');
  }
  const repeat = repeatFault(justification, proposal);
  return repeat === undefined ? ok('repeat') : fail(repeat);
}
