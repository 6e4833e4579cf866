/**
 * What must exist before a validator first starts: its vote log, created together with its key and
 * never by the running daemon, so that a missing one is always recognised as a loss (protocol §12).
 * After a recovery that is installed here it is a log of the era: votes bind nothing else any more.
 */
import type { Hash, PublicKey } from '@daybook/core';
import { validatorIdOf } from '@daybook/core';
import { createNodeDisk, createVoteLog, openDataDirectory } from '@daybook/state';
import { installedRecoveries, signingChainOf } from './recovery-files.ts';
import { namedVotesFolder } from './vote-logs.ts';

export interface VotesOptions {
  readonly dataDirectory: string;
  /** Second mirror on another disk, if the settings name one. */
  readonly mirrorDirectory?: string;
  /** G. */
  readonly chain: Hash;
  /** A consensus key of the validator. */
  readonly publicKey: PublicKey;
  /** Signs only above this height; after a recovery above its block at least. */
  readonly above?: number;
  /** The log gets a folder that names key and chain: of a key that replaces another one. */
  readonly named?: boolean;
}

/** @throws StateError when a vote log is there already, or the directory is in use */
export async function createVotes(options: VotesOptions): Promise<void> {
  const { dataDirectory, mirrorDirectory, publicKey } = options;
  const directory = await openDataDirectory(dataDirectory);
  try {
    const recoveries = installedRecoveries(dataDirectory, options);
    const { plan } = recoveries.at(-1) ?? {};
    const chain = signingChainOf(options, recoveries);
    const owner = { chain, publicKey };
    const above = plan === undefined ? options.above : Math.max(plan.height, options.above ?? 0);
    const isNamed = options.named === true || plan !== undefined;
    const folderIn = (votes: string): string => (isNamed ? namedVotesFolder(votes, owner) : votes);
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
