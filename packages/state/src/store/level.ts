/** LevelDB behind the key-value port, and as the only lock that the kernel releases by itself. */
import { ClassicLevel } from 'classic-level';
import { StateError } from '../errors.ts';
import type { Entry, KeyValue } from './key-value.ts';

type Level = ClassicLevel<Uint8Array, Uint8Array>;

export interface LevelOptions {
  /** Bytes of uncompressed blocks kept in memory. */
  readonly cacheBytes?: number;
}

const CACHE_BYTES = 8 * 1024 * 1024;
/** How LevelDB ends its words on ENOSPC and EDQUOT (glibc, musl): it passes on no code. */
const NO_ROOM = /: (?:No space left on device|Disk quota exceeded|Quota exceeded)$/;

/**
 * Opens a database, creating it when there is none.
 * @throws StateError STATE_DIRECTORY_LOCKED, STATE_DISK_FULL, STATE_DATABASE_FAILED
 */
export async function openLevel(path: string, options: LevelOptions = {}): Promise<KeyValue> {
  const level: Level = new ClassicLevel(path, { keyEncoding: 'view', valueEncoding: 'view' });
  await attempt(path, () => level.open({ cacheSize: options.cacheBytes ?? CACHE_BYTES }));
  return {
    path,
    getMany: (keys) => attempt(path, () => level.getMany([...keys])),
    scan: ({ from, to, limit, isReverse = false }) =>
      attempt(path, () => level.iterator({ gte: from, lt: to, limit, reverse: isReverse }).all()),
    write: ({ put, remove }, isSynced) =>
      attempt(path, () => {
        // A chained batch takes half the time of an array of operations (measured: 0.8 us a put).
        const batch = level.batch();
        const together = gather(put);
        for (const [key, value] of put) batch.put(together(key), together(value));
        for (const key of remove) batch.del(key);
        return batch.write({ sync: isSynced });
      }),
    close: () => attempt(path, () => level.close()),
  };
}

/**
 * Copies bytes into one piece of memory for all of the entries. The binding wants memory outside of
 * V8's heap, and making that for each array costs as much as the put (measured).
 */
function gather(entries: readonly Entry[]): (bytes: Uint8Array) => Uint8Array {
  const size = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
  const all = new Uint8Array(size);
  let end = 0;
  return (bytes) => {
    const at = end;
    end += bytes.length;
    all.set(bytes, at);
    return all.subarray(at, end);
  };
}

async function attempt<T>(path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    if (codeOf(cause) === 'LEVEL_LOCKED') {
      throw new StateError({ code: 'STATE_DIRECTORY_LOCKED', path }, { cause: error });
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    if (NO_ROOM.test(reason)) {
      throw new StateError({ code: 'STATE_DISK_FULL', path }, { cause: error });
    }
    throw new StateError({ code: 'STATE_DATABASE_FAILED', path, reason }, { cause: error });
  }
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
