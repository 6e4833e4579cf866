/**
 * Resident memory of some nodes while a fault goes on, held to what one peer may make a node keep.
 */
import { CHANNELS } from '@daybook/network';
import { residentMib } from '../e2e/support/memory.ts';
import type { Stage } from './stage.ts';

const MIB = 1024 * 1024;
const SAMPLE_MS = 250;
/** What waits for a peer that does not read. */
const QUEUES_MIB =
  Object.values(CHANNELS).reduce((sum, { queueBytesMax }) => sum + queueBytesMax, 0) / MIB;
/** Bytes of a stream that libp2p has read and nobody has taken yet. */
const READ_BUFFER_MIB = 4;
/** Three channels and two streams of gossip. */
const STREAMS = 5;
/** Three spaces of 16 MiB, which V8 fills before it collects what is dead. */
const YOUNG_GENERATION_MIB = 48;

/** Most that one peer may add to a node: its queues, its buffers, and garbage that is not collected yet. */
export const PEER_MIB_MAX = QUEUES_MIB + STREAMS * READ_BUFFER_MIB + YOUNG_GENERATION_MIB;

export interface MemoryWatch {
  /** Largest MiB of each node since the last time this was asked, in their order. */
  largest(): readonly number[];
  stop(): void;
}

/** Samples from now on. A node that is down has no memory. */
export function watchMemory(stage: Stage, slugs: readonly string[]): MemoryWatch {
  let largest = slugs.map(() => 0);
  const sample = async (slug: string, index: number): Promise<void> => {
    const mib = await residentMib(stage.process(slug).pid()).catch(() => 0);
    largest[index] = Math.max(largest[index] ?? 0, mib);
  };
  const timer = setInterval(() => {
    for (const [index, slug] of slugs.entries()) void sample(slug, index);
  }, SAMPLE_MS);
  // A run that fails need not stop it.
  timer.unref();
  return {
    largest: () => {
      const since = largest;
      largest = slugs.map(() => 0);
      return since;
    },
    stop: () => clearInterval(timer),
  };
}
