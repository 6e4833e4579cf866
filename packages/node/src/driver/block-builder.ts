/**
 * What an own proposal consists of: system transactions first, then as many of the mempool as fit,
 * and which of them travel inside the proposal because its receivers are unlikely to hold them.
 */
import type { Block, BodyEntry, PrePrepare, ValidatorId } from '@daybook/core';
import { encodeRecovery, isSystemEntry, systemTransaction, transactionHashOf } from '@daybook/core';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ExecutedBlock } from '../ledger/tip.ts';
import type { Mempool } from '../mempool.ts';
import type { SubmissionDesk } from '../submissions.ts';
import type { SystemDesk } from '../system-desk.ts';
import { createBlockSizer } from './block-sizer.ts';

export interface BlockBuilderParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly ledger: Pick<Ledger, 'head' | 'build' | 'admit'>;
  readonly mempool: Pick<Mempool, 'select'>;
  readonly desk: Pick<SubmissionDesk, 'isFresh'>;
  readonly systems: Pick<SystemDesk, 'pool'>;
}

export interface BlockBuilder {
  build(timestampMs: number, proposer: ValidatorId): ExecutedBlock;
  inline(block: Block): PrePrepare['inlined'];
}

/** Blocks of up to so many transactions carry those that are still on their way. */
const INLINED_COUNT_MAX = 64;
/** What a block's header and count take of its size. */
const HEADER_ROOM_BYTES = 512;

function sizeOf(entry: BodyEntry): number {
  const { bytes } = entry.type === 'system' ? entry.system : entry.transaction;
  return bytes.length + 4;
}

/** System transactions for the next block; what cannot be executed is not offered again. */
function systemEntries(
  { ledger, systems }: BlockBuilderParts,
  plan: { readonly timestampMs: number; readonly proposer: ValidatorId },
): readonly BodyEntry[] {
  const { pool } = systems;
  const { recovery } = ledger.head().next;
  const first =
    recovery === undefined ? [] : [systemTransaction('recovery', encodeRecovery(recovery))];
  const offered = [...first, ...pool.select()];
  if (offered.length === 0) return [];
  const entries = offered.map((system) => ({ type: 'system', system }) as const);
  const good = ledger.admit({ ...plan, entries });
  pool.drop(entries.filter((entry) => !good.includes(entry)).map(({ system }) => system));
  return good;
}

export function createBlockBuilder(parts: BlockBuilderParts): BlockBuilder {
  const { clock, ledger, mempool, desk } = parts;
  const sizer = createBlockSizer();
  return {
    build: (timestampMs, proposer) => {
      const { blockBytesMax, validityMaxMs } = ledger.head().next.parameters;
      const firsts = systemEntries(parts, { timestampMs, proposer });
      const taken = firsts.reduce((sum, entry) => sum + sizeOf(entry), HEADER_ROOM_BYTES);
      const bytesMax = blockBytesMax - taken;
      const countMax = sizer.countMax();
      const transactions = mempool
        .select({ bytesMax, countMax, timestampMs, validityMaxMs })
        .map((transaction) => ({ type: 'transaction', transaction }) as const);
      const startedMs = clock.now();
      const entries = [...firsts, ...transactions];
      const block = ledger.build({ timestampMs, proposer, entries });
      sizer.learn(block.entries.length - firsts.length, clock.now() - startedMs);
      return block;
    },
    inline: (block) => {
      // In a full block almost all have arrived already, and the few that have not are asked for.
      const isFull = block.body.length > INLINED_COUNT_MAX;
      return block.body.flatMap((bytes, index) =>
        // Those who would be asked may not hold a system transaction yet.
        isSystemEntry(bytes) || (!isFull && desk.isFresh(transactionHashOf(bytes)))
          ? [{ index, bytes }]
          : [],
      );
    },
  };
}
