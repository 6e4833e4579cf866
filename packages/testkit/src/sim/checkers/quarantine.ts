/**
 * I16: a validator in quarantine signs nothing, and afterwards nothing at or below the height above
 * which it may sign again, in none of its later lives.
 */
import type { Machine } from '../node/machine.ts';
import type { Checker } from './checker.ts';
import { ownerOf } from './votes.ts';

export const QUARANTINE: Checker = {
  invariants: ['I16'],
  watch: (world) => {
    /** The height above which a key signs again, by its log. */
    const resumed = new Map<string, number>();
    world.events.on('resumed', ({ machine, signer, above }) => {
      resumed.set(ownerOf(machine, signer), above);
    });
    world.events.on('signed', ({ machine, signer, vote: { height, round, step } }) => {
      if (!machine.isHonest) return;
      const words = `${machine.name} signs ${height}/${round}/${step}`;
      if (signer.quarantine() !== undefined || isSilent(machine)) {
        world.violate('I16', `${words} before it trusts its vote log`);
      }
      const above = resumed.get(ownerOf(machine, signer));
      if (above === undefined || height > above) return;
      world.violate('I16', `${words}, though its quarantine ended above ${above}`);
    });
  },
};

/** By its own account; what is signed before there is one is of I21. */
function isSilent(machine: Machine): boolean {
  const phase = machine.replica()?.consensus.trust?.report().phase;
  return phase !== undefined && phase !== 'trusted';
}
