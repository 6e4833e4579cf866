/**
 * Where the vote log of a key lies. The first key of a node has the folder `votes`; a key that takes
 * its place, and every key after a recovery, has a folder that names key and chain, so that no two
 * of them ever share a log.
 */
import type { Hash, PublicKey } from '@daybook/core';
import { concatBytes, sha256, toHex } from '@daybook/core';
import type { Disk } from '@daybook/state';

/** What a vote log is for: the key, and what its signatures bind. */
export interface VoteLogOwner {
  /** G, or the era after a recovery. */
  readonly chain: Hash;
  readonly publicKey: PublicKey;
}

/** The folder that names its owner. */
export function namedVotesFolder(votes: string, { chain, publicKey }: VoteLogOwner): string {
  const name = toHex(sha256(concatBytes(chain, publicKey)).subarray(0, 8));
  return `${votes}-${name}`;
}

/** The folder that is in use for an owner: the one that names it, if there is one. */
export function votesFolderOf(votes: string, owner: VoteLogOwner, disk: Disk): string {
  const named = namedVotesFolder(votes, owner);
  return disk.list(named).length > 0 ? named : votes;
}
