/** How the network behaves at present; faults make it worse, healing makes it good. */
import type { Prng } from '../world/prng.ts';
import type { Frame, FrameKind, WireFaults } from '../world/wire.ts';

export interface Conditions extends WireFaults {
  minMs: number;
  /** Mean of what comes on top of the minimum. */
  meanMs: number;
  /** Frames of a thousand that are late by half a second to twenty. */
  spikePermille: number;
  lossPermille: number;
  duplicatePermille: number;
  /** Frames of a thousand that come once more, much later. */
  replayPermille: number;
  /** Further losses by kind of frame. */
  readonly lossByKind: Map<FrameKind, number>;
  /** Ends every fault of the network. */
  heal(): void;
}

const HEALED = { minMs: 1, meanMs: 10 };

/** A good network between machines of one country. */
export function createConditions(prng: Prng): Conditions {
  const delay = (): number => {
    const { minMs, meanMs, spikePermille } = conditions;
    const spike = spikePermille > 0 && prng.chance(spikePermille) ? prng.between(500, 20_000) : 0;
    return minMs + prng.between(0, meanMs) + prng.between(0, meanMs) + spike;
  };
  const conditions: Conditions = {
    ...HEALED,
    spikePermille: 0,
    lossPermille: 0,
    duplicatePermille: 0,
    replayPermille: 0,
    lossByKind: new Map(),
    fate: ({ kind }: Frame) => {
      const { lossPermille, duplicatePermille, replayPermille, lossByKind } = conditions;
      if (lossPermille > 0 && prng.chance(lossPermille)) return [];
      const ofKind = lossByKind.get(kind) ?? 0;
      if (ofKind > 0 && prng.chance(ofKind)) return [];
      const copies = [delay()];
      if (duplicatePermille > 0 && prng.chance(duplicatePermille)) copies.push(delay());
      if (replayPermille > 0 && prng.chance(replayPermille)) {
        copies.push(delay() + prng.between(1000, 30_000));
      }
      return copies;
    },
    heal: () => {
      Object.assign(conditions, HEALED);
      conditions.spikePermille = 0;
      conditions.lossPermille = 0;
      conditions.duplicatePermille = 0;
      conditions.replayPermille = 0;
      lossesGone();
    },
  };
  const lossesGone = (): void => conditions.lossByKind.clear();
  return conditions;
}
