/** The signer of a key that this process holds, with the vote log that is its own. */
import type { Hash } from '@daybook/core';
import { asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { Disk, VoteSigner } from '@daybook/state';
import { openVoteSigner } from '@daybook/state';
import type { FreeSpace } from './free-space.ts';
import type { Logger } from './log.ts';
import { namedVotesFolder, votesFolderOf } from './vote-logs.ts';

export interface LocalSignerPlan {
  readonly secretKey: Uint8Array;
  /** What votes bind: G, or the era after a recovery. */
  readonly chain: Hash;
  /** G. */
  readonly founding: Hash;
  /** Folder of the first key's vote log, and of its mirror. */
  readonly votes: string;
  readonly mirror: string | undefined;
  /** It takes the place of another key here, whose log may lie in `votes`: that one is not touched. */
  readonly isNext?: boolean;
  /** Begins in quarantine, whatever the log says. */
  readonly isDistrusted: boolean;
}

export interface LocalSignerParts {
  readonly logger: Logger;
  readonly disk: Disk;
  readonly freeSpace: Pick<FreeSpace, 'fraction' | 'limits'>;
}

/** @throws StateError when the log cannot be read or written */
export async function openLocalSigner(
  { secretKey, chain, founding, votes, mirror, isNext, isDistrusted }: LocalSignerPlan,
  { logger, disk, freeSpace }: LocalSignerParts,
): Promise<VoteSigner> {
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const owner = { chain, publicKey };
  const folderIn = (folder: string): string =>
    isNext === true ? namedVotesFolder(folder, owner) : votesFolderOf(folder, owner, disk);
  const { signer, repairs } = await openVoteSigner(
    {
      secretKey,
      directory: folderIn(votes),
      chain,
      founding,
      validatorId: validatorIdOf(publicKey),
      ...(mirror !== undefined && { mirrorDirectory: folderIn(mirror) }),
    },
    { disk, freeFraction: () => freeSpace.fraction(), pause: freeSpace.limits },
  );
  for (const { path, kind, sequence } of repairs) {
    logger.warn('vote log repaired', { path, kind, sequence });
  }
  if (isDistrusted) await signer.withhold({ code: 'STATE_VOTES_DISTRUSTED' });
  return signer;
}
