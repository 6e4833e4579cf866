/**
 * Evidence (protocol §16): two messages of one validator that no correct validator signs together.
 * G1 to G3 make all six kinds impossible for a correct validator, so a pair proves the fault by
 * itself, without knowing what happened at that height.
 */
import { equalBytes } from '../codec/bytes.ts';
import type { Round } from './ids.ts';
import type { Signed } from './messages.ts';
import type { PreparedRef, Unsigned, UnsignedRoundChange } from './sign-bytes.ts';

/**
 * E1 two proposals, E2 two PREPAREs, E3 two COMMITs, E4 two ROUND-CHANGEs of one round; E5 a lock
 * forgotten (amnesia); E6 a lock exchanged or lowered.
 */
export type EvidenceKind = 'E1' | 'E2' | 'E3' | 'E4' | 'E5' | 'E6';

export interface Evidence {
  readonly kind: EvidenceKind;
  /** Both by the same sender at the same height; ordered by round, then step. */
  readonly first: Signed<Unsigned>;
  readonly second: Signed<Unsigned>;
}

function samePrepared(a: PreparedRef | undefined, b: PreparedRef | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.round === b.round && equalBytes(a.blockHash, b.blockHash);
}

/** Two contents of one slot that differ: the kind, by message type. */
function conflictInSlot(a: Unsigned, b: Unsigned): EvidenceKind | undefined {
  switch (a.type) {
    case 'pre-prepare': {
      if (b.type !== 'pre-prepare') return undefined;
      const same =
        equalBytes(a.blockHash, b.blockHash) &&
        equalBytes(a.justificationHash, b.justificationHash);
      return same ? undefined : 'E1';
    }
    case 'prepare':
      return b.type !== 'prepare' || equalBytes(a.blockHash, b.blockHash) ? undefined : 'E2';
    case 'commit':
      return b.type !== 'commit' || equalBytes(a.blockHash, b.blockHash) ? undefined : 'E3';
    case 'round-change':
      return b.type !== 'round-change' || samePrepared(a.prepared, b.prepared) ? undefined : 'E4';
  }
}

/** A ROUND-CHANGE after `earlier`, both of one validator: does it forget or exchange a lock? */
function conflictWithLater(
  earlier: Unsigned,
  later: UnsignedRoundChange,
): EvidenceKind | undefined {
  const reported: Round | undefined = later.prepared?.round;
  if (earlier.type === 'commit') {
    if (reported === undefined || reported < earlier.round) return 'E5';
    const exchanged =
      reported === earlier.round &&
      later.prepared !== undefined &&
      !equalBytes(later.prepared.blockHash, earlier.blockHash);
    return exchanged ? 'E6' : undefined;
  }
  if (earlier.type !== 'round-change' || earlier.prepared === undefined) return undefined;
  return reported === undefined || reported < earlier.prepared.round ? 'E6' : undefined;
}

/**
 * The kind of evidence that two contents signed by one validator amount to, if any. Order of the
 * arguments does not matter. Says nothing about signatures.
 */
export function conflictOf(a: Unsigned, b: Unsigned): EvidenceKind | undefined {
  if (a.height !== b.height) return undefined;
  if (a.round === b.round) return conflictInSlot(a, b);
  const [earlier, later] = a.round < b.round ? [a, b] : [b, a];
  return later.type === 'round-change' ? conflictWithLater(earlier, later) : undefined;
}

/** The evidence two signed messages amount to, in canonical order; undefined if they agree. */
export function evidenceOf(a: Signed<Unsigned>, b: Signed<Unsigned>): Evidence | undefined {
  if (a.sender !== b.sender) return undefined;
  const kind = conflictOf(a.content, b.content);
  if (kind === undefined) return undefined;
  const [first, second] = a.content.round <= b.content.round ? [a, b] : [b, a];
  return { kind, first, second };
}
