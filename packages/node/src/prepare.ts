/**
 * What must exist before a validator first starts: its vote log, created together with its key and
 * never by the running daemon, so that a missing one is always recognised as a loss (protocol §12).
 */
import type { Hash, PublicKey } from '@daybook/core';
import { validatorIdOf } from '@daybook/core';
import { createNodeDisk, createVoteLog, openDataDirectory } from '@daybook/state';

export interface VotesOptions {
  readonly dataDirectory: string;
  /** Second mirror on another disk, if the settings name one. */
  readonly mirrorDirectory?: string;
  /** G. */
  readonly chain: Hash;
  /** The validator's first consensus key. */
  readonly publicKey: PublicKey;
  /** Signs only above this height: when leaving quarantine. */
  readonly above?: number;
}

/** @throws StateError when a vote log is there already, or the directory is in use */
export async function createVotes(options: VotesOptions): Promise<void> {
  const { dataDirectory, mirrorDirectory, chain, publicKey, above } = options;
  const directory = await openDataDirectory(dataDirectory);
  try {
    const log = {
      directory: directory.paths.votes,
      chain,
      validatorId: validatorIdOf(publicKey),
      ...(mirrorDirectory !== undefined && { mirrorDirectory }),
      ...(above !== undefined && { above }),
    };
    await createVoteLog(log, { disk: createNodeDisk() });
  } finally {
    await directory.close();
  }
}
