/**
 * An engine for all nodes of one run that executes a block once: execution is a function of the
 * parent's state and the block, and the parent's hash names its state. Every node still judges,
 * stages, stores and proves for itself. In some runs each node executes by itself, as in production:
 * always where disks lie, because execution is what first reads the damage.
 */
import type { BlockInput, Engine } from '@daybook/contracts';
import { createWriter, entryBytes, sha256, toHex } from '@daybook/core';

export function jointExecution(engine: Engine): Engine {
  const known = new Map<string, ReturnType<Engine['execute']>>();
  return {
    ...engine,
    execute: (view, block) => {
      const name = nameOf(block);
      const executed = known.get(name) ?? engine.execute(view, block);
      known.set(name, executed);
      return executed;
    },
    pack: (view, block) => {
      const packed = engine.pack(view, block);
      if (!packed.ok) return packed;
      const entries = block.entries.slice(0, packed.value.transactions.length);
      known.set(nameOf({ ...block, entries }), packed);
      return packed;
    },
  };
}

/** Everything that execution depends on, the parent's hash in the place of its state. */
function nameOf({ chain, height, parentHash, timestampMs, proposer, entries }: BlockInput): string {
  const writer = createWriter();
  writer.raw(chain);
  writer.u64(height);
  writer.sized(parentHash ?? new Uint8Array());
  writer.u64(timestampMs);
  writer.raw(proposer);
  for (const entry of entries) writer.sized(entryBytes(entry));
  return toHex(sha256(writer.finish()));
}
