/**
 * Final blocks of any height: of the own log, or of the archive that older segments were moved to.
 * An archived block is served only if everything about it holds: the checksums of its records, the
 * hash that the own index remembers, body, results and transactions against the header, and the
 * certificate of the validators of its height.
 */
import path from 'node:path';
import type { Genesis, Height, TransactionId } from '@daybook/core';
import { equalBytes } from '@daybook/core';
import type {
  BlockLog,
  BlockPlace,
  FinalBlock,
  PlacedBlock,
  TransactionPlace,
} from '@daybook/state';
import { assembleBlock, RECORD_HEAD, recordBytes, StateError } from '@daybook/state';
import { NodeError } from '../errors.ts';
import type { FoundDamage } from '../found-damage.ts';
import type { Signing } from '../ledger/certified.ts';
import { isCertified } from '../ledger/certified.ts';
import type { Logger } from '../log.ts';
import type { MetricsSink } from '../metrics.ts';
import type { ArchiveSource } from './archive-source.ts';
import type { BlockFault } from './judge-block.ts';
import { readPlaced } from './judge-block.ts';
import type { PagedSource } from './paged-source.ts';
import { createPagedSource } from './paged-source.ts';

export interface BlockReader {
  /**
   * @returns undefined for what no final block is, or lies in an archive that nobody named
   * @throws  NodeError NODE_ARCHIVE_AWAY, NODE_ARCHIVE_DAMAGED; StateError STATE_BLOCK_DAMAGED
   */
  readBlock(height: Height): Promise<FinalBlock | undefined>;
  /** Where a transaction became final. @throws as `readBlock` */
  locate(id: TransactionId): Promise<TransactionPlace | undefined>;
}

export interface BlockReaderParts {
  readonly blockLog: BlockLog;
  readonly genesis: Genesis;
  /** Where moved segments lie; absent on a node that names no archive. */
  readonly archive: ArchiveSource | undefined;
  /** Who decides a height that is final. */
  readonly signingAt: (height: Height) => Signing;
  readonly logger: Logger;
  readonly metrics: MetricsSink;
  /** Where damage of the own log is noted; it is thrown all the same. */
  readonly damage: Pick<FoundDamage, 'note'>;
}

export function createBlockReader(parts: BlockReaderParts): BlockReader {
  const { blockLog, archive, damage } = parts;
  const pages = archive && createPagedSource(archive);
  const readHere = (height: Height): FinalBlock | undefined => {
    try {
      return blockLog.readBlock(height);
    } catch (error) {
      damage.note(error);
      throw error;
    }
  };
  const readBlock = async (height: Height): Promise<FinalBlock | undefined> => {
    const here = readHere(height);
    const place = here === undefined ? blockLog.movedPlace(height) : undefined;
    if (place === undefined || pages === undefined) return here;
    return await readArchived(place, pages, parts);
  };
  return {
    readBlock,
    locate: async (id) => {
      const here = blockLog.findTransaction(id);
      const place = here === undefined ? blockLog.findMoved(id) : undefined;
      if (place === undefined) return here;
      // The index knows only the beginning of an id.
      const block = await readBlock(place.height);
      const logged = block?.transactions[place.index];
      return logged !== undefined && equalBytes(logged.id, id) ? place : undefined;
    },
  };
}

async function readArchived(
  place: BlockPlace,
  pages: PagedSource,
  { genesis, signingAt, logger, metrics }: BlockReaderParts,
): Promise<FinalBlock> {
  // The name is the same in every folder.
  const here = { ...place, path: path.basename(place.path) };
  const count = (outcome: 'served' | 'away' | 'damaged'): void =>
    metrics.add('daybook_node_archive_blocks_total', 1, { outcome });
  const attempt = async (): Promise<FinalBlock> => {
    const block = await fetchBlock(here, pages);
    checkBlock({ ...block, ...here }, genesis, signingAt(place.height));
    return block;
  };
  try {
    const block = await attempt().catch((error: unknown) => {
      // Only what the archive hands out now counts: the file may have been replaced since.
      faultOf(error);
      pages.forget(here.path);
      return attempt();
    });
    count('served');
    return block;
  } catch (error) {
    if (error instanceof NodeError && error.code === 'NODE_ARCHIVE_AWAY') {
      count('away');
      logger.warn('archive away', { height: place.height, reason: error.message });
      throw error;
    }
    const { offset, fact } = faultOf(error);
    count('damaged');
    const found = `${pages.name}: ${here.path}, height ${place.height}, byte ${offset}: ${fact}.`;
    const damage = new NodeError('NODE_ARCHIVE_DAMAGED', { detail: found, cause: error });
    logger.error('archive damaged', { height: place.height, reason: damage.message });
    throw damage;
  }
}

/** Checksums and the hash that the own index has for the height. @throws StateError, NodeError */
async function fetchBlock(place: BlockPlace, pages: PagedSource): Promise<FinalBlock> {
  const body = await fetchRecord(place.path, place.bodyOffset, pages);
  const final = await fetchRecord(place.path, place.finalOffset, pages);
  return assembleBlock(place, { body, final });
}

async function fetchRecord(file: string, offset: number, pages: PagedSource): Promise<Uint8Array> {
  const head = await pages.read(file, offset, RECORD_HEAD);
  const length = recordBytes(head);
  if (length === undefined) throw new ArchiveFault({ offset, fact: 'no record begins here' });
  return await pages.read(file, offset, length);
}

/** That the block is sound in itself, and was decided. @throws ArchiveFault */
function checkBlock(block: PlacedBlock, genesis: Genesis, signing: Signing): void {
  const read = readPlaced(block, genesis, undefined);
  if ('fact' in read) throw new ArchiveFault(read);
  if (block.height === 0 || isCertified(block, signing)) return;
  const fact = 'its certificate is not one of the validators that decide this height';
  throw new ArchiveFault({ offset: block.finalOffset, fact });
}

/** Leads from where something did not hold to where it is named. */
class ArchiveFault extends Error {
  override readonly name = 'ArchiveFault';
  readonly fault: BlockFault;

  constructor(fault: BlockFault) {
    super(fault.fact);
    this.fault = fault;
  }
}

/** @throws what is none of the archive's faults */
function faultOf(error: unknown): BlockFault {
  if (error instanceof ArchiveFault) return error.fault;
  if (error instanceof StateError && error.failure.code === 'STATE_BLOCK_DAMAGED') {
    const { offset, fact } = error.failure;
    return { offset, fact };
  }
  throw error;
}
