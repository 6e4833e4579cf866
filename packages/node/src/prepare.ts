/**
 * What must exist before a validator first starts: its vote log, created together with its key and
 * never by the running daemon, so that a missing one is always recognised as a loss (protocol §12).
 */
import type { Hash, PublicKey } from '@daybook/core';
import { validatorIdOf } from '@daybook/core';
import { createNodeDisk, createVoteLog, openDataDirectory } from '@daybook/state';
import { namedVotesFolder } from './vote-logs.ts';

export interface VotesOptions {
  readonly dataDirectory: string;
  /** Second mirror on another disk, if the settings name one. */
  readonly mirrorDirectory?: string;
  /** G. */
  readonly chain: Hash;
  /** A consensus key of the validator. */
  readonly publicKey: PublicKey;
  /** Signs only above this height: when leaving quarantine. */
  readonly above?: number;
  /** The log gets a folder that names key and chain: of a key that replaces another one. */
  readonly named?: boolean;
}

/** @throws StateError when a vote log is there already, or the directory is in use */
export async function createVotes(options: VotesOptions): Promise<void> {
  const { dataDirectory, mirrorDirectory, chain, publicKey, above } = options;
  const directory = await openDataDirectory(dataDirectory);
  try {
    const owner = { chain, publicKey };
    const folderIn = (votes: string): string =>
      options.named === true ? namedVotesFolder(votes, owner) : votes;
    const log = {
      directory: folderIn(directory.paths.votes),
      chain,
      validatorId: validatorIdOf(publicKey),
      ...(mirrorDirectory !== undefined && { mirrorDirectory: folderIn(mirrorDirectory) }),
      ...(above !== undefined && { above }),
    };
    await createVoteLog(log, { disk: createNodeDisk() });
  } finally {
    await directory.close();
  }
}
