/**
 * Everything a node keeps on disk, opened and closed together: the locked data directory, block log,
 * state and, on a validator, the vote log behind its signer. A vote log that cannot be trusted makes
 * the node an observer that says why (protocol §12).
 */
import type { Genesis } from '@daybook/core';
import { asPublicKey, LIMITS, publicKeyOf, validatorIdOf } from '@daybook/core';
import type {
  BlockLog,
  DataDirectory,
  Disk,
  KeyValue,
  StateStore,
  VoteSigner,
} from '@daybook/state';
import {
  createNodeDisk,
  createVoteSigner,
  explainState,
  openBlockLog,
  openDataDirectory,
  openLevel,
  openStateStore,
  openVoteLog,
} from '@daybook/state';
import type { Clock } from './clock.ts';
import type { FreeSpace } from './free-space.ts';
import { watchFreeSpace } from './free-space.ts';
import type { Logger } from './log.ts';

export interface StorageOptions {
  readonly genesis: Genesis;
  readonly dataDirectory: string;
  /** Where the second vote log mirror lies; beside the first by default. */
  readonly voteMirrorDirectory?: string | undefined;
  /** Bound of the cache of tree nodes; the store's own by default. */
  readonly cacheBytes?: number;
  /** 32-byte seed of the CONSENSUS key; absent on an observer. */
  readonly consensusKey?: Uint8Array | undefined;
}

/** Where a node keeps things: the ports that the simulator replaces. */
export interface Places {
  readonly disk: Disk;
  readonly openKeyValue: (path: string) => Promise<KeyValue>;
  readonly openDirectory: (path: string) => Promise<DataDirectory>;
  readonly watchFreeSpace: (directory: string) => Promise<FreeSpace>;
}

export interface StorageParts extends Places {
  readonly logger: Logger;
}

/** Disks and databases of this machine. */
export function systemPlaces(clock: Clock): Places {
  return {
    disk: createNodeDisk(),
    openKeyValue: openLevel,
    openDirectory: openDataDirectory,
    watchFreeSpace: (directory) => watchFreeSpace(directory, clock),
  };
}

/** What lies on disk, open. */
export interface Storage {
  readonly directory: DataDirectory;
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  readonly freeSpace: FreeSpace;
  readonly signer: VoteSigner | undefined;
  /** Why a validator may not sign. */
  readonly quarantine: string | undefined;
}

async function openSigner(
  { genesis, consensusKey, voteMirrorDirectory }: StorageOptions,
  directory: DataDirectory,
  { logger, disk, freeSpace }: Pick<StorageParts, 'logger' | 'disk'> & Pick<Storage, 'freeSpace'>,
): Promise<Pick<Storage, 'signer' | 'quarantine'>> {
  if (consensusKey === undefined) return { signer: undefined, quarantine: undefined };
  const publicKey = asPublicKey(publicKeyOf(consensusKey));
  const opening = await openVoteLog(
    {
      directory: directory.paths.votes,
      chain: genesis.chain,
      validatorId: validatorIdOf(publicKey),
      ...(voteMirrorDirectory !== undefined && { mirrorDirectory: voteMirrorDirectory }),
    },
    { disk },
  );
  if (opening.kind === 'quarantine') {
    const sentence = explainState(opening.reason);
    logger.error('signing withheld', { code: opening.reason.code, reason: sentence });
    return { signer: undefined, quarantine: `${opening.reason.code}: ${sentence}` };
  }
  for (const { path, kind, sequence } of opening.repairs) {
    logger.warn('vote log repaired', { path, kind, sequence });
  }
  const signer = createVoteSigner(
    { chain: genesis.chain, secretKey: consensusKey },
    { log: opening.log, freeFraction: () => freeSpace.fraction() },
  );
  return { signer, quarantine: undefined };
}

/** @throws StateError; what was opened before is closed again */
export async function openStorage(options: StorageOptions, parts: StorageParts): Promise<Storage> {
  const { dataDirectory, cacheBytes } = options;
  const { disk, openKeyValue, logger } = parts;
  const closers: (() => Promise<void>)[] = [];
  try {
    const directory = await parts.openDirectory(dataDirectory);
    closers.push(() => directory.close());
    const freeSpace = await parts.watchFreeSpace(dataDirectory);
    closers.push(async () => freeSpace.stop());
    const blockLog = await openBlockLog({ directory: directory.paths.blocks }, { disk });
    closers.push(() => blockLog.close());
    const stateStore = await openStateStore(
      {
        directory: directory.paths.state,
        ...(cacheBytes !== undefined && { cacheBytes }),
        retainedHeights: LIMITS.retainedHeights,
      },
      { disk, openKeyValue },
    );
    closers.push(() => stateStore.close());
    const signing = await openSigner(options, directory, { logger, disk, freeSpace });
    return { directory, blockLog, stateStore, freeSpace, ...signing };
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

/** Closes everything, the directory last; the first failure is thrown when all is closed. */
export async function closeStorage(storage: Storage): Promise<void> {
  const { signer, blockLog, stateStore, directory } = storage;
  storage.freeSpace.stop();
  const failures: unknown[] = [];
  for (const part of [signer, blockLog, stateStore, directory]) {
    await part?.close().catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
