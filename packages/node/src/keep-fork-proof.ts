/** What a node that met a fork leaves behind before it ends: the file that proves it. */
import type { Genesis } from '@daybook/core';
import type { ForkFailure } from './fork-proof.ts';
import { buildForkProof, writeForkProof } from './fork-proof.ts';
import type { Logger } from './log.ts';
import type { Replica } from './replica.ts';
import type { Storage } from './storage.ts';

export interface ForkFinder {
  readonly genesis: Genesis;
  readonly blockLog: Storage['blockLog'];
  readonly replica: Replica;
  readonly logger: Logger;
}

/** Keeps what proves a fork; that the node stops must not depend on it. */
export function keepForkProof(
  dataDirectory: string,
  failure: ForkFailure,
  { genesis, blockLog, replica, logger }: ForkFinder,
): void {
  try {
    const bytes = buildForkProof(failure, {
      genesis,
      blockLog,
      laterSets: () => replica.history.laterSets(),
      faults: () => replica.systems.pool.select().filter(({ kind }) => kind === 'evidence'),
    });
    if (bytes === undefined) return;
    logger.error('fork proof written', { file: writeForkProof(dataDirectory, bytes) });
  } catch (error) {
    logger.error('fork proof not written', { reason: String(error) });
  }
}
