/**
 * R10, the choice: which Q ROUND-CHANGEs justify a proposal. The block with the highest prepared
 * round among the CHOSEN must be at hand; while it is not, other choices of Q may do.
 */
import type { Hash, Justification, Round, RoundChange } from '@daybook/core';

export interface Choice {
  readonly justification: Justification;
  /** The block to propose again; absent if a fresh one is due. */
  readonly repeat?: Hash;
}

/** A block that a better choice needs, and who should have it. */
export interface Wanted {
  readonly hash: Hash;
  readonly from: readonly number[];
}

/** -1 stands for "not prepared" in comparisons, as in protocol §16. */
function preparedRound(message: RoundChange): number {
  return message.signed.content.prepared?.round ?? -1;
}

function justify(chosen: readonly RoundChange[], highest: RoundChange | undefined): Justification {
  const ascending = [...chosen].sort((a, b) => a.signed.sender - b.signed.sender);
  const entries = ascending.map(({ signed: { content, sender, signature } }) => ({
    sender,
    signature,
    ...(content.prepared && { prepared: content.prepared }),
  }));
  return { entries, ...(highest?.certificate && { certificate: highest.certificate }) };
}

/** Levels to try, highest first: each prepared round reported, then "nothing prepared". */
function levelsOf(votes: readonly RoundChange[]): readonly Round[] {
  return [...new Set([...votes.map(preparedRound), -1])].sort((a, b) => b - a);
}

/** Q votes within the level, led by one whose prepared block is at hand. */
function chooseAt(
  within: readonly RoundChange[],
  lead: RoundChange | undefined,
  quorum: number,
): Choice {
  const others = within.filter((vote) => vote !== lead);
  const repeat = lead?.signed.content.prepared?.blockHash;
  const chosen =
    lead === undefined ? others.slice(0, quorum) : [lead, ...others.slice(0, quorum - 1)];
  return { justification: justify(chosen, lead), ...(repeat && { repeat }) };
}

function wantedBy({ signed, certificate }: RoundChange): readonly Wanted[] {
  const hash = signed.content.prepared?.blockHash;
  return hash === undefined
    ? []
    : [{ hash, from: [signed.sender, ...(certificate?.signers ?? [])] }];
}

/**
 * @param votes   valid ROUND-CHANGEs for exactly the round, distinct senders, ascending
 * @param isHere  whether a block's bytes are at hand
 * @returns       the choice with the highest available prepared round, if any Q allow one, and the
 *                blocks that stood in the way of higher ones
 */
export function chooseRoundChanges(
  votes: readonly RoundChange[],
  quorum: number,
  isHere: (hash: Hash) => boolean,
): { readonly choice?: Choice; readonly wanted: readonly Wanted[] } {
  const wanted: Wanted[] = [];
  for (const level of levelsOf(votes)) {
    const within = votes.filter((vote) => preparedRound(vote) <= level);
    if (within.length < quorum) break;
    const highest = within.filter((vote) => level >= 0 && preparedRound(vote) === level);
    const lead = highest.find(({ signed: { content } }) => {
      return content.prepared !== undefined && isHere(content.prepared.blockHash);
    });
    if (level < 0 || lead !== undefined) return { choice: chooseAt(within, lead, quorum), wanted };
    wanted.push(...highest.flatMap(wantedBy));
  }
  return { wanted };
}
