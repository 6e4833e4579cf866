/** Why nobody can tell although every check holds: trust too old, a recovery nobody vouched for. */
import type { Hash, KnownEra, TimestampMs } from '@daybook/core';
import { equalBytes, TRUST_PERIOD_MS, toHex } from '@daybook/core';
import type { UndecidedReason } from '../errors.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** Trust in something too old is not extended (spec L-4). */
export function ageHindrance(vouchedMs: TimestampMs, nowMs: TimestampMs) {
  const ageMs = nowMs - vouchedMs;
  if (ageMs <= TRUST_PERIOD_MS) return undefined;
  const daysOf = (ms: number): number => Math.floor(ms / DAY_MS);
  const days = { days: daysOf(ageMs), daysMax: daysOf(TRUST_PERIOD_MS) };
  return { code: 'CLIENT_CHECKPOINT_OLD', ...days } as const;
}

/** A recovery on the way that nobody trusted has vouched for (spec L-10). */
export function eraHindrance(
  recoveries: readonly KnownEra[],
  eras: readonly Hash[] = [],
): UndecidedReason | undefined {
  const unknown = recoveries.find(({ era }) => !eras.some((known) => equalBytes(known, era)));
  if (unknown === undefined) return undefined;
  const { era, fromHeight: height } = unknown;
  return { code: 'CLIENT_RECOVERY_UNKNOWN', height, era: toHex(era) };
}
