/**
 * From which version a store goes on after a start. LevelDB may have lost its newest batches, or some
 * in the middle; the system may have kept a batch and lost the nodes it names. Whatever is not whole
 * is rolled back, and the node executes those blocks again from the block log.
 */
import type { Height } from '@daybook/core';
import { StateError } from '../errors.ts';
import type { RecordLog } from '../tree/record-log.ts';
import type { Database } from './database.ts';
import { Changes, numberBytes } from './database.ts';
import { rootKey, SYNCED_KEY } from './key-space.ts';
import type { Version } from './root-record.ts';
import { encodeVersion } from './root-record.ts';

export interface RecoveryParts {
  readonly database: Database;
  readonly nodes: RecordLog;
  readonly values: RecordLog;
}

export interface Recovered {
  /** Every version that can be read, ascending; the last one is where the store goes on. */
  readonly versions: readonly Version[];
  /** Heights with what is stored of their owners. */
  readonly pins: ReadonlyMap<Height, Uint8Array>;
  /** Versions that were stored but not whole. */
  readonly rolledBack: number;
}

/**
 * Finds the newest whole version, drops everything above it and makes that durable. Running it again
 * changes nothing (I21).
 * @throws StateError STATE_NOT_CONTIGUOUS or STATE_DAMAGED when no version can be trusted
 */
export async function recover(parts: RecoveryParts): Promise<Recovered> {
  const stored = await parts.database.versions();
  const pins = await parts.database.pins();
  const newest = stored.at(-1);
  if (newest === undefined) return { versions: [], pins, rolledBack: 0 };

  const run = contiguous(stored, pins, parts.database.path);
  const synced = await parts.database.syncedHeight();
  const newestWhole = wholeVersion(run, synced, parts);
  // Later batches, now rolled back, may have dropped versions that this one still counted on.
  const whole = { ...newestWhole, oldest: run[0]?.height ?? newestWhole.height };
  parts.nodes.rewind(whole.nodeEnd);
  parts.values.rewind(whole.valueEnd);
  const isSettled = whole.height === synced && whole.height === newest.height;
  if (!isSettled) await settle({ stored, whole, synced }, parts);
  const older = stored.filter(({ height }) => height < whole.height);
  return { versions: [...older, whole], pins, rolledBack: newest.height - whole.height };
}

/** The versions below the first gap in the run of heights. */
function contiguous(
  stored: readonly Version[],
  pins: ReadonlyMap<Height, unknown>,
  path: string,
): readonly Version[] {
  const runs: Version[][] = [];
  for (const version of stored) {
    const run = runs.at(-1);
    if (run !== undefined && run.at(-1)?.height === version.height - 1) run.push(version);
    else runs.push([version]);
  }
  // Runs of pins only lie below the retained heights; the first other one is where to go on.
  const run = runs.find((one) => one.some(({ height }) => !pins.has(height))) ?? runs.at(-1) ?? [];
  const start = run[0]?.height ?? 0;
  const oldest = stored.at(-1)?.oldest ?? 0;
  if (run.length > 0 && start <= oldest) return run;
  throw new StateError({ code: 'STATE_NOT_CONTIGUOUS', path, missing: oldest });
}

/** The newest version whose records are all there; below the last sync they are known to be. */
function wholeVersion(
  run: readonly Version[],
  synced: Height | undefined,
  { nodes, values }: RecoveryParts,
): Version {
  const newest = run.at(-1);
  if (newest === undefined) throw new TypeError('a run has at least one version');
  if (synced !== undefined && newest.height <= synced) return newest;
  const trusted = run.findLast(({ height }) => synced !== undefined && height <= synced);
  try {
    for (const _ of nodes.scan(trusted?.nodeEnd ?? 0, newest.nodeEnd));
    for (const _ of values.scan(trusted?.valueEnd ?? 0, newest.valueEnd));
    return newest;
  } catch (error) {
    if (!(error instanceof StateError) || trusted === undefined) throw error;
    return trusted;
  }
}

interface Settlement {
  readonly stored: readonly Version[];
  readonly whole: Version;
  readonly synced: Height | undefined;
}

/** Drops the versions above the whole one, and makes it the synced one. */
async function settle(
  { stored, whole, synced }: Settlement,
  { database, nodes, values }: RecoveryParts,
): Promise<void> {
  const changes = new Changes();
  for (const { height } of stored) {
    if (height > whole.height) changes.delete(rootKey(height));
  }
  changes.set(rootKey(whole.height), encodeVersion(whole));
  changes.set(SYNCED_KEY, numberBytes(whole.height));
  const trusted = stored.findLast(({ height }) => synced !== undefined && height <= synced);
  await nodes.syncFrom(trusted?.nodeEnd ?? 0);
  await values.syncFrom(trusted?.valueEnd ?? 0);
  await database.write(changes, true);
}
