/**
 * Chain parameters: equal on all nodes, set in genesis, changed by governance at epoch boundaries.
 * One table gives name, unit, default, bounds and meaning; type, validation and docs derive from it.
 */
import type { Result } from '../codec/result.ts';
import { fail, ok } from '../codec/result.ts';
import { LIMITS } from './limits.ts';

interface ParameterRow {
  readonly default: number;
  readonly min: number;
  readonly max: number;
  readonly unit: 'ms' | 'bytes' | 'blocks' | 'rounds';
  readonly help: string;
}

const DAY_MS = 86_400_000;

export const PARAMETERS = {
  blockIntervalMs: {
    default: 100,
    min: 1,
    max: 60_000,
    unit: 'ms',
    help: 'Pause after deciding a height before the next is proposed.',
  },
  emptyIntervalMs: {
    default: 60_000,
    min: 1000,
    max: 3_600_000,
    unit: 'ms',
    help: 'An empty block is produced at the latest after this.',
  },
  roundBaseMs: {
    default: 2000,
    min: 100,
    max: 60_000,
    unit: 'ms',
    help: 'T0: how long round 0 lasts before a round change.',
  },
  roundStepMs: {
    default: 1000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    help: 'T_STEP: how much longer each further round lasts.',
  },
  roundMaxMs: {
    default: 60_000,
    min: 1000,
    max: 600_000,
    unit: 'ms',
    help: 'T_MAX: the longest round.',
  },
  precisionMs: {
    default: 1000,
    min: 10,
    max: 60_000,
    unit: 'ms',
    help: 'Allowed clock difference between correct validators.',
  },
  messageDelayMs: {
    default: 10_000,
    min: 100,
    max: 600_000,
    unit: 'ms',
    help: 'Accepted age of a fresh proposal in round 0.',
  },
  messageDelayStepMs: {
    default: 5000,
    min: 0,
    max: 60_000,
    unit: 'ms',
    help: 'How much older a proposal may be per further round, up to 60 rounds.',
  },
  blockBytesMax: {
    default: 1024 * 1024,
    min: 128 * 1024,
    max: LIMITS.blockBytesHardMax,
    unit: 'bytes',
    help: 'Largest encoding of header and body.',
  },
  validityMaxMs: {
    default: 600_000,
    min: 10_000,
    max: DAY_MS,
    unit: 'ms',
    help: 'How far validUntil of a transaction may lie after the block that includes it.',
  },
  epochBlocks: {
    default: 100,
    min: 5,
    max: 100_000,
    unit: 'blocks',
    help: 'Boundary for validator-set and parameter changes; fixed in genesis.',
  },
  activationDelayBlocks: {
    default: 2,
    min: 2,
    max: 100_000,
    unit: 'blocks',
    help: 'Least distance between the execution of a change and the boundary that activates it.',
  },
  roundWindow: {
    default: 8,
    min: 2,
    max: 64,
    unit: 'rounds',
    help: 'How far from the current round votes are kept.',
  },
} as const satisfies Record<string, ParameterRow>;

export type ParameterName = keyof typeof PARAMETERS;
/** One value per row of PARAMETERS: safe integers within the row's bounds. */
export type ChainParameters = Readonly<Record<ParameterName, number>>;

export type ParameterFailure =
  | { code: 'CORE_PARAMETER_UNKNOWN'; name: string }
  | { code: 'CORE_PARAMETER_RANGE'; name: string; min: number; max: number; found: unknown };

export const PARAMETER_NAMES = Object.keys(PARAMETERS) as readonly ParameterName[];

export const DEFAULT_PARAMETERS: ChainParameters = Object.freeze(
  Object.fromEntries(PARAMETER_NAMES.map((name) => [name, PARAMETERS[name].default])),
) as ChainParameters;

export function isParameterName(name: string): name is ParameterName {
  return Object.hasOwn(PARAMETERS, name);
}

/** Checks one value against its row. */
export function checkParameter(name: string, value: unknown): Result<number, ParameterFailure> {
  if (!isParameterName(name)) return fail({ code: 'CORE_PARAMETER_UNKNOWN', name });
  const { min, max } = PARAMETERS[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    return fail({ code: 'CORE_PARAMETER_RANGE', name, min, max, found: value });
  }
  return ok(value);
}

/** Fills in defaults for what `given` leaves out; refuses unknown names and values out of range. */
export function completeParameters(
  given: Readonly<Record<string, unknown>>,
): Result<ChainParameters, ParameterFailure> {
  const complete: Record<string, number> = { ...DEFAULT_PARAMETERS };
  for (const [name, value] of Object.entries(given)) {
    const checked = checkParameter(name, value);
    if (!checked.ok) return checked;
    complete[name] = checked.value;
  }
  return ok(Object.freeze(complete) as ChainParameters);
}

/** T(r): duration of round r in ms, linear and capped. */
export function roundDurationMs(parameters: ChainParameters, round: number): number {
  const { roundBaseMs, roundStepMs, roundMaxMs } = parameters;
  return Math.min(roundBaseMs + round * roundStepMs, roundMaxMs);
}

/** MSG_DELAY(r): accepted age of a fresh proposal in round r, in ms. */
export function messageDelayMs(parameters: ChainParameters, round: number): number {
  return parameters.messageDelayMs + parameters.messageDelayStepMs * Math.min(round, 60);
}
