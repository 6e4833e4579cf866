/**
 * Everything that was ever seen signed, from vote logs and from seals of blocks, merged: two byte
 * strings for one slot of one key are the contradiction that must never exist (I3).
 */
import type { SignedVote } from '@daybook/state';

const STEPS = ['round-change', 'pre-prepare', 'prepare', 'commit'];

export interface SignedHistory {
  /** @throws Error when the key has signed something else in that slot */
  add(validator: string, vote: Pick<SignedVote, 'height' | 'round' | 'step' | 'signBytes'>): void;
  /** Slots seen. */
  size(): number;
}

export function createSignedHistory(): SignedHistory {
  const slots = new Map<string, string>();
  return {
    size: () => slots.size,
    add: (validator, { height, round, step, signBytes }) => {
      if (!STEPS.includes(step)) throw new Error(`there is no step ${step}`);
      const slot = `${validator} ${height}/${round}/${step}`;
      const bytes = Buffer.from(signBytes).toString('base64');
      const before = slots.get(slot);
      if (before !== undefined && before !== bytes) {
        throw new Error(`I3: two messages for one slot: ${slot}: ${before} and ${bytes}`);
      }
      slots.set(slot, bytes);
    },
  };
}
