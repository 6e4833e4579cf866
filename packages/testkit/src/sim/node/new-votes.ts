/** Vote logs of simulated machines, created as an operator creates them: never by the node itself. */
import type { Hash } from '@daybook/core';
import { asPublicKey, publicKeyOf, validatorIdOf } from '@daybook/core';
import { namedVotesFolder } from '@daybook/node';
import { createVoteLog } from '@daybook/state';
import type { SimulatedDisk } from '../world/disk.ts';
import { createLife } from '../world/life.ts';
import type { Timeline } from '../world/timeline.ts';
import { VOTES } from './sim-directory.ts';

/** More than most runs write, and a quarter of the usual: each start reads all of it. */
const ALLOCATE_BYTES = 64 * 1024;

export interface NewVotes {
  readonly secretKey: Uint8Array;
  /** What the votes bind: G, or the era after a recovery. */
  readonly chain: Hash;
  /** Signs only above this height. */
  readonly above?: number | undefined;
  /** In a folder that names key and chain: of every key but the first. */
  readonly isNamed?: boolean;
}

export async function createVotes(
  { secretKey, chain, above, isNamed = false }: NewVotes,
  { disk, timeline }: { readonly disk: SimulatedDisk; readonly timeline: Timeline },
): Promise<void> {
  const life = createLife(timeline);
  const publicKey = asPublicKey(publicKeyOf(secretKey));
  const directory = isNamed ? namedVotesFolder(VOTES, { chain, publicKey }) : VOTES;
  const validatorId = validatorIdOf(publicKey);
  const log = {
    directory,
    chain,
    validatorId,
    allocateBytes: ALLOCATE_BYTES,
    ...(above !== undefined && { above }),
  };
  await createVoteLog(log, { disk: disk.portFor(life) });
  life.end();
  disk.settle();
}
