/** Reads that meet damaged storage are refused by name, and the diagnosis shows the place. */
import type { Records } from '../api/ports.ts';
import { NodeError } from '../errors.ts';
import type { FoundDamage } from '../found-damage.ts';

/** The same reads, of which each that meets damage throws NodeError NODE_DATA_DAMAGED. */
export function refuseDamage(records: Records, damage: Pick<FoundDamage, 'note'>): Records {
  const named = async <T>(read: Promise<T>): Promise<T> => {
    try {
      return await read;
    } catch (error) {
      if (!damage.note(error)) throw error;
      const detail = error instanceof Error ? error.message : String(error);
      throw new NodeError('NODE_DATA_DAMAGED', { detail, cause: error });
    }
  };
  return {
    get: (key, height) => named(records.get(key, height)),
    list: (within, range) => named(records.list(within, range)),
    history: (key, range) => named(records.history(key, range)),
    blockTime: (height) => records.blockTime(height),
    prove: (key, height) => named(records.prove(key, height)),
    proveList: (place, range) => named(records.proveList(place, range)),
    subtree: (place, height) => named(records.subtree(place, height)),
    range: (range) => named(records.range(range)),
    explain: (placement) => named(records.explain(placement)),
  };
}
