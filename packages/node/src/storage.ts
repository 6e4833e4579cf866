/**
 * Everything a node keeps on disk, opened and closed together: the locked data directory, block log,
 * state and, on a validator, the vote log behind its signer. A vote log that cannot be trusted makes
 * the node an observer that says why (protocol §12).
 */
import type { Genesis } from '@daybook/core';
import { asPublicKey, LIMITS, publicKeyOf, validatorIdOf } from '@daybook/core';
import type { BlockLog, DataDirectory, StateStore, VoteSigner } from '@daybook/state';
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
import type { Settings } from './config.ts';
import type { FreeSpace } from './free-space.ts';
import { watchFreeSpace } from './free-space.ts';
import type { Logger } from './log.ts';

export interface StorageOptions {
  readonly settings: Settings;
  readonly genesis: Genesis;
  readonly keys: {
    /** 32-byte seed of the CONSENSUS key; absent on an observer. */
    readonly consensus?: Uint8Array;
  };
}

export interface StorageParts {
  readonly clock: Clock;
  readonly logger: Logger;
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
  { settings, genesis, keys }: StorageOptions,
  directory: DataDirectory,
  { logger, freeSpace }: { readonly logger: Logger; readonly freeSpace: FreeSpace },
): Promise<Pick<Storage, 'signer' | 'quarantine'>> {
  if (keys.consensus === undefined) return { signer: undefined, quarantine: undefined };
  const { voteMirrorDirectory } = settings.state;
  const publicKey = asPublicKey(publicKeyOf(keys.consensus));
  const opening = await openVoteLog(
    {
      directory: directory.paths.votes,
      chain: genesis.chain,
      validatorId: validatorIdOf(publicKey),
      ...(voteMirrorDirectory !== undefined && { mirrorDirectory: voteMirrorDirectory }),
    },
    { disk: createNodeDisk() },
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
    { chain: genesis.chain, secretKey: keys.consensus },
    { log: opening.log, freeFraction: () => freeSpace.fraction() },
  );
  return { signer, quarantine: undefined };
}

/** @throws StateError; what was opened before is closed again */
export async function openStorage(options: StorageOptions, parts: StorageParts): Promise<Storage> {
  const { settings } = options;
  const { dataDirectory } = settings.node;
  const disk = createNodeDisk();
  const closers: (() => Promise<void>)[] = [];
  try {
    const directory = await openDataDirectory(dataDirectory);
    closers.push(() => directory.close());
    const freeSpace = await watchFreeSpace(dataDirectory, parts.clock);
    closers.push(async () => freeSpace.stop());
    const blockLog = await openBlockLog({ directory: directory.paths.blocks }, { disk });
    closers.push(() => blockLog.close());
    const stateStore = await openStateStore(
      {
        directory: directory.paths.state,
        cacheBytes: settings.state.cacheBytesMax,
        retainedHeights: LIMITS.retainedHeights,
      },
      { disk, openKeyValue: openLevel },
    );
    closers.push(() => stateStore.close());
    const signing = await openSigner(options, directory, { logger: parts.logger, freeSpace });
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
