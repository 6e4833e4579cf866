/** The signer of a key that this process holds, with the vote log that is its own. */
import type { Hash } from '@daybook/core';
import { asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { Disk, VoteSigner } from '@daybook/state';
import { openVoteSigner } from '@daybook/state';
import type { FreeSpace } from './free-space.ts';
import type { Logger } from './log.ts';
import { votesFolderOf } from './vote-logs.ts';

export interface LocalSignerPlan {
  readonly secretKey: Uint8Array;
  /** What votes bind: G, or the era after a recovery. */
  readonly chain: Hash;
  /** G. */
  readonly founding: Hash;
  /** Folder of the first key's vote log, and of its mirror. */
  readonly votes: string;
  readonly mirror: string | undefined;
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
  { secretKey, chain, founding, votes, mirror, isDistrusted }: LocalSignerPlan,
  { logger, disk, freeSpace }: LocalSignerParts,
): Promise<VoteSigner> {
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const owner = { chain, publicKey };
  const { signer, repairs } = await openVoteSigner(
    {
      secretKey,
      directory: votesFolderOf(votes, owner, disk),
      chain,
      founding,
      validatorId: validatorIdOf(publicKey),
      ...(mirror !== undefined && { mirrorDirectory: votesFolderOf(mirror, owner, disk) }),
    },
    { disk, freeFraction: () => freeSpace.fraction(), pause: freeSpace.limits },
  );
  for (const { path, kind, sequence } of repairs) {
    logger.warn('vote log repaired', { path, kind, sequence });
  }
  if (isDistrusted) await signer.withhold({ code: 'STATE_VOTES_DISTRUSTED' });
  return signer;
}
