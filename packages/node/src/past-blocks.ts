/**
 * What final blocks changed, told again after the fact: the block log keeps blocks and results, not
 * the values they wrote, so each block is executed once more on the state before it. That state is
 * kept for `LIMITS.retainedHeights` blocks; nothing is staged, stored or told to anybody.
 */
import type { BodyEntry, Height } from '@daybook/core';
import { assert, decodeBlock, decodeBodyEntry, toHex } from '@daybook/core';
import type { PastBlock } from '@daybook/readmodel';
import type { BlockLog, StateReader, StateStore } from '@daybook/state';
import { StateError } from '@daybook/state';
import type { Clock } from './clock.ts';
import type { Executor } from './ledger/executor.ts';

export interface PastBlocksParts {
  /** Blocks go to an archive later than their states leave: there is none to ask. */
  readonly blockLog: Pick<BlockLog, 'readBlock'>;
  readonly stateStore: Pick<StateStore, 'view'>;
  readonly executor: Pick<Executor, 'execute'>;
  readonly clock: Pick<Clock, 'soon'>;
}

/**
 * Blocks of these heights, both included, one in each turn of the event loop. Ends early at the
 * first that is not held any more, or whose state before it has left the retained window.
 * @throws StateError STATE_BLOCK_DAMAGED, STATE_DAMAGED
 */
export async function* readPastBlocks(
  from: Height,
  to: Height,
  parts: PastBlocksParts,
): AsyncIterable<PastBlock> {
  for (let height = from; height <= to; height += 1) {
    await turn(parts.clock);
    const past = readPastBlock(height, parts);
    if (past === undefined) return;
    yield past;
  }
}

function readPastBlock(
  height: Height,
  { blockLog, stateStore, executor }: PastBlocksParts,
): PastBlock | undefined {
  const stored = blockLog.readBlock(height);
  if (stored === undefined) return undefined;
  const block = decodeBlock(stored.bytes);
  assert(block.ok, 'a final block can be read');
  const { header, body } = block.value;
  const before = keptView(stateStore, height - 1);
  if (before === undefined) return undefined;
  const { parentHash, timestampMs, proposer } = header;
  const plan = { height, parentHash, timestampMs, proposer, entries: body.map(entryOf) };
  const executed = executor.execute(before, plan);
  assert(executed.ok, 'a final block can be executed again');
  const { writes: changes } = executed.value;
  return { height, blockHash: toHex(stored.blockHash), timestampMs, changes };
}

function keptView(stateStore: Pick<StateStore, 'view'>, height: Height): StateReader | undefined {
  try {
    return stateStore.view(height);
  } catch (error) {
    if (error instanceof StateError && error.code === 'STATE_VERSION_PRUNED') return undefined;
    throw error;
  }
}

function entryOf(bytes: Uint8Array): BodyEntry {
  const entry = decodeBodyEntry(bytes);
  assert(entry.ok, 'an entry of a final block can be read');
  return entry.value;
}

async function turn(clock: Pick<Clock, 'soon'>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  clock.soon(resolve);
  await promise;
}
