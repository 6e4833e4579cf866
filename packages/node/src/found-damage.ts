/**
 * Stored data that turned out to be damaged when somebody else was to be served from it, or when old
 * versions were tidied away. Each place is named once in the log and stands in the diagnosis until a
 * restart; what was asked for is refused, and the node goes on. Damage that its own duty meets ends
 * the process elsewhere.
 */
import { StateError } from '@daybook/state';
import type { Logger } from './log.ts';

export interface FoundDamage {
  /** @returns whether the error is damage of stored data; then it is noted */
  note(error: unknown): boolean;
  /** What was found first, and how many places in all; undefined while there is none. */
  report(): DamageReport | undefined;
}

export interface DamageReport {
  /** One sentence that names file and place. */
  readonly first: string;
  readonly places: number;
}

/** Runs a read on behalf of somebody else. @returns undefined for damage, which is noted */
export function unlessDamaged<T>(read: () => T, damage: Pick<FoundDamage, 'note'>): T | undefined {
  try {
    return read();
  } catch (error) {
    if (damage.note(error)) return undefined;
    throw error;
  }
}

/** Places that are counted; a disk that loses more is dead. */
const PLACES_MAX = 1000;

export function createFoundDamage(logger: Logger): FoundDamage {
  const found = new Set<string>();
  return {
    note: (error) => {
      if (!isDamage(error)) return false;
      const { code, message } = error;
      if (found.size < PLACES_MAX && !found.has(message)) {
        found.add(message);
        logger.error('stored data damaged', { code, reason: message });
      }
      return true;
    },
    report: () => {
      const [first] = found;
      return first === undefined ? undefined : { first, places: found.size };
    },
  };
}

/** LevelDB names damage of its own files as a failure. */
const DAMAGE: ReadonlySet<StateError['code']> = new Set([
  'STATE_BLOCK_DAMAGED',
  'STATE_DAMAGED',
  'STATE_DATABASE_FAILED',
]);

function isDamage(error: unknown): error is StateError {
  if (!(error instanceof StateError)) return false;
  return DAMAGE.has(error.code);
}
