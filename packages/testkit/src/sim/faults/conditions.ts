/** How the network behaves at present; faults make it worse, healing makes it good. */
import type { Coverage } from '../coverage.ts';
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
/** No frame takes longer on a good network. */
const HEALED_MS_MAX = HEALED.minMs + 2 * HEALED.meanMs;

/** What the counters call the deeds of the network, each counted where it befalls a frame. */
export const FRAME_DEEDS = {
  slow: 'frame slower than on a good network',
  spike: 'frame late by a spike',
  lost: 'frame lost',
  lostByKind: 'frame lost by its kind',
  doubled: 'frame doubled',
  replayed: 'frame replayed',
} as const;

/** A good network between machines of one country. */
export function createConditions(prng: Prng, coverage: Coverage): Conditions {
  const strikes = (permille: number, deed: string): boolean => {
    if (permille === 0 || !prng.chance(permille)) return false;
    coverage.add(deed);
    return true;
  };
  const delay = (): number => {
    const { minMs, meanMs, spikePermille } = conditions;
    const isLate = strikes(spikePermille, FRAME_DEEDS.spike);
    const spike = isLate ? prng.between(500, 20_000) : 0;
    const usual = minMs + prng.between(0, meanMs) + prng.between(0, meanMs);
    if (usual > HEALED_MS_MAX) coverage.add(FRAME_DEEDS.slow);
    return usual + spike;
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
      if (strikes(lossPermille, FRAME_DEEDS.lost)) return [];
      if (strikes(lossByKind.get(kind) ?? 0, FRAME_DEEDS.lostByKind)) return [];
      const copies = [delay()];
      if (strikes(duplicatePermille, FRAME_DEEDS.doubled)) copies.push(delay());
      if (strikes(replayPermille, FRAME_DEEDS.replayed)) {
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
