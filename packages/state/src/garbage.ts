/**
 * Collecting garbage when the process chooses. What a block makes is garbage once it is stored; V8
 * by itself collects when the young generation is full, mostly in the middle of a block, when all of
 * it is in use and is copied twice (measured, see ADR 25).
 */
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The part of the young generation that may be used before it is worth a collection. */
const USED_PART_MAX = 0.4;

/** V8's `gc`: `type` is `minor` or `major`, `execution` is `sync`. */
type Collect = (options: Readonly<Record<string, string>>) => void;

/** A full collection that also returns free pages to the system: V8's answer to lack of memory. */
export function collectAll(): void {
  createCollect()({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/** @returns what collects young objects if there are many; to be called when a block is done with */
export function createYoungCollector(): () => void {
  // V8's own, between any two tasks, would come while a block waits for its database.
  setFlagsFromString('--no-minor-gc-task');
  const collect = createCollect();
  return () => {
    if (isMuchUsed()) collect({ type: 'minor', execution: 'sync' });
  };
}

function isMuchUsed(): boolean {
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  if (young === undefined) return false;
  const { space_used_size: used, space_available_size: available } = young;
  return used > USED_PART_MAX * (used + available);
}

/** V8's `gc`, or nothing to do where there is none. */
function createCollect(): Collect {
  setFlagsFromString('--expose-gc');
  // The flag adds `gc` to contexts made after it, hence a new one.
  const collect: unknown = runInNewContext('gc');
  return isCollect(collect) ? collect : () => undefined;
}

function isCollect(value: unknown): value is Collect {
  return typeof value === 'function';
}
