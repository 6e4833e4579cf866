/**
 * Everything a node keeps on disk, opened and closed together: the locked data directory, block log,
 * state and, on a validator, the vote log behind its signer. A vote log that cannot be trusted makes
 * the node an observer that says why (protocol §12).
 */
import type { Genesis, Hash, SetChange } from '@daybook/core';
import type {
  BlockLog,
  DataDirectory,
  Disk,
  Keepsakes,
  KeyValue,
  StateStore,
  VoteSigner,
} from '@daybook/state';
import {
  createNodeDisk,
  openBlockLog,
  openDataDirectory,
  openGuardedLevel,
  openKeepsakes,
} from '@daybook/state';
import type { FoundDamage } from './found-damage.ts';
import { createFoundDamage } from './found-damage.ts';
import type { DiskLimits, FreeSpace, FreeSpaceParts } from './free-space.ts';
import { watchFreeSpace } from './free-space.ts';
import { allInTurn } from './in-turn.ts';
import { openLocalSigner } from './local-signer.ts';
import type { Logger } from './log.ts';
import type { StateKeeping } from './open-state.ts';
import { openState } from './open-state.ts';
import type { ReadySigner } from './ready.ts';
import { readBeginning } from './snapshot/beginning.ts';

export interface StorageOptions {
  readonly genesis: Genesis;
  /** What own votes bind; G unless a recovery is installed. */
  readonly signingChain?: Hash;
  readonly dataDirectory: string;
  /** Where the second vote log mirror lies; beside the first by default. */
  readonly voteMirrorDirectory?: string | undefined;
  readonly keeping?: StateKeeping;
  /** Size at which a segment of the block log is full; the log's own by default. */
  readonly segmentBytes?: number;
  /** 32-byte seed of the CONSENSUS key; absent on an observer. */
  readonly consensusKey?: Uint8Array | undefined;
  /** The key that is to take its place; absent unless a rotation is under way. */
  readonly nextConsensusKey?: Uint8Array | undefined;
  /** Connected signers in processes of their own, in place of the two keys. */
  readonly remoteSigners?: RemoteSigners | undefined;
  /** Begins in quarantine, whatever the vote log says. */
  readonly quarantine?: boolean | undefined;
}

export interface RemoteSigners {
  readonly signer: VoteSigner;
  readonly nextSigner: VoteSigner | undefined;
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
  /** For the vote log; the one of the other stores by default. */
  readonly votesDisk?: Disk;
}

/** Disks and databases of this machine. @param watch.onGone  the data directory was taken away */
export function systemPlaces(
  limits: DiskLimits,
  { logger, ...watch }: FreeSpaceParts & { readonly logger: Logger },
): Places {
  return {
    disk: createNodeDisk(),
    openKeyValue: (path) =>
      openGuardedLevel(path, () => {
        logger.warn('database read first', { path, reason: 'it was not closed twice in a row' });
      }),
    openDirectory: openDataDirectory,
    watchFreeSpace: (directory) => watchFreeSpace({ directory, limits }, watch),
  };
}

/** What lies on disk, open. */
export interface Storage {
  readonly directory: DataDirectory;
  readonly blockLog: BlockLog;
  readonly stateStore: StateStore;
  /** What reads for others, and tidying, have found damaged. */
  readonly damage: FoundDamage;
  readonly freeSpace: FreeSpace;
  /** Changes of the set before the snapshot that the node joined by; none after following blocks. */
  readonly beginning: readonly SetChange[];
  /** Evidence that no block has included yet. */
  readonly evidence: Keepsakes;
  /** What saves a start from hashing all blocks. */
  readonly history: Keepsakes;
  readonly signer: VoteSigner | undefined;
  /** Of the key that is to take the place of the present one. */
  readonly nextSigner: VoteSigner | undefined;
  /** Own keys that may say that they are READY: those with a sound vote log. */
  readonly readySigners: readonly ReadySigner[];
}

/** The signers of the keys here, or those that hold them elsewhere. */
async function openSigners(
  options: StorageOptions,
  directory: DataDirectory,
  parts: Pick<StorageParts, 'logger' | 'disk'> & Pick<Storage, 'freeSpace'>,
): Promise<Pick<Storage, 'signer' | 'nextSigner'>> {
  const { genesis, signingChain, consensusKey, nextConsensusKey, remoteSigners, quarantine } =
    options;
  if (remoteSigners !== undefined) {
    if (quarantine === true)
      await remoteSigners.signer.withhold({ code: 'STATE_VOTES_DISTRUSTED' });
    return remoteSigners;
  }
  const mirror = options.voteMirrorDirectory;
  const founding = genesis.chain;
  const chain = signingChain ?? founding;
  const plan = { chain, founding, votes: directory.paths.votes, mirror };
  const open = async (
    secretKey: Uint8Array | undefined,
    own: { readonly isNext?: boolean; readonly isDistrusted: boolean },
  ) => secretKey && (await openLocalSigner({ ...plan, ...own, secretKey }, parts));
  const signer = await open(consensusKey, { isDistrusted: quarantine === true });
  try {
    const nextSigner = await open(nextConsensusKey, { isNext: true, isDistrusted: false });
    return { signer, nextSigner };
  } catch (error) {
    await signer?.close();
    throw error;
  }
}

/** @throws StateError; what was opened before is closed again */
export async function openStorage(options: StorageOptions, parts: StorageParts): Promise<Storage> {
  const { dataDirectory, keeping = {}, segmentBytes } = options;
  const { disk, openKeyValue, logger } = parts;
  const closers: (() => Promise<void>)[] = [];
  try {
    const directory = await parts.openDirectory(dataDirectory);
    closers.push(() => directory.close());
    const freeSpace = await parts.watchFreeSpace(dataDirectory);
    closers.push(async () => freeSpace.stop());
    const blockLog = await openBlockLog(
      { directory: directory.paths.blocks, ...(segmentBytes !== undefined && { segmentBytes }) },
      { disk },
    );
    closers.push(() => blockLog.close());
    const damage = createFoundDamage(logger.child('storage'));
    const stateStore = await openState(directory.paths.state, keeping, {
      ...{ disk, openKeyValue },
      onDamage: (found) => damage.note(found),
    });
    closers.push(() => stateStore.close());
    const votes = { logger, freeSpace, disk: parts.votesDisk ?? disk };
    const opened = await openSigners(options, directory, votes);
    const { signer, nextSigner } = opened;
    const readySigners = [signer, nextSigner].filter((one) => one !== undefined);
    const signing = { signer, nextSigner, readySigners };
    const evidence = openKeepsakes(directory.paths.evidence, disk);
    const history = openKeepsakes(directory.paths.blocks, disk);
    const beginning = readBeginning(directory.paths.blocks, disk);
    const kept = { evidence, history, beginning };
    return { directory, blockLog, stateStore, damage, freeSpace, ...kept, ...signing };
  } catch (error) {
    for (const close of closers.reverse()) await close();
    throw error;
  }
}

/** Closes everything, the directory last; the first failure is thrown when all is closed. */
export async function closeStorage(storage: Storage): Promise<void> {
  const { signer, nextSigner, blockLog, stateStore, directory } = storage;
  storage.freeSpace.stop();
  const parts = [signer, nextSigner, blockLog, stateStore, directory];
  await allInTurn(parts.map((part) => async () => part?.close()));
}
